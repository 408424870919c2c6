"""Values that contradict another column of the same row, which decides them in nearly all other rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Cells, Context, Detection, shown
from mlwright.clean.measures.blame import Wrong, judged
from mlwright.clean.measures.dependencies import (
    MOST_COLUMNS,
    Broken,
    CodedColumn,
    Counted,
    Dependency,
    Majority,
    broken,
    mine,
)
from mlwright.clean.measures.text_cells import how_many, short
from mlwright.clean.names import says_code
from mlwright.clean.repairs import FromKey
from mlwright.columns import Coded
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

LEAST_TABLE = 30
LEAST_KEYS = 5
"""A column with fewer values decides nothing."""
MOST_DISTINCT = 0.5
"""A column with more different values than this share of its rows neither decides others nor is decided."""
MOST_KEYS = 100_000
MOST_BROKEN = 0.06
SURE_SHARE = 0.8
LEAST_SUPPORT = 2
"""So many other rows must say what the value should be, unless it stands nowhere else."""
FEW_VALUES = 10
LEAST_EXPLAINED = 3
EXPLAINS = 0.8
"""A value of a third column explains the exceptions where so many of its rows are ones."""
DOUBTFUL = 0.5
CHANGES_BEYOND, LEAST_AT_ENDS = 2.0, 0.2
"""So many standard deviations more exceptions than by chance at the ends of their groups, and such a share of them, are
changes in time."""


class FunctionalDependencies:
    """Finds rows in which zip 35233 lies in "Boston", and in "Birmingham" in all others."""

    name: ClassVar[str] = "functional_dependencies"
    kinds: ClassVar[tuple[str, ...]] = ("dependency_violation",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column with values that contradict another column."""
        if table.rows < LEAST_TABLE:
            return
        columns = coded_columns(table, context)
        found = mine(columns, context.seed)
        if context.stop():
            return
        each = [believed for one in broken(columns, found) if (believed := errors_in(one, columns, table.rows))]
        for wrong in judged(columns, each):
            yield _told(wrong, columns, found, table, context)


def coded_columns(table: Table, context: Context) -> list[CodedColumn]:
    """Return the columns that may decide others or be decided, as whole numbers."""
    kept = [
        column
        for column in context.schema
        if column.kind != "constant"
        and column.role != "ignored"
        and 2 <= column.distinct <= max(MOST_DISTINCT * table.rows, 2)
    ]
    kept.sort(key=lambda column: column.is_float)
    return [coded(column, context) for column in kept[:MOST_COLUMNS]]


def coded(column: Column, context: Context) -> CodedColumn:
    """Return one column as whole numbers."""
    values = context.values(column.name)
    if isinstance(values, Coded):
        return CodedColumn(
            column.name, values.codes.astype(np.int64), len(values.values), len(values.values) >= LEAST_KEYS
        )
    known = ~np.isnan(values)
    different, places = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known] = places
    is_key = column.kind == "integer" and len(different) >= LEAST_KEYS and says_code(column.name)
    return CodedColumn(column.name, codes, len(different), is_key)


def errors_in(one: Broken, columns: Sequence[CodedColumn], rows: int) -> Broken | None:
    """Return what breaks a dependency as errors do; None where nothing does, or where the rule has true exceptions."""
    if len(one.rows) > MOST_BROKEN * rows:
        return None
    value = columns[one.dependency.value]
    rare = np.bincount(value.codes[value.codes >= 0], minlength=value.size)[value.codes[one.rows]] <= 1
    one = _only(one, (one.support >= LEAST_SUPPORT) | rare)
    one = _only(one, ~explained(one, columns))
    return one if len(one.rows) and scattered(one, columns) and not changes(one, columns) else None


def _only(one: Broken, kept: NDArray[np.bool_]) -> Broken:
    return Broken(one.dependency, one.rows[kept], one.should[kept], one.support[kept])


def scattered(one: Broken, columns: Sequence[CodedColumn]) -> bool:
    """Tell whether rows break a dependency here and there, as errors do, and not together in some of its keys.

    Where what breaks it is true (a person who moves, a name that two towns share), it repeats within the same keys: the
    same other value, where there are many, and more exceptions in some keys than by chance (Pearson's chi-squared).
    """
    key, value = columns[one.dependency.key], columns[one.dependency.value]
    keys, values = key.codes[one.rows], value.codes[one.rows]
    _, counts = np.unique(keys * (value.size + 1) + values, return_counts=True)
    if value.size > FEW_VALUES and int(counts[counts == 1].sum()) < 0.5 * len(one.rows):
        return False
    rows = np.bincount(key.codes[key.codes >= 0], minlength=key.size).astype(np.float64)
    rows = np.where(rows >= LEAST_SUPPORT, rows, 0.0)
    expected = rows * len(one.rows) / max(float(rows.sum()), 1.0)
    seen = np.bincount(keys, minlength=key.size)[expected > 0]
    expected = expected[expected > 0]
    beyond = float(((seen - expected) ** 2 / expected).sum()) - len(expected)
    return beyond <= CHANGES_BEYOND * 2 * float(np.sqrt((2.0 + 1.0 / expected).sum()))


def explained(one: Broken, columns: Sequence[CodedColumn]) -> NDArray[np.bool_]:
    """Tell which rows another column explains: nearly all rows with its value break the dependency alike."""
    known = np.zeros(len(one.rows), dtype=np.bool_)
    for place, other in enumerate(columns):
        if place in {one.dependency.key, one.dependency.value}:
            continue
        codes = other.codes[one.rows]
        those = np.bincount(codes[codes >= 0], minlength=other.size)
        if those.max(initial=0) < LEAST_EXPLAINED:
            continue
        share = those / np.maximum(np.bincount(other.codes[other.codes >= 0], minlength=other.size), 1)
        known |= (codes >= 0) & (share[codes] >= EXPLAINS) & (those[codes] >= LEAST_EXPLAINED)
    return known


def changes(one: Broken, columns: Sequence[CodedColumn]) -> bool:
    """Tell whether the rows that differ come first or last among those of their key: values change in time."""
    codes = columns[one.dependency.key].codes
    size = columns[one.dependency.key].size
    place = np.arange(len(codes))
    last = np.zeros(size + 1, dtype=np.int64)
    first = np.full(size + 1, len(codes), dtype=np.int64)
    np.maximum.at(last, codes, place)
    np.minimum.at(first, codes, place)
    keys = codes[one.rows]
    many = np.bincount(codes[codes >= 0], minlength=size)[keys]
    edge = (one.rows == last[keys]) | (one.rows == first[keys])
    chance = np.minimum(2.0 / many, 1.0)
    spread = float(np.sqrt((chance * (1.0 - chance)).sum()))
    beyond_chance = edge.sum() > chance.sum() + CHANGES_BEYOND * max(spread, 0.5)
    return bool(beyond_chance and edge.mean() >= LEAST_AT_ENDS)


def _told(
    wrong: Wrong, columns: Sequence[CodedColumn], found: Sequence[Dependency], table: Table, context: Context
) -> Detection:
    column = columns[wrong.column]
    new = _texts(column, np.where(wrong.doubtful, -1, wrong.should), context)
    sure = np.where(wrong.doubtful, DOUBTFUL, np.clip(0.65 + 0.15 * (wrong.votes - 1) + 0.2 * wrong.rare, 0.5, 0.98))
    cells = Cells(column.name, wrong.rows, None if all(text is None for text in new) else new, sure)
    row = int(wrong.rows[wrong.example])
    held = context.texts(column.name)[row]
    verb = "contradicts" if len(wrong.rows) == 1 else "contradict"
    if wrong.by is None:
        keyed = {columns[one.value].name for one in found if one.key == wrong.column}
        said = f"{verb} what follows from {'it' if len(wrong.rows) == 1 else 'them'} in {_names(sorted(keyed))}"
        example = f"such as {short(str(held))}"
    else:
        key = columns[wrong.by.key]
        its = context.texts(key.name)[row]
        told = _texts(column, wrong.should[[wrong.example]], context)[0]
        said = f"{verb} {key.name!r}, from which {column.name!r} follows in {percent(wrong.by.agree)} of the rows"
        example = f"such as {short(str(held))} where {key.name!r} is {short(str(its))}, which says {short(str(told))}"
    alone = len(wrong.rows) == 1 and not isinstance(context.values(column.name), Coded)
    return Detection(
        finding=Finding(
            kind="dependency_violation",
            columns=(column.name, *((columns[wrong.by.key].name,) if wrong.by else ())),
            rows=shown(wrong.rows),
            message=f"{how_many(len(wrong.rows), column.name, table.rows)} {said}: {example}.",
            severity="info" if alone else "warning",
            confidence=round(float(sure.mean()), 2),
            repair=f"Write what {columns[wrong.by.key].name!r} says." if wrong.by else "Compare with the source.",
        ),
        rows=wrong.rows,
        cells=(cells,),
        repair=_repair(wrong, columns, context),
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:3]))


def _texts(column: CodedColumn, codes: NDArray[np.int64], context: Context) -> tuple[str | None, ...]:
    """Return the values of these numbers as the table writes them."""
    wanted = np.unique(codes[codes >= 0])
    order = np.argsort(column.codes, kind="stable")
    first = order[np.searchsorted(column.codes[order], wanted)]
    texts = dict(zip(wanted.tolist(), context.texts(column.name).gather(first).to_list(), strict=True))
    stripped = {code: None if text is None else text.strip() for code, text in texts.items()}
    return tuple(stripped.get(int(code)) for code in codes)


def _repair(wrong: Wrong, columns: Sequence[CodedColumn], context: Context) -> FromKey | None:
    """Return the rule that writes what the key says, where both are words and the key says it clearly."""
    if wrong.by is None or wrong.doubtful.all():
        return None
    key, value = columns[wrong.by.key], columns[wrong.column]
    keys, values = context.values(key.name), context.values(value.name)
    if not isinstance(keys, Coded) or not isinstance(values, Coded) or key.size > MOST_KEYS:
        return None
    majority = Majority.of(Counted.of(key.codes, value.codes, value.size))
    sure = majority.clear & (majority.agree >= SURE_SHARE * majority.rows)
    pairs = zip(majority.keys[sure].tolist(), majority.value[sure].tolist(), strict=True)
    said = {keys.values[one]: values.values[other] for one, other in pairs}
    return FromKey(value.name, key.name, dict(said)) if said else None
