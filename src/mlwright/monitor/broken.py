"""Cells that break the contract: values that the schema of a model does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.schema import Column


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the values of one column were when the model was built."""

    name: str
    never_missing: bool
    low: float
    high: float
    levels: frozenset[str] | None
    """The categories, folded; None where there are none, or not all of them are kept."""

    @classmethod
    def of(cls, column: Column) -> Bounds:
        """Return the bounds of a column of a schema."""
        known = column.categories
        all_kept = known is not None and column.distinct <= len(known)
        return cls(
            name=column.name,
            never_missing=column.missing_share == 0,
            low=-np.inf if column.low is None else column.low,
            high=np.inf if column.high is None or column.kind == "datetime" else column.high,  # time goes on
            levels=frozenset(map(str.casefold, known)) if known is not None and all_kept else None,
        )

    def broken(self, values: Values) -> NDArray[np.bool_]:
        """Return (n,) which typed values are missing where none was, out of range, or a new category."""
        found: NDArray[np.bool_]
        if not isinstance(values, Coded):
            # A comparison with NaN is false.
            found = ~((values >= self.low) & (values <= self.high))
            return found if self.never_missing else found & ~np.isnan(values)
        if self.levels is None:
            return (values.codes < 0) & self.never_missing
        new = [value.casefold() not in self.levels for value in values.values]
        return np.array([*new, self.never_missing], dtype=np.bool_)[values.codes]  # a code of -1 takes the last


def broken_cells(columns: Columns, bounds: Sequence[Bounds]) -> NDArray[np.bool_]:
    """Return (n, c) which values break the bounds of their columns; nothing does in a column that is not there."""
    found = np.zeros((columns.rows, len(bounds)), dtype=np.bool_)
    for place, each in enumerate(bounds):
        if each.name in columns:
            found[:, place] = each.broken(columns[each.name])
    return found
