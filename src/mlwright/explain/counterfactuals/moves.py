"""Moves: the single changes of a row that are worth trying, and which of them go with what else is in the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ColumnError, OptionError
from mlwright.learn.base import Floats
from mlwright.schema import Column, Schema

Index = NDArray[np.intp]
Flags = NDArray[np.bool_]

MOST_VALUES = 12
"""So many values of a column are tried, spread over the cases."""
MOST_COLUMNS = 32
"""Of more columns those are changed that matter most to the model."""
NEAR = 0.1
"""Numbers between which a tenth of the cases lie are the same when it is asked whether values go together."""
EXPECTED = 5.0
"""Where chance alone would give so many cases with two values and there is none, the values do not go together: by
chance that happens to one in 150 pairs (e^-5)."""
A_CATEGORY = 0.5
"""What changing a category costs beside a number, which costs the share of cases between old and new."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person says of changes: columns that cannot change, that can only rise, that can only fall."""

    immutable: tuple[str, ...] = ()
    only_up: tuple[str, ...] = ()
    only_down: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()
    """Columns that may change though they seem to describe people."""

    def check(self, schema: Schema) -> None:
        """Raise ColumnError or OptionError where a name is no column, or one of no numbers shall rise or fall."""
        for name in (*self.immutable, *self.only_up, *self.only_down, *self.mutable):
            if name not in schema:
                raise ColumnError.missing(name, schema.names)
        for name in (*self.only_up, *self.only_down):
            if not schema[name].is_float or schema[name].kind == "boolean":
                raise OptionError(f"Column {name!r} holds no numbers, so it cannot only rise or only fall.")
        if both := set(self.only_up) & set(self.only_down):
            name = min(both)
            raise OptionError(
                f"Column {name!r} cannot be one that only rises and only falls.", hint="name it immutable."
            )

    def without(self, people: Sequence[str]) -> Rules:
        """Return rules by which these columns stay as well, but for those of which a person said how they may move."""
        named = {*self.immutable, *self.only_up, *self.only_down, *self.mutable}
        return replace(self, immutable=(*self.immutable, *(name for name in people if name not in named)))

    def allows(self, column: Column) -> bool:
        """Tell whether a column may change at all: no person's nature, no text, no moment, no name of anything."""
        if column.name in self.immutable or column.role in {"sensitive", "time", "group", "weight", "ignored"}:
            return False
        return column.kind in {"number", "integer", "boolean", "category", "duration"}


@dataclass(frozen=True, slots=True)
class Tried:
    """The values of one column that are tried."""

    column: Column
    values: Values
    near: Flags
    """(values, cases): which cases have the value, or nearly so."""

    @property
    def is_number(self) -> bool:
        """Whether values can be compared."""
        return not isinstance(self.values, Coded) and self.column.kind != "boolean"


class Moves:
    """All single changes that may be made to rows, from what occurs in the cases."""

    def __init__(self, cases: Columns, described: Sequence[Column], weights: Mapping[str, float]) -> None:
        self.cases, self.described = cases, tuple(described)
        ranked = sorted(described, key=lambda column: -weights.get(column.name, 0.0))[:MOST_COLUMNS]
        kept = {column.name for column in ranked}
        tried = [_tried(cases[column.name], column) for column in described if column.name in kept]
        self.tried = [each for each in tried if len(each.near) > 1]
        self.place = {column.name: place for place, column in enumerate(described)}
        self._known = [_known(cases[each.column.name]) for each in self.tried]

    def allowed(self, rules: Rules) -> list[int]:
        """Return the positions in `tried` of the columns that may change."""
        return [at for at, each in enumerate(self.tried) if rules.allows(each.column)]

    def known(self, place: int) -> Floats:
        """Return the sorted numbers of the cases in a column that is tried."""
        return self._known[place]

    def near(self, place: int, values: Floats) -> Flags:
        """Return (values, cases): which cases have numbers, or codes of categories, in a column that is tried."""
        column = self.tried[place].column
        cases = self.cases[column.name]
        asked = Coded(values.astype(np.int32), cases.values) if isinstance(cases, Coded) else values
        return _near(cases, asked, column)

    def near_row(self, row: Columns) -> Flags:
        """Return (cases, columns): which cases have the row's value, or nearly so, in the order of `described`."""
        flags = [_near(self.cases[column.name], row[column.name], column)[0] for column in self.described]
        return np.stack(flags, axis=1)


def apart(together: NDArray[Any], ones: NDArray[Any], others: NDArray[Any], many: int) -> Flags:
    """Tell where two values do not go together: no case has both, though chance alone would give several."""
    found: Flags = (together == 0) & (ones * others / max(1, many) >= EXPECTED)
    return found


def _tried(values: Values, column: Column) -> Tried:
    if isinstance(values, Coded):
        counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
        codes = np.argsort(-counts, kind="stable")[:MOST_VALUES].astype(np.int32)
        tried: Values = Coded(codes, values.values)
        return Tried(column, tried, _near(values, tried, column))
    known = _known(values)
    if not len(known):
        return Tried(column, known, np.zeros((0, len(values)), dtype=bool))
    numbers = np.unique(known)
    if len(numbers) > MOST_VALUES:
        numbers = np.unique(np.quantile(known, np.linspace(0.01, 0.99, MOST_VALUES), method="nearest"))
    return Tried(column, numbers, _near(values, numbers, column))


def _known(values: Values) -> Floats:
    return np.zeros(0) if isinstance(values, Coded) else np.sort(values[np.isfinite(values)])


def rank_of(known: Floats, numbers: Floats) -> Floats:
    """Return the share of sorted known numbers below each number, half of those that are equal among them."""
    below = np.searchsorted(known, numbers, "left") + np.searchsorted(known, numbers, "right")
    ranks: Floats = below / (2.0 * max(1, len(known)))
    return ranks


def _near(cases: Values, values: Values, column: Column) -> Flags:
    """Return (values, cases): which cases have each value, or nearly so."""
    if isinstance(cases, Coded):
        if not isinstance(values, Coded):
            raise TypeError("a column of texts was read as numbers")
        number = {value: code for code, value in enumerate(cases.values)}
        codes = np.array([*(number.get(value, -2) for value in values.values), -1])[values.codes]
        same: Flags = codes[:, None] == cases.codes[None, :]
        return same
    numbers = np.asarray(values, dtype=np.float64)
    missing = np.isnan(numbers)[:, None] & np.isnan(cases)[None, :]
    if column.kind == "boolean":
        equal: Flags = missing | (numbers[:, None] == cases[None, :])
        return equal
    known = _known(cases)
    ranks, own = rank_of(known, numbers), rank_of(known, np.where(np.isnan(cases), np.inf, cases))
    close = np.abs(ranks[:, None] - own[None, :]) <= NEAR
    near: Flags = missing | (close & ~np.isnan(numbers)[:, None] & ~np.isnan(cases)[None, :])
    return near
