"""What may stand in a contract's file: each field with what it can be, and how it is read. One list for all readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

import polars as pl

from mlwright.clean.contract.patterns import LARGEST, MOST_LETTERS, expanded_size
from mlwright.errors import nearest
from mlwright.schema import KINDS, MOST_ROWS
from mlwright.values import parse_datetime, parse_duration
from mlwright.values.text import well_formed
from mlwright.values.times import EPOCHS, match_datetime, moment_seconds

DIRECTIVES = "YymdbBaAHIMSfpz"
"""What may stand behind a % in a format of dates."""


class NotOne(Exception):  # noqa: N818  not an error: what reads the file makes one of it, with the place
    """The value is none that the field can have; holds what it has to be, and perhaps the one that was meant."""

    def __init__(self, wanted: str, meant: str | None = None) -> None:
        super().__init__(wanted)
        self.meant = meant


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a contract: how its value is read, and what it means, in one line."""

    read: Callable[[Any], Any]
    meaning: str


def share(value: object) -> float:
    """Return a share, written as 0.05 or "5 %"."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*", value)):
        value = float(match[1]) / 100
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise NotOne('a share between 0 and 1, such as 0.05, or a text such as "5 %"')
    return float(value)


def number(value: object) -> float | None:
    """Return a number that a column can hold; None where it is none, or too large for one.

    >>> number(3), number(10**400), number(True)
    (3.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def width(value: object) -> float:
    """Return how many times the width of a range, which may be more than once."""
    found = number(value)
    if found is None or found < 0:
        raise NotOne("a number of at least 0, such as 0.1 for a tenth of the width between low and high")
    return found


def truth(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise NotOne("true or false, without quotes")
    return value


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str) or not value:
        raise NotOne("a text in quotes")
    return well_formed(value)


def count(value: object) -> int:
    """Return a number of rows."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_ROWS:
        raise NotOne(f"a whole number from 0 to {MOST_ROWS:,}")
    return value


def one_of(*names: str) -> Callable[[object], str]:
    """Return a reader of one of these texts."""

    def read(value: object) -> str:
        if value not in names:
            word = value if isinstance(value, str) else ""
            meant = OTHER_NAMES.get(word.casefold()) or nearest(word, names)
            raise NotOne(f"one of {', '.join(map(repr, names))}", meant if meant in names else None)
        return str(value)

    return read


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts; numbers in it count as their texts, because categories may be written so."""
    from mlwright.values import as_text

    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise NotOne('a list, such as ["a", "b"]')
    found = [as_text(each) for each in value if isinstance(each, (str, bool)) or number(each) is not None]
    if len(found) != len(value) or not found or not all(found):
        raise NotOne("a list of one text or number at least, none of them empty")
    return tuple(dict.fromkeys(str(each) for each in found))


def names(value: object) -> tuple[str, ...]:
    """Return a list of names of columns; a single name need not be in a list."""
    return texts([value] if isinstance(value, str) else value)


def tokens(value: object) -> tuple[str | float, ...]:
    """Return texts and numbers that mean "missing"."""
    given = value if isinstance(value, (list, tuple)) else [None]
    found = [well_formed(each) if isinstance(each, str) else number(each) for each in given]
    known = tuple(each for each in found if each is not None)
    if len(known) < len(found):
        raise NotOne('a list of texts and numbers, such as ["k.A.", -999]')
    return known


def bound(value: object) -> float:
    """Return an end of a range: a number, or a date as seconds since 1970, or a duration as seconds."""
    for read in (number, moment, duration):
        if (found := read(value)) is not None and isfinite(found):
            return found
    raise NotOne('a number, a date such as 2026-01-31, or a duration such as "2 days"')


def moment(value: object) -> float | None:
    """Return a date or time, also as ISO text, as seconds since 1970; None where it is none."""
    if isinstance(value, date):
        return moment_seconds(value)
    return parse_datetime(value.strip()) if isinstance(value, str) else None


_SHORT = {"s": 1.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def duration(value: object) -> float | None:
    """Return the seconds of a text such as "2 days" or "36 h"; None where it is none.

    >>> duration("36 h"), duration("2 days"), duration("soon")
    (129600.0, 172800.0, None)
    """
    if not isinstance(value, str):
        return None
    if match := re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([shdw])\s*", value, re.IGNORECASE):
        return float(match[1]) * _SHORT[match[2].lower()]  # alone in a cell these may mean something else; not here
    return parse_duration(value.strip())


def age(value: object) -> float:
    """Return a duration in seconds."""
    seconds = duration(value)
    if seconds is None or not (seconds >= 0 and isfinite(seconds)):
        raise NotOne('a duration such as "2 days" or "36 h"')
    return seconds


def pattern(value: object) -> str:
    """Return a regular expression that the engine knows, which never takes long: it has no look-around."""
    expression = text(value)
    if len(expression) > MOST_LETTERS or expanded_size(expression) > LARGEST:
        raise NotOne(
            f"a regular expression that stands for {LARGEST:,} letters at most, repetitions such as {{2,5}} counted as "
            "often as they may be"
        )
    try:
        pl.Series([""]).str.contains(whole(expression))
    except pl.exceptions.ComputeError as error:
        if "size limit" in str(error):
            raise NotOne("a smaller regular expression, with fewer repetitions or fewer or smaller classes") from None
        raise NotOne(
            "a regular expression that Polars can use (no look-ahead, no back-reference), such as '[A-Z]{2}[0-9]+'"
        ) from None
    return expression


def whole(expression: str) -> str:
    """Return the expression so that it has to match the whole text."""
    return rf"^(?s:(?:{expression}))$"


def date_format(value: object) -> str:
    """Return a format of dates: strptime's, "iso" or an epoch."""
    form = text(value)
    if form != "iso" and form not in EPOCHS and not re.search(r"%[YymdbB]", form):
        raise NotOne(f"a format such as '%d/%m/%Y', 'iso', or one of {', '.join(map(repr, EPOCHS))}")
    for sign in re.findall(r"%(.?)", form, re.DOTALL):
        if not sign or sign not in DIRECTIVES:
            raise NotOne(f"a format with none but {' '.join(f'%{each}' for each in DIRECTIVES)} in it")
    try:
        match_datetime("", form)
    except re.error:  # two of its parts say the same, such as %Y twice, or both %H and %I
        raise NotOne("a format in which each part of a date or time stands once, such as '%d/%m/%Y'") from None
    return form


OTHER_NAMES = {
    "int": "integer", "float": "number", "double": "number", "decimal": "number", "numeric": "number",
    "string": "text", "str": "text", "varchar": "text", "bool": "boolean", "date": "datetime", "time": "datetime",
    "timestamp": "datetime", "enum": "category", "factor": "category", "categorical": "category", "uuid": "id",
    "error": "violation", "fail": "violation", "warning": "notice", "warn": "notice", "ok": "allowed",
    "allow": "allowed", "ignore": "allowed",
}  # fmt: skip
"""What other tools call the same."""
ANSWERS = one_of("violation", "notice", "allowed")

COLUMN_FIELDS: dict[str, Field] = {
    "kind": Field(one_of(*(kind for kind in KINDS if kind != "constant")), "what it holds"),
    "required": Field(truth, "whether it has to be there"),
    "missing": Field(share, "at most this share of the rows may have nothing"),
    "unreadable": Field(share, "at most this share may hold what is not of the kind"),
    "low": Field(bound, "the smallest value"),
    "high": Field(bound, "the largest value"),
    "tolerance": Field(width, "beyond the range by up to this many times its width is a notice only"),
    "outside": Field(share, "at most this share of the rows may lie farther out"),
    "far": Field(width, "beyond the range by this many times its width is a violation even in one row"),
    "categories": Field(texts, "the values there are"),
    "new": Field(ANSWERS, "what any other value is"),
    "new_share": Field(share, "at most this share of the rows may have other values"),
    "unique": Field(truth, "whether each value has to be different"),
    "pattern": Field(pattern, "a regular expression that the whole text has to match"),
    "format": Field(date_format, "how dates are written"),
    "fresh": Field(age, "how old the newest value may be"),
    "decimal": Field(one_of(".", ","), "the sign before the decimals"),
    "units": Field(texts, "units that stand behind the numbers"),
    "missing_values": Field(tokens, 'what means "missing" here'),
}
"""The fields of [columns.NAME], in the order in which they are written."""

TABLE_FIELDS: dict[str, Field] = {
    "fewest_rows": Field(count, "fewer rows are a violation"),
    "most_rows": Field(count, "more rows are a violation"),
    "unknown_columns": Field(ANSWERS, "what a column is that does not stand here"),
    "repeated_rows": Field(share, "at most this share of the rows may repeat an earlier row in all columns"),
    "key": Field(names, "no two rows have the same values in all of these columns"),
    "rules": Field(texts, "comparisons of two columns that hold in every row where both have a value"),
    "allow_chance": Field(truth, "a share may be larger than it says where chance alone explains it"),
}
"""The fields of [table], in the order in which they are written."""
