"""Which group a row belongs to: the values of its sensitive columns, met. Needs NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.columns import Values as ColumnValues
from mlwright.errors import ModelError, OptionError
from mlwright.schema import Column
from mlwright.tasks.base import Floats

MISSING: Final = "missing"
BANDS = 3
"""Bands of about equally many rows into which a column of many numbers is cut where no cuts are given."""
FEW_NUMBERS = 6
"""A column of so few different numbers is a column of categories."""
MOST_LEVELS = 1_000
MOST_CELLS = 100_000
NOT_SEEN = -1


@dataclass(frozen=True, slots=True)
class Levels:
    """What the values of one column are told apart by: texts, or the bands between cuts; missing is one more."""

    column: str
    texts: tuple[str, ...] | None
    cuts: Floats
    names: tuple[str, ...]
    """As people read them, without the one for missing."""

    @property
    def count(self) -> int:
        """The number of levels, with missing."""
        return len(self.names) + 1

    def of(self, values: ColumnValues) -> NDArray[np.intp]:
        """Return the level of each row; -1 where a text was never seen."""
        if isinstance(values, Coded):
            known = {text: place for place, text in enumerate(self.texts or ())}
            table = [known.get(text, NOT_SEEN) for text in values.values]
            return np.array([*table, len(self.names)], dtype=np.intp)[values.codes]
        place = np.searchsorted(self.cuts, values, side="left").astype(np.intp)
        return np.where(np.isnan(values), len(self.names), place)

    def name(self, level: int) -> str:
        """Return the level as people read it."""
        return MISSING if level == len(self.names) else self.names[level]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of rows by the levels of columns. `table` says which group each meeting of levels is, or -1."""

    levels: tuple[Levels, ...]
    table: NDArray[np.intp]
    names: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that tell the group."""
        return tuple(each.column for each in self.levels)

    def of(self, columns: Columns) -> NDArray[np.intp]:
        """Return the group of each row; -1 where it is none of those known."""
        cell, seen = self.cells(columns)
        found = np.where(seen, self.table[np.where(seen, cell, 0)], NOT_SEEN)
        return found.astype(np.intp)

    def cells(self, columns: Columns) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return for each row which meeting of levels it is, and whether all its values were seen before."""
        cell = np.zeros(columns.rows, dtype=np.intp)
        seen = np.ones(columns.rows, dtype=np.bool_)
        for each in self.levels:
            level = each.of(columns[each.column])
            seen &= level >= 0
            cell = cell * each.count + np.maximum(level, 0)
        return cell, seen

    def cell_name(self, cell: int) -> str:
        """Return a meeting of levels as people read it: "sex Female, race Black"; one column's level stands alone."""
        told = []
        for each in reversed(self.levels):
            cell, level = divmod(cell, each.count)
            told.append(each.name(level) if len(self.levels) == 1 else f"{each.column} {each.name(level)}")
        return ", ".join(reversed(told))

    def kept(self, groups: Sequence[int]) -> Grouping:
        """Return the grouping with these of its groups alone, numbered in this order."""
        again = np.full(len(self.names) + 1, NOT_SEEN, dtype=np.intp)
        again[list(groups)] = np.arange(len(groups))
        return Grouping(self.levels, again[self.table], tuple(self.names[place] for place in groups))

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "levels": [
                {
                    "column": each.column,
                    "texts": None if each.texts is None else list(each.texts),
                    "cuts": each.cuts.tolist(),
                    "names": list(each.names),
                }
                for each in self.levels
            ],
            "table": self.table.tolist(),
            "names": list(self.names),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Grouping:
        """Return the grouping of that state, which came from a file. Raises ModelError."""
        levels = tuple(_levels(each) for each in _list(state["levels"]))
        names = _texts(state["names"])
        table = _list(state["table"])
        cells = math.prod(each.count for each in levels)
        if (
            not levels
            or cells > MOST_CELLS
            or len(table) != cells
            or len({each.column for each in levels}) < len(levels)
        ):
            raise ModelError("The groups of the model's thresholds do not fit their columns.")
        if not all(type(place) is int and NOT_SEEN <= place < len(names) for place in table):
            raise ModelError("The groups of the model's thresholds are not those it names.")
        return cls(levels, np.array(table, dtype=np.intp), names)


def grouped(columns: Columns, described: Sequence[Column], cuts: Mapping[str, Sequence[float]]) -> Grouping:
    """Return every group that occurs among rows: the meetings of the levels of these columns.

    Texts and few numbers are levels as they are; many numbers are cut where `cuts` says (up to and including each),
    else into three bands of about equally many rows. Raises OptionError where there are more groups than make sense.
    """
    levels = tuple(_found(column, columns[column.name], cuts.get(column.name)) for column in described)
    cells = math.prod(each.count for each in levels)
    if cells > MOST_CELLS or max(each.count for each in levels) > MOST_LEVELS:
        most = max(levels, key=lambda each: each.count)
        raise OptionError(
            f"The columns make {cells:,} groups, too many to look after: {most.column!r} alone has {most.count - 1:,}"
            " values.",
            hint="name columns of a few values each.",
        )
    open_table = Grouping(levels, np.full(cells, NOT_SEEN, dtype=np.intp), ())
    occurring = np.unique(open_table.cells(columns)[0])
    table = np.full(cells, NOT_SEEN, dtype=np.intp)
    table[occurring] = np.arange(len(occurring))
    return Grouping(levels, table, tuple(open_table.cell_name(int(cell)) for cell in occurring))


def _found(column: Column, values: ColumnValues, cuts: Sequence[float] | None) -> Levels:
    if isinstance(values, Coded):
        if cuts is not None:
            raise OptionError(f"{column.name!r} holds no numbers, so it cannot be cut.", hint="leave --cut away.")
        texts = tuple(sorted(values.values[code] for code in np.unique(values.codes) if code >= 0))
        return Levels(column.name, texts, np.empty(0), texts)
    known = np.unique(values[~np.isnan(values)])
    if cuts is not None:
        if not len(cuts) or not all(math.isfinite(cut) for cut in cuts):
            raise OptionError(f"{column.name!r} cannot be cut at {list(cuts)}.", hint="give one or more numbers.")
        ends = np.unique(np.asarray(cuts, dtype=np.float64))
    elif len(known) <= FEW_NUMBERS:
        ends = (known[:-1] + known[1:]) / 2
        return Levels(column.name, None, ends, tuple(_shown(column, value) for value in known.tolist()) or ("none",))
    else:
        shares = np.linspace(0, 1, BANDS + 1)[1:-1]
        ends = np.unique(np.quantile(values[~np.isnan(values)], shares, method="inverted_cdf"))
    return Levels(column.name, None, ends, _bands(ends.tolist()))


def _shown(column: Column, value: float) -> str:
    if column.kind == "boolean":
        return "yes" if value else "no"
    return f"{value:g}"


def _bands(ends: Sequence[float]) -> tuple[str, ...]:
    """Return the bands between cuts in words.

    >>> _bands([25.0, 40.0])
    ('up to 25', 'above 25 to 40', 'above 40')
    """
    between = [f"above {low:g} to {high:g}" for low, high in pairwise(ends)]
    return (f"up to {ends[0]:g}", *between, f"above {ends[-1]:g}")


def _levels(state: Mapping[str, Any]) -> Levels:
    texts = None if state["texts"] is None else _texts(state["texts"])
    names = _texts(state["names"])
    found = _list(state["cuts"])
    if not all(isinstance(cut, (int, float)) and not isinstance(cut, bool) for cut in found):
        raise ModelError("The groups of the model's thresholds are cut where no number is.")
    cuts = np.array(found, dtype=np.float64)
    fits = len(cuts) == 0 and len(names) == len(texts) if texts is not None else len(names) == len(cuts) + 1
    if not fits or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any() or len(names) > MOST_LEVELS:
        raise ModelError("The groups of the model's thresholds do not fit their columns.")
    if not isinstance(state["column"], str) or len(set(texts or ())) < len(texts or ()):
        raise ModelError("The groups of the model's thresholds name a column or a value that cannot be.")
    return Levels(state["column"], texts, cuts, names)


def _list(found: object) -> list[Any]:
    if not isinstance(found, list):
        raise ModelError("The groups of the model's thresholds are no list.")
    return found


def _texts(found: object) -> tuple[str, ...]:
    if not all(isinstance(text, str) for text in _list(found)):
        raise ModelError("The groups of the model's thresholds have a name that is no text.")
    return tuple(_list(found))
