"""The Detector: one way in which data can be wrong, looked for in a whole table.

A detector is one file in `detectors/` and one line in `detectors.DETECTORS`. It looks at a table and its Schema and
says what it found: sentences with numbers for people, the cells that are wrong, and, where there is a rule that mends
them on any row, that rule as a Repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.distinct import Distinct
from mlwright.clean.repairs import Repair
from mlwright.columns import Coded, Columns, Floats, Values, read_series
from mlwright.findings import Finding
from mlwright.schema import Column, Schema
from mlwright.table import Table
from mlwright.values import as_text

ROWS_SHOWN = 100
"""A Finding names at most so many of its rows; a Detection holds them all."""

Rows = NDArray[np.intp]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one column that are wrong: where, and what should stand there.

    `new` holds a text for each row, "" to leave the cell empty, None where nothing better is known; `None` for all of
    them where none is. `confidence` (n,) is how sure it is that the cell is wrong.
    """

    column: str
    rows: Rows
    new: tuple[str | None, ...] | None = None
    confidence: Floats | None = None

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a detector found: the Finding for people, and what a machine needs to act on it."""

    finding: Finding
    rows: Rows | None = None
    """All the rows it is about, in order; None where it is about columns or the whole table."""
    cells: tuple[Cells, ...] = ()
    repair: Repair | None = None
    """What mends it on any row, also on ones that come later; None where no rule does."""

    @property
    def size(self) -> int:
        """How many cells it is about; how many rows where it names no cells."""
        return sum(map(len, self.cells)) or (0 if self.rows is None else len(self.rows))


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What a model says of each row, having learned from other rows only.

    `P` is (n, classes) for classes in the order of `classes`, or (n, 1) for numbers; rows without a known target, or
    that no fold was scored on, are NaN.
    """

    P: Floats
    classes: tuple[object, ...] = ()


@dataclass(frozen=True)
class Context:
    """What detectors share: the Schema, typed values and distinct texts, each made once when it is first asked for."""

    table: Table
    schema: Schema
    seed: int = 0
    places: Rows | None = None
    """Where the table's rows stand in the one that they were taken from; None where they are all of it."""
    out_of_fold: OutOfFold | None = None
    """Where a model has been fitted; detectors that need it say nothing without it."""
    stop: Callable[[], bool] = lambda: False
    """Tells that time is up: a detector that takes long asks it, and gives what it has."""
    _kept: dict[tuple[str, str], object] = field(default_factory=dict, repr=False)

    def row(self, place: int) -> int:
        """Return the number by which people know a row: sentences name no other."""
        return int(place if self.places is None else self.places[place])

    def values(self, name: str) -> Values:
        """Return the typed values of a column, read as the Schema says."""
        return self._keep("values", name, lambda: read_series(self.table.frame[name], self.schema[name]))

    def numbers(self, name: str) -> Floats:
        """Return the typed values of a column that `is_float`; NaN is missing."""
        values = self.values(name)
        if isinstance(values, Coded):
            raise TypeError(f"column {name!r} holds strings")
        return values

    def strings(self, name: str) -> Coded:
        """Return the typed values of a column of strings."""
        values = self.values(name)
        if not isinstance(values, Coded):
            raise TypeError(f"column {name!r} holds numbers")
        return values

    def texts(self, name: str) -> pl.Series:
        """Return the raw cells of a column as texts, whatever type the source gave them; null is missing."""
        return self._keep("texts", name, lambda: _texts(self.table.frame[name]))

    def distinct(self, name: str) -> Distinct:
        """Return the distinct stripped texts of a column that do not mean "missing" everywhere."""
        return self._keep("distinct", name, lambda: Distinct.of(self.texts(name)))

    def columns(self, names: Sequence[str]) -> Columns:
        """Return the typed values of several columns."""
        return Columns({name: self.values(name) for name in names}, self.table.rows)

    def of_kind(self, *kinds: str) -> list[Column]:
        """Return the columns of these kinds that are not set aside, the target among them."""
        return [column for column in self.schema if column.kind in kinds and column.role != "ignored"]

    def keep(self, what: str, name: str, make: Callable[[], T]) -> T:
        """Return what `make` gives, made once for all detectors that ask for `what` of a column (or of "" for all)."""
        return self._keep(what, name, make)

    def once(self, what: str, make: Callable[[], T]) -> T:
        """Return what is made, which is made once for all detectors that ask for it by that name."""
        return self._keep("once", what, make)

    def _keep(self, what: str, name: str, make: Callable[[], T]) -> T:
        key = (what, name)
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]  # a key is made by one function only


class Detector(Protocol):
    """Looks for one way in which data can be wrong. It never changes the table, and says the same of the same one."""

    name: ClassVar[str]
    """What it is called in the registry: the name of its file."""
    kinds: ClassVar[tuple[str, ...]]
    """The kinds of Finding that it makes, each with its paragraphs in docs/reference/findings.md."""

    def detect(self, table: Table, context: Context) -> Iterable[Detection]:
        """Return what is wrong; nothing where nothing is."""


def shown(rows: Rows) -> tuple[int, ...]:
    """Return the rows that a Finding names: the first of them.

    >>> shown(np.array([4, 7]))
    (4, 7)
    """
    return tuple(int(row) for row in rows[:ROWS_SHOWN])


def _texts(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return series
    if isinstance(series.dtype, (pl.Categorical, pl.Enum)):
        return series.cast(pl.String)
    codes = series.unique(maintain_order=True)
    if len(codes) > len(series) // 2 or series.dtype.is_nested() or series.dtype == pl.Object:
        return pl.Series(series.name, [as_text(value) for value in series.to_list()], dtype=pl.String)
    named = pl.Series(series.name, [as_text(value) for value in codes.to_list()], dtype=pl.String)
    return series.replace_strict(codes, named, default=None, return_dtype=pl.String)
