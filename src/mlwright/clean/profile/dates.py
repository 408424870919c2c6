"""Dates of a column: the first and the last, how they spread over the calendar, and where it has gaps."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.profile.facts import DateFacts, Gaps, Periods, Stretch, Unit
from mlwright.columns import Floats

MOST_BARS = 48
DAY = 86_400.0
FULL = 0.5
"""A calendar whose periods are filled less than this has no gaps: it is just sparse."""
LONGEST_HOURS = 100 * 24
WEEKEND = 5
UNITS: Final[tuple[tuple[Unit, str, int], ...]] = (
    ("hour", "h", 1),
    ("day", "D", 1),
    ("month", "M", 1),
    ("quarter", "M", 3),
    ("year", "Y", 1),
    ("decade", "Y", 10),
)
"""Periods of the calendar: their name, NumPy's unit, and how many of it they hold."""

Numbers = NDArray[np.int64]


def date_facts(known: Floats) -> DateFacts | None:
    """Return the facts of points in time (seconds since 1970) in ascending order, none of which is missing."""
    if not len(known):
        return None
    moments = np.floor(known).astype("datetime64[s]")
    timed = bool((known % DAY != 0).any())
    return DateFacts(
        first=written(moments[0], timed=timed),
        last=written(moments[-1], timed=timed),
        periods=_periods(moments, timed=timed),
        gaps=_gaps(moments, timed=timed),
    )


def written(moment: np.datetime64, *, timed: bool) -> str:
    """Return a point in time as text.

    >>> written(np.datetime64("2024-02-01T10:30:00", "s"), timed=True)
    '2024-02-01 10:30:00'
    """
    return str(moment).replace("T", " ") if timed else str(moment.astype("datetime64[D]"))


def _numbered(moments: NDArray[Any], unit: str, held: int) -> Numbers:
    """Return the number of the period that each moment falls into; consecutive periods differ by one."""
    return np.floor_divide(moments.astype(f"datetime64[{unit}]").astype(np.int64), held)


def _different(ordered: Numbers) -> Numbers:
    return np.asarray(ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])], dtype=np.int64)


def _start(number: int, unit: str, held: int) -> str:
    """Return the first day (or hour) of a period."""
    start = np.datetime64(int(number) * held, unit)  # type: ignore[call-overload]  # the unit is one of UNITS
    return str(start.astype("datetime64[h]")).replace("T", " ") + ":00" if unit == "h" else _day(start)


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]"))


def _periods(moments: NDArray[Any], *, timed: bool) -> Periods | None:
    """Count rows by the finest period that gives few enough bars."""
    ends = np.array([moments[0], moments[-1]])
    for name, unit, held in UNITS if timed else UNITS[1:]:
        low, high = _numbered(ends, unit, held)
        if high - low < MOST_BARS:
            return None if high == low else _counted(moments, name, unit, held)
    return None


def _counted(moments: NDArray[Any], name: Unit, unit: str, held: int) -> Periods:
    numbers = _numbered(moments, unit, held)
    low, high = numbers[0], numbers[-1]
    counts = np.bincount(numbers - low)
    starts = tuple(_start(number, unit, held) for number in range(int(low), int(high) + 1))
    return Periods(name, starts, tuple(counts.tolist()))


def _gaps(moments: NDArray[Any], *, timed: bool) -> Gaps | None:
    """Return the gaps at the finest period by which the calendar is mostly full."""
    for name, unit, held in UNITS[:5]:
        if name == "quarter" or (name == "hour" and not timed):
            continue
        there = _different(_numbered(moments, unit, held))
        periods = int(there[-1] - there[0]) + 1
        if periods < 3 or (name == "hour" and periods > LONGEST_HOURS):
            continue
        if name == "day" and (weekdays := _weekdays(there)) is not None:
            return weekdays
        if len(there) >= FULL * periods:
            return _gaps_between(there, name, unit, held, periods)
    return None


def _gaps_between(there: Numbers, name: Unit, unit: str, held: int, periods: int) -> Gaps:
    steps = np.diff(there)
    longest = None
    if (steps > 1).any():
        at = int(np.argmax(steps))
        first, last = int(there[at]) + 1, int(there[at + 1]) - 1
        longest = Stretch(_start(first, unit, held), _start(last, unit, held), last - first + 1)
    return Gaps(name, periods, periods - len(there), longest)


def _weekdays(days: Numbers) -> Gaps | None:
    """Return the gaps among working days, where no row falls on a weekend; None where some do."""
    if ((days + 3) % 7 >= WEEKEND).any() or days[-1] - days[0] < 21:  # day 0 of 1970 was a Thursday
        return None
    numbers = 5 * ((days + 3) // 7) + (days + 3) % 7
    periods = int(numbers[-1] - numbers[0]) + 1
    if len(days) < FULL * periods:
        return None
    steps = np.diff(numbers)
    longest = None
    if (steps > 1).any():
        at = int(np.argmax(steps))
        first, last = (_of_weekday(int(number)) for number in (numbers[at] + 1, numbers[at + 1] - 1))
        longest = Stretch(first, last, int(steps[at]) - 1)
    return Gaps("weekday", periods, periods - len(days), longest)


def _of_weekday(number: int) -> str:
    return _day(np.datetime64(7 * (number // 5) + number % 5 - 3, "D"))
