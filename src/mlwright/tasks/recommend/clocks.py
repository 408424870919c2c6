"""Clocks: a column of times of day beside a column of days, as tills and spreadsheets write moments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.moments import DAY, Moments

NEARLY_ALL = 0.95
"""Share of what a column says that has to be times of day; the others are taken as the day's beginning."""
_PATTERN = r"(?i)^\s*([01]?[0-9]|2[0-4])[:h]([0-5][0-9])(?::([0-5][0-9])(?:[.,][0-9]+)?)?\s*(?:([ap])\.?m\.?|uhr)?\s*$"


def with_clock(moments: Moments, frame: pl.DataFrame, taken: Collection[str]) -> Moments:
    """Return the moments with the time of day of another column added, where they are days and there is one such.

    `taken` are columns that say something else. Where two columns could be it, none is: the days stay days.
    """
    known = moments.seconds[~np.isnan(moments.seconds)]
    if not len(known) or (known % DAY).any():
        return moments
    read = {
        series.name: seconds
        for series in frame.iter_columns()
        if series.name not in taken and (seconds := time_of_day(series)) is not None and np.ptp(seconds) > 0
    }
    if len(read) != 1:
        return moments
    name, seconds = next(iter(read.items()))
    told = f"{name!r} is the time of day of {moments.column.name!r}."
    return replace(moments, seconds=moments.seconds + seconds, assumptions=(*moments.assumptions, told))


def time_of_day(series: pl.Series) -> Floats | None:
    """Return (n,) seconds since midnight, 0 where a row says none; None for a column that holds something else.

    >>> time_of_day(pl.Series(["08:15", "8:15 PM", "20:15:30", None])).tolist()
    [29700.0, 72900.0, 72930.0, 0.0]
    """
    if series.dtype == pl.Time:
        return (series.cast(pl.Int64).fill_null(0) // 1_000_000_000).cast(pl.Float64).to_numpy()
    if series.dtype != pl.String or series.null_count() == len(series):
        return None
    groups = series.to_frame("text").select(pl.col("text").str.extract_groups(_PATTERN).alias("part")).unnest("part")
    hour, minute, second = (groups[place].cast(pl.Float64).fill_null(0.0).to_numpy() for place in ("1", "2", "3"))
    read = groups["1"].is_not_null()
    if float(read.sum()) < NEARLY_ALL * (len(series) - series.null_count()):
        return None
    half = groups["4"].str.to_lowercase()
    hour = np.where((half == "p").fill_null(value=False).to_numpy() & (hour < 12), hour + 12, hour)
    hour = np.where((half == "a").fill_null(value=False).to_numpy() & (hour == 12), 0, hour)
    return np.asarray(3600.0 * hour + 60.0 * minute + second, dtype=np.float64)
