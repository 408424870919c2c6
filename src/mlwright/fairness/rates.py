"""What is measured of a group: each number as a mean over some of its rows, with an interval that covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.limits import add_up, around_mean, deviation, wilson
from mlwright.tasks.base import Label, Prediction

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 10
"""A number of fewer rows than these says nothing that could be believed, and is not told."""
MOST_CLASSES = 6


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


@dataclass(frozen=True)
class Rate:
    """A measured number: how many independent pieces it rests on, its standard error, its 95 % interval."""

    value: float
    low: float
    high: float
    pieces: float
    error: float
    share: bool = False

    def ends(self, level: float) -> tuple[float, float]:
        """Return the ends of an interval that misses with probability 1 - level."""
        if not math.isfinite(self.error):
            return math.nan, math.nan
        point = float(-ndtri((1.0 - level) / 2.0))
        if self.share:
            square = point * point / self.pieces
            middle = (self.value + square / 2.0) / (1.0 + square)
            spread = max(self.value * (1.0 - self.value) / self.pieces + square / (4.0 * self.pieces), 0.0)
            half = point / (1.0 + square) * math.sqrt(spread)
            return max(0.0, middle - half), min(1.0, middle + half)
        wide = float(stdtrit(max(self.pieces - 1.0, 1.0), 1.0 - (1.0 - level) / 2.0)) * self.error
        return self.value - wide, self.value + wide


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
        Measure("false_positive_rate", yes, held.y == 0, -1, f"{{}} of 100 that are not are called {case}"),
        Measure("precision", held.y.astype(float), yes == 1, 1, f"{{}} of 100 that are called {case} are"),
        Measure("calibration_gap", P[:, 1] - held.y, every, 0, "probabilities are too high by {} points", share=False),
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

    Rows of one group (a customer) are one piece of evidence, and weights count as what they weigh: a share has Wilson's
    interval with as many rows as have the same variance, a mean Hall's (`evaluate.limits`).
    """
    index = np.flatnonzero(rows & measure.counts)
    if len(index) < FEWEST:
        return None
    values = measure.values[index]
    weight = np.ones(len(index)) if held.weight is None else held.weight[index]
    if not weight.sum() > 0:
        return None
    value = float(np.average(values, weights=weight))
    parts = weight / weight.mean() * (values - value)
    units = None if held.groups is None else np.unique(held.units[index], return_inverse=True)[1]
    summed = add_up(parts, units)
    pieces = float(len(summed))
    if pieces < 2:
        return None
    error = deviation(summed)
    if not measure.share:
        low, high = around_mean(value, value + summed)
        return Rate(value, low, high, pieces, error)
    kish = float(weight.sum() ** 2 / (weight**2).sum())
    spread = value * (1.0 - value)
    rows_alike = min(spread / error**2, float(len(index))) if error > 0 and spread > 0 else min(pieces, kish)
    low, high = wilson(value, rows_alike)
    return Rate(
        value, low, high, rows_alike, math.sqrt(spread / rows_alike) if rows_alike > 0 else math.nan, share=True
    )
