"""The one reader of raw values."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from numbers import Real

from mlwright.schema import Column
from mlwright.values.durations import parse_duration, to_microseconds
from mlwright.values.numbers import parse_number
from mlwright.values.text import as_text, is_missing, is_null, plain, strip, well_formed
from mlwright.values.times import EPOCHS, moment_seconds, parse_datetime

_BOOLEANS: dict[str, bool] = {
    **dict.fromkeys(("yes", "y", "true", "t", "on", "1", "1.0"), True),
    **dict.fromkeys(("no", "n", "false", "f", "off", "0", "0.0", "-0", "-0.0"), False),
}
_CANONICAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")


def parse_boolean(text: str) -> bool | None:
    """Return the truth that a text writes, or None.

    >>> parse_boolean("Yes"), parse_boolean("0"), parse_boolean("male")
    (True, False, None)
    """
    return _BOOLEANS.get(text.casefold()) if len(text) <= 5 else None


def canonical_number(text: str) -> str:
    """Return a text that writes a plain number in its one form: "1.0" as "1"; "01" and all others stay as they are."""
    match = _CANONICAL.fullmatch(text)
    if match is None:
        return text
    fraction = (match[3] or "").rstrip("0")
    number = match[2] + (f".{fraction}" if fraction else "")
    return number if number == "0" else match[1] + number


def read_value(raw: object, column: Column) -> float | str | None:
    """Read a raw value as the column has it: a float, a text, or None where it is missing or cannot be read.

    Infinite numbers are missing: no model is ever shown one.

    >>> read_value(" 1,234.50 ", Column(name="price", kind="number"))
    1234.5
    >>> read_value("YES", Column(name="active", kind="boolean"))
    1.0
    >>> read_value(1.0, Column(name="code", kind="category")), read_value("abc", Column(name="age", kind="integer"))
    ('1', None)
    """
    if isinstance(raw, str):
        text = strip(well_formed(str(raw)))
        if _is_missing(text, column):
            return None
        value: object = text
    elif is_null(raw):
        return None
    else:
        value = plain(raw)
        if isinstance(value, str) and _is_missing(value, column):
            return None
    if not column.is_float:
        return _read_text(value, column)
    number = _READERS[column.kind](value, column)
    if number is None or not isfinite(number) or number in column.missing_numbers:
        return None
    return number


KEPT = 1024
SHORT = 64
"""Of each column, so many readings of so short texts are kept: the same ones come again and again."""
_WIDE = 1 << 62


def reader(column: Column) -> Callable[[object], float | str | None]:
    """Return `read_value` for one column, made quick for what is common: plain numbers, and what came before.

    >>> read = reader(Column(name="age", kind="integer", missing_numbers=(-9.0,)))
    >>> read(41.0), read("41"), read(-9)
    (41.0, 41.0, None)
    """
    is_number, gone = column.kind in {"number", "integer", "duration"}, frozenset(column.missing_numbers)
    # By type, for 1 and True are the same key; a float of a float column may be -0.0, which is the same key as 0.0.
    kept: dict[type, dict[object, float | str | None]] = {str: {}, int: {}, bool: {}}
    if not column.is_float:
        kept[float] = {}

    def read(raw: object) -> float | str | None:
        if raw is None:
            return None
        kind = type(raw)
        if is_number and (kind is float or (kind is int and -_WIDE < raw < _WIDE)):  # type: ignore[operator]
            number = float(raw)  # type: ignore[arg-type]
            return None if number - number != 0.0 or number in gone else number
        known = kept.get(kind)
        if known is None or (kind is str and len(raw) > SHORT):  # type: ignore[arg-type]
            return read_value(raw, column)
        try:
            return known[raw]
        except KeyError:
            if len(known) >= KEPT:
                known.clear()
            value = known[raw] = read_value(raw, column)
            return value

    return read


def _is_missing(text: str, column: Column) -> bool:
    return is_missing(text, column.missing_tokens) and text.casefold() not in column.level_tokens


def _read_text(value: object, column: Column) -> str | None:
    text = as_text(value)
    if text is None or _is_missing(text, column):
        return None
    return canonical_number(text) if column.numeric_text else text


def _as_float(value: object) -> float | None:
    if isinstance(value, (Real, Decimal)):
        try:
            return float(value)
        except (OverflowError, ValueError):
            return None
    return None


def _read_number(value: object, column: Column) -> float | None:
    if isinstance(value, str):
        return parse_number(value, column.decimal, column.units)
    return _as_float(value)


def _read_boolean(value: object, column: Column) -> float | None:  # noqa: ARG001  one signature for all readers
    if isinstance(value, str):
        truth = parse_boolean(value)
        return None if truth is None else float(truth)
    number = _as_float(value)
    return number if number in {0.0, 1.0} else None


def _read_datetime(value: object, column: Column) -> float | None:
    if isinstance(value, date):
        return moment_seconds(value)
    scale = EPOCHS.get(column.datetime_format or "")
    if scale is not None and not isinstance(value, str):
        number = _as_float(value)
        return None if number is None else number / scale
    if isinstance(value, (time, timedelta, bool)):
        return None
    text = as_text(value)
    return None if text is None else parse_datetime(text, column.datetime_format)


def _read_duration(value: object, column: Column) -> float | None:
    if isinstance(value, timedelta):
        return float(to_microseconds(value)) / 1e6
    if isinstance(value, datetime):
        return None
    if isinstance(value, time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return float(seconds * 1_000_000 + value.microsecond) / 1e6
    if isinstance(value, str):
        seconds_or_none = parse_duration(value)
        return parse_number(value, column.decimal) if seconds_or_none is None else seconds_or_none
    return _as_float(value)


_READERS: dict[str, Callable[[object, Column], float | None]] = {
    "number": _read_number,
    "integer": _read_number,
    "boolean": _read_boolean,
    "datetime": _read_datetime,
    "duration": _read_duration,
}
