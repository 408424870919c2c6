"""What was measured day by day: sums that late outcomes are added to, and the points of a chart that follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mlwright.monitor.ranks import Counts, Floats

DAY = 86_400_000_000
"""Microseconds."""
KEPT = 400
"""Days that can still change; older ones were written down and stay as they are."""
Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def moment(microseconds: int) -> str:
    """Return a moment as text in UTC.

    >>> moment(0)
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="auto")


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval, and of how many rows."""

    value: float
    lower: float
    upper: float
    rows: int


def mean_of(count: float, total: float, squares: float) -> Mean | None:
    """Return a mean from sums; None of no rows. Shares get Wilson's interval, other means the normal one.

    >>> found = mean_of(100, 10, 10)
    >>> round(found.lower, 3), found.value, round(found.upper, 3)
    (0.055, 0.1, 0.174)
    """
    if count < 1:
        return None
    mean = total / count
    if squares == total and 0 <= mean <= 1:  # all values are 0 or 1
        from scipy.stats import binomtest

        ends = binomtest(round(total), round(count)).proportion_ci(method="wilson")
        return Mean(mean, float(ends.low), float(ends.high), int(count))
    half = Z * math.sqrt(max(squares / count - mean * mean, 0.0) / count)
    return Mean(mean, mean - half, mean + half, int(count))


class Periods:
    """Sums by day of s series of values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._days: dict[int, Floats] = {}
        self._touched: set[int] = set()

    def add(self, at: Counts, values: Floats, there: Any) -> None:
        """Add values (n, s) of rows answered at moments (n,) in microseconds; `there` (n, s) says which exist."""
        days = at // DAY
        known = np.where(there, values, 0.0)
        new = np.stack([there.astype(np.float64), known, known * known], axis=1)
        for day in np.unique(days).tolist():
            before = self._days.get(day, np.zeros((3, len(self.names))))
            # In order, whatever portions rows come in: so that a restart changes no bit.
            self._days[day] = np.concatenate([before[None], new[days == day]]).cumsum(axis=0)[-1]
            self._touched.add(day)
        for day in sorted(self._days)[:-KEPT]:
            del self._days[day]

    def points(self) -> list[tuple[str, int, Mean]]:
        """Return series, day (its first microsecond) and mean of what has changed since this was last asked."""
        found = []
        for day in sorted(self._touched & self._days.keys()):
            for name, sums in zip(self.names, self._days[day].T.tolist(), strict=True):
                if (mean := mean_of(*sums)) is not None:
                    found.append((name, day * DAY, mean))
        self._touched.clear()
        return found

    def state(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {str(day): sums.tolist() for day, sums in self._days.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ValueError, TypeError where it is none."""
        self._days = {int(day): np.array(sums, dtype=np.float64).reshape(3, -1) for day, sums in state.items()}
