"""How far beyond what was seen a number may lie before no tail explains it: for values that are few and far off.

How often values lie beyond a range is tested without any assumption (`chance.more_than_before`), but a single age of
999 is proof of nothing there. Here the tail is drawn on as a generalised Pareto distribution through the quantiles,
made heavier than it looks (sampling error, and distributions that are no Pareto), and never lighter than three widths
of the whole range. How often real columns go beyond: benchmarks/contract_alarms.py.
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
