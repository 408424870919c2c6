"""Intervals: how far a score may be from what it would be on very many rows, at 95 %."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.influence import Averaged, Ranked, influence, score_of
from mlwright.evaluate.limits import UNKNOWN, Interval, Z, add_up, around_mean, deviation, logit, newcombe, wilson
from mlwright.evaluate.resample import Draws, corrected, left_out, resampled
from mlwright.tasks.base import Metric

FEW_ERRORS = 10.0
"""Misplaced rows of the rarer class below which DeLong's variance is itself too uncertain to be believed alone."""

FEW_EFFECTIVE_ROWS = 10.0
"""Below so many rows of equal weight a score says next to nothing."""

NEAR_ZERO = 0.1
"""Share of a mean loss below which the lower end of its plain interval says more of the method than of the rows."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A number and the ends of its 95 % interval; NaN where the rows cannot tell."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> list[float | None]:
        """The ends as they stand in JSON."""
        return [plain(self.low), plain(self.high)]


def plain(number: float) -> float | None:
    """Return the number as it stands in JSON, which has no NaN."""
    return float(number) if math.isfinite(number) else None


def score(metric: Metric, held_out: HeldOut, P: Floats, *, seed: int = 0) -> Scored:
    """Return the score of predictions on these rows with its 95 % interval.

    ROC AUC: DeLong's variance on the scale of log-odds. Shares: Wilson's interval. Means of losses: Hall's interval.
    Everything else: the bootstrap (BCa). Rows of one group count as one piece of evidence; a weight counts as what it
    weighs, with the effective number of rows.
    """
    value = score_of(metric, held_out, P)
    found = influence(metric, held_out, P) if len(held_out) > 1 else None
    if isinstance(found, Ranked):
        # Where all rows are told the same the area is 0.5 by its nature, on any rows.
        same = not np.ptp(P, axis=0).any()
        low, high = (value, value) if same else area_interval(found, held_out)
    elif isinstance(found, Averaged):
        low, high = _of_share(found, held_out) if metric.interval == "wilson" else _of_mean(found, held_out)
    elif len(held_out) > 1 and math.isfinite(value):
        low, high = _of_resamples(metric, held_out, P, value, seed)
    else:
        low, high = UNKNOWN
    if math.isfinite(low + high):
        low, high = min(low, value), max(high, value)
    return within(metric.bounds, Scored(value, low, high))


def within(bounds: Interval, found: Scored) -> Scored:
    """Return the number with the ends of its interval moved to the bounds that they lie beyond.

    >>> within((0.0, 1.0), Scored(0.9, 0.7, 1.1))
    Scored(value=0.9, low=0.7, high=1.0)
    """
    low, high = (float(np.clip(end, *bounds)) for end in (found.low, found.high))  # NaN stays NaN
    return Scored(found.value, low, high)


def effective_rows(weight: Floats | None, rows: int) -> float:
    """Return how many equally weighted rows tell as much (Kish 1965)."""
    if weight is None:
        return float(rows)
    squares = float(np.sum(weight**2))
    return float(np.sum(weight)) ** 2 / squares if squares > 0.0 else 0.0


def area_error(parts: Floats, found: Ranked, held_out: HeldOut) -> float:
    """Return the standard error of an area, or of a difference of areas, from its structural components.

    Without groups and with two classes this is DeLong's; with groups it is Obuchowski's (1997).
    """
    if held_out.groups is not None or found.positive.shape[1] > 1:
        return deviation(add_up(parts, None if held_out.groups is None else held_out.units))
    positive = found.positive[:, 0] > 0.0
    variance = 0.0
    for chosen in (parts[positive], parts[~positive]):
        if len(chosen) < 2:
            return math.nan
        variance += float(np.sum(chosen**2)) * len(chosen) / (len(chosen) - 1)
    return math.sqrt(variance) / len(parts)


def area_interval(found: Ranked, held_out: HeldOut) -> Interval:
    """Return the interval of an area under the ROC curve.

    With few errors DeLong's interval covers too rarely (0.85 instead of 0.95 with 10 positives at an area of 0.97, 0
    at a perfect ranking). There it is joined with Newcombe's, which assumes more and is right where this one fails.
    """
    error = area_error(found.parts, found, held_out)
    up, down = _rarest(found.positive, held_out)
    usable = math.isfinite(error) and error > 0.0 and 0.0 < found.value < 1.0
    if usable and min(up, down) * min(found.value, 1.0 - found.value) >= FEW_ERRORS:
        return logit(found.value, error)
    if min(up, down) < 1.0:
        return (0.0, 1.0)
    low, high = newcombe(found.value, up, down)
    if usable:
        near = logit(found.value, error)
        return (min(low, near[0]), max(high, near[1]))
    return (low, high)


def _rarest(positive: Floats, held_out: HeldOut) -> tuple[float, float]:
    """Return the effective numbers of units in and out of the rarest class."""
    units, counts = held_out.units, []
    for column in positive.T:
        sides = []
        for chosen in (column > 0.0, column == 0.0):
            weight = np.ones(int(chosen.sum())) if held_out.weight is None else held_out.weight[chosen]
            sums = np.bincount(units[chosen], weights=weight).astype(np.float64)
            sides.append(effective_rows(sums, len(sums)))
        counts.append((sides[0], sides[1]))
    return min(counts, key=min)


def _of_share(found: Averaged, held_out: HeldOut) -> Interval:
    """Return Wilson's interval of a share of rows, with the effective number of rows."""
    share, units = found.value, None if held_out.groups is None else held_out.units
    rows = effective_rows(held_out.weight, len(found.parts))
    if units is not None:
        variance = deviation(add_up(found.parts, units)) ** 2
        groups = float(units.max() + 1)
        rows = min(rows, share * (1.0 - share) / variance) if variance > 0.0 else min(rows, groups)
    return wilson(share, rows)


def _of_mean(found: Averaged, held_out: HeldOut) -> Interval:
    """Return the interval of a score that follows from a mean of losses."""
    parts = add_up(found.parts, None if held_out.groups is None else held_out.units)
    low, high = around_mean(found.mean, parts)
    if found.losses.min(initial=0.0) >= 0.0 and low < NEAR_ZERO * found.mean:
        # Losses are never below 0: where the plain interval comes near, that of their logarithm (delta method) is used.
        low = found.mean * math.exp(-Z * deviation(parts) / found.mean) if found.mean > 0.0 else 0.0
    ends = sorted((found.link.score(low), found.link.score(high)))
    return (ends[0], ends[1])


def _of_resamples(metric: Metric, held_out: HeldOut, P: Floats, value: float, seed: int) -> Interval:
    """Return the bootstrap interval of a score that no mean gives."""
    draws = resampled(metric, held_out, [P], seed=seed)[:, 0]
    return corrected(value, draws, left_out(metric, held_out, [P])[:, 0], Draws(held_out, seed).shrink)
