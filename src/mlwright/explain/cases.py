"""Cases: a few of the rows that taught, kept in the model, beside which a new row is seen.

They are the background of reasons, the past cases that a row is likened to, the yardstick of what is usual, and where
the values of counterfactuals come from. They are raw values of people: docs/explanation/privacy.md says so, and how to
keep none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ModelError
from mlwright.evaluate.packed import pack, unpack
from mlwright.learn.base import Floats
from mlwright.schema import Column, Schema
from mlwright.tasks.base import Target

MOST = 512
"""So many rows: a share among them is known to about 2 percentage points (1 / (2 sqrt(512)))."""
MOST_BYTES = 1 << 20
"""Of wide tables and long texts there are fewer rows, so that their values take at most this much, unpacked."""
FEWEST = 32
"""So many there are in any case, where the table has as many."""
OF_EACH_CLASS = 5
"""Rows of each class at least, where there are so many."""

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Cases:
    """Rows that taught, in random order, so that the first few of them are a sample too."""

    columns: Columns
    """Typed raw values of the columns that the model reads, and of the sensitive ones."""
    y: Floats
    """(n,): the target, class positions where there are classes."""

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.y)

    @classmethod
    def drawn(
        cls, columns: Columns, names: Sequence[str], target: Target, *, seed: int = 0, most: int = MOST
    ) -> Cases | None:
        """Draw cases of the named columns at random, the same for the same seed; None where there shall be none.

        At most `most`, fewer where they would take more than MOST_BYTES. Of a class that is rare there are at least 5,
        so that every class is there; all others come as often as they occur.
        """
        if most < 1 or not columns.rows:
            return None
        random = np.random.default_rng([seed, MOST])
        known = Columns({name: columns[name] for name in names}, columns.rows)
        order = _order(target, min(most, columns.rows), random)
        kept = order[: max(FEWEST, int(np.searchsorted(_bytes_until(known, order), MOST_BYTES, side="right")))]
        kept = kept[random.permutation(len(kept))]
        return cls(Columns({name: _own(values, kept) for name, values in known.items()}, len(kept)), target.y[kept])

    def read(self, columns: Sequence[Column]) -> Columns:
        """Return these columns of the cases; one that they do not hold is missing in all rows."""
        return Columns({each.name: self._of(each) for each in columns}, len(self))

    def _of(self, column: Column) -> Values:
        if column.name in self.columns:
            return self.columns[column.name]
        return np.full(len(self), np.nan) if column.is_float else Coded(np.full(len(self), -1, dtype=np.int32), ())

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the cases as a model holds them: the names as JSON, values as few arrays that pack well."""
        return {"columns": list(self.columns)}, {"y": self.y, **pack(self.columns)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], schema: Schema) -> Cases:
        """Return the cases that `state` wrote. Raises ModelError where they are nothing that it writes."""
        y = arrays["y"]
        if y.ndim != 1 or not 1 <= len(y) <= MOST or y.dtype != np.float64 or not np.isfinite(y).all():
            raise ModelError("The model's cases have no target that can be.")
        return cls(unpack(state["columns"], arrays, schema, len(y), what="cases"), y)


def _order(target: Target, most: int, random: np.random.Generator) -> Index:
    """Return rows in the order in which they are wanted: a few of each rare class, then any at random."""
    order = random.permutation(len(target.y)).astype(np.intp)
    if not target.classes or most >= len(order):
        return order[:most]
    positions = target.y.astype(np.intp)
    counts = np.bincount(positions, minlength=len(target.classes))
    floor = max(1, min(OF_EACH_CLASS, most // (2 * len(counts))))
    rare = np.isin(positions[order], np.flatnonzero(counts * most < 2 * floor * len(order)))
    first = [np.flatnonzero(rare & (positions[order] == each))[:floor] for each in np.unique(positions[order[rare]])]
    wanted = np.zeros(len(order), dtype=bool)
    wanted[np.concatenate(first) if first else []] = True
    return np.concatenate([order[wanted], order[~wanted]])[:most]


def _bytes_until(columns: Columns, order: Index) -> NDArray[np.int64]:
    """Return how many bytes the values of the rows take, up to each of them; a text counts once in its column."""
    taken = np.zeros(len(order), dtype=np.int64)
    for values in columns.values():
        if not isinstance(values, Coded):
            taken += 8
            continue
        codes = values.codes[order]
        seen, first = np.unique(codes, return_index=True)
        taken += 2
        taken[first] += [len(values.values[code].encode("utf-8", "replace")) if code >= 0 else 0 for code in seen]
    return np.cumsum(taken)


def _own(values: Values, rows: Index) -> Values:
    """Return the rows of a column, with no text that none of them has."""
    if not isinstance(values, Coded):
        return values[rows]
    codes = values.codes[rows]
    used, place = np.unique(codes[codes >= 0], return_inverse=True)
    mine = np.full(len(codes), -1, dtype=np.int32)
    mine[codes >= 0] = place
    return Coded(mine, tuple(values.values[code] for code in used))
