"""Groups: which of a few groups a value belongs to; what means over groups of rows are taken by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Floats, Values
from mlwright.features import state
from mlwright.features.base import Arrays, Value, coded, floats
from mlwright.features.levels import RARE, Levels

Places = NDArray[np.intp]


class Groups(Protocol):
    """Groups of one raw column's values, numbered; the last one is missing, the one before it every other value."""

    size: int
    place: Callable[[Value], int]
    """Return the group of one value."""

    def places(self, values: Values) -> Places:
        """Return the group of every row."""

    def state(self) -> tuple[dict[str, Any], Floats | None]:
        """Return JSON, and the numbers that make the groups where numbers do."""


class LevelGroups:
    """The frequent levels of a category."""

    __slots__ = ("levels", "place", "size")

    def __init__(self, levels: Levels) -> None:
        self.levels, self.size = levels, len(levels)
        other, missing = self.size - 2, self.size - 1
        known: dict[Value, int] = {None: missing}
        known.update(levels.positions)
        get = known.get

        def place(value: Value) -> int:
            found = get(value)
            if found is None:
                return levels.place(value) if isinstance(value, str) else other
            return found

        self.place: Callable[[Value], int] = place

    @classmethod
    def fit(cls, values: Coded, most: int) -> Self:
        """Keep the most frequent levels."""
        return cls(Levels.fit(values, most=most))

    def places(self, values: Values) -> Places:
        """Return the group of every row."""
        return self.levels.places(coded(values))

    def state(self) -> tuple[dict[str, Any], Floats | None]:
        """Return JSON, and no numbers."""
        return {"by": "levels", **self.levels.to_dict()}, None


class NumberGroups:
    """The frequent values of a column of numbers, each by itself."""

    __slots__ = ("numbers", "place", "size")

    def __init__(self, numbers: Floats) -> None:
        self.numbers, self.size = numbers, len(numbers) + 2
        other, missing = self.size - 2, self.size - 1
        known: dict[Value, int] = {number: place for place, number in enumerate(numbers.tolist())}
        get = known.get

        def place(value: Value) -> int:
            if value is None or value != value:  # noqa: PLR0124  only NaN differs from itself
                return missing
            return get(value, other)

        self.place: Callable[[Value], int] = place

    @classmethod
    def fit(cls, values: Floats, most: int) -> Self:
        """Keep the most frequent numbers that are not rare, ties in their order."""
        numbers, rows = np.unique(values[np.isfinite(values)], return_counts=True)
        numbers, rows = numbers[rows >= RARE], rows[rows >= RARE]
        return cls(np.sort(numbers[np.argsort(-rows, kind="stable")[:most]]))

    def places(self, values: Values) -> Places:
        """Return the group of every row."""
        given = floats(values)
        if not len(self.numbers):
            return np.where(np.isnan(given), 1, 0)
        near = np.minimum(np.searchsorted(self.numbers, given), len(self.numbers) - 1)
        places = np.where(self.numbers[near] == given, near, self.size - 2)
        places[np.isnan(given)] = self.size - 1
        return places

    def state(self) -> tuple[dict[str, Any], Floats | None]:
        """Return JSON and the numbers."""
        return {"by": "numbers"}, self.numbers


def read_groups(plain: Mapping[str, Any], arrays: Arrays, key: str) -> Groups:
    """Return the groups of that state; raises ModelError where they cannot be any."""
    by = state.text(plain, "by")
    if by == "levels":
        return LevelGroups(Levels.from_dict(plain))
    if by != "numbers":
        raise state.damaged(f"there are no groups by {by!r:.40}")
    numbers = arrays.get(key)
    if not isinstance(numbers, np.ndarray) or numbers.dtype != np.float64 or numbers.ndim != 1:
        raise state.damaged(f"array {key!r} is missing or no list of numbers")
    if not np.isfinite(numbers).all() or (np.diff(numbers) <= 0).any():
        raise state.damaged(f"the numbers of {key!r} do not rise")
    return NumberGroups(numbers)
