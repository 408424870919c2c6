"""Crossing: some rows' columns, and every way to make one number of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlwright.columns import Coded, Columns, Floats
from mlwright.features.arithmetic import SIGNS, ArithmeticEncoder
from mlwright.features.base import Crossed, Training, floats
from mlwright.features.grid import MOST_CELLS, GridEncoder
from mlwright.features.groups import Groups, LevelGroups, NumberGroups
from mlwright.features.levels import RARE
from mlwright.features.within import WithinEncoder
from mlwright.schema import Column

Made = tuple[Crossed, Floats]
NUMBER_KINDS = frozenset({"number", "integer", "duration"})
MOST_LEVELS, MOST_NUMBERS = 60, 30
"""Groups of a category in a cross; and of a number, each value by itself."""
MOST_CODES = 5_000
"""Numbers that a column of codes, such as of districts, is known by."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make a number of one or two columns: an arithmetic sign, "within", "grid" or "code"."""

    kind: str
    sources: tuple[str, ...]
    signal: int = 0


class Crossing:
    """The rows that something is learned from, with what has been found out about their columns."""

    def __init__(self, columns: Columns, described: Sequence[Column], training: Training) -> None:
        self.columns = columns
        self.training = training
        self.kinds: Mapping[str, str] = {column.name: column.kind for column in described}
        self._groups: dict[str, Groups | None] = {}
        self._counts: dict[str, int] = {}

    def is_number(self, name: str) -> bool:
        """Tell whether to calculate with a column makes sense: it holds numbers, of more than two values."""
        return self.kinds[name] in NUMBER_KINDS and self._distinct(name) > 2

    def is_positive(self, name: str) -> bool:
        """Tell whether all known numbers are above 0."""
        return not bool((floats(self.columns[name]) <= 0).any())

    def is_code(self, name: str) -> bool:
        """Tell whether whole numbers may stand for something: there are many, and most come again and again."""
        values = self.columns[name]
        if self.kinds[name] != "integer" or isinstance(values, Coded):
            return False
        return MOST_NUMBERS < self._distinct(name) < len(values) / (2 * RARE)

    def groups(self, name: str) -> Groups | None:
        """Return the groups of a column; None where there are no two."""
        if name not in self._groups:
            self._groups[name] = self._grouped(name)
        return self._groups[name]

    def _grouped(self, name: str) -> Groups | None:
        values, kind = self.columns[name], self.kinds[name]
        groups: Groups
        if isinstance(values, Coded):
            if kind != "category":
                return None
            groups = LevelGroups.fit(values, MOST_LEVELS)
        elif kind == "datetime" or self._distinct(name) > MOST_NUMBERS:
            return None
        else:
            groups = NumberGroups.fit(values, MOST_NUMBERS)
        return groups if groups.size > 3 else None

    def _distinct(self, name: str) -> int:
        if name not in self._counts:
            values = floats(self.columns[name])
            self._counts[name] = len(np.unique(values[~np.isnan(values)]))
        return self._counts[name]

    def make(self, way: Way) -> Made | None:
        """Return what is made in that way, with the rows encoded; None where it cannot be."""
        sources, values = way.sources, [self.columns[source] for source in way.sources]
        if way.kind in SIGNS:
            encoder = ArithmeticEncoder(sources, way.kind)
            return encoder, encoder.encode(*values)
        if way.kind == "code":
            codes = NumberGroups.fit(floats(values[0]), MOST_CODES)
            return GridEncoder.fit(sources, [codes], values, self.training, way.signal)
        if way.kind == "within":
            groups = self.groups(sources[1])
            if groups is None:
                return None
            within = WithinEncoder.fit(sources, floats(values[0]), groups, values[1], self.training)
            return within, within.encode(*values)
        both = [each for each in map(self.groups, sources) if each is not None]
        if len(both) < 2 or both[0].size * both[1].size > MOST_CELLS:
            return None
        return GridEncoder.fit(sources, both, values, self.training, way.signal)
