"""Rows from outside become typed values, and whatever is odd about them is told: by row, column, value and nearest one.

A typed value is what `values.reader` makes of a raw one, the same as in a batch. The checks look at both: a raw value
that says something but reads as missing is unreadable; a text that the model never learned from is a new category,
unless the model takes it for one that it knows. `true` in a column of numbers is read as 1 and is odd all the same:
whoever sends it has mixed up two columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from unicodedata import normalize

import msgspec

from mlwright.errors import nearest
from mlwright.features.levels import Levels
from mlwright.learn.ensemble import Values
from mlwright.schema import QUANTILES, Column
from mlwright.serve.policy import Policy, Treatment
from mlwright.serve.problems import MOST_ERRORS, RowError
from mlwright.serve.written import Written, as_written
from mlwright.values import plain, read_value, reader
from mlwright.values.text import is_missing, is_null, strip, well_formed

Raw = Mapping[str, Any]
SHOWN = 80
"""So many letters of a value are repeated to whoever sent it."""
KEPT = 256
"""So many odd values of each column are remembered, with what is said of them."""
MOST_SEARCHES = 500
"""For so many odd values of one request the nearest category is looked for; a search takes longer than an answer."""
MOST_AMONG = 200
"""A row with so many columns that nobody asked for is not looked through for one that was meant."""
LISTED = 5
"""So many categories are named where none is near."""
MIDDLE = QUANTILES.index(0.5)


class Flag(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is worth knowing of how a row was taken or answered."""

    kind: str
    message: str
    column: str | None = None
    value: Any = None
    nearest: str | None = None
    replaced_by: Any = None


class Rows(msgspec.Struct):
    """Rows as the model reads them, with their flags; and what is wrong, in which case they are not answered."""

    typed: list[Values]
    flags: list[list[Flag]]
    errors: list[RowError]
    odd: int = 0
    """How many values were odd."""


class Checker:
    """Reads and checks rows of one model, under one policy.

    `exact`: columns of which something in the model tells "Gold" from "GOLD"; in all others they are one category.
    """

    def __init__(self, columns: Sequence[Column], policy: Policy, *, exact: Collection[str] = ()) -> None:
        self.columns = tuple(columns)
        self._steps = [(column.name, reader(column), *_bounds(column)) for column in columns]
        self._odd = {column.name: _Oddness(column, policy, is_exact=column.name in exact) for column in columns}

    def read(self, rows: Sequence[Raw]) -> Rows:
        """Return the typed rows, their flags and all errors."""
        found = Rows([], [], [])
        for place, row in enumerate(rows):
            self._read_row(place, row, found)
        return found

    def _read_row(self, place: int, row: Raw, found: Rows) -> None:
        typed: dict[str, float | str | None] = {}
        flags: list[Flag] = []
        for name, read, low, high, known, gap, lax in self._steps:
            try:
                raw = row[name]
            except KeyError:
                found.errors.append(_absent(place, name, self._unasked(row) if len(found.errors) < MOST_ERRORS else ()))
                continue
            value = read(raw)
            if value is None:
                fits = gap and raw is None
            elif known is None:
                fits = low <= value <= high and (lax or type(raw) is not bool)  # type: ignore[operator]
            else:
                fits = value in known
            if not fits:
                value = self._odd[name].judge(place, raw, value, flags, found)
            typed[name] = value
        found.typed.append(typed)
        found.flags.append(flags)

    def fault_of_default(self, name: str) -> tuple[str, str | None] | None:
        """Return what is wrong with the value that the policy puts in a column, and the nearest right one; or None."""
        odd = self._odd[name]
        kind = odd.kind(odd.default, odd.typed_default)
        return None if kind is None else _SAID[kind](odd.column, odd.default, odd.typed_default)

    def _unasked(self, row: Raw) -> Sequence[str]:
        """Return the names of a row that no column has: by one of them, an absent column may be meant."""
        if len(row) > MOST_AMONG + len(self.columns):
            return ()
        return [name for name in row if name not in self._odd and len(name) <= SHOWN]


def _bounds(column: Column) -> tuple[float | str, float | str, frozenset[str] | None, bool, bool]:
    """Return the least and largest value or the known categories; whether a gap, and whether a truth is nothing odd."""
    gap = column.missing_share > 0
    if column.is_float:
        low = float("-inf") if column.low is None else column.low
        high = float("inf") if column.high is None or column.kind == "datetime" else column.high  # time goes on
        return low, high, None, gap, column.kind == "boolean"
    known = _known(column)
    if known is not None:
        return "", "", frozenset(known), gap, True
    return "", chr(0x10FFFF) * 2, None, gap, True


class _Oddness:
    """What is said of one column's odd values, and what is done with them."""

    def __init__(self, column: Column, policy: Policy, *, is_exact: bool) -> None:
        self.column = column
        known = _known(column)
        self._levels = None if known is None else Levels.of(known, other=True, missing=True)
        self._is_exact = is_exact
        own = policy.columns.get(column.name)
        self.treatments: dict[str, Treatment] = {
            kind: policy.of(column.name, kind) for kind in ("unknown_category", "missing", "out_of_range", "unreadable")
        }
        self.default = usual_value(column) if own is None or own.default is None else own.default
        self.typed_default = reader(column)(self.default)
        self._said = lru_cache(KEPT, typed=True)(lambda kind, raw, value: _SAID[kind](column, raw, value))
        """What is said of a value; to look for the nearest category of many takes longer than the answer itself."""

    def judge(
        self, row: int, raw: object, value: float | str | None, flags: list[Flag], found: Rows
    ) -> float | str | None:
        """Return the value that the model is shown, after saying what is odd about it."""
        kind = self.kind(raw, value)
        if kind is None:
            return value
        found.odd += 1
        message, near = self._say(kind, raw, value, found.odd)
        treatment = self.treatments[kind]
        shown = _shown(raw)
        if treatment == "refuse":
            found.errors.append(RowError(message, kind, row, self.column.name, shown, near))
            return value
        if treatment == "default":
            flags.append(Flag(kind, message, self.column.name, shown, near, self.default))
            return self.typed_default
        flags.append(Flag(kind, message, self.column.name, shown, near))
        return value

    def _say(self, kind: str, raw: object, value: float | str | None, odd: int) -> tuple[str, str | None]:
        is_long = isinstance(raw, str | bytes) and len(raw) > SHOWN
        if kind == "unknown_category" and (is_long or odd > MOST_SEARCHES):
            return _new_category(self.column, raw, value, ())
        return _SAID[kind](self.column, raw, value) if is_long else self._said(kind, raw, value)

    def kind(self, raw: object, value: float | str | None) -> str | None:
        """Return what is odd about a value; None where nothing is."""
        if isinstance(value, str):
            return None if self._is_known(value) else "unknown_category"
        low, high, _, _, lax = _bounds(self.column)
        if isinstance(raw, bool) and not lax:
            return "unreadable"
        if value is not None:
            return None if low <= value <= high else "out_of_range"  # type: ignore[operator]
        if not _says_nothing(raw, self.column):
            return "unreadable"
        return "missing" if self.column.missing_share <= 0 else None

    def _is_known(self, value: str) -> bool:
        """Tell whether the model takes a text for one of its categories, as its encoders do."""
        if self._levels is None:
            return True
        return value in self._levels.positions or (
            not self._is_exact and self._levels.place(value) < len(self._levels.kept)
        )


def _known(column: Column) -> tuple[str, ...] | None:
    """Return all categories of a column; None where it has none, or not all of them are kept."""
    if column.is_float or column.categories is None or column.distinct > len(column.categories):
        return None
    return column.categories


def _says_nothing(raw: object, column: Column) -> bool:
    """Tell whether a raw value means "missing", rather than something that cannot be read."""
    if is_null(raw):
        return True
    value = plain(raw)
    if isinstance(value, str) and is_missing(strip(well_formed(value)), column.missing_tokens):
        return True
    if not column.missing_numbers:
        return False
    return read_value(raw, replace(column, missing_numbers=())) in column.missing_numbers


def usual_value(column: Column) -> Written:
    """Return a usual value of a column, as it is written there: its middle one, or its commonest category."""
    if column.is_float and column.quantiles:
        return as_written(column.quantiles[MIDDLE], column)
    return column.categories[0] if column.categories else None


def _absent(place: int, name: str, unasked: Sequence[str]) -> RowError:
    near = nearest(name, unasked)
    hint = f" Did you mean it by {near!r}?" if near else ""
    return RowError(
        f"The column {name!r} is not in the row; where its value is not known, send null.{hint}",
        "absent",
        place,
        name,
        None,
        near,
    )


def _shown(raw: object) -> object:
    if isinstance(raw, str):
        return raw if len(raw) <= SHOWN else raw[:SHOWN] + "…"
    return (
        raw
        if raw is None or isinstance(raw, bool | float) or (isinstance(raw, int) and abs(raw) < 1 << 53)
        else str(raw)[:SHOWN]
    )


def _told(raw: object) -> str:
    """Return a value as a sentence repeats it; truths as JSON writes them."""
    return str(raw).lower() if isinstance(raw, bool) else repr(_shown(raw))


def _new_category(
    column: Column, raw: object, value: float | str | None, among: Sequence[str] | None = None
) -> tuple[str, str | None]:
    known = column.categories or ()
    near = nearest(str(raw), known if among is None else among)
    if near is None:
        more = max(column.distinct, len(known)) - LISTED
        hint = f"it knows {', '.join(map(repr, known[:LISTED]))}{f' and {more:,} more' if more > 0 else ''}."
    elif normalize("NFKC", near).casefold() == normalize("NFKC", str(value)).casefold():
        hint = f"did you mean {near!r}? It looks the same and is written with other signs (Unicode)."
    else:
        hint = f"did you mean {near!r}?"
    return f"The model has never seen {_told(raw)} in {column.name!r}; {hint}", near


def _out_of_range(column: Column, raw: object, value: float | str | None) -> tuple[str, str | None]:
    low, high = (_end(end, column) for end in (column.low, column.high))
    is_low = isinstance(value, float) and column.low is not None and value < column.low
    return f"{_told(raw)} in {column.name!r} is outside what the model learned from, {low} to {high}.", (
        low if is_low else high
    )


def _end(value: float | None, column: Column) -> str:
    told = as_written(value, column)
    return str(told).lower() if isinstance(told, bool) else str(told)


def _gap(column: Column, _: object, __: object) -> tuple[str, str | None]:
    return f"{column.name!r} is missing; it never was when the model learned.", None


def _unreadable(column: Column, raw: object, value: float | str | None) -> tuple[str, str | None]:
    words = KIND_WORDS[column.kind]
    if value is not None:
        return f"{_told(raw)} in {column.name!r} is yes or no, and not {words}.", None
    usual = usual_value(column) if column.kind == "datetime" else None
    example = "" if usual is None else f"; it is written as {usual!r} here"
    return f"{_told(raw)} in {column.name!r} cannot be read as {words}{example}.", None


KIND_WORDS: Mapping[str, str] = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "yes or no",
    "category": "a category",
    "text": "a text",
    "datetime": "a date or time",
    "duration": "a duration",
    "id": "an identifier",
    "constant": "a text",
}
_SAID: Mapping[str, Callable[[Column, object, float | str | None], tuple[str, str | None]]] = {
    "unknown_category": _new_category,
    "out_of_range": _out_of_range,
    "missing": _gap,
    "unreadable": _unreadable,
}
