"""A column as a check looks at it: typed values, which rows are missing, and which cells cannot be read."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context
from mlwright.clean.reading.unread import unread_values
from mlwright.columns import Coded, Floats, read_series
from mlwright.schema import Column
from mlwright.values import MISSING, OUTER
from mlwright.values.reader import canonical_number

Mask = NDArray[np.bool_]


class Measured:
    """One column of a table, read as a Column says; what is costly is made when it is first asked for."""

    def __init__(self, context: Context, column: Column) -> None:
        self.context = context
        self.column = column
        self.series = context.table.frame[column.name]
        self.rows = len(self.series)

    @cached_property
    def numbers(self) -> Floats:
        """The typed values of a column that is floats; NaN where there is none."""
        values = read_series(self.series, self.column)
        if isinstance(values, Coded):
            raise TypeError(f"column {self.column.name!r} holds strings")
        return values

    @cached_property
    def known(self) -> Floats:
        """The typed values that are there."""
        return self.numbers[~np.isnan(self.numbers)]

    @cached_property
    def words(self) -> pl.Series:
        """The raw cells as texts without white space around them; null where the source has nothing."""
        series = self.series
        if series.dtype.is_integer():
            return series.cast(pl.String)
        return self.context.texts(self.column.name).str.strip_chars(OUTER)

    @cached_property
    def texts(self) -> pl.Series:
        """The words with null for what means "missing", and numbers in their one form where the categories are so."""
        column, words = self.column, self.words
        gone = MISSING | {token.casefold() for token in column.missing_tokens}
        folded = words.str.to_lowercase()
        missing = folded.is_in(sorted(gone - set(column.level_tokens)))
        texts = words.set(missing.fill_null(value=False), None)
        if not column.numeric_text:
            return texts
        odd = texts.filter(texts.str.contains(r"^-?[0-9]+\.[0-9]*$|^-0").fill_null(value=False)).unique()
        new = [canonical_number(text) for text in odd.to_list()]
        return texts.replace(odd, pl.Series(new, dtype=pl.String)) if len(odd) else texts

    @cached_property
    def unread(self) -> list[tuple[Any, int]]:
        """The values that are there and cannot be read as the kind, the most frequent first, with their counts."""
        return unread_values(self.series, self.column, self.numbers) if self.column.is_float else []

    @property
    def unread_count(self) -> int:
        """The rows that hold one of them."""
        return sum(count for _, count in self.unread)

    @cached_property
    def unread_mask(self) -> Mask:
        """Which rows hold one of them."""
        if not self.unread:
            return np.zeros(self.rows, dtype=np.bool_)
        known = [raw for raw, _ in self.unread]
        series = self.series
        if series.dtype.is_nested() or series.dtype.base_type() in {pl.Object, pl.Unknown}:
            series = self.context.texts(self.column.name)
        if isinstance(series.dtype, (pl.Categorical, pl.Enum)):
            series = series.cast(pl.String)
        held = series.is_in(pl.Series(known, dtype=series.dtype).implode()).fill_null(value=False)
        return held.to_numpy() & np.isnan(self.numbers)

    @cached_property
    def missing_mask(self) -> Mask:
        """Which rows have nothing; what is there and cannot be read is not among them."""
        if self.column.is_float:
            return np.isnan(self.numbers) & ~self.unread_mask
        return self.texts.is_null().to_numpy()

    @cached_property
    def missing_count(self) -> int:
        """How many rows have nothing."""
        return int(self.missing_mask.sum())

    @property
    def present(self) -> int:
        """How many rows have a value that can be read."""
        return self.rows - self.missing_count - self.unread_count

    @cached_property
    def repeated(self) -> Mask:
        """Which rows hold a value that an earlier row holds too; missing ones repeat nothing."""
        series = pl.Series(self.numbers).fill_nan(None) if self.column.is_float else self.texts
        return (~series.is_first_distinct() & series.is_not_null()).to_numpy()

    def categories(self) -> pl.DataFrame:
        """Return each `value` of a column of words with its `count`, the most frequent first."""
        counts = self.texts.alias("value").drop_nulls().value_counts(name="count")
        return counts.sort("count", "value", descending=[True, False])
