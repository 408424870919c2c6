"""The ends of intervals, of 95 % where no other level is asked for: plain mathematics, closed forms only."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.held_out import Floats

LEVEL = 0.95
Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""

Interval = tuple[float, float]
UNKNOWN: Interval = (math.nan, math.nan)


def quantile_t(freedom: float, level: float = LEVEL) -> float:
    """Return the point that Student's t stays below in size with probability `level`: its 97.5 % point for 95 %."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def quantile_normal(level: float = LEVEL) -> float:
    """Return the same point of the normal distribution."""
    if level == LEVEL:
        return Z
    from scipy.special import ndtri

    return float(-ndtri((1.0 - level) / 2))


def add_up(parts: Floats, units: NDArray[np.intp] | None) -> Floats:
    """Return one part per unit instead of one per row, scaled so that the mean stays the mean."""
    if units is None:
        return parts
    sums: Floats = np.bincount(units, weights=parts).astype(np.float64)
    return sums * (len(sums) / len(parts))


def deviation(parts: Floats) -> float:
    """Return the standard error of the mean of independent parts."""
    if len(parts) < 2:
        return math.nan
    return float(np.std(parts, ddof=1)) / math.sqrt(len(parts))


def around_mean(mean: float, parts: Floats, level: float = LEVEL) -> Interval:
    """Return the interval of a mean whose units deviate from it by `parts`, corrected for their skewness.

    Losses are skewed, and Student's interval then misses on one side. Hall (1992), "On the removal of skewness by
    transformation", JRSS B 54, removes the skewness by a monotone cubic; it covers as the bootstrap-t does, without
    resampling, and needs no seed.
    """
    count, error = len(parts), deviation(parts)
    if count < 2:
        return UNKNOWN
    spread = float(np.std(parts))
    if not error > 1e-12 * max(1.0, abs(mean)):
        return (mean, mean)
    skewness = float(np.mean(((parts - parts.mean()) / spread) ** 3))
    return unskewed(mean, error, skewness / math.sqrt(count), count - 1, level)


def unskewed(mean: float, error: float, tilt: float, freedom: float, level: float = LEVEL) -> Interval:
    """Return Hall's interval of a mean from its standard error and `tilt`, the skewness of its distribution."""
    point = quantile_t(freedom, level)
    return (mean - error * _inverse_cubic(point, tilt), mean - error * _inverse_cubic(-point, tilt))


def _inverse_cubic(point: float, tilt: float) -> float:
    if abs(tilt) < 1e-6:
        return point
    return 3.0 / tilt * (math.cbrt(1.0 + tilt * (point - tilt / 6.0)) - 1.0)


def wilson(share: float, rows: float, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval (1927) of a share seen in `rows` rows."""
    if not rows > 0.0:
        return (0.0, 1.0)
    point = quantile_normal(level)
    square = point * point / rows
    middle = (share + square / 2.0) / (1.0 + square)
    half = point / (1.0 + square) * math.sqrt(max(share * (1.0 - share) / rows + square / (4.0 * rows), 0.0))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (low if share > 0.0 else 0.0, high if share < 1.0 else 1.0)


def logit(value: float, error: float) -> Interval:
    """Return an interval that is normal on the scale of log-odds, so that it stays within 0 and 1."""
    odds, spread = math.log(value / (1.0 - value)), error / (value * (1.0 - value))
    return (_inverse_logit(odds - Z * spread), _inverse_logit(odds + Z * spread))


def _inverse_logit(value: float) -> float:
    """Return the share of these log-odds, without overflow."""
    return 1.0 / (1.0 + math.exp(-value)) if value >= 0.0 else math.exp(value) / (1.0 + math.exp(value))


def newcombe(area: float, up: float, down: float) -> Interval:
    """Return an interval of an area under the ROC curve that needs no variance: for few rows or a perfect ranking.

    Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2",
    Statistics in Medicine 25, method 5: Hanley and McNeil's variance, solved for the area like a score interval.
    `up` and `down` are the numbers of rows of either class.
    """

    def gap(candidate: float) -> float:
        rest, middle = 1.0 - candidate, (up + down) / 2.0 - 1.0
        spread = 1.0 + middle * rest / (2.0 - candidate) + middle * candidate / (1.0 + candidate)
        return (area - candidate) ** 2 - Z * Z * candidate * rest * max(spread, 1.0) / (up * down)

    return (_root(gap, 0.0, area), _root(gap, 1.0, area))


def _root(gap: Callable[[float], float], outer: float, inner: float) -> float:
    """Bisect for the place between `outer` and `inner` where `gap` turns negative."""
    if abs(outer - inner) < 1e-12:
        return outer
    for _ in range(60):
        middle = (outer + inner) / 2.0
        if gap(middle) > 0.0:
            outer = middle
        else:
            inner = middle
    return (outer + inner) / 2.0
