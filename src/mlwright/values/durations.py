"""Durations as people write them: "1:30:00", "2h 30m", "5 days", "PT5M"."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS: dict[str, float] = {}
for _seconds, _names in (
    (1e-9, "ns nanosecond nanoseconds"),
    (1e-6, "us µs μs microsecond microseconds"),
    (1e-3, "ms msec millisecond milliseconds"),
    (1.0, "s sec secs second seconds"),
    (60.0, "m min mins minute minutes"),
    (3600.0, "h hr hrs hour hours"),
    (86400.0, "d day days"),
    (604800.0, "w wk wks week weeks"),
    (2629800.0, "mo mos mth mths month months"),  # a twelfth of 365.25 days
    (31557600.0, "y yr yrs year years"),
):
    _UNITS.update(dict.fromkeys(_names.split(), _seconds))

_ALONE = frozenset(_UNITS) - {"m", "d", "s", "w", "y", "h"}
"""Units that say so alone: "5m" may be metres or millions, and "5 d" a code."""

_CLOCK = re.compile(
    r"(?P<sign>[+-])?(?:(?P<days>\d{1,6})\s*d(?:ays?)?,?\s+)?(?P<h>\d{1,6}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:[.,](?P<f>\d{1,9}))?)?",
    re.ASCII | re.IGNORECASE,
)
_PART = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_ISO = re.compile(
    rf"([+-])?P(?=.)(?:{_PART}Y)?(?:{_PART}M)?(?:{_PART}W)?(?:{_PART}D)?(?:T(?=.)(?:{_PART}H)?(?:{_PART}M)?(?:{_PART}S)?)?",
    re.ASCII,
)
_ISO_SECONDS = (_UNITS["y"], _UNITS["mo"], _UNITS["w"], _UNITS["d"], 3600.0, 60.0, 1.0)
_WORD = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*([a-zµμ]{1,12})\.?(?:\s*,\s*|\s+and\s+|\s*)", re.IGNORECASE)


def to_microseconds(value: timedelta) -> int:
    """Return a timedelta in whole microseconds."""
    return (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds


def parse_duration(text: str) -> float | None:
    """Return the seconds that a text writes, or None where it writes no duration. "1:30" is hours and minutes.

    >>> parse_duration("1:30:00"), parse_duration("2h 30m"), parse_duration("5 days"), parse_duration("PT5M")
    (5400.0, 9000.0, 432000.0, 300.0)
    """
    if len(text) > 64:
        return None
    if match := _CLOCK.fullmatch(text):
        seconds = int(match["days"] or 0) * 86400 + int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"] or 0)
        micro = int(((match["f"] or "") + "000000")[:6])
        value = (seconds * 1_000_000 + micro) / 1e6
        return -value if match["sign"] == "-" else value
    if match := _ISO.fullmatch(text):
        parts = match.groups()
        value = sum(
            float(part.replace(",", ".")) * unit for part, unit in zip(parts[1:], _ISO_SECONDS, strict=True) if part
        )
        return -value if parts[0] == "-" else value
    return _words(text)


def _words(text: str) -> float | None:
    negative = text.startswith("-")
    at, total, units = int(negative), 0.0, list[str]()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None or (unit := match[2].casefold()) not in _UNITS:
            return None
        total += float(match[1]) * _UNITS[unit]
        units.append(unit)
        at = match.end()
    if not units or (len(units) == 1 and units[0] not in _ALONE) or len(set(units)) < len(units):
        return None
    return -total if negative else total
