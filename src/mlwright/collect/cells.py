"""Cells: plain Python values, as JSON, SQL or a list of dicts bring them, to columns of one type each."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real

import polars as pl

from mlwright.columns import column_name
from mlwright.errors import SourceError
from mlwright.values import as_text, is_null, plain, well_formed

TIMES = (dt.datetime, dt.date, dt.time, dt.timedelta)
COMMON = frozenset({type(None), str, int, bool})
INTEGERS = (-(2**63), 2**63 - 1)
EPOCH = dt.date(1970, 1, 1).toordinal()
FIRST_DAY, LAST_DAY = dt.date.min.toordinal() - EPOCH, dt.date.max.toordinal() - EPOCH
DAYS_IN = {"d": 1, "ms": 86_400_000, "us": 86_400_000_000}
"""How many of a column's units a day has."""


def series_of(name: str, values: Sequence[object]) -> pl.Series:
    """Return a column of one type: the values' own where they share one, else their text.

    >>> series_of("a", [1, None, 2.5]).to_list(), series_of("b", [1, "x", True, [1]]).to_list()
    ([1.0, None, 2.5], ['1', 'x', 'true', '[1]'])
    """
    types = set(map(type, values)) - {type(None)}
    same = len(types) <= 1 and types <= {str, int, bool}
    simple = list(values) if same else [_simple(value) for value in values]
    types = set(map(type, simple)) - {type(None)}
    if len(types) == 1 and types <= set(TIMES):
        return _times(name, simple)
    if types == {int} and not all(INTEGERS[0] <= value <= INTEGERS[1] for value in simple if isinstance(value, int)):
        return texts(name, [_text(value) for value in simple])  # as a float, one long number is like the next
    if types in ({bool}, {int}):
        return pl.Series(name, simple, dtype=pl.Boolean if bool in types else pl.Int64)
    if types and types <= {int, float}:
        floats = [_float(value) if isinstance(value, int | float) else None for value in simple]
        return pl.Series(name, floats, dtype=pl.Float64)
    return texts(name, simple if types <= {str} else [_text(value) for value in simple])


def texts(name: str, values: Sequence[object]) -> pl.Series:
    """Return a column of text; what is no text, such as half of a pair of surrogates, is made one."""
    try:
        return pl.Series(name, values, dtype=pl.String)
    except UnicodeEncodeError:
        whole = [None if value is None else well_formed(str(value)) for value in values]
        return pl.Series(name, whole, dtype=pl.String)


def in_calendar(series: pl.Series) -> pl.Series:
    """Return dates and times without those beyond the years 1 to 9999, which Python has not: they are missing."""
    if not isinstance(series.dtype, pl.Date | pl.Datetime) or getattr(series.dtype, "time_unit", "us") == "ns":
        return series  # 64 bits of nanoseconds end in 2262
    day = DAYS_IN[getattr(series.dtype, "time_unit", "d")]
    physical = series.to_physical()
    beyond = ((physical < FIRST_DAY * day) | (physical > LAST_DAY * day + day - 1)).fill_null(value=False)
    return series.set(beyond, None) if beyond.any() else series


def flat(record: Mapping[object, object], prefix: str = "") -> dict[str, object]:
    """Return nested dicts as one, with dots in the names.

    >>> flat({"a": {"b": 1, "c": {"d": 2}}, "e": [1, 2]})
    {'a.b': 1, 'a.c.d': 2, 'e': [1, 2]}
    """
    result: dict[str, object] = {}
    for key, value in record.items():
        name = f"{prefix}{column_name(key)}"
        if isinstance(value, Mapping) and value:
            result.update(flat(value, f"{name}."))
        else:
            result[name] = value
    return result


def columns_of(records: Iterable[Mapping[object, object]]) -> dict[str, list[object]]:
    """Return records as columns, in the order in which names first appear; what a record lacks is None."""
    columns: dict[str, list[object]] = {}
    rows = 0
    for rows, record in enumerate(records, 1):
        try:
            pieces = flat(record)
        except RecursionError as error:
            raise SourceError("The values are nested too deeply.", where=f"row {rows - 1}") from error
        for name, value in pieces.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (rows - 1 - len(column)))
            column.append(value)
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return columns


def _simple(value: object) -> object:
    """Return a value as one of the few types that columns are made of; NaN is missing."""
    kind = type(value)
    if kind in COMMON or (kind is float and value == value):  # noqa: PLR0124  not NaN
        return value
    value = plain(value)
    if is_null(value):
        return None
    if isinstance(value, bool | int | str):  # also of subclasses: enumerations
        return next(base(value) for base in (bool, int, str) if isinstance(value, base))
    if isinstance(value, Real | Decimal):
        return _float(value)
    if isinstance(value, dt.datetime | dt.timedelta):
        return _time(value)
    return str(value) if isinstance(value, uuid.UUID) else value


def _float(value: Real | Decimal | float) -> float | None:
    """Return a number as a float, or None where it is beyond all floats: what is infinite counts as missing."""
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def _time(value: dt.datetime | dt.timedelta) -> dt.datetime | dt.timedelta | str:
    """Return pandas' own kinds, which have nanoseconds, as Python's, or as text where Python has no such time."""
    try:
        if isinstance(value, dt.timedelta):
            return dt.timedelta(value.days, value.seconds, value.microseconds)
        return dt.datetime.combine(dt.date(value.year, value.month, value.day), value.timetz())
    except (ValueError, OverflowError):
        return str(value)


def _times(name: str, values: list[object]) -> pl.Series:
    zoned = [
        isinstance(value, dt.datetime | dt.time) and value.tzinfo is not None for value in values if value is not None
    ]
    if not any(zoned):
        return pl.Series(name, values)
    moments = [value for value in values if isinstance(value, dt.datetime)]
    if all(zoned) and len(moments) == len(zoned):
        try:
            utc = [value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else None for value in values]
        except OverflowError:  # the first or the last hours of Python's calendar
            return texts(name, [_text(value) for value in values])
        return pl.Series(name, utc, dtype=pl.Datetime("us", "UTC"))
    return texts(name, [_text(value) for value in values])


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.timedelta):  # Python writes five seconds ago as a day ago and 23:59:55
        return f"-{-value}" if value.days < 0 else str(value)
    return as_text(dict(value) if isinstance(value, Mapping) else value)
