"""A typed number as people write it: dates as dates, durations with their unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlwright.schema import Column

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(value: float, column: Column) -> str:
    """Return a value of a column that is floats, for a message.

    >>> written(86400.0, Column(name="day", kind="datetime")), written(1234567.0, Column(name="n", kind="integer"))
    ('1970-01-02', '1234567')
    >>> written(0.1234567, Column(name="x", kind="number"))
    '0.123457'
    """
    if column.kind == "datetime":
        return moment(value)
    if column.kind == "duration":
        return _duration(value)
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def moment(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601: the day alone where it is midnight.

    >>> moment(90000.0), moment(-1e20)
    ('1970-01-02T01:00:00', 'before the year 1')
    """
    try:
        at = EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return "before the year 1" if seconds < 0 else "after the year 9999"
    return at.date().isoformat() if not seconds % 86400 else at.replace(tzinfo=None).isoformat()


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} s"
