"""ReferenceSample: a few of the rows that judged, for estimates of how good answers are before outcomes are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import ModelError
from mlwright.evaluate.packed import pack, row_bytes, unpack
from mlwright.evaluate.shapes import shape_of
from mlwright.schema import Schema
from mlwright.tasks.base import Floats

MOST = 2_000
FEWEST = 200
MOST_BYTES = 1 << 19
"""Of wide tables and of many classes there are fewer rows, so that they take about this much, unpacked."""
WHAT = "reference"


@dataclass(frozen=True)
class ReferenceSample:
    """Rows that judged, in random order."""

    P: Floats
    """(n, k): what was predicted."""
    y: Floats
    """(n,): class positions, or numbers."""
    answered: Floats
    """(n,): what was answered: class positions, or numbers."""
    columns: Columns | None
    """Typed raw values of the columns that the model reads; None where no row may be kept."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    @classmethod
    def drawn(cls, P: Floats, y: Floats, answered: Floats, columns: Columns | None, *, seed: int) -> ReferenceSample:
        """Draw at most 2,000 of the rows, the same ones for the same seed; fewer where they would take much room."""
        each = 8 * (P.shape[1] + 2) + (0 if columns is None else row_bytes(columns))
        most = min(len(y), max(FEWEST, min(MOST, int(MOST_BYTES // each))))
        index = np.random.default_rng([seed, MOST]).permutation(len(y))[:most].astype(np.intp)
        kept = None if columns is None else columns.take(index)
        return cls(P[index], y[index], answered[index], kept)

    def state(self) -> tuple[list[str] | None, dict[str, NDArray[Any]]]:
        """Return the names of the raw columns (None: none are kept), and all values as a few arrays."""
        packed = {} if self.columns is None else pack(self.columns)
        names = None if self.columns is None else list(self.columns)
        return names, {"P": self.P, "y": self.y, "answered": self.answered, **packed}

    @classmethod
    def from_state(
        cls, names: object, arrays: Mapping[str, NDArray[Any]], schema: Schema, *, task: str, classes: int
    ) -> ReferenceSample:
        """Return the sample that `state` wrote. Raises ModelError where it wrote no such thing."""
        P, y, answered = arrays["P"], arrays["y"], arrays["answered"]
        width = shape_of(task).predicted(classes)
        if y.ndim != 1 or len(y) > MOST or P.shape != (len(y), width) or answered.shape != y.shape:
            raise ModelError("The model's reference has a sample that cannot be.")
        for each in (P, y, answered):
            if each.dtype != np.float64 or not np.isfinite(each).all():
                raise ModelError("The model's reference has a sample that cannot be.")
        known = np.arange(classes)
        if classes and not (np.isin(y, known).all() and np.isin(answered, known).all()):
            raise ModelError("The model's reference has a class that the model does not know.")
        return cls(P, y, answered, None if names is None else unpack(names, arrays, schema, len(y), what=WHAT))
