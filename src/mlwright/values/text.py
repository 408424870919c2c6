"""Text: what is missing, and the one way a value is written as text."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from mlwright.values.durations import to_microseconds

OUTER = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + ("\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\x00")
)
"""What does not count at the ends of a text: all white space, zero-width marks, and NUL (padding of old databases)."""

MISSING: frozenset[str] = frozenset(
    {
        "", "?", "??", "???", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "\u2026", "*", "_", "/", "\\n",
        "na", "n/a", "n.a.", "n.a", "n\\a", "#n/a", "#na", "#n/a n/a", "<na>", "(na)", "[na]", "n/d",
        "nan", "-nan", "+nan", "1.#qnan", "-1.#ind", "1.#ind", "-1.#qnan", "nat", "<nat>",
        "none", "<none>", "(none)", "[none]", "null", "(null)", "<null>", "[null]", "nil", "missing", "<missing>",
        "(missing)", "(blank)", "<blank>", "not available", "not applicable",
        "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#error!",
    }
)  # fmt: skip
"""Folded texts that mean "missing" in every column. "unknown" is not one: it is an answer, and may inform."""

_LONGEST = max(map(len, MISSING))
_NULL_TYPES = frozenset({"NAType", "NaTType", "NullType", "MaskedConstant", "UndefinedType"})


def strip(text: str) -> str:
    """Return the text without what does not count at its ends."""
    return text.strip(OUTER)


@lru_cache(maxsize=4096)
def _folded(tokens: tuple[str, ...]) -> frozenset[str]:
    return frozenset(token.casefold() for token in tokens)


def is_missing(text: str, tokens: tuple[str, ...] = ()) -> bool:
    """Tell whether a stripped text means "missing", universally or by the column's own tokens.

    >>> is_missing("N/A"), is_missing("unknown"), is_missing("unknown", ("unknown",))
    (True, False, True)
    """
    if len(text) <= _LONGEST:
        folded = text.casefold()
        return folded in MISSING or (bool(tokens) and folded in _folded(tokens))
    return bool(tokens) and text.casefold() in _folded(tokens)


def is_null(raw: object) -> bool:
    """Tell whether an object is no value: None, NaN, NaT, pandas' NA, a masked NumPy value. Imports no pandas."""
    kind = type(raw)
    if kind is str or kind is int or kind is bool:
        return False
    if raw is None or kind.__name__ in _NULL_TYPES:
        return True
    if isinstance(raw, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(raw))
    if isinstance(raw, (float, np.floating)):
        return bool(raw != raw)  # noqa: PLR0124  the one test that holds for every kind of float
    return isinstance(raw, Decimal) and raw.is_nan()


def well_formed(text: str) -> str:
    """Return the text with pairs of surrogates as the one character that they stand for, and lone ones as U+FFFD.

    JSON and old file names may hold them; neither UTF-8 nor Polars can write one.

    >>> well_formed(chr(0xD83D) + chr(0xDE00) + chr(0xD83D)) == chr(0x1F600) + chr(0xFFFD)
    True
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def plain(raw: object) -> object:
    """Return a NumPy scalar as the Python object that it stands for, bytes as text, anything else as it is."""
    if isinstance(raw, (bytes, bytearray, memoryview)):
        return strip(bytes(raw).decode("utf-8", "backslashreplace"))
    if isinstance(raw, np.datetime64):
        value = raw.astype("datetime64[us]").item()
        return value if isinstance(value, datetime) else None
    if isinstance(raw, np.timedelta64):
        value = raw.astype("timedelta64[us]").item()
        return value if isinstance(value, timedelta) else None
    if isinstance(raw, (np.generic, np.ndarray)):
        return raw.item() if isinstance(raw, np.generic) else raw.tolist()
    return raw


def as_text(raw: object) -> str | None:
    """Return the canonical text of a value, or None where there is none.

    Numbers that are whole lose their point, truths are "true" and "false", times are ISO 8601, lists and dicts JSON.

    >>> as_text(1.0), as_text(True), as_text("  x "), as_text(0.10), as_text(float("nan"))
    ('1', 'true', 'x', '0.1', None)
    """
    if type(raw) is str:
        return strip(well_formed(raw)) or None
    if is_null(raw):
        return None
    return strip(well_formed(_written(plain(raw)))) or None


def _written(value: object) -> str:  # noqa: PLR0911  one line per type
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, (date, time)):
        return _moment_text(value)
    if isinstance(value, timedelta):
        return _written(to_microseconds(value) / 1e6) + "s"
    if isinstance(value, (list, tuple, dict)):
        return json_text(value)
    return _shown(value)


def json_text(value: object) -> str:
    """Return a list or dict as JSON, or as Python writes it where JSON cannot hold it.

    >>> json_text([1, "a", None]), json_text({(1, 2): 3})
    ('[1, "a", null]', '{(1, 2): 3}')
    """
    try:
        return json.dumps(value, ensure_ascii=False, default=as_text)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, a list within itself, huge integers
        return _shown(value)


def _shown(value: object) -> str:
    """Return what Python writes; an integer of thousands of digits, which it does not write, in hexadecimal."""
    try:
        return str(value)
    except (ValueError, RecursionError):
        return hex(value) if isinstance(value, int) else type(value).__name__


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    if abs(value.adjusted()) > 400:  # 1E+999999 is a legal Decimal: never write its zeros out
        return str(value.normalize())
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _moment_text(value: date | time) -> str:
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second or value.microsecond):
        return value.date().isoformat() if value.tzinfo is None else value.isoformat()
    return value.isoformat()
