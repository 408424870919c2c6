"""Whether an ONNX file answers as its model does: asked through ONNX Runtime before the file is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, read_rows, typed_rows
from mlwright.errors import MissingExtraError, ModelError
from mlwright.model.exports.to_onnx.file import Door, input_doors
from mlwright.model.parts import RowParts
from mlwright.schema import Column

CLOSE: Final = 1e-5
"""By so much a probability may differ, or a number in standard deviations of the target."""
UNSEEN: Final = "never seen before"
ODD: Final = (np.nan, 0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 3.5e38, 1e10)
"""Numbers of rows that no table holds."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The largest difference between what the file answers and what the model does, and of how many rows."""

    difference: float
    rows: int


def compare(data: bytes, parts: RowParts) -> Compared:
    """Return how far the file's answers are from the model's on golden rows, cases, and rows that no table holds.

    Raises ModelError where they differ by more than 1e-5, or where an answer is another one, MissingExtraError.
    """
    asked = Session(data, parts)
    worst, rows = 0.0, 0
    for columns in _rows(parts):
        worst, rows = max(worst, asked.difference(columns)), rows + columns.rows
    if not worst <= CLOSE:
        told = f"answers differ by {worst:.3g}" if np.isfinite(worst) else "some answers are other ones"
        raise ModelError(
            f"The ONNX file does not answer as the model does: {told}. It was not written.",
            hint="please report this; --to mlflow and --to docker carry the model itself.",
        )
    return Compared(worst, rows)


class Session:
    """An ONNX file that answers typed rows."""

    def __init__(self, data: bytes, parts: RowParts) -> None:
        try:
            import onnxruntime  # type: ignore[import-untyped]  # it has no types
        except ImportError as error:
            raise MissingExtraError.of("onnx", "Comparing ONNX with the model") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # One thread: the answers of a file must not depend on the machine that checks it.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        """ONNX Runtime's own."""
        self._parts, self._doors = parts, input_doors(parts.columns)

    def answer(self, columns: Columns) -> list[NDArray[Any]]:
        """Return the outputs for typed rows, in their order."""
        found: list[NDArray[Any]] = self.session.run(None, feeds(columns, self._doors))
        return found

    def difference(self, columns: Columns) -> float:
        """Return by how much the answers to typed rows differ: in probability, or in deviations of the target."""
        expected = self._parts.ensemble.predict(columns, numpy_only=True)
        decided = self._parts.answer(columns, expected)
        prediction, *others = self.answer(columns)
        if decided.probabilities is not None:
            (probabilities,) = others
            worst = _largest(probabilities - expected)
            other = np.asarray(decided.values).astype(str) != np.asarray(prediction).astype(str)
            sure = _margin(self._parts, columns, expected) > CLOSE
            return worst if not (other & sure).any() else np.inf
        ends = [(prediction, decided.values), *zip(others, (decided.lower, decided.upper), strict=True)]
        return max(_largest(found - wanted) for found, wanted in ends) / self._parts.ensemble.scale


def feeds(columns: Columns, doors: Sequence[Door]) -> Mapping[str, NDArray[Any]]:
    """Return typed rows as the file reads them: (rows, 1) for each input."""
    given = {}
    for door in doors:
        values = columns[door.column]
        if isinstance(values, Coded):
            table = np.array([*values.values, ""], dtype=object)
            given[door.name] = table[values.codes].reshape(-1, 1)
        else:
            given[door.name] = np.ascontiguousarray(values, dtype=np.float64).reshape(-1, 1)
    return given


def _rows(parts: RowParts) -> Iterator[Columns]:
    if parts.golden:
        yield read_rows(parts.golden, parts.columns)
    if parts.cases is not None and all(column.name in parts.cases.columns for column in parts.columns):
        yield parts.cases.read(parts.columns)
    yield typed_rows(
        [{column.name: _odd(column, place) for column in parts.columns} for place in range(len(ODD))], parts.columns
    )


def _odd(column: Column, place: int) -> float | str | None:
    if not column.is_float:
        return None if place == 0 else UNSEEN
    if column.kind == "boolean":
        return (None, 0.0, 1.0)[place % 3]
    return None if place == 0 or ODD[place] in column.missing_numbers else ODD[place]


def _largest(differences: NDArray[Any]) -> float:
    """Return the largest difference; what is no number is as far away as can be."""
    found = float(np.abs(differences).max(initial=0.0))
    return found if np.isfinite(found) else np.inf


def _margin(parts: RowParts, columns: Columns, P: NDArray[Any]) -> NDArray[Any]:
    """Return how far each row is from another answer: nearer than rounding, either one may be given."""
    if (threshold := parts.decided(columns).get("threshold")) is not None:
        return np.asarray(np.abs(P[:, 1] - threshold))
    ordered = np.sort(P, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
