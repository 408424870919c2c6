"""Whether a row is unlike the rows that taught: a statement with a known rate of false alarms.

Two numbers tell how odd a row is: how near the nearest case is, beside how near the cases are on average (so that what
is odd is how values meet), and how rare the rarest of its values is. Both are compared with what the same number is for
each case beside all others. A row like the cases is as likely to stand at any place among them, so the share of cases
at least as odd is a p-value (conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
World", 2005). The smaller of the two, doubled, is the row's (Bonferroni). NumPy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.explain.space import ROUNDED, Placed, Space
from mlwright.learn.base import Floats
from mlwright.schema import Column

LEVEL = 0.01
"""Of 100 rows like the cases, so many are called unlike them by chance."""
MOST_LEVEL = 0.05
"""With fewer than 39 cases more than this would be, and no row is called so."""
_NOVEL = 0.1
"""Cases that a level counts as having which none has: fewer than the one that any other counts as, itself."""
NEAREST = 5
"""Cases with which a row is compared when it is told which columns are odd about it."""
_LEAST = 0.02
"""No column counts as more telling than one in which a random pair of cases differs in one of 50."""


@dataclass(frozen=True, slots=True)
class Oddness:
    """How odd rows are: p-values (n,) of a row as a whole, of how its values meet, of its rarest value."""

    p: Floats
    of_meeting: Floats
    of_values: Floats
    rarity: Floats
    """(n, columns): the logarithm of how rare each value is; 0 is common, 6 is one in 400."""


class Usual:
    """What is usual among the cases, prepared once; tells of any row how odd it is beside them."""

    def __init__(self, cases: Columns, described: Sequence[Column], level: float = LEVEL) -> None:
        self.space = Space(cases, described)
        self.level = max(level, 2.0 / (cases.rows + 1))
        """The share of rows like the cases that are called unlike them."""
        self._rarity = _Rarity(self.space)
        self._prepare()

    def rare(self, odd: Oddness) -> NDArray[np.bool_]:
        """Return (n, columns) which values are so rare that they alone make a row unlike the cases."""
        bar = self._rare[max(0, len(self._rare) - int(self.level * (self.space.rows + 1) / 2.0))]
        found: NDArray[np.bool_] = odd.rarity > bar
        return found

    @property
    def tells(self) -> bool:
        """Whether there are enough cases to call a row unlike them."""
        return self.level <= MOST_LEVEL

    def judge(self, columns: Columns) -> Oddness:
        """Return how odd these typed rows are."""
        placed = self.space.place(columns)
        odd, near = np.empty(len(placed)), np.empty((len(placed), len(placed.texts)))
        for part, apart in self.space.differences(placed):
            distance = apart @ self.weights
            odd[part] = _nearness(distance.min(axis=1), distance.mean(axis=1))
            near[part] = apart[:, :, self.space.cuts[1] :].min(axis=1)
        texts = [_share_from(known, each) for known, each in zip(self._near, near.T, strict=True)]
        rarity = self._rarity.of(placed, texts)
        of_meeting = _share_from(self._odd, odd)
        of_values = _share_from(self._rare, rarity.max(axis=1, initial=0.0))
        p = np.minimum(1.0, 2.0 * np.minimum(of_meeting, of_values))
        return Oddness(p, of_meeting, of_values, rarity)

    def is_unlike(self, odd: Oddness) -> NDArray[np.bool_]:
        """Return (n,) whether each row is unlike the cases, at the level."""
        called: NDArray[np.bool_] = odd.p <= self.level if self.tells else np.zeros(len(odd.p), dtype=bool)
        return called

    def apart(self, columns: Columns) -> Floats:
        """Return (n, columns): how much more each column differs from the nearest cases than it does among cases."""
        placed = self.space.place(columns)
        found = np.empty((len(placed), len(self.space.columns)))
        for part, apart in self.space.differences(placed):
            found[part] = _of_nearest(apart, apart @ self.weights)
        return (found - self._usual) * self.weights

    def _prepare(self) -> None:
        """Find out how odd each case is beside the others."""
        own, many, texts = self.space.own, self.space.rows, self.space.cuts[1]
        typical = np.zeros(len(self.space.columns))
        for _, apart in self.space.differences(own):
            typical += apart.sum(axis=(0, 1))
        inverse = 1.0 / np.maximum(typical / max(1, many * (many - 1)), _LEAST)
        self.weights = inverse / max(float(inverse.sum()), 1e-300)
        odd, near, usual = np.empty(many), np.empty((many, len(own.texts))), np.zeros_like(typical)
        for part, apart in self.space.differences(own):
            inside, here = np.arange(part.start, part.stop), np.arange(part.stop - part.start)
            distance = apart @ self.weights
            mean = distance.sum(axis=1) / max(1, many - 1)
            distance[here, inside] = np.inf
            odd[part] = _nearness(distance.min(axis=1), mean)
            usual += _of_nearest(apart, distance).sum(axis=0)
            apart[here, inside, texts:] = np.inf
            near[part] = apart[:, :, texts:].min(axis=1)
        self._odd, self._usual = np.sort(odd), usual / max(1, many)
        self._near = [np.sort(each) for each in near.T]
        shares = [_share_from(known, each, me=1) for known, each in zip(self._near, near.T, strict=True)]
        self._rare = np.sort(self._rarity.of(own, shares, me=1).max(axis=1, initial=0.0))


class _Rarity:
    """How rare the values of rows are among the cases, column by column."""

    def __init__(self, space: Space) -> None:
        self.rows, own, first = space.rows, space.own, space.cuts[0]
        self.ordered = np.array([column.kind != "boolean" for column in space.columns[:first]], dtype=bool)
        self.known = self.rows - np.isnan(own.under).sum(axis=0)
        counts = np.concatenate([np.where(np.isnan(own.under), self.rows - self.known, own.equal), own.beside], axis=1)
        rows = self.rows
        self.rarer = np.array([np.bincount(each.astype(np.intp), minlength=rows + 1).cumsum() for each in counts.T])
        """(columns, rows + 1): how many cases have a level that so many cases have, or fewer."""

    def of(self, placed: Placed, texts: Sequence[Floats], *, me: int = 0) -> Floats:
        """Return the logarithm of how rare each value is; with `me` 1 rows are the cases, which do not count.

        Of a number it is the share of cases as far out, on both sides, and how far outside it is; of a category the
        share of cases whose level is at most as frequent.
        """
        missing = np.isnan(placed.under)
        among = np.where(missing, self.rows - self.known, placed.equal)
        levels = self._levels(np.concatenate([among, placed.beside], axis=1), me)
        under = np.where(missing, 0.0, placed.under)
        below, above = under + 0.5 * placed.equal - me, self.known - under + 0.5 * placed.equal - me
        tails = 2.0 * (np.maximum(np.minimum(below, above), 0.0) + 1.0) / (self.rows + 1.0 - me)
        ranked = self.ordered & ~missing
        first = len(self.ordered)
        levels[:, :first] = np.where(ranked, tails, levels[:, :first])
        found: Floats = -np.log(np.minimum(np.column_stack([levels, *texts]), 1.0))
        found[:, :first] += np.where(ranked, np.maximum(np.maximum(placed.numbers - 1.0, -placed.numbers), 0.0), 0.0)
        return found

    def _levels(self, count: Floats, me: int) -> Floats:
        """Return the share of cases whose level is at most as frequent, among the others with `me` 1.

        A level that no other case has is the rarer the fewer such there are: less than one of all, where there is none.
        """
        if not count.shape[1]:
            return count
        beside = count.astype(np.intp) - me
        # A case has one fewer beside it than have its level.
        rarer = self.rarer[np.arange(count.shape[1]), np.minimum(beside + 1, self.rows)] - me
        shares: Floats = (np.maximum(rarer, 0) + np.where(beside > 0, 1.0, _NOVEL)) / (self.rows + 1.0 - me)
        return shares


def _nearness(nearest: Floats, mean: Floats) -> Floats:
    """Return how far the nearest case is beside how far the cases are on average."""
    return np.round(nearest / np.maximum(mean, 1e-9), ROUNDED)


def _of_nearest(apart: Floats, distance: Floats) -> Floats:
    """Return (rows, columns): the mean differences from each row's few nearest cases."""
    many = min(NEAREST, distance.shape[1])
    nearest = np.argpartition(distance, many - 1, axis=1)[:, :many]
    mean: Floats = np.take_along_axis(apart, nearest[:, :, None], axis=1).mean(axis=1)
    return mean


def _share_from(known: Floats, values: Floats, *, me: int = 0) -> Floats:
    """Return the share of sorted numbers that are at least each value; with `me` 1 the values are those numbers."""
    above = len(known) - np.searchsorted(known, values, "left") - me
    shares: Floats = np.asarray(above + 1.0) / (len(known) + 1.0 - me)
    return shares
