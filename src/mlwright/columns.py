"""Columns: typed values, column by column, in plain NumPy.

What a Recipe reads. It is made from a Polars frame or from a list of dicts, and both ways read every raw value with the
same function (`values.read_value`), so that a batch and a single row cannot come to differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Typed values of a number, integer, boolean, datetime or duration column; NaN is missing."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Typed values of a string column: `values[codes[i]]`, or missing where the code is -1."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def take(self, index: NDArray[np.intp]) -> Coded:
        """Return the rows at these positions; the values are shared."""
        return Coded(self.codes[index], self.values)


Values = Floats | Coded


class Columns(Mapping[str, Values]):
    """Typed columns by name, all of the same length."""

    __slots__ = ("_data", "rows")

    def __init__(self, data: Mapping[str, Values], rows: int) -> None:
        self._data = dict(data)
        self.rows = rows

    def __getitem__(self, name: str) -> Values:
        """Return the typed values of a column."""
        return self._data[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._data)

    def take(self, index: NDArray[np.intp]) -> Columns:
        """Return the rows at these positions."""
        taken: dict[str, Values] = {
            name: values.take(index) if isinstance(values, Coded) else values[index]
            for name, values in self._data.items()
        }
        return Columns(taken, len(index))
