"""Ticks of a time axis: the first of months or years, never an odd day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


def date_ticks(low: float, high: float, steps: int) -> list[float]:
    """Return the first moments of months (as seconds since 1970) that cut a span in about so many.

    >>> [round(tick) for tick in date_ticks(1.38e9, 1.445e9, 4)]
    [1388534400, 1404172800, 1420070400, 1435708800]
    """
    try:
        first, last = _month(low), _month(high)
    except (OverflowError, ValueError, OSError):
        return [low, high]
    step = next((step for step in MONTHS if (last - first) / step <= steps + 1), MONTHS[-1])
    starts = [_start(month) for month in range(-(-first // step) * step, last + 1, step)]
    inside = [start for start in starts if low <= start <= high]
    return inside if len(inside) > 1 else [low, high]


def date_label(seconds: float) -> str:
    """Return a tick's text: the day only where it is not the first.

    >>> date_label(1388534400.0), date_label(1380000000.0)
    ('2014-01', '2013-09-24')
    """
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.3g}"
    return f"{when:%Y-%m}" if when.day == 1 and when.hour == 0 else f"{when:%Y-%m-%d}"


def _month(seconds: float) -> int:
    when = datetime.fromtimestamp(seconds, UTC)
    return 12 * when.year + when.month - 1


def _start(month: int) -> float:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
