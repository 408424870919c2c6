"""The ONNX file: raw columns in, answers out, and what it is in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from mlwright.errors import OptionError
from mlwright.model.exports.facts import digest, version
from mlwright.model.exports.to_onnx.answers import interval, labels, thresholds
from mlwright.model.exports.to_onnx.columns import TypedColumns
from mlwright.model.exports.to_onnx.ensemble import predicted
from mlwright.model.exports.to_onnx.graph import FLOAT, IR, ML, ML_OPSET, OPSET, TEXT, Graph, Tensor, onnx_type
from mlwright.model.parts import RowParts
from mlwright.schema import Column

PRODUCER: Final = "mlwright"
ROWS: Final = "rows"
MEANINGS: Mapping[str, str] = {
    "datetime": "seconds since 1970-01-01 00:00 UTC; NaN is missing",
    "duration": "seconds; NaN is missing",
    "boolean": "1 is true, 0 is false; NaN is missing",
}
NUMBER, WORDS = "a number; NaN is missing", "a text without spaces at its ends; an empty one is missing"
READING: Final = (
    "Values come as mlwright has read them: numbers as numbers (1234.5, not '1,234.5'), moments and durations in "
    "seconds, yes and no as 1 and 0, texts without spaces at their ends. What is missing is NaN, or an empty text; "
    "words that mean missing, such as 'NA', are not known here. Categories never seen are taken as the model does."
)


@dataclass(frozen=True, slots=True)
class Door:
    """An input or an output: its name, the raw column or what is answered, its type, and what its values mean."""

    name: str
    column: str
    type: str
    meaning: str


def input_doors(columns: Sequence[Column]) -> tuple[Door, ...]:
    """Return an input for each raw column, named as the column is."""
    taken: set[str] = set()
    doors = []
    for column in columns:
        name = _free(column.name or "column", taken)
        meaning = MEANINGS.get(column.kind, NUMBER) if column.is_float else WORDS
        doors.append(Door(name, column.name, "double" if column.is_float else "string", meaning))
    return tuple(doors)


def to_onnx(parts: RowParts) -> bytes:
    """Return the whole model as an ONNX file. Raises OptionError where a part of it cannot be carried exactly."""
    from onnx.checker import check_model
    from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

    inputs = input_doors(parts.columns)
    graph, outputs = _answered(parts, inputs)
    given = [make_tensor_value_info(door.name, onnx_type(_dtype(door.type)), [ROWS, 1]) for door in inputs]
    told = [
        make_tensor_value_info(door.name, onnx_type(tensor.dtype), [ROWS] if width is None else [ROWS, width])
        for door, tensor, width in outputs
    ]
    opsets = [make_opsetid("", OPSET), make_opsetid(ML, ML_OPSET)]
    body = make_graph(graph.nodes, PRODUCER, given, told, initializer=graph.constants)
    model = make_model(body, producer_name=PRODUCER, opset_imports=opsets, ir_version=IR, doc_string=READING)
    _describe(model, parts, inputs, [door for door, *_ in outputs])
    try:
        check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
    except ValueError as error:  # what protobuf says of files beyond 2 GB
        raise OptionError(
            "The model cannot be written as ONNX: it would be larger than the 2 GB that one file may have.",
            hint="build it with --prefer size; --to mlflow and --to docker carry every model.",
        ) from error
    return data


def output_names(parts: RowParts, inputs: Sequence[Door]) -> dict[str, str]:
    """Return what each output is called: what it holds, with a `_` behind where a raw column has that name already."""
    taken = {door.name for door in inputs}
    held = ("prediction", "probabilities") if parts.classes else ("prediction", "lower", "upper")
    return {what: _free(what, taken) for what in held}


Output = tuple[Door, Tensor, int | None]


def _answered(parts: RowParts, inputs: Sequence[Door]) -> tuple[Graph, list[Output]]:
    """Return the graph, and its outputs with how many columns each has."""
    taken = {door.name for door in inputs}
    names = output_names(parts, inputs)
    taken |= set(names.values())
    graph = Graph(taken)
    by_column = {door.column: door.name for door in inputs}
    columns = TypedColumns(graph, parts.columns, by_column)
    P = predicted(columns, parts.ensemble)
    outputs: list[Output] = []

    def answer(what: str, meaning: str, kind: str, tensor: Tensor, width: int | None = None) -> None:
        graph.rename(tensor, names[what])
        outputs.append((Door(names[what], what, kind, meaning), tensor, width))

    if parts.classes:
        by_row = None
        if parts.policy is not None:
            by_row = thresholds(parts.policy, TypedColumns(graph, parts.columns, by_column))
        label, kind = labels(P, parts.classes, parts.decision, by_row)
        answer("prediction", f"the answer: {parts.target}", kind, label)
        answer("probabilities", "of each class, in their order", "double", P, len(parts.classes))
        return graph, outputs
    number = P.shaped(-1)
    lower, upper = interval(number, parts.decision)
    answer("prediction", f"the number that is predicted: {parts.target}", "double", number)
    answer("lower", "the lower end of its interval", "double", lower)
    answer("upper", "the upper end of its interval", "double", upper)
    return graph, outputs


def _describe(model: Any, parts: RowParts, inputs: Sequence[Door], outputs: Sequence[Door]) -> None:
    """Say in the file what the model is."""
    model.producer_version = version()
    kept_as = parts.run.get("version")
    model.model_version = kept_as if isinstance(kept_as, int) else 0
    facts = {
        "name": parts.name,
        "version": "" if kept_as is None else str(kept_as),
        "digest": digest(parts),
        "task": parts.task,
        "target": parts.target,
        "classes": json.dumps(list(parts.classes), ensure_ascii=False),
        "inputs": json.dumps([asdict(door) for door in inputs], ensure_ascii=False),
        "outputs": json.dumps([asdict(door) for door in outputs], ensure_ascii=False),
        "schema": json.dumps(parts.schema.to_dict(), ensure_ascii=False),
        "reading": READING,
    }
    for name, text in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"{PRODUCER}.{name}", text


def _free(wanted: str, taken: set[str]) -> str:
    """Return a name that nothing has yet, and take it."""
    name = wanted
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _dtype(kind: str) -> np.dtype[Any]:
    return FLOAT if kind == "double" else TEXT
