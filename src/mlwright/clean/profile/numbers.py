"""Numbers of a column in a few facts, and how they spread: all read off the numbers in order, which are sorted once."""

from __future__ import annotations

import math

import numpy as np

from mlwright.clean.profile.facts import Histogram, NumberFacts
from mlwright.columns import Floats

BARS = 24
FEW_STEPS = 30
"""Whole numbers that span fewer steps have a bar each."""
SKEWED = 100.0
"""Positive numbers whose largest is so many times the smallest may be drawn on a logarithmic axis ..."""
CROWDED = 0.1
"""... where three quarters of them would stand in this part of a plain one."""
FENCES = 5.0
"""Where a few numbers stand far out, the plain axis ends so many interquartile ranges beyond the quartiles ..."""
FAR_OUT = 0.25
"""... as long as that is less than this part of the whole range."""
HUGE = 1e150
"""Numbers beyond this are made smaller before they are squared."""

Three = tuple[float, float, float]


def number_facts(ordered: Floats, *, whole: bool) -> NumberFacts | None:
    """Return the facts of numbers in ascending order, none of which is missing; `whole` where they count something."""
    if not len(ordered):
        return None
    low, high = float(ordered[0]), float(ordered[-1])
    quartiles = quantile(ordered, 0.25), quantile(ordered, 0.5), quantile(ordered, 0.75)
    mean, deviation = _moments(ordered, max(abs(low), abs(high)))
    return NumberFacts(
        low=low,
        high=high,
        quartiles=(_known(quartiles[0]), _known(quartiles[1]), _known(quartiles[2])),
        mean=mean,
        deviation=deviation,
        zeros=int(np.searchsorted(ordered, 0.0, side="right") - np.searchsorted(ordered, 0.0)),
        negatives=int(np.searchsorted(ordered, 0.0)),
        histogram=histogram(ordered, quartiles, whole=whole),
    )


def different(ordered: Floats) -> int:
    """Return how many different numbers there are among numbers in ascending order.

    >>> different(np.array([1.0, 1.0, 2.0])), different(np.empty(0))
    (2, 0)
    """
    return int((ordered[1:] != ordered[:-1]).sum()) + 1 if len(ordered) else 0


def quantile(ordered: Floats, share: float) -> float:
    """Return the number below which that share of numbers in ascending order lies, between two of them where it must.

    >>> quantile(np.array([1.0, 2.0, 4.0, 8.0]), 0.5)
    3.0
    """
    place = share * (len(ordered) - 1)
    at = math.floor(place)
    part, low, high = place - at, float(ordered[at]), float(ordered[min(at + 1, len(ordered) - 1)])
    # From the nearer end, as NumPy does, so that both agree to the last digit.
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def histogram(ordered: Floats, quartiles: Three, *, whole: bool) -> Histogram | None:
    """Return how numbers in ascending order spread, on the axis that shows most of them; None where there is nothing.

    >>> histogram(np.array([1.0, 2.0, 2.0]), (1.5, 2.0, 2.0), whole=True)
    Histogram(edges=(0.5, 1.5, 2.5), counts=(1, 2), logarithmic=False, below=0, above=0)
    """
    low, high = float(ordered[0]), float(ordered[-1])
    if not math.isfinite(high - low) or high <= low:
        return None
    if whole and high - low < FEW_STEPS:
        return _counted(ordered, _steps(low, high, 1.0))
    if low > 0 and high / low >= SKEWED and quartiles[2] - low < CROWDED * (high - low):
        edges = np.logspace(math.log10(low), math.log10(high), BARS + 1)
        edges[0], edges[-1] = low, high
        return _counted(ordered, edges, logarithmic=True)
    start, end = _window(ordered, quartiles)
    if whole:
        step = max(1.0, math.ceil((end - start + 1) / BARS))
        return _counted(ordered, _steps(math.floor(start), math.ceil(end), step))
    return _counted(ordered, np.linspace(start, end, BARS + 1))


def _steps(low: float, high: float, step: float) -> Floats:
    """Return edges half a step beside whole numbers, so that no bar holds more of them than another."""
    bars = math.ceil((high - low + 1) / step)
    return low - 0.5 + step * np.arange(bars + 1, dtype=np.float64)


def _window(ordered: Floats, quartiles: Three) -> tuple[float, float]:
    """Return the ends of a plain axis: those of the numbers, or nearer ones where a few stand far out."""
    low, high = float(ordered[0]), float(ordered[-1])
    first, _, third = quartiles
    room = FENCES * (third - first)
    start, end = max(low, first - room), min(high, third + room)
    if third == first:
        start, end = quantile(ordered, 0.01), quantile(ordered, 0.99)
    return (start, end) if 0 < end - start < FAR_OUT * (high - low) else (low, high)


def _counted(ordered: Floats, edges: Floats, *, logarithmic: bool = False) -> Histogram | None:
    """Count the numbers from each edge on and below the next; the last bar holds its upper edge too."""
    if not (np.diff(edges) > 0).all():
        return None
    places = np.searchsorted(ordered, edges)
    places[-1] = np.searchsorted(ordered, edges[-1], side="right")
    below, above = int(places[0]), len(ordered) - int(places[-1])
    return Histogram(tuple(edges.tolist()), tuple(np.diff(places).tolist()), logarithmic, below, above)


def _moments(known: Floats, largest: float) -> tuple[float | None, float | None]:
    """Return average and deviation; numbers near the end of what floats can hold are made smaller first."""
    scale = largest if largest > HUGE else 1.0
    small = known / scale if scale != 1.0 else known
    return _known(float(small.mean()) * scale), _known(float(small.std()) * scale)


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
