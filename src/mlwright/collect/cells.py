"""Cells: plain Python values, as JSON, SQL or a list of dicts bring them, to columns of one type each."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

TIMES = (dt.datetime, dt.date, dt.time, dt.timedelta)
INTEGERS = (-(2**63), 2**63 - 1)


def series_of(name: str, values: Sequence[object]) -> pl.Series:
    """Return a column of one type: the values' own where they share one, else their text.

    >>> series_of("a", [1, None, 2.5]).to_list(), series_of("b", [1, "x", True, [1]]).to_list()
    ([1.0, None, 2.5], ['1', 'x', 'true', '[1]'])
    """
    types = set(map(type, values)) - {type(None)}
    plain = list(values) if len(types) <= 1 and types <= {str, int, bool} else [_plain(value) for value in values]
    types = set(map(type, plain)) - {type(None)}
    if types == {int} and not all(INTEGERS[0] <= value <= INTEGERS[1] for value in plain if isinstance(value, int)):
        types = {int, float}
    if len(types) == 1 and types <= set(TIMES):
        return _times(name, plain)
    if types in (dtypes := [{bool}, {int}, {str}, set()]):
        return pl.Series(name, plain, dtype=(pl.Boolean, pl.Int64, pl.String, pl.String)[dtypes.index(types)])
    if types <= {int, float}:
        floats = [float(value) if isinstance(value, int | float) else None for value in plain]
        return pl.Series(name, floats, dtype=pl.Float64)
    return pl.Series(name, [_text(value) for value in plain], dtype=pl.String)


def flat(record: Mapping[object, object], prefix: str = "") -> dict[str, object]:
    """Return nested dicts as one, with dots in the names.

    >>> flat({"a": {"b": 1, "c": {"d": 2}}, "e": [1, 2]})
    {'a.b': 1, 'a.c.d': 2, 'e': [1, 2]}
    """
    result: dict[str, object] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
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
        for name, value in flat(record).items():
            column = columns.setdefault(name, [])
            column.extend([None] * (rows - 1 - len(column)))
            column.append(value)
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return columns


def _plain(value: object) -> object:
    """Return a value as one of the few types that columns are made of; NaN is missing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, bool | int | str):  # also of subclasses: enumerations
        return next(base(value) for base in (bool, int, str) if isinstance(value, base))
    if isinstance(value, float | dt.datetime) and value != value:  # noqa: PLR0124 - NaN and pandas' NaT differ from themselves
        return None
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="backslashreplace")
    return str(value) if isinstance(value, uuid.UUID) else value


def _times(name: str, values: list[object]) -> pl.Series:
    zoned = [isinstance(value, dt.datetime) and value.tzinfo is not None for value in values if value is not None]
    if any(zoned) and all(zoned):
        utc = [value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else None for value in values]
        return pl.Series(name, utc, dtype=pl.Datetime("us", "UTC"))
    if any(zoned):
        return pl.Series(name, [_text(value) for value in values], dtype=pl.String)
    return pl.Series(name, values)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
