"""Values in the writing of their column: what a service shows of a typed value can be sent back to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlwright.schema import Column
from mlwright.values import raw_value, read_value
from mlwright.values.times import EPOCHS

Written = float | str | bool | None
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = "T00:00:00"


def as_written(value: float | str | None, column: Column) -> Written:
    """Return a typed value as JSON holds it and people write it in this column; it is read as the same value.

    >>> as_written(1.0, Column(name="active", kind="boolean")), as_written(0.0, Column(name="day", kind="datetime"))
    (True, '1970-01-01')
    >>> as_written(0.0, Column(name="day", kind="datetime", datetime_format="%d.%m.%Y"))
    '01.01.1970'
    """
    if column.kind == "boolean" and isinstance(value, float) and value in {0.0, 1.0}:
        return value == 1.0
    raw = raw_value(value, column)
    if column.kind == "datetime" and isinstance(raw, str) and isinstance(value, float):
        own = _in_its_format(value, column.datetime_format or "")
        for text in (own, raw.removesuffix(_MIDNIGHT)):
            if text and read_value(text, column) == value:
                return text
    return raw


def _in_its_format(value: float, form: str) -> str:
    """Return a time in a column's strptime format; "" where it has none."""
    if "%" not in form or form in EPOCHS:
        return ""
    try:
        return (_FIRST + timedelta(microseconds=round(value * 1e6))).strftime(form)
    except (OverflowError, ValueError):
        return ""


def example_of(raw: object, typed: float | str | None, column: Column) -> object:
    """Return what an example shows for a raw value of a table: numbers as numbers, truths as truths, texts as they are.

    A table of texts holds "2,041.6" and "false"; what is shown instead is read the same.
    """
    if typed is None or (column.kind == "datetime" and isinstance(raw, str)):
        return raw if typed is not None else None
    told = as_written(typed, column)
    return told if read_value(told, column) == typed else raw
