"""Moments as calendar parts, in whole numbers as `features/datetimes.py` calculates them: as nodes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlwright.features.datetimes import DAY, EARLIEST, LATEST, PARTS
from mlwright.model.exports.to_onnx.graph import FLOAT, INT, Tensor


def within_years(moments: Tensor) -> Tensor:
    """Return seconds since 1970 UTC, within the years 1 to 9999."""
    return moments.clip(EARLIEST, LATEST)


def calendar_parts(moments: Tensor) -> Mapping[str, Tensor]:
    """Return each part (n, 1) of moments that were brought within the years 1 to 9999; NaN where they are missing."""
    missing = moments.is_nan()
    seconds = missing.where(0.0, moments).apply("Floor").cast(INT)
    # Counted from a day before all others, so that nothing is below 0: there ONNX divides as Python does.
    before = 719_468
    shifted = (seconds + before * DAY) // DAY
    era_day = shifted % 146_097
    era_year = (era_day - era_day // 1460 + era_day // 36_524 - era_day // 146_096) // 365
    march_day = era_day - (era_year * 365 + era_year // 4 - era_year // 100)
    march_month = (march_day * 5 + 2) // 153
    month = (march_month + 2) % 12 + 1
    day = march_day - (march_month * 153 + 2) // 5 + 1
    year = era_year + shifted // 146_097 * 400 + (month <= 2).cast(INT)
    leap = ((year % 4).equals(0) & (~(year % 100).equals(0) | (year % 400).equals(0))).cast(INT)
    day_of_year = (march_day + 59 + leap) % (leap + 365) + 1
    weekday = (shifted - before + 3) % 7 + 1
    hour = (seconds + before * DAY) % DAY // 3600
    found = (year, month, day, weekday, hour, day_of_year, (weekday >= 6).cast(INT))
    return {name: missing.where(np.nan, part.cast(FLOAT)) for name, part in zip(PARTS, found, strict=True)}
