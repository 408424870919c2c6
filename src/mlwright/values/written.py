"""The way back: a raw value that is read as a given typed value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlwright.schema import Column
from mlwright.values.times import EPOCHS

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def raw_value(value: float | str | None, column: Column) -> float | str | None:
    """Return what a file could hold for a typed value: `read_value` makes the same of it, and JSON can hold it.

    >>> raw_value(86400.0, Column(name="day", kind="datetime")), raw_value(41.0, Column(name="age", kind="integer"))
    ('1970-01-02T00:00:00', 41)
    >>> raw_value(2.0, Column(name="at", kind="datetime", datetime_format="epoch_ms"))
    2000.0
    """
    if value is None or isinstance(value, str):
        return value
    if value != value:  # noqa: PLR0124  NaN
        return None
    if column.kind == "datetime":
        scale = EPOCHS.get(column.datetime_format or "")
        if scale is not None:
            return value * scale
        try:
            moment = _FIRST + timedelta(microseconds=round(value * 1e6))
        except OverflowError:
            return None
        return moment.replace(tzinfo=None).isoformat()
    return int(value) if column.kind == "integer" and value.is_integer() and abs(value) < 1e15 else value
