"""Names, times, sizes, intervals and axis labels as people read them.

Single numbers are those of evaluate/wording.py, so that the page and its sentences agree, with a real minus sign.
What is not known is a dash. An interval has the decimals of its value: "0.912 (0.897 to 0.926)".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from mlwright.evaluate import wording

UNKNOWN = "–"
MINUS = "−"
GLUE = "\u00a0"
"""A space at which no line breaks."""
SCALES = ((1e12, " tn"), (1e9, " bn"), (1e6, " M"))
BYTE_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
VISIBLE = {"\n": " ⏎ ", "\r": "", "\t": " ⇥ "}


def known(value: object) -> float | None:
    """Return the value as a float, or None where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def fixed(value: object, decimals: int) -> str:
    """Return a number with so many decimals, thousands separators and a real minus sign."""
    number = known(value)
    if number is None:
        return UNKNOWN
    text = f"{number:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
    return text


def number(value: object, *, percent: bool = False) -> str:
    """Return a number with three significant digits, or as a percentage.

    >>> number(0.91234), number(1234567.8), number(12), number(0.9123, percent=True), number(None), number(-0.5)
    ('0.912', '1,234,568', '12', '91.2 %', '–', '−0.500')
    """
    amount = known(value)
    if amount is None:
        return UNKNOWN
    if percent:
        text = wording.percent(amount)
        # One decimal at least, so that the numbers of a column stand under each other.
        return text.replace("-", MINUS) if "." in text or amount in {0, 1} else f"{fixed(100 * amount, 1)} %"
    return fixed(amount, 0) if amount == int(amount) else wording.number(amount).replace("-", MINUS)


def amount(value: object) -> str:
    """Return a number as it would be written by hand: all of a whole number, four digits of another.

    >>> amount(0.42), amount(512.3292), amount(1234.567), amount(1e-9), amount(12345678), amount(None)
    ('0.42', '512.3', '1,235', '1e-09', '12,345,678', '–')
    """
    number = known(value)
    if number is None:
        return UNKNOWN
    if number == int(number) and abs(number) < 2**53:
        return fixed(number, 0)
    text = f"{number:,.0f}" if 1000 <= abs(number) < 1e15 else f"{number:.4g}"
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def share(value: float) -> str:
    """Return a part of a whole as a percentage; what is hardly anything or nearly all is not rounded to it.

    >>> share(0.0), share(0.1234), share(0.00001), share(0.99999), share(1.0)
    ('0 %', '12.3 %', '< 0.1 %', '> 99.9 %', '100 %')
    """
    if 0 < value < 0.0005:
        return "< 0.1 %"
    if 0.9995 < value < 1:
        return "> 99.9 %"
    return f"{fixed(100 * value, 0 if value in {0, 1} else 1)} %"


def interval(value: object, bounds: Sequence[object] | None, *, percent: bool = False, like: object = None) -> str:
    """Return a number with its 95 % interval; with as many decimals as `like` has, where it is given.

    >>> interval(0.912, [0.897, 0.926]), interval(0.912, None), interval(24310.4, [23000, 25870.2])
    ('0.912 (0.897 to 0.926)', '0.912', '24,310 (23,000 to 25,870)')
    >>> interval(0.912, [0.897, 0.926], percent=True), interval(1.0, [0.98, 1.0])
    ('91.2 % (89.7 to 92.6 %)', '1.00 (0.98 to 1.00)')
    """
    ends = [known(bound) for bound in bounds or ()]
    if len(ends) != 2 or None in ends or known(value) is None:
        return number(value, percent=percent)
    if percent:
        low, high = (number(end, percent=True) for end in ends)
        return f"{number(value, percent=True)} ({low.removesuffix(' %')} to {high})"
    if like is None:
        # As many decimals as the value has, but no more than its ends can bear.
        own, *others = (_decimals(wording.number(known(part) or 0.0)) for part in (value, *ends))
        decimals = min(own, max(others)) if known(value) else max(others)
    else:
        decimals = _decimals(wording.number(known(like) or 0.0))
    return f"{fixed(value, decimals)} ({fixed(ends[0], decimals)} to {fixed(ends[1], decimals)})"


def aligned(values: Sequence[object]) -> list[str]:
    """Return numbers with the same decimals, as many as the largest needs.

    >>> aligned([0.0713, 0.0009, None])
    ['0.0713', '0.0009', '–']
    """
    largest = max((abs(amount) for value in values if (amount := known(value)) is not None), default=0.0)
    whole = all(amount == int(amount) for value in values if (amount := known(value)) is not None)
    decimals = 0 if whole else _decimals(wording.number(largest))
    return [fixed(value, decimals) for value in values]


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def difference(parts: Sequence[object], *, percent: bool = False) -> str:
    """Return a difference with its interval; of percentages it is so many points.

    >>> difference([0.0312, 0.0121, 0.0502]), difference([0.031, -0.012, 0.05], percent=True)
    ('+0.0312 (0.0121 to 0.0502)', '+3.1 points (−1.2 to 5.0)')
    """
    value, low, high = (known(part) for part in parts)
    if value is None:
        return UNKNOWN
    sign = "+" if value > 0 else ""
    if percent:
        points = f"{sign}{fixed(100 * value, 1)} points"
        return points if low is None or high is None else f"{points} ({fixed(100 * low, 1)} to {fixed(100 * high, 1)})"
    return sign + interval(value, None if low is None or high is None else [low, high])


def count(value: object) -> str:
    """Return a whole number with thousands separators.

    >>> count(1234567), count(None)
    ('1,234,567', '–')
    """
    return fixed(value, 0)


def counted(value: object, one: str, many: str = "") -> str:
    """Return a whole number with its noun.

    >>> counted(1, "row"), counted(2500, "row"), counted(3, "class", "classes")
    ('1 row', '2,500 rows', '3 classes')
    """
    return f"{count(value)} {one if known(value) == 1 else many or one + 's'}"


def duration(seconds: object) -> str:
    """Return a time span.

    >>> duration(0.034), duration(7.3), duration(62), duration(3725), duration(None)
    ('0.03 s', '7.3 s', '1 min 2 s', '1 h 2 min', '–')
    """
    span = known(seconds)
    if span is None:
        return UNKNOWN
    if span < 60:
        return f"{span:.2f} s" if span < 1 else f"{span:.1f} s"
    minutes, rest = divmod(round(span), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def size(bytes_: object) -> str:
    """Return a size in bytes.

    >>> size(812), size(48_200), size(6_410_000), size(None)
    ('812 B', '48 kB', '6.4 MB', '–')
    """
    amount = known(bytes_)
    if amount is None:
        return UNKNOWN
    for unit, name in BYTE_UNITS:
        if amount >= unit:
            scaled = amount / unit
            return f"{scaled:,.1f} {name}" if scaled < 10 else f"{scaled:,.0f} {name}"
    return f"{amount:.0f} B"


def milliseconds(value: object) -> str:
    """Return a time per row.

    >>> milliseconds(0.4213), milliseconds(12.3)
    ('0.42 ms', '12 ms')
    """
    amount = known(value)
    if amount is None:
        return UNKNOWN
    return f"{amount:.2f} ms" if amount < 10 else f"{amount:,.0f} ms"


def moment(iso: object) -> str:
    """Return an ISO date and time to the minute.

    >>> moment("2026-11-03T09:41:27+00:00"), moment("soon")
    ('2026-11-03 09:41 UTC', 'soon')
    """
    try:
        when = datetime.fromisoformat(str(iso))
    except ValueError:
        return str(iso)
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when:%Y-%m-%d %H:%M}{zone}"


def day(seconds: float) -> str:
    """Return the date of so many seconds since 1970.

    >>> day(0.0)
    '1970-01-01'
    """
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return number(seconds)


def short(value: float) -> str:
    """Return a number for an axis, where space is scarce.

    >>> short(2_500_000), short(45_000), short(0.25), short(-3)
    ('2.5 M', '45,000', '0.25', '−3')
    """
    for scale, name in SCALES:
        if abs(value) >= scale:
            return f"{value / scale:.4g}{name}".replace("-", MINUS)
    if abs(value) >= 1000:
        return fixed(value, 0)
    return f"{value:.4g}".replace("-", MINUS)


def tidy(text: object) -> str:
    r"""Return a text on one line: line breaks become visible, control and direction marks go.

    >>> tidy("a\nb"), tidy(""), tidy("tab\there")
    ('a ⏎ b', '(empty)', 'tab ⇥ here')
    """
    shown = "".join(
        VISIBLE.get(sign, "" if sign in BIDI or unicodedata.category(sign) in {"Cc", "Cs"} else sign)
        for sign in str(text)
    )
    return re.sub(r" {2,}", " ", shown).strip() or "(empty)"


def clipped(text: object, length: int) -> str:
    """Return a text cut to a length, at the end of a word where one is near, with dots where something is missing.

    >>> clipped("total_day_minutes", 10), clipped("the share of rows that are right", 22)
    ('total_day…', 'the share of rows…')
    """
    line = tidy(text)
    if len(line) <= length:
        return line
    kept = line[: length - 1]
    if line[length - 1] != " ":
        kept = kept if kept.rfind(" ") < length / 2 else kept[: kept.rfind(" ")]
    return kept.rstrip(" ,;:") + "…"


def listed(names: Sequence[object], most: int = 8) -> str:
    """Return names in a row, cut after so many.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(clipped(name, 60) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {count(len(names) - most)} more"


def glued(text: object) -> str:
    """Return a text on one line in which a number stays beside its unit, and an interval in one piece.

    >>> glued("9.3 s, 0.912 (0.897 to 0.926)").replace("\u00a0", "_")
    '9.3_s, 0.912 (0.897_to_0.926)'
    """
    line = re.sub(r"(?<=\d) (?=(?:%|ms|s|min|h|kB|MB|GB|M|bn|tn)(?!\w))", GLUE, tidy(text))
    return re.sub(r"\([−\d.,]+ to [−\d.,]+[^)]{0,2}\)", lambda match: match.group().replace(" ", GLUE), line)
