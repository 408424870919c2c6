"""Rows that come twice, exactly but for an id or nearly, with the same target: one teaches what the other is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, Rows, shown
from mlwright.clean.copies import copied_rows
from mlwright.clean.measures.goal import Goal, goal_of, ranks
from mlwright.clean.measures.telling import bins, taken
from mlwright.clean.measures.wording import count_of_rows
from mlwright.clean.roles import propose_split
from mlwright.columns import Coded, Values
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

FEWEST_ROWS = 100
FEWEST_COLUMNS = 3
MOST_COLUMNS = 60
"""Rows are compared in at most so many columns, the ones with the most different values."""
MOST_ROWS = 20_000
"""Larger tables are looked at in part: cells of like rows are kept whole, so that near copies stay together."""
COMPARED = 50_000_000
"""So many values are compared at most: it decides for how many rows the nearest others are looked for."""
NEAR = 0.1
"""A near copy is so much nearer than the fifth nearest row, or nearer."""
NEIGHBOURS = 6
CELL_COLUMNS, CELL_BINS = 5, 4
LEAST_SHARE = 0.02
BEYOND_CHANCE = 5.0
FEWEST_DIFFERING = 3
"""Rows that differ in fewer columns are near duplicates, which are told of whether there is a target or not."""
SAME_NUMBER = 0.01
"""Two targets are the same where no larger part of all targets lies between them."""
MOSTLY_SAME = 0.95
MOST_SAME_NUMBER, MOST_SAME_CLASS = 0.5, 0.98
"""Where more rows have the target of their fifth nearest row, likeness explains what copies would."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """For rows that were looked at: distances to the nearest others, nearest first, and which rows these are."""

    rows: Rows
    distances: NDArray[np.float32]
    others: Rows
    """(looked at, `NEIGHBOURS`): places of the others."""


class LeakCopiedRows:
    """Finds copies of rows across which a random split would fall, in what is learned from and in the target."""

    name: ClassVar[str] = "leak_copied_rows"
    kinds: ClassVar[tuple[str, ...]] = ("copied_rows", "near_copies")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return a finding for copies that differ in an id only, and one for near copies."""
        goal = goal_of(context)
        if goal is None or len(goal.rows) < FEWEST_ROWS or propose_split(table, context.schema).kind == "group":
            return
        yield from _but_for_the_id(table, context)
        if not context.stop():
            yield from _nearly(context, goal)


def _but_for_the_id(table: Table, context: Context) -> Iterator[Detection]:
    """Find rows that repeat another one in all but the ids; what repeats in the ids too is said of all rows."""
    copies = copied_rows(table.frame, context.schema)
    ids = [column.name for column in context.schema if column.kind == "id"]
    if copies is None or not ids:
        return
    first = np.zeros(table.rows, dtype=np.bool_)
    first[np.unique(copies, return_index=True)[1]] = True
    rows = np.flatnonzero(~first & table.frame.hash_rows().is_first_distinct().to_numpy())
    if not len(rows):
        return
    named = ", ".join(map(repr, ids[:3]))
    yield Detection(
        finding=Finding(
            kind="copied_rows",
            rows=shown(rows),
            message=f"{count_of_rows(len(rows))} ({percent(len(rows) / table.rows)}) are the same as an earlier one in "
            f"all columns but {named}: a random split keeps them on one side, for the score would be too good.",
            confidence=0.95,
            repair="Remove the copies, unless each one is a case of its own.",
            applied=True,
        ),
        rows=rows,
    )


def _nearly(context: Context, goal: Goal) -> Iterator[Detection]:
    """Find rows whose nearest other row is far nearer than any second one, and has the same target."""
    columns = sorted(context.schema.features, key=lambda column: -column.distinct)
    columns = [column for column in columns if column.kind != "text"][:MOST_COLUMNS]
    if len(columns) < FEWEST_COLUMNS:
        return
    part = _part(context, columns, goal)
    if len(part) < FEWEST_ROWS:
        return
    goal = goal.take(part)
    compared = [_comparable(context.values(column.name), goal.rows) for column in columns]
    found = _nearest(compared, context.seed)
    near = _far_nearer(found.distances)
    if near is None or np.median(_differing(compared, found.rows[near], found.others[near, 0])) < FEWEST_DIFFERING:
        return
    asked, nearest, fifth = found.rows[near], found.others[near, 0], found.others[near, 4]
    same = _same_target(goal, asked, nearest)
    if same.mean() < MOSTLY_SAME or _same_target(goal, asked, fifth).mean() > _most_by_likeness(goal):
        return
    rows = np.unique(goal.rows[np.concatenate([asked[same], nearest[same]])])
    example = goal.rows[[asked[same][0], nearest[same][0]]]
    yield Detection(
        finding=Finding(
            kind="near_copies",
            rows=shown(rows),
            message=f"{count_of_rows(int(near.sum()))} of the {len(found.rows):,} that were looked at "
            f"({percent(float(near.mean()))}) nearly repeat another row, such as {min(example)} and {max(example)}, "
            f"and {percent(float(same.mean()))} of them have the same {goal.name!r}: where a row and its copy fall on "
            "both sides of the split, the score is too good.",
            severity="warning",
            confidence=0.85,
            repair="Find out why rows come twice; remove the copies, or name what they share with --group.",
        ),
        rows=rows,
    )


def _comparable(values: Values, rows: Rows) -> NDArray[np.float32]:
    """Return a column's values to compare at some rows: ranks from 0 to 1, or whole numbers that are equal or not."""
    values = taken(values, rows)
    if isinstance(values, Coded):
        return values.codes.astype(np.float32) * 2.0
    known = ~np.isnan(values)
    placed = np.full(len(values), -1.0, dtype=np.float32)
    placed[known] = ranks(values[known])
    return placed


def _part(context: Context, columns: Sequence[Column], goal: Goal) -> Rows:
    """Return which of the goal's rows are compared: all, or whole cells of like rows with like targets."""
    many = len(goal.y)
    if many <= MOST_ROWS:
        return np.arange(many)
    random = np.random.default_rng(context.seed)
    cell = bins(goal.y, 8).astype(np.uint64)
    for place in random.permutation(len(columns))[:CELL_COLUMNS]:
        coarse = bins(taken(context.values(columns[place].name), goal.rows), CELL_BINS)
        cell = cell * np.uint64(1_000_003) + coarse.astype(np.uint64)
    different, codes = np.unique(cell, return_inverse=True)
    order = random.permutation(len(different))
    sizes = np.bincount(codes)[order]
    kept = np.zeros(len(different), dtype=np.bool_)
    kept[order[np.cumsum(sizes) <= max(MOST_ROWS, sizes[0])]] = True
    return np.flatnonzero(kept[codes])[: 2 * MOST_ROWS]


def _nearest(columns: Sequence[NDArray[np.float32]], seed: int) -> Nearest:
    """Look for the nearest others of some rows: the sum of steps between ranks, 1 for words that differ."""
    rows = len(columns[0])
    many = min(rows, max(1, COMPARED // (rows * len(columns))))
    asked = np.sort(np.random.default_rng(seed).choice(rows, many, replace=False))
    distances, others = [], []
    for start in range(0, many, 64):
        some = asked[start : start + 64]
        total = np.zeros((len(some), rows), dtype=np.float32)
        for column in columns:
            total += np.minimum(np.abs(column[some, None] - column[None, :]), 1.0)
        total[np.arange(len(some)), some] = np.inf
        first = np.argpartition(total, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        among = np.take_along_axis(total, first, axis=1)
        order = np.argsort(among, axis=1, kind="stable")
        distances.append(np.take_along_axis(among, order, axis=1))
        others.append(np.take_along_axis(first, order, axis=1))
    return Nearest(asked, np.concatenate(distances), np.concatenate(others))


def _far_nearer(distances: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Tell which rows have a near copy; None where no more have than chance gives rows in so many dimensions.

    In D dimensions, the distances to the first and the fifth neighbour have a ratio whose D-th power is the smallest of
    four uniform numbers (after Facco et al., "Estimating the intrinsic dimension of datasets", 2017).
    """
    unlike = distances[:, 0] > 0
    if unlike.sum() < FEWEST_ROWS / 2:
        return None
    ratio = np.ones(len(distances))
    ratio[unlike] = distances[unlike, 0] / np.maximum(distances[unlike, 4], 1e-9)
    later = distances[unlike, 1] / np.maximum(distances[unlike, 5], 1e-9)
    middle = float(np.median(later))
    if not 0 < middle < 1:
        return None
    dimensions = math.log(0.314) / math.log(middle)  # the median of the second smallest of five uniform numbers
    chance = 1.0 - (1.0 - NEAR**dimensions) ** 4
    near = ratio < NEAR
    enough = near.mean() >= max(LEAST_SHARE, BEYOND_CHANCE * chance) and near.sum() >= 5
    return near if enough else None


def _differing(columns: Sequence[NDArray[np.float32]], one: Rows, other: Rows) -> NDArray[np.intp]:
    """Return in how many columns the rows of each pair differ."""
    return np.asarray(sum((column[one] != column[other]).astype(np.intp) for column in columns))


def _same_target(goal: Goal, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Tell which pairs have the same target."""
    if goal.labels:
        return np.asarray(goal.codes[one] == goal.codes[other])
    place = ranks(goal.y)
    return np.abs(place[one] - place[other]) <= SAME_NUMBER


def _most_by_likeness(goal: Goal) -> float:
    """Return how many rows may have the target of their fifth nearest: a number is the same only in copies."""
    return MOST_SAME_CLASS if goal.labels else MOST_SAME_NUMBER
