"""Which rows teach, which choose, and which judge.

The rows that judge (the holdout) are set aside before anything is fitted and are touched once. Below `SMALL` rows there
are none: the score comes from repeated cross-validation with the effect of choosing removed (evaluate/selection.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError

Index = NDArray[np.intp]
Fold = tuple[Index, Index]
SMALL = 1_000
HOLDOUT_SHARE = 0.2
HOLDOUT_MOST = 50_000
TIME_FOLDS = (0.55, 0.7, 0.85, 1.0)


@dataclass(frozen=True, slots=True)
class Order:
    """What a split has to respect: `strata` to balance, and at most one of `time`, `groups` and `copies`.

    `copies` gives rows that are copies of one another the same number: a random split keeps them on one side.
    """

    strata: NDArray[np.intp]
    time: NDArray[np.float64] | None = None
    groups: NDArray[np.intp] | None = None
    copies: NDArray[np.intp] | None = None

    def take(self, index: Index) -> Order:
        """Return the order of the rows at these positions."""
        return Order(
            self.strata[index],
            None if self.time is None else self.time[index],
            None if self.groups is None else self.groups[index],
            None if self.copies is None else self.copies[index],
        )


def enough_to_judge(width: int) -> int:
    """Return how many rows judge at most: scoring rows of so many columns must not take longer than learning.

    >>> [enough_to_judge(width) for width in (10, 250, 10_000)]
    [50000, 5000, 2000]
    """
    return max(2_000, min(HOLDOUT_MOST, HOLDOUT_MOST * 25 // max(width, 1)))


def set_aside(order: Order, seed: int, most: int = HOLDOUT_MOST) -> Fold:
    """Return (rows to learn from, rows that judge); none judge below `SMALL` rows."""
    rows = len(order.strata)
    if rows < SMALL:
        return no_judge(order)
    everything = np.arange(rows)
    share = min(HOLDOUT_SHARE, most / rows)
    if order.time is not None:
        return _cut_by_time(order.time, 1 - share, 1.0, everything)
    if order.groups is not None:
        return next(_by_group(order.groups, max(2, round(1 / share)), seed))
    return next(_by_strata(order.strata, max(2, round(1 / share)), seed, order.copies))


def no_judge(order: Order) -> Fold:
    """Return all rows to learn from and none that judge."""
    everything = np.arange(len(order.strata))
    return everything, everything[:0]


def folds(order: Order, count: int, repeats: int, seed: int) -> list[Fold]:
    """Return the folds on which every trial is scored; positions are within the given rows.

    With time, each fold learns from all rows before the ones it is scored on (rolling origin); `count` is then 3 at the
    most and repeats make no sense. `count` 1 is a single split that keeps a fifth for scoring.
    """
    rows = len(order.strata)
    if order.time is not None:
        everything = np.arange(rows)
        cuts = list(pairwise(TIME_FOLDS))[-count:] if count > 1 else [(0.8, 1.0)]
        return [_cut_by_time(order.time, start, end, everything) for start, end in cuts]
    made: list[Fold] = []
    for repeat in range(repeats):
        if order.groups is not None:
            splits = _by_group(order.groups, max(count, 5) if count == 1 else count, seed + 1 + repeat)
        else:
            splits = _by_strata(order.strata, 5 if count == 1 else count, seed + 1 + repeat, order.copies)
        made.extend([next(splits)] if count == 1 else splits)
    return made


def inner_split(strata: NDArray[np.intp], seed: int) -> Fold:
    """Return a split that keeps a fifth of the rows that teach for choosing rounds and penalties."""
    return next(_by_strata(strata, 5, seed))


def _cut_by_time(time: NDArray[np.float64], start: float, end: float, everything: Index) -> Fold:
    """Cut at two shares of the rows in time; rows of one moment stay together, rows without a time teach."""
    ordered = np.sort(time[~np.isnan(time)])
    if len(ordered) < 2 or ordered[0] == ordered[-1]:
        raise DataError(
            "The time column has a single moment: nothing comes after anything.", hint="use --split random."
        )
    first = ordered[min(len(ordered) - 1, int(start * len(ordered)))]
    if first == ordered[0]:
        first = ordered[ordered > ordered[0]][0]
    last = np.inf if end >= 1 else ordered[min(len(ordered) - 1, int(end * len(ordered)))]
    after = time >= first
    teach, judge = everything[~after], everything[after & (time < last)]
    if len(judge) == 0:
        judge = everything[time >= first]
    return teach, judge


def _by_group(groups: NDArray[np.intp], count: int, seed: int) -> Iterator[Fold]:
    """Deal whole groups out into folds of about the same number of rows."""
    present, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    count = min(count, len(present))
    if count < 2:
        raise DataError("The group column has a single group: none is left to judge.", hint="use --split random.")
    shuffled = np.random.default_rng(seed).permutation(len(present))
    by_size = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of = np.empty(len(present), dtype=np.intp)
    filled = np.zeros(count)
    for group in by_size:
        fold = int(np.argmin(filled))
        fold_of[group] = fold
        filled[fold] += sizes[group]
    yield from _folds_of(fold_of[inverse], count)


def _by_strata(
    strata: NDArray[np.intp], count: int, seed: int, copies: NDArray[np.intp] | None = None
) -> Iterator[Fold]:
    """Deal shuffled rows out into folds, one stratum after the other, so that each fold has its share of each.

    A copy follows the first of its kind.
    """
    rows = len(strata)
    count = min(count, rows)
    if count < 2:
        raise DataError("There is only one row: nothing is left to judge by.", hint="bring more rows.")
    shuffled = np.random.default_rng(seed).permutation(rows)
    ordered = shuffled[np.argsort(strata[shuffled], kind="stable")]
    fold_of = np.empty(rows, dtype=np.intp)
    fold_of[ordered] = np.arange(rows) % count
    if copies is not None:
        _, first, kind = np.unique(copies, return_index=True, return_inverse=True)
        fold_of = fold_of[first][kind]
    yield from _folds_of(fold_of, count)


def _folds_of(fold_of: NDArray[np.intp], count: int) -> Iterator[Fold]:
    for fold in range(count):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
