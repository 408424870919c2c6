"""How far beyond what was seen a number may lie before no tail explains it: for values that are few and far off.

How often values lie beyond a range is tested without any assumption (`chance.more_than_before`), but a single age of
999 is proof of nothing there. Here the tail is drawn on as a generalised Pareto distribution through the quantiles,
made heavier than it looks (sampling error, and distributions that are no Pareto), and never lighter than three widths
of the whole range. Where all values are at hand and not only their quantiles, the tail is fitted to the outer tenth of
them, and every tail that their likelihood leaves credible has its say. How often real columns go beyond:
benchmarks/contract_alarms.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlwright.columns import Floats
from mlwright.schema import QUANTILES

FEWEST_ROWS = 200
"""Of fewer rows the outer quantiles say nothing."""
WIDTHS = 3.0
"""Whatever the tail, nothing is far off within so many widths of the range beyond its end."""
HEAVIER, HEAVIER_BY_ROWS = 0.2, 3.0
"""The tail index is raised by 0.2 + 3 / sqrt(rows)."""
OUTER_SHARE, FEWEST_OUTER, MOST_OUTER = 0.1, 20, 2_000
"""A tail is fitted to this share of the values, to so many at least, and at most."""
WIDTHS_SEEN = 1.0
"""Within a width of the range beyond its end nothing is far off, however short the tail of all values looks."""
CREDIBLE = 4.0
"""A tail is credible where its log-likelihood is at most so much below the best one: 99.5 % (Wilks)."""
TAIL_INDICES = (-0.5, 2.0)
"""Tails that end, down to that of a triangle, up to tails that are heavier than that of any mean."""
_GRID = np.linspace(-3.0, 3.0, 600)  # holds no 0, where the formulas are 0 / 0
_OUTER, _INNER, _MIDDLE = 1 - QUANTILES[4], 1 - QUANTILES[3], 1 - QUANTILES[2]


def far_limits(
    quantiles: Sequence[float], low: float, high: float, *, known: int, rows: int, chance: float
) -> tuple[float, float]:
    """Return below and above which numbers no value of `rows` more lies, but with probability `chance` each.

    Learned from `known` values; infinite where they say nothing of the tails.
    """
    if known < FEWEST_ROWS or len(quantiles) != len(QUANTILES):
        return -np.inf, np.inf
    outer_low, inner_low, middle, inner_high, outer_high = quantiles
    beyond = chance / max(rows, 1)
    with np.errstate(over="ignore"):
        width = WIDTHS * (high - low)
        above = _limit(middle, inner_high, outer_high, high, known, beyond)
        below = -_limit(-middle, -inner_low, -outer_low, -low, known, beyond)
    return float(min(below, low - width)), float(max(above, high + width))


def far_limits_of(values: Floats, *, rows: int, chance: float) -> tuple[float, float]:
    """Return below and above which numbers no value of `rows` more lies, by all the values that were seen."""
    if len(values) < FEWEST_ROWS:
        return -np.inf, np.inf
    low, high = float(values.min()), float(values.max())
    beyond = chance / max(rows, 1)
    with np.errstate(over="ignore"):
        width = WIDTHS_SEEN * (high - low)
        above, below = _limit_of(values, beyond), -_limit_of(-values, beyond)
    return float(min(below, low - width)), float(max(above, high + width))


def _limit_of(values: Floats, beyond: float) -> float:
    """Return the quantile that a value exceeds with probability `beyond`, by the heaviest tail that is credible."""
    start = float(np.quantile(values, 1.0 - min(OUTER_SHARE, MOST_OUTER / len(values)), method="higher"))
    outer = values[values > start] - start
    if len(outer) < FEWEST_OUTER:
        return np.inf
    usual = float(outer.mean())
    if not 0.0 < usual < np.inf:
        return np.inf
    held = outer / usual
    indices = np.linspace(*TAIL_INDICES, 51)[:, None]
    scales = np.geomspace(0.02, 5.0, 70)[None, :]
    likelihood = _log_likelihood(held, indices, scales)
    credible = likelihood >= likelihood.max() - CREDIBLE
    reached = scales * _reach(np.where(np.abs(indices) < 1e-9, 1e-9, indices), beyond * len(values) / len(outer))
    return start + usual * float(reached[credible].max())


def _log_likelihood(held: Floats, indices: Floats, scales: Floats) -> Floats:
    """Return how likely the distances are under each generalised Pareto law of these indices and scales."""
    total = np.empty((len(indices), scales.shape[1]))
    places = np.quantile(held, (np.arange(200) + 0.5) / 200) if len(held) > 200 else held
    weight = len(held) / len(places)
    for row, index in enumerate(indices[:, 0]):
        scaled = places[:, None] / scales
        if abs(index) < 1e-9:
            logs = scaled
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                logs = (1.0 / index + 1.0) * np.log(np.maximum(1.0 + index * scaled, 0.0))
            logs = np.where(1.0 + index * scaled > 0, logs, np.inf)
        total[row] = -weight * (logs + np.log(scales)).sum(axis=0)
    return total


def _limit(middle: float, inner: float, outer: float, end: float, known: int, beyond: float) -> float:
    """Return the quantile that a value exceeds with probability `beyond`, by the heaviest tail that is credible."""
    if not middle < inner < outer:
        return np.inf  # half of the values or more are one: the rest is too little to draw a tail by
    step = outer - inner
    spread = _index((inner - middle) / step, (_INNER, _MIDDLE), (_OUTER, _INNER))
    reached = _index(step / max(end - outer, 1e-12 * step), (_OUTER, _INNER), (min(1.0 / known, _OUTER / 2), _OUTER))
    index = max(spread, reached) + HEAVIER + HEAVIER_BY_ROWS / known**0.5
    heavy = np.array([index])
    return float(inner + step * (_reach(heavy, beyond / _INNER) / _reach(heavy, _OUTER / _INNER))[0])


def _index(ratio: float, nearer: tuple[float, float], farther: tuple[float, float]) -> float:
    """Return the tail index at which the nearer pair of quantiles is apart by `ratio` times the farther one."""
    near = _reach(_GRID, nearer[0]) - _reach(_GRID, nearer[1])
    far = _reach(_GRID, farther[0]) - _reach(_GRID, farther[1])
    return float(np.interp(-ratio, -near / far, _GRID))


def _reach(index: Floats, beyond: float) -> Floats:
    """Return the value that is exceeded with probability `beyond`, in units of the scale, for each tail index."""
    return (beyond**-index - 1.0) / index
