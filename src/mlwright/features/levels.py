"""Levels: the categories that a column is known to have, and encoders that are a table with a row per level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Floats, Values
from mlwright.features import state
from mlwright.features.base import Value, coded

RARE = 3
"""A level of fewer training rows says nothing of its own."""


def count_levels(values: Values) -> int:
    """Return the number of levels that are not rare, or 0 for a column of floats."""
    if not isinstance(values, Coded) or not len(values):
        return 0
    return int((np.bincount(values.codes[values.codes >= 0]) >= RARE).sum())


@dataclass(frozen=True, slots=True)
class Levels:
    """The kept levels, most frequent first; every other one, seen or not, is "other", and missing is one more.

    Position 0..K-1 is a kept level, K is "other", K + 1 is missing. `other` and `missing` tell whether training rows
    were there. A level that is not kept, but differs from one that is in the case of letters only, is that one.
    """

    kept: tuple[str, ...]
    other: bool
    missing: bool
    positions: dict[str, int] = field(repr=False, compare=False)
    folded: dict[str, int] = field(repr=False, compare=False)

    @classmethod
    def of(cls, kept: Sequence[str], *, other: bool, missing: bool) -> Levels:
        """Give every kept level its position."""
        positions = {level: place for place, level in enumerate(kept)}
        folded: dict[str, int] = {}
        for level, place in positions.items():
            folded.setdefault(level.casefold(), place)  # the more frequent one first
        return cls(tuple(kept), other, missing, positions, folded)

    @classmethod
    def fit(cls, values: Coded, *, most: int) -> Levels:
        """Keep the most frequent levels that are not rare, ties in the order of names."""
        count = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
        rows: dict[str, int] = {}
        for code in np.flatnonzero(count).tolist():
            level = values.values[code]
            rows[level] = rows.get(level, 0) + int(count[code])
        frequent = sorted((level for level in rows if rows[level] >= RARE), key=lambda level: (-rows[level], level))
        kept = frequent[:most]
        made = cls.of(kept, other=False, missing=bool((values.codes < 0).any()))
        return replace(made, other=any(made.place(level) == len(kept) for level in rows))

    def __len__(self) -> int:
        """Return the number of positions: the kept levels, "other" and missing."""
        return len(self.kept) + 2

    def place(self, level: str) -> int:
        """Return the position of one level that is not missing.

        >>> Levels.of(["Rome", "Oslo"], other=True, missing=False).place("ROME")
        0
        """
        found = self.positions.get(level)
        return self.folded.get(level.casefold(), len(self.kept)) if found is None else found

    def places(self, values: Coded) -> NDArray[np.intp]:
        """Return the position of every row."""
        lookup, missing = self.place, len(self.kept) + 1
        table = np.full(len(values.values) + 1, missing, dtype=np.intp)
        if len(values.codes) < len(values.values):
            for code in np.unique(values.codes).tolist():
                table[code] = lookup(values.values[code]) if code >= 0 else missing
        else:
            table[:-1] = [lookup(level) for level in values.values]
        # A missing value has code -1, which is the last row of the table.
        return table[values.codes]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {"kept": list(self.kept), "other": self.other, "missing": self.missing}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Levels:
        """Return the levels that `to_dict` wrote."""
        kept = state.strings(plain, "kept")
        return cls.of(kept, other=state.flag(plain, "other"), missing=state.flag(plain, "missing"))


class TableEncoder:
    """Looks a category up in a table (levels, width): whole columns and single values by the same rows."""

    __slots__ = ("_get", "_missing", "_other", "_rows", "_tuples", "levels", "name", "table")

    def __init__(self, name: str, levels: Levels, table: Floats) -> None:
        self.name = name
        self.levels = levels
        self.table = table
        rows = self._tuples = [tuple(row) for row in table.tolist()]
        self._rows = dict(zip(levels.kept, rows, strict=False))
        self._get = self._rows.get
        self._other, self._missing = rows[-2], rows[-1]

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""
        return self.table[self.levels.places(coded(values))]

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if value is None:
            return self._missing
        found = self._get(value)  # type: ignore[arg-type]  # a float is no key, and so is "other"
        if found is None:
            return self._tuples[self.levels.place(value)] if isinstance(value, str) else self._other
        return found

    @classmethod
    def made(cls, name: str, levels: Levels, table: Floats, values: Values) -> tuple[Self, Floats]:
        """Return the encoder with the training rows looked up."""
        encoder = cls(name, levels, table)
        return encoder, encoder.encode(values)
