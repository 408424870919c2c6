"""When something was taken: a column of dates, epochs or counted time as seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from mlwright.clean.names import words
from mlwright.clean.reading.infer import infer_with_findings
from mlwright.columns import Coded, read_series
from mlwright.errors import ColumnError
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.vocabulary import says_time_of_event
from mlwright.values.times import EPOCHS

DAY = 86_400.0
YEAR = 365.25 * DAY
_UNITS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), 1.0),
    **dict.fromkeys(("minute", "minutes", "min"), 60.0),
    **dict.fromkeys(("hour", "hours", "stunde"), 3600.0),
    **dict.fromkeys(("day", "days", "tag", "jour", "dia"), DAY),
    **dict.fromkeys(("week", "weeks", "woche"), 7 * DAY),
    **dict.fromkeys(("month", "months", "monat"), YEAR / 12),
}
FIRST, LAST = 631_152_000.0, 4_102_444_800.0
"""1990 and 2100: epochs lie between."""
BEYOND = 1e19
"""No moment, in nanoseconds or otherwise, is so large a number, and no id."""
SHEET_DAYS = (29_221.0, 60_000.0)
"""1980 and 2064 as a sheet counts them, in days since 1899-12-30: no count of days since 1970 is so large."""
SHEET_START = 25_569.0
"""The first day of 1970, as a sheet counts it."""
STEPS = frozenset(("step", "tick", "period", "hour", "hours", "minute", "minutes", "week", "month", "year"))
"""Names of what is counted in something else than days."""
FARTHEST = 200_000_000_000.0
"""The year 8307: what is counted in days does not reach as far."""
LOOKED_AT = 5_000
FEW = 0.05
"""So small a share of moments that cannot be is dirt; a larger one is how the log is."""
MOST_UNREAD = 0.5
TOLD_HERE = frozenset({"mixed_types", "disguised_missing"})
"""What inference finds out about texts that are no dates: said here with what becomes of the rows."""


@dataclass(frozen=True, slots=True)
class Moments:
    """(n,) seconds since 1970, NaN where a row has no moment that can be; and what was found out."""

    seconds: Floats
    column: Column
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are two different moments: without, there is no past and no future."""
        there = self.seconds[~np.isnan(self.seconds)]
        return len(there) > 0 and bool(there.min() < there.max())


def read_moments(series: pl.Series, *, now: float) -> Moments | None:
    """Read a column as points in time, or return None where it holds none.

    Epochs are told by their size; whole numbers that are no epoch count days, or what the column's name says.
    """
    if (days := sheet_days(series)) is not None:
        return _from_sheet(series, days, now)
    numeric = numbers_of(series)
    if numeric is not None:
        return _from_numbers(series, numeric, now)
    column, found = _inferred(series)
    if column.kind == "constant":
        return Moments(np.full(len(series), np.nan), column, ())
    if column.kind != "datetime":
        return None
    return _checked(series, replace(column, missing_numbers=()), found, (), now)


def sheet_days(series: pl.Series) -> Floats | None:
    """Return the dates of a sheet, as it counts them in days since 1899-12-30, or None where a column holds no such.

    Only a column whose name says that it holds times is asked: "45297", "45297.27" and "45297,27" are 2024-01-06.
    """
    if says_time_of_event(series.name) <= 0 or STEPS.intersection(words(series.name)):
        return None
    if series.dtype == pl.String and bool(series.head(LOOKED_AT).str.contains(r"^\s*[0-9]{5},[0-9]+\s*$").any()):
        series = series.str.replace(",", ".", literal=True)
    numbers = numbers_of(series)
    known = np.empty(0) if numbers is None else numbers[np.isfinite(numbers)]
    within = (known >= SHEET_DAYS[0]) & (known <= SHEET_DAYS[1])
    if numbers is None or not len(known) or within.mean() < 1 - FEW:
        return None
    return np.where((numbers >= SHEET_DAYS[0]) & (numbers <= SHEET_DAYS[1]), numbers, np.nan)


def _from_sheet(series: pl.Series, days: Floats, now: float) -> Moments:
    name, known = series.name, days[np.isfinite(days)]
    seconds = np.round((days - SHEET_START) * DAY)
    first = day(float((known.min() - SHEET_START) * DAY))
    told = f"The numbers in {name!r} are dates of a sheet, in days since 1899-12-30: {known.min():.6g} is {first}."
    return _checked(series, Column(name=name, kind="number"), (), (told,), now, seconds)


def _inferred(series: pl.Series) -> tuple[Column, tuple[Finding, ...]]:
    """Say how a column is read as times: from some of its rows where that reads nearly all, else from all of them."""
    step = len(series) // LOOKED_AT
    if step >= 2 and series.dtype == pl.String:
        column, found = infer_with_findings(series.gather_every(step))
        if column.kind == "datetime":
            values = read_series(series, column)
            read = 0.0 if isinstance(values, Coded) else float((~np.isnan(values)).sum())
            if read >= (1 - FEW) * (len(series) - series.null_count()):
                return column, found
    column, found = infer_with_findings(series)
    if column.kind != "datetime" and series.dtype == pl.String:
        # Words among the dates ("soon", "n/k") are no times, however many there are.
        column, found = infer_with_findings(series.set(~series.str.contains("[0-9]"), None))
    return column, found


def numbers_of(series: pl.Series) -> Floats | None:
    """Return the numbers of a column in which nearly all values are plain numbers; NaN is missing, or beyond reason."""
    if series.dtype.is_numeric():
        read = series.cast(pl.Float64)
    elif series.dtype != pl.String:
        return None
    else:
        read = series.str.strip_chars().cast(pl.Float64, strict=False)
        present = len(series) - series.null_count()
        if present == 0 or (len(series) - read.null_count()) < 0.8 * present:
            return None
    numbers = read.fill_null(float("nan")).to_numpy()
    return np.where(np.abs(numbers) < BEYOND, numbers, np.nan)


def _from_numbers(series: pl.Series, numbers: Floats, now: float) -> Moments | None:
    known = numbers[np.isfinite(numbers) & (numbers > 0)]
    if not len(known):
        return None
    name, middle = series.name, float(np.median(known))
    form = next((form for form, scale in EPOCHS.items() if FIRST <= middle / scale < LAST), None)
    if form is not None:
        column = Column(name=name, kind="datetime", datetime_format=form)
        return _checked(series, column, (), (), now, numbers / EPOCHS[form])
    column, found = infer_with_findings(series)
    if column.kind == "datetime":  # 20240131
        return _checked(series, column, found, (), now)
    if column.kind in {"number", "boolean"} and not float(middle).is_integer():
        return None
    return _counted(series, numbers, now)


def _counted(series: pl.Series, numbers: Floats, now: float) -> Moments:
    """Read whole numbers that count time: years, days, or steps of no known length."""
    name, said = series.name, words(series.name)
    column = Column(name=name, kind="integer")
    known = numbers[np.isfinite(numbers)]
    if known.min() >= 1900 and known.max() <= 2100:
        years = (f"{name!r} holds years: within one, the order is that of the table.",)
        return _checked(series, column, (), years, now, (numbers - 1970.0) * YEAR)
    unit = next((_UNITS[word] for word in reversed(said) if word in _UNITS), None)
    guess, step = (DAY, "a day") if float(np.abs(known).max()) * DAY < FARTHEST else (1.0, "a second")
    told = () if unit is not None else (f"{name!r} counts steps of no known length: one is taken for {step}.",)
    seconds = numbers * (guess if unit is None else unit)
    missing = int(np.isnan(seconds).sum())
    return Moments(seconds, column, (_left_out(series, seconds, missing, 0),) if missing else (), told)


def _checked(
    series: pl.Series,
    column: Column,
    found: tuple[Finding, ...],
    told: tuple[str, ...],
    now: float,
    seconds: Floats | None = None,
) -> Moments:
    """Leave out moments that cannot be: before there were logs, after today, far from all others."""
    if seconds is None:
        values = read_series(series, column)
        seconds = np.full(len(series), np.nan) if isinstance(values, Coded) else values
    seconds = np.where(np.isfinite(seconds), seconds, np.nan)
    known = seconds[~np.isnan(seconds)]
    unread = int(np.isnan(seconds).sum())
    findings = [finding for finding in found if finding.kind not in TOLD_HERE]
    impossible = 0
    if len(known):
        middle = float(np.median(known))
        early = seconds < (2 * DAY if middle > FIRST else middle - 100 * YEAR)
        early |= _far_below(seconds, known)
        late = seconds > now + DAY
        for which in (early, late):
            share = float(which.sum()) / len(known)
            if 0 < share <= (FEW if which is late else 0.5):
                seconds = np.where(which, np.nan, seconds)
                impossible += int(which.sum())
        if (ahead := seconds > now + DAY).any():
            findings.append(_ahead(column.name, float(ahead.mean()), float(np.nanmax(seconds))))
    if unread or impossible:
        findings.append(_left_out(series, seconds, unread, impossible))
    return Moments(seconds, column, tuple(findings), told)


def _far_below(seconds: Floats, known: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell which few moments lie twenty years and more before all others: 1900-01-01, the year 0202."""
    low = float(np.quantile(known, 0.02))
    return np.asarray(seconds < low - 20 * YEAR, dtype=np.bool_)


def _left_out(series: pl.Series, seconds: Floats, unread: int, impossible: int) -> Finding:
    parts = [f"no time that can be read in {unread:,}"] if unread else []
    parts += [f"a time that cannot be in {impossible:,} (1970, long before all others, or after today)"] * (
        impossible > 0
    )
    gone = np.isnan(seconds)
    return Finding(
        kind="interactions_without_time",
        columns=(series.name,),
        rows=tuple(np.flatnonzero(gone)[:100].tolist()),
        message=f"{series.name!r} has {' and '.join(parts)} of {len(series):,} rows ({percent(float(gone.mean()))}):"
        " they are left out, for nobody can say what came before and after them.",
        severity="warning",
        repair="Leave the rows out.",
        applied=True,
    )


def _ahead(name: str, share: float, last: float) -> Finding:
    return Finding(
        kind="log_in_the_future",
        columns=(name,),
        message=f"{percent(share)} of the times in {name!r} lie after today, up to {day(last)}: they are taken as they"
        " are, for so many are no slip.",
        severity="warning",
        repair="Look whether the times are right.",
    )


def day(seconds: float) -> str:
    """Return the day of a moment, as people write it."""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}"


def no_moments(series: pl.Series) -> ColumnError:
    """Return the error for a column that was named with --time and holds no times."""
    sample = next(iter(series.drop_nulls().head(1).to_list()), None)
    return ColumnError(
        f"The time column {series.name!r} holds no dates or times, but for example {sample!r}.",
        hint="name a column of dates with --time, or --time none where there is none.",
    )


def mostly_unread(moments: Moments) -> ColumnError | None:
    """Return the error for a named column in which most rows have no moment, or None."""
    share = float(np.isnan(moments.seconds).mean()) if len(moments.seconds) else 0.0
    if share <= MOST_UNREAD or moments.column.kind == "constant":
        return None
    return ColumnError(
        f"The time column {moments.column.name!r} has no time that can be read in {percent(share)} of the rows.",
        hint="name another column with --time, or --time none where there is none.",
    )
