"""Columns: typed values, column by column, in plain NumPy.

What a Recipe reads. It is made from a Polars frame or from a list of dicts, and both ways read every raw value with the
same function (`values.read_value`), so that a batch and a single row cannot come to differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ColumnError
from mlwright.schema import Column
from mlwright.values import read_value, reader, well_formed
from mlwright.values.times import EPOCHS

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
"""Typed values of a number, integer, boolean, datetime or duration column; NaN is missing."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Typed values of a string column: `values[codes[i]]`, or missing where the code is -1."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]
    notes: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was found out about `values` at some cost, for whoever reads the same column again."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def take(self, index: NDArray[np.intp]) -> Coded:
        """Return the rows at these positions; the values are shared, and what is noted of them."""
        return Coded(self.codes[index], self.values, self.notes)


Values = Floats | Coded


class Columns(Mapping[str, Values]):
    """Typed columns by name, all of the same length."""

    __slots__ = ("_data", "rows")

    def __init__(self, data: Mapping[str, Values], rows: int) -> None:
        self._data = dict(data)
        self.rows = rows

    def __getitem__(self, name: str) -> Values:
        """Return the typed values of a column."""
        return self._data[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._data)

    def row(self, place: int) -> dict[str, float | str | None]:
        """Return the typed values of one row: what `read_value` says of each."""
        found: dict[str, float | str | None] = {}
        for name, values in self._data.items():
            if isinstance(values, Coded):
                code = int(values.codes[place])
                found[name] = values.values[code] if code >= 0 else None
            else:
                number = float(values[place])
                found[name] = None if number != number else number  # noqa: PLR0124  NaN
        return found

    def take(self, index: NDArray[np.intp]) -> Columns:
        """Return the rows at these positions."""
        taken: dict[str, Values] = {
            name: values.take(index) if isinstance(values, Coded) else values[index]
            for name, values in self._data.items()
        }
        return Columns(taken, len(index))


def column_name(label: object) -> str:
    """Return a label as a column's name; the levels of a label in several parts are joined by dots.

    >>> column_name(1), column_name(("price", "mean"))
    ('1', 'price.mean')
    """
    if isinstance(label, tuple):
        return ".".join(column_name(part) for part in label if part != "")
    return well_formed(str(label))


def read_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> Columns:
    """Read a list of raw rows, without Polars. Raises ColumnError where a row lacks a column."""
    data: dict[str, Values] = {}
    for column in columns:
        for at, row in enumerate(rows):
            if column.name not in row:
                raise ColumnError.missing(column.name, map(str, row), where=f"row {at}" if len(rows) > 1 else None)
        name, read = column.name, reader(column)
        typed = [read(row[name]) for row in rows]
        data[column.name] = _typed_values(typed, np.arange(len(rows), dtype=np.int32), column)
    return Columns(data, len(rows))


def typed_rows(rows: Sequence[Mapping[str, float | str | None]], columns: Sequence[Column]) -> Columns:
    """Return rows whose values were read before, one by one, as columns."""
    places = np.arange(len(rows), dtype=np.int32)
    data = {each.name: _typed_values([row[each.name] for row in rows], places, each) for each in columns}
    return Columns(data, len(rows))


def read_frame(frame: pl.DataFrame, columns: Sequence[Column]) -> Columns:
    """Read raw columns of a Polars frame. Raises ColumnError where one is missing."""
    present = set(frame.columns)
    for column in columns:
        if column.name not in present:
            raise ColumnError.missing(column.name, frame.columns)
    likely = [column.name for column in columns if column.kind in {"number", "integer"} and _reads_plainly(column)]
    plain = plain_numbers(frame, likely, _PLAIN_NUMBER)
    by_name = {column.name: column for column in columns}
    data: dict[str, Values] = {
        name: _kept(plain[name], column) if name in plain else read_series(frame[name], column)
        for name, column in by_name.items()
    }
    return Columns(data, frame.height)


def plain_numbers(frame: pl.DataFrame, names: Sequence[str], pattern: str) -> dict[str, Floats]:
    """Return the columns of text in which every value is a number of that pattern, read; NaN is missing.

    All columns are looked at in one go: ten thousand of them one by one would take longer than learning from them.
    """
    import polars as pl

    kinds = frame.schema
    left = [name for name in names if kinds[name] == pl.String]
    for rows in (frame.head(LOOKED_AT_FIRST), frame):
        if not left:
            return {}
        fits = rows.select(pl.col(name).str.contains(pattern).all() for name in left).row(0)
        left = [name for name, fit in zip(left, fits, strict=True) if fit]
    if not left:
        return {}
    read = frame.select(pl.col(name).cast(pl.Float64, strict=False) for name in left)
    return {series.name: series.to_numpy() for series in read.iter_columns()}


def read_series(series: pl.Series, column: Column) -> Values:
    """Read one raw column: what `read_value` says of every value, in one go where that is provably the same."""
    import polars as pl

    if isinstance(series.dtype, (pl.Categorical, pl.Enum)):
        series = series.cast(pl.String)
    if column.is_float:
        fast = _fast_path(series, column)
        if fast is not None:
            return fast
    codes, raw = _distinct(series)
    return _typed_values([read_value(value, column) for value in raw], codes, column)


def _typed_values(typed: Sequence[float | str | None], codes: NDArray[np.int32], column: Column) -> Values:
    """Return row values from the typed distinct values; a code of -1 is missing."""
    if column.is_float:
        table = np.array([np.nan if value is None else value for value in (*typed, None)], dtype=np.float64)
        return np.asarray(table[codes], dtype=np.float64)
    position: dict[str, int] = {}
    final = [-1 if value is None else position.setdefault(str(value), len(position)) for value in typed]
    return Coded(np.array([*final, -1], dtype=np.int32)[codes], tuple(position))


def _distinct(series: pl.Series) -> tuple[NDArray[np.int32], list[Any]]:
    """Return for each row the position of its raw value among the distinct ones (-1: null), and those."""
    import polars as pl

    if series.dtype.is_nested() or series.dtype.base_type() in {pl.Object, pl.Unknown}:
        return np.arange(len(series), dtype=np.int32), series.to_list()
    if series.dtype.is_float():
        series = series.fill_nan(None)
    kept = series.unique(maintain_order=True).drop_nulls()
    if not len(kept):
        return np.full(len(series), -1, dtype=np.int32), []
    position = pl.Series(np.arange(len(kept), dtype=np.int32))
    codes = series.replace_strict(kept, position, default=-1, return_dtype=pl.Int32)
    return codes.to_numpy(), kept.to_list()


def _fast_path(series: pl.Series, column: Column) -> Floats | None:
    """Read the values without looking at each in Python, or return None where they must be looked at."""
    import polars as pl

    dtype = series.dtype
    if dtype == pl.Null:
        return np.full(len(series), np.nan)
    if dtype == pl.String:
        fast = _FAST_TEXT.get(column.kind)
        return fast(series, column) if fast else None
    scale = EPOCHS.get(column.datetime_format or "", None) if column.kind == "datetime" else 1.0
    if _converts_exactly(dtype) and scale is not None:
        values = series.cast(pl.Float64).to_numpy() / scale
    elif column.kind == "datetime" and dtype.base_type() in {pl.Date, pl.Datetime}:
        values = _microseconds(series.cast(pl.Datetime("us")) if dtype == pl.Date else series) / 1e6
    elif column.kind == "duration" and dtype.base_type() in {pl.Duration, pl.Time}:
        values = _microseconds(series) / 1e6
    else:
        return None
    return _kept(values, column)


def _converts_exactly(dtype: pl.DataType) -> bool:
    import polars as pl

    exact = {pl.Float64, pl.Float32, pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.Int64}
    return dtype.base_type() in exact | {pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64}


def _microseconds(series: pl.Series) -> Floats:
    """Return times or durations in whole microseconds, as Python's own objects have them."""
    unit = getattr(series.dtype, "time_unit", "ns")  # a time of day is in nanoseconds
    physical = series.to_physical()
    if unit == "ns":
        physical = physical // 1000
    values = physical.fill_null(0).to_numpy().astype(np.float64)
    if unit == "ms":
        values = values * 1000.0
    values[series.is_null().to_numpy()] = np.nan
    return values


def _kept(values: Floats, column: Column) -> Floats:
    """Return the values with NaN for what cannot be: infinities, numbers that mean "missing", neither 0 nor 1."""
    gone = ~np.isfinite(values)
    for number in column.missing_numbers:
        gone |= values == number
    if column.kind == "boolean":
        gone |= (values != 0.0) & (values != 1.0)
    return np.where(gone, np.nan, values)


LOOKED_AT_FIRST = 1_000
_PLAIN_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_PLAIN_MONEY = r"^[$€£]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?: ?%)?$"
_PLAIN_TIME = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-5][0-9](?:\.[0-9]{1,6})?)?Z?)?$"
_PLAIN_DATES = {
    f"%{first}{sign}%{second}{sign}%Y": (
        rf"^(?P<{first}>[0-9]{{2}})\{sign}(?P<{second}>[0-9]{{2}})\{sign}(?P<Y>[0-9]{{4}})(?P<t>$| [0-9:]{{5,8}}$)"
    )
    for first, second in ("dm", "md")
    for sign in "/.-"
}


def _reads_plainly(column: Column) -> bool:
    """Tell whether a plainly written number means itself in this column."""
    return column.decimal == "." and not any(token[:1].isdigit() or token[:1] == "-" for token in column.missing_tokens)


def _fast_numbers(series: pl.Series, column: Column) -> Floats | None:
    """Cast what is written plainly, which Polars and Python read alike; read the rest value by value."""
    import polars as pl

    if not _reads_plainly(column):
        return None
    plain = series.str.contains(_PLAIN_NUMBER).fill_null(value=False)
    if not plain.all():
        money = ~plain & series.str.contains(_PLAIN_MONEY) & (series.str.len_bytes() <= 64)
        money = money.fill_null(value=False)
        series = series.zip_with(~money, series.str.replace_all(r"[$€£,% ]", "")) if money.any() else series
        plain |= money
    values = _kept(series.set(~plain, None).cast(pl.Float64, strict=False).to_numpy(), column)
    return _fill_rest(values, series, plain, column)


def _fast_times(series: pl.Series, column: Column) -> Floats | None:
    """Cast dates and times that are written out in full; read the rest value by value."""
    import polars as pl

    if column.missing_tokens or column.datetime_format not in {None, "iso", *_PLAIN_DATES}:
        return None
    pattern = _PLAIN_DATES.get(column.datetime_format or "")
    texts = series if pattern is None else series.str.replace(pattern, "${Y}-${m}-${d}${t}")
    written = texts.str.contains(_PLAIN_TIME).fill_null(value=False)
    text = pl.col("text").str.replace("T", " ", literal=True).str.strip_chars_end("Z")
    whole = text.str.slice(0, 19)
    padded = whole + pl.lit("0000-00-00 00:00:00").str.slice(whole.str.len_bytes())
    fraction = (text.str.extract(r"\.([0-9]+)$") + "000000").str.slice(0, 6).cast(pl.Int64).fill_null(0)
    moment = padded.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us") + pl.duration(
        microseconds=fraction
    )
    moments = texts.set(~written, None).to_frame("text").select(moment=moment).to_series()
    written &= moments.is_not_null()
    return _fill_rest(_kept(_microseconds(moments) / 1e6, column), series, written, column)


def _fill_rest(values: Floats, series: pl.Series, done: pl.Series, column: Column) -> Floats:
    left = ~done & series.is_not_null()
    if left.any():
        codes, raw = _distinct(series.filter(left))
        read = _typed_values([read_value(value, column) for value in raw], codes, column)
        values[left.to_numpy()] = read  # type: ignore[assignment]  # a float column reads as floats
    return values


_FAST_TEXT: dict[str, Callable[[pl.Series, Column], Floats | None]] = {
    "number": _fast_numbers,
    "integer": _fast_numbers,
    "datetime": _fast_times,
}
