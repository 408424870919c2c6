"""The space in which rows are far or near: how different two rows are, column by column, beside the cases of a model.

A column's difference is a share: of two numbers, the share of the cases that lie between them (so that neither units
nor a few large values matter); of two categories, 0 or 1; of two texts, how few words they share. Gower (1971, "A
general coefficient of similarity", Biometrics 27) with ranks in place of ranges.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.features.words import words
from mlwright.learn.base import Floats
from mlwright.schema import QUANTILES, Column

AT_ONCE = 2_000_000
"""So many differences are held at once."""
BUCKETS = 256
"""Words of texts are told apart by so many hashes."""
MOST_OUTSIDE = 8.0
"""What a number far outside adds to its difference, at most."""
MISSING = 1e6
"""Where on the scale a number lies that is missing: far from all that is known."""
ROUNDED = 9
"""Products of matrices are rounded to so many places: their last bits depend on how many rows there are."""
_GONE, _NEW = -1.0, -2.0
"""The level that is missing, and the one that no case has."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the texts of n rows, of each different text once: rows that differ in little mostly share theirs."""

    vectors: Floats
    """(u, BUCKETS): as vectors of length 1; of length 0 where there are no words."""
    place: NDArray[np.intp]
    """(n,): which of them each row has."""

    def apart(self, part: slice, others: Words) -> Floats:
        """Return (rows of the part, others): the share of words that they do not have in common."""
        used, back = np.unique(self.place[part], return_inverse=True)
        mine = self.vectors[used]
        alike = np.round(mine @ others.vectors.T, ROUNDED)
        silent, their_silent = (np.asarray(each.max(axis=1) == 0.0) for each in (mine, others.vectors))
        found: Floats = np.where(silent[:, None] & their_silent[None, :], 0.0, np.maximum(0.0, 1.0 - alike))
        return found[back[:, None], others.place[None, :]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where n rows lie: of a columns of numbers, b of categories, and each of texts."""

    numbers: Floats
    """(n, a): the share of the cases below each number, with how far outside it is."""
    under: Floats
    """(n, a): how many cases lie below each number, half of those that have it too; NaN where it is missing."""
    equal: Floats
    """(n, a): how many cases have the very number."""
    levels: Floats
    """(n, b): the number of each level."""
    beside: Floats
    """(n, b): how many cases have the level."""
    texts: list[Words]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)


class Space:
    """The cases of a model, placed column by column, and the differences of other rows from them."""

    def __init__(self, cases: Columns, described: Sequence[Column]) -> None:
        self.rows = cases.rows
        numbers = [column for column in described if not isinstance(cases[column.name], Coded)]
        texts = [column for column in described if column.kind == "text" and column not in numbers]
        levels = [column for column in described if column not in numbers and column not in texts]
        self.columns: tuple[Column, ...] = (*numbers, *levels, *texts)
        """The columns in the order of the differences: numbers, categories, texts."""
        self.cuts = len(numbers), len(numbers) + len(levels)
        """Where in that order categories and texts begin."""
        self._numbers = _Numbers([np.asarray(cases[column.name]) for column in numbers], numbers)
        self._levels = [(column.name, _Levels(cases[column.name])) for column in levels]
        self.own = self.place(cases)

    def place(self, columns: Columns) -> Placed:
        """Return where rows lie."""
        first, second = self.cuts
        found = [levels.place(columns[name]) for name, levels in self._levels]
        shape = (columns.rows, len(found))
        return Placed(
            *self._numbers.place([np.asarray(columns[each.name]) for each in self.columns[:first]], columns.rows),
            np.stack([numbers for numbers, _ in found], axis=1) if found else np.zeros(shape),
            np.stack([beside for _, beside in found], axis=1) if found else np.zeros(shape),
            [_words(columns[each.name]) for each in self.columns[second:]],
        )

    def differences(self, placed: Placed) -> Iterator[tuple[slice, Floats]]:
        """Return, part by part, (rows, cases, columns) differences from the cases."""
        step = max(1, AT_ONCE // max(1, self.rows * len(self.columns)))
        for start in range(0, len(placed), step):
            part = slice(start, min(start + step, len(placed)))
            yield part, self._between(placed, part)

    def distances(self, placed: Placed, weights: Floats) -> Floats:
        """Return (rows, cases): the weighted mean of the differences."""
        found = np.empty((len(placed), self.rows))
        shares = weights / max(float(weights.sum()), 1e-300)
        for part, apart in self.differences(placed):
            found[part] = apart @ shares
        return found

    def _between(self, placed: Placed, part: slice) -> Floats:
        first, second = self.cuts
        found = np.empty((part.stop - part.start, self.rows, len(self.columns)))
        numbers = found[:, :, :first]
        np.abs(placed.numbers[part, None, :] - self.own.numbers[None, :, :], out=numbers)
        numbers[numbers > MISSING / 2] = 1.0
        np.not_equal(placed.levels[part, None, :], self.own.levels[None, :, :], out=found[:, :, first:second])
        for place, (theirs, own) in enumerate(zip(placed.texts, self.own.texts, strict=True)):
            found[:, :, second + place] = theirs.apart(part, own)
        return found


class _Numbers:
    """Places numbers by their rank among the cases; outside by how far that is, on a log scale.

    Outside is beyond the 1 % and 99 % points of all rows that taught: for a case and for a new row it is the same.
    """

    def __init__(self, values: Sequence[Floats], columns: Sequence[Column]) -> None:
        self.known = [np.sort(each[np.isfinite(each)]) for each in values]
        self.many = np.array([max(1, len(known)) for known in self.known], dtype=np.float64)
        self.whole = np.array([column.kind == "boolean" for column in columns], dtype=bool)
        ends = np.array([_ends(known, column) for known, column in zip(self.known, columns, strict=True)])
        self.low, self.high, self.spread = ends.reshape(-1, 3).T

    def place(self, values: Sequence[Floats], rows: int) -> tuple[Floats, Floats, Floats]:
        """Return (rows, columns) of what Placed holds of numbers."""
        if not values:
            return np.zeros((rows, 0)), np.zeros((rows, 0)), np.zeros((rows, 0))
        numbers = np.stack(values, axis=1)
        left = np.stack([known.searchsorted(each) for known, each in zip(self.known, values, strict=True)], axis=1)
        right = np.stack(
            [known.searchsorted(each, "right") for known, each in zip(self.known, values, strict=True)], axis=1
        )
        under: Floats = np.asarray(0.5 * (left + right), dtype=np.float64)
        equal: Floats = np.asarray(right - left, dtype=np.float64)
        placed: Floats = np.where(self.whole, numbers, under / self.many + self._outside(numbers))
        missing = np.isnan(numbers)
        placed[missing], under[missing] = MISSING, np.nan
        return placed, under, equal

    def _outside(self, numbers: Floats) -> Floats:
        """Return how far outside numbers are: above 0 beyond the upper end, below 0 beyond the lower one."""
        with np.errstate(over="ignore"):
            above = np.log1p(np.maximum(numbers / self.spread - self.high / self.spread, 0.0))
            below = np.log1p(np.maximum(self.low / self.spread - numbers / self.spread, 0.0))
        outside: Floats = np.minimum(above, MOST_OUTSIDE) - np.minimum(below, MOST_OUTSIDE)
        return outside


class _Levels:
    """Places categories by the number of the level among the cases; those that none of them has are one."""

    def __init__(self, values: object) -> None:
        coded = _coded(values)
        self.number = {value: float(place) for place, value in enumerate(coded.values)}
        self.counts = np.append(np.bincount(coded.codes + 2, minlength=len(coded.values) + 2), 0).astype(np.float64)

    def place(self, values: object) -> tuple[Floats, Floats]:
        """Return the level's number and how many cases have it."""
        coded = _coded(values)
        if len(coded) == 1:
            code = int(coded.codes[0])
            numbers = np.array([_GONE if code < 0 else self.number.get(coded.values[code], _NEW)])
        else:
            known = np.array([*(self.number.get(value, _NEW) for value in coded.values), _GONE])
            numbers = known[coded.codes]
        return numbers, self.counts[(numbers + 2).astype(np.intp)]


def _ends(known: Floats, column: Column) -> tuple[float, float, float]:
    """Return from where on numbers are outside, and what their spread is."""
    if not len(known):
        return 0.0, 0.0, 1.0
    points = column.quantiles or tuple(np.quantile(known, QUANTILES).tolist())
    low, high = points[0], points[-1]
    return low, high, points[-2] - points[1] or high - low or max(abs(high), 1.0)


def _coded(values: object) -> Coded:
    if not isinstance(values, Coded):
        raise TypeError("a column of texts was read as numbers")
    return values


def _words(values: object) -> Words:
    """Return the words of each text."""
    coded = _coded(values)
    used, place = np.unique(coded.codes, return_inverse=True)
    vectors = np.zeros((len(used), BUCKETS))
    for row, code in enumerate(used.tolist()):
        if code >= 0:
            found = [zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS for word in words(coded.values[code])]
            vectors[row, found] = 1.0
    lengths = np.sqrt(vectors.sum(axis=1, keepdims=True))
    vectors /= np.maximum(lengths, 1.0)
    return Words(vectors, place.astype(np.intp))
