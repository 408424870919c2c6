"""Values that are there and yet cannot be read as what their column holds: a model takes them as missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from mlwright.columns import Floats
from mlwright.schema import Column
from mlwright.values import as_text, read_value


def unread_values(series: pl.Series, column: Column, values: Floats) -> list[tuple[Any, int]]:
    """Return the raw values that are not missing and were not read, the most frequent first, and how often they occur.

    `values` are the column's typed ones, NaN where there is none. What means "missing" is not among the result.

    >>> ages = pl.Series("age", ["41", "old", "n/a", "old"])
    >>> unread_values(ages, Column(name="age", kind="integer"), np.array([41.0, np.nan, np.nan, np.nan]))
    [('old', 2)]
    """
    if series.dtype.is_float():
        series = series.fill_nan(None)  # what is left and no number is infinite
    gone = np.isnan(values) & series.is_not_null().to_numpy()
    if not gone.any():
        return []
    left, stays = series.filter(gone), is_unread(column)
    if left.dtype.is_nested() or left.dtype.base_type() in {pl.Object, pl.Unknown}:
        left = pl.Series([as_text(value) for value in left.to_list()], dtype=pl.String).drop_nulls()
    counts = left.alias("value").value_counts(name="count").sort("count", "value", descending=[True, False])
    return [(raw, count) for raw, count in counts.rows() if stays(raw)]


def unread_rows(series: pl.Series, column: Column, values: Floats) -> int:
    """Return how many rows hold such a value."""
    return sum(count for _, count in unread_values(series, column, values))


def is_unread(column: Column) -> Callable[[object], bool]:
    """Return what tells whether a raw value is there and yet cannot be read."""
    as_words = replace(column, kind="category", numeric_text=False, missing_numbers=())
    as_number = replace(column, missing_numbers=())

    def tell(raw: object) -> bool:
        return read_value(raw, as_words) is not None and read_value(raw, as_number) is None

    return tell
