"""Tensors of the Open Inference Protocol v2: one for each column of the rows, and one for each part of the answers.

The protocol has no null. Here NaN means that a number is missing, and the parameter `mlwright_missing` of a tensor
lists the places whose values are not known ("0,4,7"), whatever stands there; a null is read in the same way.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from mlwright.serve.bodies import decoded, refuse_repeated
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import Rows

Parameters = dict[str, str | int | float | bool]
MISSING = "mlwright_missing"
EXPLAIN = "explain"
BINARY_SIZE = "binary_data_size"
SHAPE = (
    'a body is {"inputs": [{"name": "age", "shape": [2], "datatype": "FP64", "data": [31, 44]}, ...]}, '
    "with one tensor for each column."
)
LONGEST_ID = 200

_BITS = re.compile(r"(U?)INT(8|16|32|64)")
FLOATS = frozenset({"FP16", "FP32", "FP64"})
DATATYPES = ("BOOL", *(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)), *sorted(FLOATS), "BYTES")


class Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """One column of the rows, as a client sends it: `shape` is [rows] or [rows, 1]."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET
    parameters: Parameters | msgspec.UnsetType = msgspec.UNSET


class WantedTensor(msgspec.Struct, forbid_unknown_fields=True):
    """A part of the answers that a client asks for."""

    name: str
    parameters: Parameters | msgspec.UnsetType = msgspec.UNSET


class InferBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for answers."""

    inputs: list[Tensor]
    id: str | msgspec.UnsetType = msgspec.UNSET
    parameters: Parameters | msgspec.UnsetType = msgspec.UNSET
    outputs: list[WantedTensor] | msgspec.UnsetType = msgspec.UNSET

    @property
    def explains(self) -> bool:
        """Whether reasons are asked for. Raises Problem where that says neither yes nor no."""
        said = given(self.parameters).get(EXPLAIN, False)
        if not isinstance(said, bool):
            raise _malformed(f"The parameter {EXPLAIN!r} is true or false, not {str(said)[:60]!r}")
        return said


_decoder = msgspec.json.Decoder(InferBody)


def given(parameters: Parameters | msgspec.UnsetType) -> Parameters:
    """Return parameters, or an empty dict where there are none."""
    return {} if isinstance(parameters, msgspec.UnsetType) else parameters


def read_infer(body: bytes) -> InferBody:
    """Return what a request asks. Raises Problem where it cannot be read."""
    try:
        asked: InferBody = decoded(_decoder, body)
    except Problem as problem:
        if b"NaN" not in body:
            raise Problem(problem.kind, problem.detail, hint=SHAPE) from problem
        asked = _with_nan(body)
    refuse_repeated(body, _names(asked))
    if not isinstance(asked.id, msgspec.UnsetType) and len(asked.id) > LONGEST_ID:
        raise _malformed(f"The id has {len(asked.id):,} letters; at most {LONGEST_ID} are sent back")
    for parameters in (asked.parameters, *(tensor.parameters for tensor in asked.inputs)):
        for name in given(parameters):
            if name.startswith("mlwright_") and name != MISSING:
                raise _malformed(f"There is no parameter {name[:60]!r}")
    return asked


def _with_nan(body: bytes) -> InferBody:
    """Read a body that says NaN, which is no JSON, but what clients of the protocol write."""

    def only_nan(word: str) -> float:
        if word != "NaN":
            raise ValueError(f"{word} is no number")
        return math.nan

    try:
        return msgspec.convert(json.loads(body, parse_constant=only_nan), InferBody)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"The body is not JSON: {str(error)[:200].rstrip('.')}") from error


def _names(asked: InferBody) -> int:
    """Return how many names stand in the body, if none stands twice."""

    def of(*parts: object) -> int:
        return sum(1 + (len(part) if isinstance(part, dict) else 0) for part in parts if part is not msgspec.UNSET)

    names = 1 + of(asked.id, asked.parameters, asked.outputs)
    names += sum(3 + of(tensor.data, tensor.parameters) for tensor in asked.inputs)
    wanted = asked.outputs
    return names + (0 if isinstance(wanted, msgspec.UnsetType) else sum(1 + of(each.parameters) for each in wanted))


def rows_of(tensors: Sequence[Tensor], limit: int) -> Rows:
    """Return the rows that tensors hold, at most `limit`. Raises Problem where they do not fit together."""
    if not tensors:
        raise _malformed("The request holds no tensors")
    columns: dict[str, list[Any]] = {}
    rows = _rows(tensors[0], limit)
    for tensor in tensors:
        if tensor.name in columns:
            raise _malformed(f"There are two tensors {tensor.name[:80]!r}")
        if (own := _rows(tensor, limit)) != rows:
            first = tensors[0].name[:80]
            raise _malformed(f"The tensor {tensor.name[:80]!r} holds {own:,} rows, but {first!r} {rows:,}")
        columns[tensor.name] = _values(tensor, rows)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _rows(tensor: Tensor, limit: int) -> int:
    """Return how many rows a tensor says that it holds."""
    shape = tensor.shape
    if not 1 <= len(shape) <= 2 or (len(shape) == 2 and shape[1] != 1) or shape[0] < 1:
        told = json.dumps(shape[:8])
        raise _malformed(f"The tensor {tensor.name[:80]!r} has the shape {told}; a column's is [rows] or [rows, 1]")
    if shape[0] > limit:
        raise Problem(
            "too-large",
            f"The request holds {shape[0]:,} rows, more than the {limit:,} that are taken at a time.",
            hint="send fewer at a time.",
        )
    return shape[0]


def _values(tensor: Tensor, rows: int) -> list[Any]:
    """Return a tensor's values as rows have them, with None where one is missing."""
    name, parameters = tensor.name[:80], given(tensor.parameters)
    if BINARY_SIZE in parameters:
        raise refused_binary()
    if isinstance(tensor.data, msgspec.UnsetType):
        raise _malformed(f"The tensor {name!r} has no data")
    values = tensor.data
    if len(tensor.shape) == 2 and values and all(isinstance(each, list) and len(each) == 1 for each in values):
        values = [each[0] for each in values]
    if any(isinstance(each, list | dict) for each in values):
        raise _malformed(f"The data of the tensor {name!r} are nested otherwise than its shape {tensor.shape} says")
    if len(values) != rows:
        raise _malformed(f"The tensor {name!r} has the shape {tensor.shape}, but {len(values):,} values")
    found = _checked(name, tensor.datatype, values)
    for place in _places(name, parameters.get(MISSING, ""), rows):
        found[place] = None
    return found


def _checked(name: str, datatype: str, values: list[Any]) -> list[Any]:
    """Return values that are of their datatype. Raises Problem where one is not."""
    fits = _fitting(datatype)
    if fits is None:
        raise _malformed(f"The tensor {name!r} has the datatype {datatype[:40]!r}; there are {', '.join(DATATYPES)}")
    for place, value in enumerate(values):
        if value is not None and not fits(value):
            shown = str(value)[:60]
            raise _malformed(f"The tensor {name!r} says {datatype}, but its value {place} is {shown!r}")
    if datatype in FLOATS:
        return [None if value is None or value != value else value for value in values]  # noqa: PLR0124  NaN
    return list(values)


def _fitting(datatype: str) -> Callable[[Any], bool] | None:
    """Return what tells whether a value is of a datatype; None where there is no such one."""
    if datatype == "BYTES":
        return lambda value: isinstance(value, str)
    if datatype == "BOOL":
        return lambda value: isinstance(value, bool)
    if datatype in FLOATS:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    if (found := _BITS.fullmatch(datatype)) is None:
        return None
    bits = int(found[2])
    low, high = (0, 1 << bits) if found[1] else (-(1 << (bits - 1)), 1 << (bits - 1))
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value < high


def _places(name: str, told: object, rows: int) -> list[int]:
    """Return the places that are missing."""
    text = str(told) if isinstance(told, str | int) and not isinstance(told, bool) else "?"
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    wrong = [part for part in parts if not (part.isascii() and part.isdecimal() and len(part) < 10)]
    places = [int(part) for part in parts] if not wrong else []
    if wrong or any(place >= rows for place in places):
        raise _malformed(
            f"{MISSING} of the tensor {name!r} is {text[:60]!r}; it lists places from 0 to {rows - 1}, as in '0,4,7'"
        )
    return places


def refused_binary() -> Problem:
    """Return what is said to who sends tensors in the binary form."""
    return Problem(
        "unknown-media-type",
        "Tensors are read as JSON; the extension for binary tensors is not supported.",
        hint="with tritonclient: set_data_from_numpy(values, binary_data=False).",
    )


def tensor(name: str, datatype: str, shape: Sequence[int], values: list[Any]) -> dict[str, Any]:
    """Return a tensor of an answer; where a value is missing, null stands, and its place is listed."""
    told: dict[str, Any] = {"name": name, "shape": list(shape), "datatype": datatype, "data": values}
    if missing := [place for place, value in enumerate(values) if value is None]:
        told["parameters"] = {MISSING: ",".join(map(str, missing))}
    return told


def datatype_of(values: Sequence[object]) -> str:
    """Return the datatype that holds all of some values.

    >>> [datatype_of(values) for values in (["no", "yes"], [0, 1], [0, 1.5], [False, True], [1, "a"])]
    ['BYTES', 'INT64', 'FP64', 'BOOL', 'BYTES']
    """
    kinds = {type(value) for value in values}
    for wanted, datatype in (({bool}, "BOOL"), ({int}, "INT64"), ({int, float}, "FP64")):
        if kinds and kinds <= wanted:
            return datatype
    return "BYTES"


def _malformed(said: str) -> Problem:
    return Problem("malformed-request", f"{said}.", hint=SHAPE)


READ_AS: Mapping[str, str] = {"number": "FP64", "integer": "FP64", "duration": "FP64", "boolean": "BOOL"}
"""The datatype that is told of a kind of column; all others are BYTES."""
