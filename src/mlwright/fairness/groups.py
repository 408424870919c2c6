"""Groups of people: the values of a sensitive column, and of two of them together, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.evaluate import wording
from mlwright.schema import Column

Flags = NDArray[np.bool_]

MOST_LEVELS = 12
"""The most frequent values of a category; all others are one group."""
MOST_NUMBERS = 5
"""A column of numbers with more values than these is cut into about equally many rows each."""
PARTS = 4
BESIDE = " and "
MISSING, OTHERS = "(missing)", "(all others)"
CLAUSES = {MISSING: "missing", OTHERS: "any other"}
"""What is said of these after the name of their column and "is"."""


@dataclass(frozen=True)
class People:
    """A group: the column (or columns) that tell it, its name, and which rows are in it."""

    column: str
    group: str
    rows: Flags
    where: str
    """The same as a clause: "sex is female and nationality is foreign"."""


def people(
    columns: Columns, described: Sequence[Column], names: Sequence[str], *, crossed: Collection[str] | None = None
) -> list[list[People]]:
    """Return the groups of each named column, then those of each pair of the `crossed` ones (by default all of them).

    Every row is in one group of each list.
    """
    known = {column.name: column for column in described}
    there = [name for name in names if name in known and name in columns]
    alone = [_of_column(columns, known[name]) for name in there]
    both = [groups for name, groups in zip(there, alone, strict=True) if crossed is None or name in crossed]
    pairs = [_together(one, other) for one, other in combinations(both, 2)]
    return [groups for groups in (*alone, *pairs) if len(groups) > 1]


def _together(one: Sequence[People], other: Sequence[People]) -> list[People]:
    made = [
        People(f"{a.column}{BESIDE}{b.column}", f"{a.group}, {b.group}", a.rows & b.rows, f"{a.where}{BESIDE}{b.where}")
        for a in one
        for b in other
    ]
    return [each for each in made if each.rows.any()]


def _of_column(columns: Columns, column: Column) -> list[People]:
    values = columns[column.name]
    if isinstance(values, Coded):
        found = _levels(values)
    elif column.kind == "boolean":
        found = [("no", values == 0.0), ("yes", values == 1.0)]
    else:
        found = _ranges(values, column)
    missing = values.codes < 0 if isinstance(values, Coded) else np.isnan(values)
    return [
        People(column.name, name, np.asarray(rows), f"{column.name} is {CLAUSES.get(name, name)}")
        for name, rows in (*found, (MISSING, missing))
        if np.any(rows)
    ]


def _levels(values: Coded) -> list[tuple[str, Flags]]:
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    kept = order[:MOST_LEVELS]
    found = [(values.values[code], values.codes == code) for code in kept]
    rest = (values.codes >= 0) & ~np.isin(values.codes, kept)
    return [*found, (OTHERS, rest)] if len(order) > MOST_LEVELS else found


def _ranges(values: NDArray[np.float64], column: Column) -> list[tuple[str, Flags]]:
    """Return single values where there are few, else ranges between numbers that people would choose."""
    known = values[np.isfinite(values)]
    distinct = np.unique(known)
    if len(distinct) <= MOST_NUMBERS:
        return [(_number(value, column), values == value) for value in distinct.tolist()]
    edges = np.unique([_plain(edge) for edge in np.quantile(known, np.linspace(0, 1, PARTS + 1)[1:-1]).tolist()])
    edges = edges[(edges > distinct[0]) & (edges <= distinct[-1])]
    part = np.searchsorted(edges, values, side="right")
    part[~np.isfinite(values)] = -1
    found = []
    for place in range(len(edges) + 1):
        if place == 0:
            name = f"below {_number(edges[0], column)}" if len(edges) else "all"
        elif place == len(edges):
            name = f"{_number(edges[-1], column)} and more"
        else:
            name = f"{_number(edges[place - 1], column)} to below {_number(edges[place], column)}"
        found.append((name, part == place))
    return found


def _plain(value: float) -> float:
    """Return the number with two digits that are not 0: 38.25 is 38."""
    return float(f"{value:.2g}")


def _number(value: float, column: Column) -> str:
    if column.kind == "datetime":
        return str(np.datetime64(int(value), "s").astype("datetime64[D]"))
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else wording.number(value)
