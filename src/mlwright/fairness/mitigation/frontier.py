"""The fairness frontier: the thresholds that cost least among those whose groups differ by no more than a tolerance.

Every pair of segment and threshold has its share of the answers; costs and rates are linear in the shares, so the least
cost under a bound on the differences is a linear program. Where each segment is one group this is the relaxation of
Cruz and Hardt ("Unprocessing seven years of algorithmic fairness", ICLR 2024) over the groups' ROC convex hulls (Hardt,
Price and Srebro 2016); where a segment is an estimate of the group, the rates still are those of the true groups (as in
Delaney et al., "OxonFair", NeurIPS 2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mlwright.fairness.mitigation.criteria import Criterion, counts, rate_of
from mlwright.tasks.base import Costs, Floats

MOST_THRESHOLDS = 150
"""Thresholds of a segment that are weighed up, besides the corners of its ROC convex hull."""
LEVELS = 80
"""How many levels of a rate are tried when each group gets one threshold."""
NOBODY = math.nextafter(1.0, 2.0)
"""The threshold that no probability reaches."""
SMALLEST_SHARE = 1e-6
FINEST = 0.005
"""A gap below which single thresholds cannot be told to be equal: they move rates in steps."""
MOST_ROUNDED = 12


@dataclass(frozen=True, slots=True)
class Known:
    """Rows whose score, label, true group and segment are known; a group of -1 is held to nothing.

    `case` is 1 for a case and 0 for another row, or a probability between: see `smooth.py`.
    """

    score: Floats
    case: Floats
    group: NDArray[np.intp]
    segment: NDArray[np.intp]
    weight: Floats
    groups: int
    segments: int
    costs: Costs

    def take(self, index: NDArray[np.intp]) -> Known:
        """Return the rows at these positions."""
        return Known(
            self.score[index], self.case[index], self.group[index], self.segment[index], self.weight[index],
            self.groups, self.segments, self.costs,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Thresholds of one segment, ascending, and the share of its rows that each decides about."""

    thresholds: Floats
    shares: Floats

    @property
    def is_firm(self) -> bool:
        """Whether one threshold decides about all."""
        return len(self.thresholds) == 1


@dataclass(frozen=True, slots=True)
class Found:
    """The rules of all segments, and what they do on the rows they were found on."""

    rules: tuple[Rule, ...]
    cost: float
    """Of an average row."""
    gap: float


class Frontier:
    """What every threshold of every segment would do, weighed up once for all tolerances."""

    def __init__(self, known: Known, criterion: Criterion) -> None:
        self.criterion = criterion
        self.known = counts(known.group, known.case, known.weight, known.groups)
        inside = [np.flatnonzero(known.segment == place) for place in range(known.segments)]
        self.thresholds = [_candidates(known.score[rows], known.case[rows], known.weight[rows]) for rows in inside]
        made = [_weighed(known.take(rows), grid) for rows, grid in zip(inside, self.thresholds, strict=True)]
        self.yes = [yes for yes, _ in made]
        self.cost = [cost / known.weight.sum() for _, cost in made]
        self.alone = _alone(known)

    @cached_property
    def _rates(self) -> dict[str, list[Floats]]:
        return {
            rate: [np.nan_to_num(rate_of(rate, yes, self.known)) for yes in self.yes] for rate in self.criterion.rates
        }

    def solve(self, tolerance: float) -> Found:
        """Return the least cost at a gap of at most the tolerance; a segment may share its rows among thresholds."""
        from scipy.optimize import linprog

        sizes = [len(grid) for grid in self.thresholds]
        ends = np.cumsum([0, *sizes])
        rates = self.criterion.rates
        groups, many = len(self.known), int(ends[-1])
        one = np.zeros((len(sizes), many + len(rates)))
        for place in range(len(sizes)):
            one[place, ends[place] : ends[place + 1]] = 1.0
        bounds = []
        for at, rate in enumerate(rates):
            shares = np.concatenate(self._rates[rate]).T
            level = np.zeros((groups, len(rates)))
            level[:, at] = 1.0
            # lowest level <= rate of every group <= lowest level + tolerance
            bounds += [np.hstack([-shares, level]), np.hstack([shares, -level])]
        limit = np.tile(np.repeat([0.0, tolerance], groups), len(rates))
        cost = np.concatenate([*self.cost, np.zeros(len(rates))])
        scale = max(float(np.abs(cost).max()), 1e-12)
        found = linprog(
            cost / scale,
            A_ub=np.vstack(bounds),
            b_ub=limit,
            A_eq=one,
            b_eq=np.ones(len(sizes)),
            bounds=(0.0, 1.0),
            method="highs-ds",
        )
        if found.x is None:  # answering nobody yes meets every demand, so there always is an answer
            raise RuntimeError(f"the linear program ended without an answer: {found.message}")
        return self._of([found.x[ends[place] : ends[place + 1]] for place in range(len(sizes))])

    def firm(self, tolerance: float, found: Found) -> Found | None:
        """Return the least cost with one threshold for each segment; None where no such thresholds were found."""
        if all(rule.is_firm for rule in found.rules):
            return found
        finest = max(tolerance, FINEST)
        return self._by_levels(finest) if self.alone else self._rounded(finest, found)

    def _of(self, shares: Sequence[Floats]) -> Found:
        """Return shares of the thresholds as rules, with what they do."""
        rules = []
        yes, cost = np.zeros_like(self.known), 0.0
        for place, share in enumerate(shares):
            kept = np.flatnonzero(share > SMALLEST_SHARE)
            part = share[kept] / share[kept].sum()
            rules.append(Rule(self.thresholds[place][kept], part))
            yes += np.tensordot(part, self.yes[place][kept], axes=1)
            cost += float(part @ self.cost[place][kept])
        return Found(tuple(rules), cost, self.criterion.gap(yes, self.known))

    def _by_levels(self, tolerance: float) -> Found | None:
        """Try levels for each rate: every group then takes its cheapest threshold within the tolerance above them."""
        most = max(8, round(LEVELS * (2 / len(self._own)) ** 0.5))
        first, *rest = [
            _spread(np.concatenate([each.rates[rate] for each in self._own]), most) for rate in self.criterion.rates
        ]
        second = rest[0] if rest else np.zeros(1)
        windows = [each.within(self.criterion.rates, (first, second), tolerance) for each in self._own]
        best, picked = math.inf, None
        for level in range(len(first)):
            costs = [
                np.where(one[level] & other, each.cost, np.inf)
                for each, (one, other) in zip(self._own, windows, strict=True)
            ]
            total = np.sum([cost.min(axis=1) for cost in costs], axis=0)
            place = int(total.argmin())
            if total[place] < best:
                best, picked = float(total[place]), [int(cost[place].argmin()) for cost in costs]
        return None if picked is None else self._of(_units(picked, self.thresholds))

    @cached_property
    def _own(self) -> list[_Own]:
        owner = [int(np.argmax(yes.sum(axis=(0, 2)))) for yes in self.yes]
        return [
            _Own({rate: self._rates[rate][place][:, owner[place]] for rate in self.criterion.rates}, cost)
            for place, cost in enumerate(self.cost)
        ]

    def _rounded(self, tolerance: float, found: Found) -> Found | None:
        """Give each segment that shares its rows one of its thresholds, the best way that stays within bounds."""
        places = [
            [int(np.flatnonzero(self.thresholds[at] == threshold)[0]) for threshold in rule.thresholds]
            for at, rule in enumerate(found.rules)
        ]
        if sum(len(options) > 1 for options in places) > MOST_ROUNDED:
            return None
        made = [self._of(_units(picked, self.thresholds)) for picked in product(*places)]
        kept = [each for each in made if each.gap <= tolerance + 1e-9]
        return min(kept, key=lambda each: each.cost, default=None)


@dataclass(frozen=True, slots=True)
class _Own:
    """What the thresholds of a group do to its own rates."""

    rates: dict[str, Floats]
    cost: Floats

    def within(
        self, rates: Sequence[str], levels: tuple[Floats, Floats], tolerance: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return for each level of the first and the second rate, which thresholds are within the tolerance above it.

        Where there is no second rate, all are.
        """
        found = [
            (self.rates[rate] >= at[:, None] - 1e-12) & (self.rates[rate] <= at[:, None] + tolerance + 1e-12)
            for rate, at in zip(rates, levels, strict=False)
        ]
        return found[0], found[1] if len(found) > 1 else np.ones((1, len(self.cost)), dtype=np.bool_)


def _units(picked: Sequence[int], thresholds: Sequence[Floats]) -> list[Floats]:
    return [np.eye(1, len(grid), place)[0] for grid, place in zip(thresholds, picked, strict=True)]


def _spread(values: Floats, most: int) -> Floats:
    distinct = np.unique(values)
    if len(distinct) <= most:
        return distinct
    return np.asarray(distinct[np.linspace(0, len(distinct) - 1, most).round().astype(np.intp)], dtype=np.float64)


def _alone(known: Known) -> bool:
    """Tell whether each segment holds rows of one group alone, and each group one segment."""
    inside = known.group >= 0
    pairs = set(zip(known.segment[inside].tolist(), known.group[inside].tolist(), strict=True))
    return known.segments == known.groups == len(pairs) == len({segment for segment, _ in pairs})


def _weighed(known: Known, grid: Floats) -> tuple[Floats, Floats]:
    """Return the weight answered yes (thresholds, groups, 2) and the cost (thresholds,) of the rows of one segment."""
    # A row is answered yes by every threshold of the ascending grid up to its score.
    reached = np.searchsorted(grid, known.score, side="right") - 1
    size = len(grid)

    def summed(cell: NDArray[np.intp], weight: Floats, cells: int) -> Floats:
        flat = np.bincount(reached * cells + cell, weights=weight, minlength=size * cells).reshape(size, cells)
        return np.asarray(flat[::-1].cumsum(axis=0)[::-1], dtype=np.float64)

    inside = known.group >= 0
    group = np.where(inside, known.group, 0)
    sides = [known.weight * (1.0 - known.case), known.weight * known.case]
    yes = np.stack([summed(group, np.where(inside, side, 0.0), known.groups) for side in sides], axis=2)
    alarms, hits = (summed(np.zeros_like(group), side, 1)[:, 0] for side in sides)
    missed = float(sides[1].sum()) - hits
    return yes, known.costs.false_positive * alarms + known.costs.false_negative * missed


def _candidates(score: Floats, case: Floats, weight: Floats) -> Floats:
    """Return ascending thresholds: one that all reach, one that nobody does, and those between that may matter.

    They lie halfway between neighbouring scores. Of very many, an even spread of rows and of cases is taken, and the
    corners of the ROC convex hull, which is where the optimum lies when a segment is a group.
    """
    values = np.unique(score)
    if len(values) < 2:
        return np.array([0.0, NOBODY])
    if len(values) <= MOST_THRESHOLDS:
        kept = np.arange(1, len(values))
    else:
        ends = np.linspace(0, 1, MOST_THRESHOLDS // 2)
        order = np.argsort(score, kind="stable")
        reached = [np.cumsum(each[order]) for each in (weight, weight * case)]
        spread = [order[np.searchsorted(each, ends * each[-1]).clip(max=len(order) - 1)] for each in reached]
        even = np.searchsorted(values, score[np.concatenate(spread)])
        kept = np.unique(np.concatenate([even, _corners(score, case, weight, values)]))
        kept = kept[(kept > 0) & (kept < len(values))]
    middle = (values[kept - 1] + values[kept]) / 2
    return np.unique(np.concatenate([[0.0], middle, [NOBODY]]))


def _corners(score: Floats, case: Floats, weight: Floats, values: Floats) -> NDArray[np.intp]:
    """Return which values are thresholds at corners of the upper ROC convex hull (Andrew's monotone chain)."""
    place = np.searchsorted(values, score)
    sums = [np.bincount(place, weight * share, len(values)) for share in (1.0 - case, case)]
    # From "nobody" to "all": one point for each value, as threshold.
    false, true = (np.append(0.0, each[::-1].cumsum()) for each in sums)
    hull: list[int] = []
    x, z = false.tolist(), true.tolist()
    for at in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (x[b] - x[a]) * (z[at] - z[a]) < (z[b] - z[a]) * (x[at] - x[a]):
                break
            hull.pop()
        hull.append(at)
    return np.asarray(len(values) - np.array(hull), dtype=np.intp)
