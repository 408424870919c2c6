"""Points in time as people write them, as seconds since 1970 in UTC."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from mlwright.values.numbers import parse_number

EPOCHS: dict[str, float] = {"epoch_s": 1.0, "epoch_ms": 1e3, "epoch_us": 1e6, "epoch_ns": 1e9}
"""Formats of times that are written as a number, and how many of its units make a second."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})(?:st|nd|rd|th)?",
    "b": rf"(?P<b>{_MONTH})\.?", "B": rf"(?P<b>{_MONTH})", "a": _WEEKDAY, "A": _WEEKDAY, "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{2})", "S": r"(?P<S>\d{2})", "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[ap]\.?m\.?)", "z": r"(?P<z>z|utc|gmt|[+-]\d{2}(?::?\d{2})?)",
}  # fmt: skip
_CLOCK = (
    r"(?:(?:\s*t\s*|[\s,]+(?:at\s+)?)(?P<H>\d{1,2})(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?)?"
    r"\s*(?P<p>[ap]\.?m\.?)?\s*(?P<z>z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?)?"
)
_ISO = r"(?P<Y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})" + _CLOCK
_COMPACT = (
    r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:t(?P<H>\d{2})(?P<M>\d{2})(?:(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?P<z>z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_FLAGS = re.ASCII | re.IGNORECASE


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    if form == "iso":
        return re.compile(_ISO, _FLAGS)
    if form == "%Y%m%d":
        return re.compile(_COMPACT, _FLAGS)
    named = "%b" in form and form.count("%") >= 3  # 12-Jan-2024, "12 Jan 2024" and "12 Jan. 2024" are one format
    parts, used, at = [rf"(?:{_WEEKDAY},?\s+)?"], set[str](), 0
    while at < len(form):
        if form[at] == "%" and form[at + 1 : at + 2] in _DIRECTIVES:
            name = form[at + 1]
            parts.append(_DIRECTIVES[name])
            used.add(name)
            at += 2
            continue
        gap = at
        while at < len(form) and not (form[at] == "%" and form[at + 1 : at + 2] in _DIRECTIVES):
            at += 1
        parts.append(_literal(form[gap:at], loose=named and not used & set("HIM")))
    if not used & set("HIM"):
        parts.append(_CLOCK)
    return re.compile("".join(parts), _FLAGS)


def _literal(text: str, *, loose: bool) -> str:
    if loose and not text.strip(" ,-/."):
        return r"[\s,./-]{1,3}"
    return re.sub(r"(?:\\ )+|\s+", r"\\s+", re.escape(text))


def match_datetime(text: str, form: str) -> float | None:
    """Return the seconds that a text writes in exactly this format, or None."""
    if len(text) > 64:
        return None
    match = _pattern(form).fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    year = int(parts["Y"]) if parts.get("Y") else _century(parts.get("y"))
    month = _MONTHS.index(parts["b"][:3].lower()) + 1 if parts.get("b") else int(parts.get("m") or 1)
    try:
        day = date(year, month, int(parts.get("d") or 1)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    if not parts.get("H"):
        return day * 86400.0
    return _with_clock(day, parts)


def _century(text: str | None) -> int:
    """Return the year of two digits as POSIX has it: 69 is 1969, 68 is 2068."""
    if text is None:
        return 0
    return int(text) + (1900 if int(text) >= 69 else 2000)


def _with_clock(day: int, parts: dict[str, str | None]) -> float | None:
    hour, minute, second = (int(parts.get(name) or 0) for name in "HMS")
    if half := parts.get("p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    micro = int(((parts.get("f") or "") + "000000")[:6])
    seconds = day * 86400 + hour * 3600 + minute * 60 + second - _offset(parts.get("z"))
    return float(seconds * 1_000_000 + micro) / 1e6


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def parse_datetime(text: str, form: str | None = "iso") -> float | None:
    """Return the seconds since 1970 UTC that a text writes, or None.

    `form` is "iso", a strptime format of the date (a time of day may follow it and need not be named), or an epoch. A
    text in ISO 8601 is always read: it has one meaning only. Without a zone, UTC is meant.

    >>> parse_datetime("1970-01-02T01:00:00+01:00"), parse_datetime("2/1/1970", "%d/%m/%Y")
    (86400.0, 86400.0)
    """
    scale = EPOCHS.get(form or "")
    if scale is not None:
        number = parse_number(text)
        if number is not None:
            return number / scale
    elif form is not None and form != "iso":
        value = match_datetime(text, form)
        if value is not None:
            return value
    value = match_datetime(text, "iso")
    return _compact_clock(text) if value is None else value


def _compact_clock(text: str) -> float | None:
    """Read 20240112T101500Z, which is ISO too; eight digits alone are a number unless the column says otherwise."""
    return match_datetime(text, "%Y%m%d") if len(text) > 8 and text[8] in "tT" else None


def moment_seconds(value: date) -> float:
    """Return a date or datetime (without a zone: UTC) as seconds since 1970, to the microsecond."""
    seconds = (value.toordinal() - _EPOCH_DAY) * 86400
    micro = 0
    if isinstance(value, datetime):
        seconds += value.hour * 3600 + value.minute * 60 + value.second
        micro = value.microsecond
        offset = value.utcoffset()
        if offset is not None:
            micro -= (offset.days * 86400 + offset.seconds) * 1_000_000 + offset.microseconds
    return float(seconds * 1_000_000 + micro) / 1e6
