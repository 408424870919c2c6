"""Numbers that stand for none: one value, far from all others, that comes again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.measures.tails import beyond
from mlwright.columns import Floats

DIFFERENT = 10
SPIKE = 5.0
"""It occurs so many times more often than any of its neighbours."""
NEIGHBOURS = 10
SURPRISING = 5.0
WIDTHS = 1.0
"""Far from all others is such a part of the width of 98 % of them beyond its end."""
FEWEST, LEAST_SHARE, MOST_SHARE = 5, 0.002, 0.6
"""Far out, one value that stands so often at least, in such a share of the rows, was not measured each time."""
STEP_SHARE, SLIPS = 0.01, 0.02
"""A step of a scale holds such a share of the values; all that are no step may hold so many together."""
END_SHARE = 0.05
"""A scale ends, and does not only become rare, where its last step still holds such a share."""
LONGEST_SCALE = 10
OFF_SCALE = 2
"""A value beyond a scale that is no slip of a step is so many steps beyond."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The different values of a column, in order, and how often each occurs."""

    values: Floats
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Return them of all values, of which NaN are none."""
        return cls(*np.unique(values[~np.isnan(values)], return_counts=True))

    @property
    def total(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    def without(self, value: float) -> Counted:
        """Return the others."""
        kept = self.values != value
        return Counted(self.values[kept], self.counts[kept])

    def share_below(self, value: float) -> float:
        """Return which share lies below a value."""
        return float(self.counts[self.values < value].sum()) / max(self.total, 1)

    def near(self, value: float) -> int:
        """Return how often the most frequent of the neighbours occurs."""
        at = int(np.searchsorted(self.values, value))
        return int(self.counts[max(0, at - NEIGHBOURS) : at + NEIGHBOURS].max(initial=0))

    def between(self, share: float) -> float:
        """Return the value below which such a share lies."""
        reached = np.cumsum(self.counts) / max(self.total, 1)
        return float(self.values[min(int(np.searchsorted(reached, share)), len(self.values) - 1)])


def is_beyond(others: Counted, value: float) -> bool:
    """Tell whether a value lies farther out than the tail of the others explains."""
    held = np.repeat(others.values, np.minimum(others.counts, 50))
    middle = float(np.median(held))
    sign = 1.0 if value > middle else -1.0
    distances = sign * (np.append(held, value) - middle)
    far = beyond(distances[distances > 0], most=1)
    return far is not None and far.surprise >= SURPRISING


def far_stand_ins(counted: Counted) -> list[float]:
    """Return the values, mostly none, that are far from all others and come too often for that."""
    often = (counted.counts >= max(FEWEST, LEAST_SHARE * counted.total)) & (
        counted.counts <= MOST_SHARE * counted.total
    )
    ends = np.concatenate([counted.values[:3], counted.values[-3:]])
    found = []
    for value in counted.values[often & np.isin(counted.values, ends)].tolist():
        others = counted.without(value)
        if len(others.values) >= DIFFERENT and _is_far(others, value, int(counted.total - others.total)):
            found.append(value)
    return found


def _is_far(others: Counted, value: float, count: int) -> bool:
    low, high = others.between(0.01), others.between(0.99)
    width = high - low
    above = value > high
    if not width > 0 or max(low - value, value - high) < WIDTHS * width:
        return False
    cut = high + width if above else low - width
    company = others.counts[others.values > cut].sum() if above else others.counts[others.values < cut].sum()
    if company * SPIKE > count or count < SPIKE * max(float(np.median(others.counts)), 1.0):
        return False
    plain = (others.values <= cut) if above else (others.values >= cut)
    rest = Counted(others.values[plain], others.counts[plain])
    return count >= SPIKE * max(rest.near(value), 1) and is_beyond(rest, value)


def off_scale(counted: Counted, codes: frozenset[float]) -> list[float]:
    """Return those of the codes that are beyond a short scale of whole numbers, such as 9 where answers are 1 to 5."""
    total = max(counted.total, 1)
    coded = np.isin(counted.values, list(codes))
    scale = _scale(counted, total)
    if scale is None:
        return []
    low, high = scale
    found = []
    for value, count in zip(counted.values[coded].tolist(), counted.counts[coded].tolist(), strict=True):
        if not max(FEWEST, LEAST_SHARE * total) <= count <= MOST_SHARE * total:
            continue
        gap = (high, value) if value > high else (value, low)
        between = (counted.values > gap[0]) & (counted.values < gap[1]) & ~coded
        if (value >= high + OFF_SCALE or value <= min(low, 1.0) - OFF_SCALE) and not between.any():
            found.append(value)
    return found


def _scale(counted: Counted, total: int) -> tuple[float, float] | None:
    """Return the ends of the scale that nearly all values are steps of: whole numbers one by one from 0 or 1 up."""
    first = 0 if counted.values[0] <= 0 <= counted.values[-1] and 0.0 in counted.values else 1
    share = dict(zip(counted.values.tolist(), (counted.counts / total).tolist(), strict=True))
    last = first
    while share.get(float(last + 1), 0.0) >= STEP_SHARE and last < LONGEST_SCALE:
        last += 1
    if last - first < 2 or share.get(float(first), 0.0) < STEP_SHARE or share[float(last)] < END_SHARE:
        return None
    far = {value for value in share if value < first or value >= last + OFF_SCALE}
    inside = sum(part for value, part in share.items() if value not in far)
    steps = sum(share[float(step)] for step in range(first, last + 1))
    frequent = [value for value in far if share[value] >= LEAST_SHARE]
    if inside - steps > SLIPS or len(frequent) > 3:
        return None
    return float(first), float(last)
