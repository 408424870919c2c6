"""What is measured of a group: each number as a mean over some of its rows, with an interval that covers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import effective_rows
from mlwright.evaluate.limits import (
    LEVEL,
    UNKNOWN,
    Interval,
    add_up,
    deviation,
    quantile_normal,
    unskewed,
    wilson,
)
from mlwright.tasks.base import Label, Prediction

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 10
"""A number of fewer rows than these says nothing that could be believed, and is not told."""
MOST_CLASSES = 6
SHRUNK = 3.0
"""How fast the variance that rows show is believed more than the one that their weights imply: both count alike where
so many rows of equal weight are of the rarer kind."""


@dataclass(frozen=True)
class Measure:
    """A number that is the mean of `values` (n,) over the rows that `counts` (n,) names."""

    name: str
    values: Floats
    counts: Flags
    better: int
    """1 where more is better for those concerned, -1 where less is; 0 where it is neither."""
    told: str
    """How a group is told of: "the model finds {} of 100 'yes'"."""
    share: bool = True
    """Whether values are 0 or 1."""
    happened: Floats | None = None
    """What 0 or 1 was taken off an expectation, where the values are differences of the two."""

    def shown(self, value: float) -> str:
        """Return a value of it as people read it, to be told of."""
        if self.share:
            return wording.hundred(value)
        return wording.number(100.0 * value, 2) if self.name == "calibration_gap" else wording.number(value)


@dataclass(frozen=True)
class Rate:
    """A measured number, and the ends of its interval at any level."""

    value: float
    ends: Callable[[float], Interval]

    @property
    def interval(self) -> Interval:
        """The ends of its 95 % interval; NaN where the rows cannot tell."""
        return self.ends(LEVEL)


def difference(one: Rate, other: Rate, level: float = LEVEL) -> tuple[float, float, float]:
    """Return how much larger the first number is, with the ends of an interval that misses with probability 1 - level.

    From the two numbers' own intervals, as if the groups had nothing to do with one another: Newcombe (1998), "Interval
    estimation for the difference between independent proportions", Statistics in Medicine 17, method 10, and for means
    Zou and Donner (2008), "Construction of confidence limits about effect measures", Statistics in Medicine 27.
    """
    value = one.value - other.value
    (low, high), (least, most) = one.ends(level), other.ends(level)
    down, up = math.hypot(one.value - low, most - other.value), math.hypot(high - one.value, other.value - least)
    return value, value - down, value + up


def measures(held: HeldOut, P: Floats, answered: Prediction, classes: Sequence[Label]) -> list[Measure]:
    """Return what is measured of each group, from the answers that are given (thresholds and all)."""
    every = np.ones(len(held), dtype=np.bool_)
    if not classes:
        return _of_numbers(held, answered, every)
    known = {label: float(place) for place, label in enumerate(classes)}
    given = np.array([known[label] for label in answered.values.tolist()])
    right = Measure("accuracy", (given == held.y).astype(float), every, 1, "the model is right about {} of 100")
    if len(classes) == 2:
        return [*_of_cases(held, P, given, classes), right]
    return [
        right,
        *(
            Measure(
                f"recall_of_{label}",
                (given == place).astype(float),
                held.y == place,
                1,
                f"the model finds {{}} of 100 {label!r}",
            )
            for place, label in list(enumerate(classes))[:MOST_CLASSES]
        ),
    ]


def _of_cases(held: HeldOut, P: Floats, given: Floats, classes: Sequence[Label]) -> list[Measure]:
    every, yes, case = np.ones(len(held), dtype=np.bool_), (given == 1).astype(float), repr(classes[1])
    return [
        Measure("selection_rate", yes, every, 0, f"{{}} of 100 are called {case}"),
        Measure("true_positive_rate", yes, held.y == 1, 1, f"the model finds {{}} of 100 that are {case}"),
        Measure("false_positive_rate", yes, held.y == 0, -1, f"of 100 that are not {case}, {{}} are called so"),
        Measure("precision", held.y.astype(float), yes == 1, 1, f"of 100 that are called {case}, {{}} are"),
        Measure(
            "calibration_gap",
            P[:, 1] - held.y,
            every,
            0,
            "probabilities are too high by {} points",
            share=False,
            happened=held.y,
        ),
    ]


def _of_numbers(held: HeldOut, answered: Prediction, every: Flags) -> list[Measure]:
    values = np.asarray(answered.values, dtype=np.float64)
    off = np.abs(values - held.y)
    told = [
        Measure("mean_prediction", values, every, 0, "the model predicts {} on average", share=False),
        Measure("mean_error", values - held.y, every, 0, "the model says {} too much on average", share=False),
        Measure("absolute_error", off, every, -1, "the model is off by {} on average", share=False),
    ]
    if answered.lower is not None and answered.upper is not None:
        inside = ((held.y >= answered.lower) & (held.y <= answered.upper)).astype(float)
        told.append(Measure("coverage", inside, every, 1, "the stated range holds the truth for {} of 100"))
    return told


def rate(measure: Measure, held: HeldOut, rows: Flags) -> Rate | None:
    """Return a measure of some rows; None where they are too few.

    Rows of one group (a customer) are one piece of evidence, and weights count as what they weigh. A share has Wilson's
    interval (1927) with as many rows as have the same variance, a mean Hall's (1992; see `evaluate.limits`). How far
    stated probabilities are off is a mean too, but where nearly nothing happened its rows show next to none of its
    variance (of 30 rows of which 2 % are cases, intervals held the truth in 43 %): so what happened has Wilson's.
    """
    index = np.flatnonzero(rows & measure.counts)
    if len(index) < FEWEST:
        return None
    weight = np.ones(len(index)) if held.weight is None else held.weight[index]
    if not weight.sum() > 0:
        return None
    units = None if held.groups is None else np.unique(held.units[index], return_inverse=True)[1]
    value, parts = _around(measure.values[index], weight, units)
    if len(parts) < 2:
        return None
    if measure.happened is not None:
        happened = measure.happened[index]
        share, _ = _around(happened, weight, units)
        _, expected = _around(measure.values[index] + happened, weight, units)
        alike = _rows_alike(share, parts, weight)
        doubt = deviation(expected) * SHRUNK / (SHRUNK + min(share, 1.0 - share) * alike)
        return Rate(value, partial(_ends_of_gap, value, share, alike, doubt))
    if measure.share:
        return Rate(value, partial(wilson, value, _rows_alike(value, parts, weight)))
    return Rate(value, _ends_of_mean(value, measure.values[index] - value, weight, units))


def _around(values: Floats, weight: Floats, units: NDArray[np.intp] | None) -> tuple[float, Floats]:
    """Return the weighted mean, and how far each independent piece of evidence moves it off."""
    mean = float(np.average(values, weights=weight))
    return mean, add_up(weight / weight.mean() * (values - mean), units)


def _rows_alike(share: float, parts: Floats, weight: Floats) -> float:
    """Return how many rows of equal weight, each its own piece of evidence, would tell as much of a share.

    The variance that the rows show says so, but badly where few of them are of the rarer kind. There it is drawn to
    what the weights imply alone (Kish 1965, "Survey sampling"), the more so the fewer they are, and never towards more
    certainty. On such a number of rows in the place of their count in Wilson's interval see Franco, Little, Louis and
    Slud (2019), "Comparative study of confidence intervals for proportions in complex sample surveys", Journal of
    Survey Statistics and Methodology 7; how often it holds is measured by benchmarks/group_intervals.py.
    """
    by_weight = effective_rows(weight, len(weight))
    spread, error = share * (1.0 - share), deviation(parts)
    if not (error > 0.0 and spread > 0.0):
        return min(by_weight, float(len(parts)))
    shown = spread / error**2
    believed = min(share, 1.0 - share) * by_weight
    believed /= believed + SHRUNK
    return 1.0 / (believed / shown + (1.0 - believed) / min(shown, by_weight))


def _ends_of_mean(
    value: float, off: Floats, weight: Floats, units: NDArray[np.intp] | None
) -> Callable[[float], Interval]:
    """Return the ends of the interval of a weighted mean from which the rows are `off` (n,) by so much.

    With equal weights it is Hall's. Unequal ones make few heavy rows decide both mean and variance, which then looks
    too small: so each row is taken as far off as it would be had it not pulled the mean (HC2 of MacKinnon and White
    1985, "Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties",
    Journal of Econometrics 29), the standard error is at least what it were if weights had nothing to do with values,
    and Student's t counts rows of equal weight (Kish 1965). The skewness is the mean of the two ways to see it.
    """
    if units is not None:
        sums = np.bincount(units, weights=weight).astype(np.float64)
        off = np.bincount(units, weights=weight * off) / np.where(sums > 0, sums, 1.0)
        weight = sums
    many, share = len(weight), weight / weight.sum()
    alike = effective_rows(weight, many)
    if not alike > 1.0 + 1e-9:
        return lambda _level: UNKNOWN
    squares = float(share @ off**2)
    if not squares > (1e-12 * max(1.0, abs(value))) ** 2:
        return lambda _level: (value, value)
    parts = many * share * off * np.sqrt((1.0 - 1.0 / many) / (1.0 - share))
    error = max(deviation(parts), math.sqrt(squares / (alike - 1.0)))
    centred = parts - parts.mean()
    tilts = (
        float(np.mean(centred**3)) / float(np.mean(centred**2)) ** 1.5 / math.sqrt(many),
        float(share @ off**3) / squares**1.5 / math.sqrt(alike),
    )
    return partial(unskewed, value, error, sum(tilts) / 2.0, alike - 1.0)


def _ends_of_gap(value: float, share: float, alike: float, doubt: float, level: float) -> Interval:
    """Return the ends of an expectation less a share; `doubt` is what the expectation adds to the standard error."""
    low, high = wilson(share, alike, level)
    more = quantile_normal(level) * doubt
    return value - math.hypot(high - share, more), value + math.hypot(share - low, more)
