"""The Repair: a rule with fitted parameters that changes the typed values of one column."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Floats, Values
from mlwright.errors import ModelError

Value = float | str | None
"""One typed value; None (or NaN) is missing."""


class Repair(Protocol):
    """Changes values of `column`, reading it and `reads` besides. A value that it does not know stays as it is."""

    kind: ClassVar[str]

    @property
    def column(self) -> str:
        """The column that it mends."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""

    @property
    def words(self) -> str:
        """What it does, as one short sentence: "'age' below 0 becomes missing"."""

    def apply(self, columns: Columns) -> Values:
        """Return the mended values of its column."""

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row: what `apply` would give."""

    def state(self) -> dict[str, Any]:
        """Return JSON, with the kind under "kind"."""

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""


class Repairs:
    """Repairs in the order in which they are applied, each to what those before it have made."""

    __slots__ = ("each",)

    def __init__(self, each: Iterable[Repair] = ()) -> None:
        self.each = tuple(each)

    def __iter__(self) -> Iterator[Repair]:
        """Iterate over the repairs."""
        return iter(self.each)

    def __len__(self) -> int:
        """Return the number of repairs."""
        return len(self.each)

    def reads(self, sources: Sequence[str]) -> tuple[str, ...]:
        """Return the raw columns that must be there for these ones to be read and mended, in order and once each."""
        needed = dict.fromkeys(sources)
        for repair in reversed(self.each):
            if repair.column in needed:
                needed |= dict.fromkeys(repair.reads)
        return tuple(needed)

    def apply(self, columns: Columns) -> Columns:
        """Return the columns with mended values; a repair whose columns are not all there is passed over."""
        if not self.each:
            return columns
        mended: dict[str, Values] = dict(columns)
        for repair in self.each:
            if repair.column in mended and all(name in mended for name in repair.reads):
                mended[repair.column] = repair.apply(Columns(mended, columns.rows))
        return Columns(mended, columns.rows)

    def apply_row(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return one row with mended values."""
        if not self.each:
            return values
        mended = dict(values)
        for repair in self.each:
            if repair.column in mended and all(name in mended for name in repair.reads):
                mended[repair.column] = repair.apply_one(mended)
        return mended


def damaged(what: str) -> ModelError:
    """Return the error of a repair that cannot be read."""
    return ModelError(f"The model's repairs cannot be read: {what}.", hint="build the model again.")


def floats_of(columns: Columns, name: str) -> Floats:
    """Return a column of numbers."""
    values = columns[name]
    if isinstance(values, Coded):
        raise damaged(f"column {name!r} holds strings where a repair needs numbers")
    return values


def coded_of(columns: Columns, name: str) -> Coded:
    """Return a column of strings."""
    values = columns[name]
    if not isinstance(values, Coded):
        raise damaged(f"column {name!r} holds numbers where a repair needs strings")
    return values


def mapped(values: Coded, change: Callable[[str], str | None]) -> Coded:
    """Return a column of strings with each distinct one changed; None is missing. Equal results become one value."""
    known: dict[str, int] = {}
    new = [change(value) for value in values.values]
    table = [-1 if text is None else known.setdefault(text, len(known)) for text in new]
    codes: NDArray[np.int32] = np.array([*table, -1], dtype=np.int32)[values.codes]
    return Coded(codes, tuple(known))


def text_in(plain: Mapping[str, Any], key: str) -> str:
    """Return a text of a state."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise damaged(f"{key!r} is no text")
    return value


def number_in(plain: Mapping[str, Any], key: str) -> float | None:
    """Return a number of a state, None where it has none."""
    value = plain.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise damaged(f"{key!r} is no number")
    return float(value)


def texts_in(plain: Mapping[str, Any], key: str) -> dict[str, str | None]:
    """Return a state's object of texts, in which null is missing."""
    value = plain.get(key)
    if not isinstance(value, dict) or not all(each is None or isinstance(each, str) for each in value.values()):
        raise damaged(f"{key!r} is no object of texts")
    return dict(value)
