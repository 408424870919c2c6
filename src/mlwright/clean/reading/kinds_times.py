"""Columns of points in time and of durations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.values import match_datetime, parse_datetime, parse_duration

ENOUGH = 0.95
FORMATS: tuple[str, ...] = (
    "iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m.%d.%Y", "%m-%d-%Y", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y", "%Y %b %d",
    "%m/%d/%y", "%d/%m/%y", "%y/%m/%d", "%d.%m.%y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d", "%d %b %y", "%Y%m%d", "%Y-%m",
    "%Y/%m", "%m/%Y", "%b %Y", "%b-%Y", "%b-%y", "%Y-%b", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z",
)  # fmt: skip
"""Formats in the order in which they are preferred where the values leave a choice."""

SHORT = frozenset(form for form in FORMATS if "%y" in form or "%d" not in form) - {"iso"}
"""Formats that other things could be written in: they must give years from 1900 to 2100."""

_STAND_INS = frozenset(
    value
    for text in ("0001-01-01", "1900-01-01", "1970-01-01", "1899-12-30", "1899-12-31", "1901-01-01", "2099-12-31",
                 "2999-12-31", "9999-12-31", "9999-01-01", "9999-09-09", "2099-01-01", "1753-01-01", "1800-01-01")
    if (value := match_datetime(text, "iso")) is not None
)  # fmt: skip
_YEAR = 31_557_600.0


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How the texts of a column are read as points in time."""

    form: str
    unreadable: tuple[str, ...]
    ambiguous: bool
    """Day and month could be exchanged, and no value says which is which."""
    note: str


def read_times(distinct: Distinct) -> TimeReading | None:
    """Say how the column is read as points in time, or None where it is not one."""
    sample = distinct.spread(200)
    candidates = [form for form in FORMATS if _share(sample, partial(match_datetime, form=form)) >= 0.8]
    if not candidates:
        return None
    looked_at = distinct.spread(LOOKED_AT)
    shares = {form: _share(looked_at, partial(parse_datetime, form=form)) for form in candidates}
    best = max(shares.values())
    tied = [form for form in candidates if shares[form] == best and _is_plausible(looked_at, form)]
    if best < ENOUGH or not tied:
        return None
    form, note, ambiguous = _choose(tied, distinct)
    readable = _readable(looked_at, partial(parse_datetime, form=form))
    left = looked_at.where(~readable)
    return TimeReading(form, tuple(left.texts.to_list()), ambiguous, note)


def _readable(distinct: Distinct, read: Callable[[str], float | None]) -> NDArray[np.bool_]:
    return np.array([read(text) is not None for text in distinct.texts], dtype=np.bool_)


def _share(distinct: Distinct, read: Callable[[str], float | None]) -> float:
    return distinct.share(_readable(distinct, read))


def _is_plausible(distinct: Distinct, form: str) -> bool:
    if form not in SHORT:
        return True
    low, high = match_datetime("1900-01-01", "iso"), match_datetime("2101-01-01", "iso")
    values = [parse_datetime(text, form) for text in distinct.spread(1000).texts]
    return all(value is None or (low or 0.0) <= value < (high or 0.0) for value in values)


def _choose(tied: list[str], distinct: Distinct) -> tuple[str, str, bool]:
    """Choose among formats that read all values alike: the one that puts the rows in order, else the usual one."""
    if len(tied) == 1 or not _differ(tied, distinct):
        return tied[0], _note(tied[0]), False
    rows = distinct.stripped.drop_nulls().head(5000).to_list()
    rising = [form for form in tied if _is_rising([parse_datetime(text, form) for text in rows])]
    if len(rising) == 1:
        return rising[0], f"Its dates are read as {rising[0]}: only so are the rows in order of time.", False
    if proved := _by_all_values(tied, distinct):
        return proved, _note(proved), False
    usual = next((form for form in tied if form.startswith("%d.")), tied[0])
    other = next(form for form in tied if form != usual)
    return usual, f"Its dates are read as {usual}; {other} would fit every value as well.", True


def _by_all_values(tied: list[str], distinct: Distinct) -> str | None:
    """Return the format that a number above 12 proves among all values, not only those that were looked at."""
    first, second = (
        distinct.texts.str.extract(rf"^(?:[0-9]{{1,2}}[/.-]){{{at}}}([0-9]{{1,2}})[/.-]").cast(pl.Int64).max()
        for at in (0, 1)
    )
    day_first, month_first = (isinstance(most, int) and most > 12 for most in (first, second))
    if day_first == month_first:
        return None
    return next((form for form in tied if form.startswith("%d" if day_first else "%m")), None)


def _differ(tied: list[str], distinct: Distinct) -> bool:
    texts = distinct.spread(500).texts.to_list()
    return len({tuple(parse_datetime(text, form) for text in texts) for form in tied}) > 1


def _is_rising(values: list[float | None]) -> bool:
    known = np.array([value for value in values if value is not None])
    return len(known) >= 5 and bool((np.diff(known) >= 0).all()) and known[0] < known[-1]


def _note(form: str) -> str:
    return "" if form == "iso" else f"Its dates are read as {form}."


def read_durations(distinct: Distinct) -> tuple[str, ...] | None:
    """Return the texts that are no durations, or None where the column is not one of durations."""
    if _share(distinct.spread(200), parse_duration) < 0.8:
        return None
    looked_at = distinct.spread(LOOKED_AT)
    readable = _readable(looked_at, parse_duration)
    if looked_at.share(readable) < ENOUGH:
        return None
    return tuple(looked_at.where(~readable).texts.to_list())


def missing_times(seconds: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the dates such as 9999-12-31 that mean "missing": extreme, far from all others, and repeated."""
    distinct, counts = np.unique(seconds[np.isfinite(seconds)], return_counts=True)
    rows, found = int(counts.sum()), list[float]()
    while len(distinct) > 2:
        at = next((at for at in (0, len(distinct) - 1) if _is_stand_in(distinct, counts, at, rows)), None)
        if at is None:
            break
        found.append(float(distinct[at]))
        distinct, counts = np.delete(distinct, at), np.delete(counts, at)
    return tuple(sorted(found))


def _is_stand_in(distinct: NDArray[np.float64], counts: NDArray[np.int64], at: int, rows: int) -> bool:
    value, count = float(distinct[at]), int(counts[at])
    if value not in _STAND_INS:
        return False
    others = np.delete(distinct, at)
    gap = float(others[0] - value if at == 0 else value - others[-1])
    spread = float(others[-1] - others[0])
    impossible = abs(value) > 900 * _YEAR  # the years 1 and 2999: no row was ever recorded then
    if impossible and gap > 100 * _YEAR:
        return True
    repeated = count >= 3 and count >= 0.005 * rows and count >= 3 * float(np.median(np.delete(counts, at)))
    return repeated and gap > max(0.25 * spread, 2 * _YEAR)
