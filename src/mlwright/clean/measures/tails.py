"""How far out is too far: a test that honest heavy tails pass.

Under any tail that falls like a power (Pareto), the logarithms of the distances from the median are exponential beyond
some point, and their spacings, each times its place from the top, are alike (Rényi). Lighter tails (normal, lognormal)
have spacings that shrink towards the top. So a gap that is many times the spacings below it belongs to no such tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from mlwright.columns import Floats

DEPTH = 0.1
"""The outer part of the values, on one side, from which a tail's law is read."""
FEWEST, MOST = 20, 1_000
"""So many values at least, and at most, tell the law of a tail."""
WINDOWS = (15, 60)
"""Spacings just below a gap that it is held against, besides all of them: a tail may become heavier far out."""

A_GAP = 4.0
"""What lies beyond is cut off from the rest by a gap so many times the usual one."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """Values that are farther out than their tail explains."""

    count: int
    """The outermost so many."""
    surprise: float
    """The negative logarithm of the probability of such a gap, by the laws of heavy tails."""
    ratio: float
    """How many times farther from the middle the nearest of them is than the next value."""


def beyond(distances: Floats, *, most: int, power: bool = True) -> Beyond | None:
    """Return which of the outermost values, at most so many, lie beyond a gap that their tail does not explain.

    `distances` are those of all values on one side from the middle, above 0, in any order. The law that they are held
    against is a power, or an exponential where not `power`: that of ratios, whose logarithms the distances are then.
    """
    most = max(1, min(most, len(distances) - FEWEST - 1))
    depth = int(np.clip(DEPTH * len(distances), FEWEST + most + 1, MOST + most + 1))
    if len(distances) <= FEWEST + most:
        return None
    far = np.sort(np.partition(distances, len(distances) - depth)[-depth:] if depth < len(distances) else distances)
    far = far[::-1]
    steps = np.diff(np.unique(far))
    grain = float(steps.min()) if len(steps) else 0.0
    logs = np.log(far) if power else far
    places = np.arange(1, len(far))
    spacings = places * -np.diff(logs)
    total = np.concatenate([[0.0], np.cumsum(spacings)])
    gaps = np.arange(max(1, min(most, len(spacings) - FEWEST)))
    # one step of a coarse scale is no surprise, however many values take it
    usual = places[gaps] * (np.log1p(grain / far[gaps + 1]) if power else grain)
    for width in (*WINDOWS, len(spacings)):
        end = np.minimum(gaps + 1 + width, len(spacings))
        usual = np.maximum(usual, (total[end] - total[gaps + 1]) / (end - gaps - 1))
    counts = places[gaps]
    usual = np.maximum(usual, 1e-12)
    gap = np.where(spacings[gaps] > 0, spacings[gaps] / usual, 0.0)
    whole = total[gaps + 1] / usual  # all the gaps from here up, which together follow a gamma law
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.where(whole > counts, whole - (counts - 1) * np.log(whole) + gammaln(counts), 0.0)
    tried = np.log(counts * (counts + 1))  # one gap is tried for each count: the weights sum to 1
    surprise = np.where(gap >= A_GAP, np.maximum(gap, together), 0.0) - tried
    at = int(np.argmax(gap - tried))
    if gap[at] - tried[at] < A_GAP:  # no single gap tells where the others end
        at = int(np.argmax(surprise))
    return Beyond(at + 1, float(surprise[at]), float(np.exp(min(logs[at] - logs[at + 1], 700.0))))
