"""Rows from outside become typed values, and whatever is odd about them is told: by row, column, value and nearest one.

A typed value is what `values.reader` makes of a raw one, the same as in a batch. The checks look at both: a raw value
that says something but reads as missing is unreadable; a text that the model never learned from is a new category.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from mlwright.errors import nearest
from mlwright.learn.ensemble import Values
from mlwright.schema import QUANTILES, Column
from mlwright.serve.policy import Policy, Treatment
from mlwright.serve.problems import MOST_ERRORS, RowError
from mlwright.values import raw_value, reader
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
    """Reads and checks rows of one model, under one policy."""

    def __init__(self, columns: Sequence[Column], policy: Policy) -> None:
        self.columns = tuple(columns)
        self._steps = [(column.name, reader(column), *_bounds(column)) for column in columns]
        self._odd = {column.name: _Oddness(column, policy) for column in columns}

    def read(self, rows: Sequence[Raw]) -> Rows:
        """Return the typed rows, their flags and all errors."""
        found = Rows([], [], [])
        for place, row in enumerate(rows):
            self._read_row(place, row, found)
        return found

    def _read_row(self, place: int, row: Raw, found: Rows) -> None:
        typed: dict[str, float | str | None] = {}
        flags: list[Flag] = []
        for name, read, low, high, known, gap in self._steps:
            try:
                raw = row[name]
            except KeyError:
                found.errors.append(_absent(place, name, self._unasked(row) if len(found.errors) < MOST_ERRORS else ()))
                continue
            value = read(raw)
            if value is None:
                fits = gap and raw is None
            elif known is None:
                fits = low <= value <= high  # type: ignore[operator]
            else:
                fits = value in known
            if not fits:
                value = self._odd[name].judge(place, raw, value, flags, found)
            typed[name] = value
        found.typed.append(typed)
        found.flags.append(flags)

    def _unasked(self, row: Raw) -> Sequence[str]:
        """Return the names of a row that no column has: by one of them, an absent column may be meant."""
        if len(row) > MOST_AMONG + len(self.columns):
            return ()
        return [name for name in row if name not in self._odd and len(name) <= SHOWN]


def _bounds(column: Column) -> tuple[float | str, float | str, frozenset[str] | None, bool]:
    """Return the least and largest value or the known categories, and whether a gap is nothing odd."""
    gap = column.missing_share > 0
    if column.is_float:
        low = float("-inf") if column.low is None else column.low
        high = float("inf") if column.high is None or column.kind == "datetime" else column.high  # time goes on
        return low, high, None, gap
    if column.categories is not None and column.distinct <= len(column.categories):
        return "", "", frozenset(column.categories), gap
    return "", chr(0x10FFFF) * 2, None, gap


class _Oddness:
    """What is said of one column's odd values, and what is done with them."""

    def __init__(self, column: Column, policy: Policy) -> None:
        self.column = column
        own = policy.columns.get(column.name)
        self.treatments: dict[str, Treatment] = {
            kind: policy.of(column.name, kind) for kind in ("unknown_category", "missing", "out_of_range", "unreadable")
        }
        self.default = usual_value(column) if own is None or own.default is None else own.default
        self.typed_default = reader(column)(self.default)
        self._said = lru_cache(KEPT, typed=True)(lambda kind, raw: _SAID[kind](column, raw))
        """What is said of a value; to look for the nearest category of many takes longer than the answer itself."""

    def judge(
        self, row: int, raw: object, value: float | str | None, flags: list[Flag], found: Rows
    ) -> float | str | None:
        """Return the value that the model is shown, after saying what is odd about it."""
        kind = self._kind(raw, value)
        if kind is None:
            return value
        found.odd += 1
        message, near = self._say(kind, raw, found.odd)
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

    def _say(self, kind: str, raw: object, odd: int) -> tuple[str, str | None]:
        is_long = isinstance(raw, str | bytes) and len(raw) > SHOWN
        if kind == "unknown_category" and (is_long or odd > MOST_SEARCHES):
            return _new_category(self.column, raw, ())
        return _SAID[kind](self.column, raw) if is_long else self._said(kind, raw)

    def _kind(self, raw: object, value: float | str | None) -> str | None:
        if value is not None:
            return "out_of_range" if self.column.is_float else "unknown_category"
        if not _says_nothing(raw, self.column):
            return "unreadable"
        return "missing" if self.column.missing_share <= 0 else None


def _says_nothing(raw: object, column: Column) -> bool:
    """Tell whether a raw value means "missing", rather than something that cannot be read."""
    if is_null(raw):
        return True
    if isinstance(raw, str):
        return is_missing(strip(well_formed(raw)), column.missing_tokens)
    return isinstance(raw, int | float) and not isinstance(raw, bool) and raw in column.missing_numbers


def usual_value(column: Column) -> str | float | None:
    """Return a usual raw value of a column: its middle one, or its commonest category."""
    if column.is_float and column.quantiles:
        return raw_value(column.quantiles[MIDDLE], column)
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


def _new_category(column: Column, raw: object, among: Sequence[str] | None = None) -> tuple[str, str | None]:
    known = column.categories or ()
    near = nearest(str(raw), known if among is None else among)
    listed = ", ".join(map(repr, known[:5])) + (", ..." if len(known) > 5 else "")
    told = f"did you mean {near!r}?" if near else f"it knows {listed}."
    return f"The model has never seen {_shown(raw)!r} in {column.name!r}; {told}", near


def _out_of_range(column: Column, raw: object) -> tuple[str, str | None]:
    low, high = (_said(end, column) for end in (column.low, column.high))
    end = low if isinstance(raw, int | float) and column.low is not None and raw < column.low else high
    return f"{_shown(raw)!r} in {column.name!r} is outside what the model learned from, {low} to {high}.", end


def _said(value: float | None, column: Column) -> str:
    return str(raw_value(value, column))


def _gap(column: Column, _: object) -> tuple[str, str | None]:
    return f"{column.name!r} is missing; it never was when the model learned.", None


def _unreadable(column: Column, raw: object) -> tuple[str, str | None]:
    return f"{_shown(raw)!r} in {column.name!r} cannot be read as {KIND_WORDS[column.kind]}.", None


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
_SAID: Mapping[str, Callable[[Column, object], tuple[str, str | None]]] = {
    "unknown_category": _new_category,
    "out_of_range": _out_of_range,
    "missing": _gap,
    "unreadable": _unreadable,
}
