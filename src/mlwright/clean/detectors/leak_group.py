"""Entities whose rows all have the same target, while the split tears them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.leak_copy import copies
from mlwright.clean.measures.goal import Goal, goal_of
from mlwright.clean.measures.telling import FEWEST_ROWS, Score, bins, sample_of, score_of, told_by
from mlwright.clean.order import repeated_entities
from mlwright.clean.roles import propose_split
from mlwright.columns import Coded, Values
from mlwright.findings import Finding
from mlwright.schema import Column
from mlwright.table import Table

FEWEST_VALUES = 20
"""So many values have to have several rows."""
FEWEST_FOR_EACH = 1.2
"""A column of hardly more rows than values is an id."""
MOST_FOR_EACH = 200
"""A value of more rows is a kind of thing, not a thing."""
LARGEST = 0.5
WITHIN = 0.03
"""The target varies within a value at most this part as much as among all rows."""
FEWEST_TO_TELL = 10
"""So many values have to have another target than most have."""
NEIGHBOURS_TELL = 0.8
"""Where the size of a number tells as much, it is an amount and not a name."""
COARSE = 16


@dataclass(frozen=True, slots=True)
class Group:
    """An entity: how many values have several rows, how many of them one target, and how well a value tells it."""

    values: int
    constant: int
    rows: int
    score: Score
    fresh: Score | None
    """What the size of the number says of values that were never seen; None where there is no size."""


class LeakGroup:
    """Finds entities with several rows and one target: a random split lets the model learn by heart whose row it is."""

    name: ClassVar[str] = "leak_group"
    kinds: ClassVar[tuple[str, ...]] = ("group_tells_target",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each entity that the split does not keep together."""
        goal = goal_of(context)
        found = telling_groups(context)
        if goal is None or not found:
            return
        plan = propose_split(table, context.schema)
        for name, group in found.items():
            kept = plan.kind == "group" and (plan.column == name or _within(context, name, str(plan.column)))
            together = (
                f"rows are split by {plan.column!r}, which keeps them together"
                if kept
                else "rows of one value on both sides of the split make the score too good"
            )
            yield Detection(
                finding=Finding(
                    kind="group_tells_target",
                    columns=(name,),
                    message=f"{group.constant:,} of the {group.values:,} values of {name!r} that have several rows "
                    f"({group.rows:,} rows) have the same {goal.name!r} in all of them, so that its other rows tell a "
                    f"row's target ({group.score.words}"
                    + (f", {group.fresh.words} for values that were never seen" if group.fresh else "")
                    + f"): {together}.",
                    severity="info" if kept else "warning",
                    confidence=0.9,
                    repair=f"Keep the rows of each value together: --group {name!r}.",
                    applied=kept,
                )
            )


def telling_groups(context: Context) -> dict[str, Group]:
    """Return the entities whose rows have one target."""
    return context.once("leak groups", lambda: _telling_groups(context))


def _telling_groups(context: Context) -> dict[str, Group]:
    goal = goal_of(context)
    if goal is None or len(goal.rows) < FEWEST_ROWS:
        return {}
    named = {entity.name for entity in repeated_entities(context.table.frame, context.schema)}
    known = copies(context)
    found = {}
    for column in context.schema:
        if column.role not in {"feature", "ignored", "group"} or column.name in known or context.stop():
            continue
        if column.kind not in {"id", "integer", "category", "text"} or not _may_name(column, len(goal.rows)):
            continue
        if (group := _of_column(context, column, goal, named=column.name in named)) is not None:
            found[column.name] = group
    return found


def _may_name(column: Column, rows: int) -> bool:
    return column.distinct >= FEWEST_VALUES and FEWEST_FOR_EACH <= rows / column.distinct <= MOST_FOR_EACH


def _of_column(context: Context, column: Column, goal: Goal, *, named: bool) -> Group | None:
    values = context.values(column.name)
    codes = _codes(values)[goal.rows]
    rows = np.flatnonzero(codes >= 0)
    counts = np.bincount(codes[rows])
    rows = rows[counts[codes[rows]] > 1]
    if not len(rows) or counts.max() > LARGEST * len(goal.rows):
        return None
    different, codes = np.unique(codes[rows], return_inverse=True)
    part = goal.take(rows)
    if len(different) < FEWEST_VALUES or len(rows) < max(FEWEST_ROWS, 0.2 * len(goal.rows)):
        return None
    constant = _constant(codes, part)
    if constant is None:
        return None
    fresh = None if isinstance(values, Coded) else _by_size(context, column.name)
    if fresh is not None and fresh.explained >= NEIGHBOURS_TELL and not named:
        return None
    return Group(len(different), constant, len(rows), _by_value(codes, part), fresh)


def _codes(values: Values) -> NDArray[np.intp]:
    if isinstance(values, Coded):
        return values.codes.astype(np.intp)
    codes = np.unique(values, return_inverse=True)[1].astype(np.intp)
    codes[np.isnan(values)] = -1
    return codes


def _constant(codes: NDArray[np.intp], goal: Goal) -> int | None:
    """Return how many values have one target; None where it varies within them, or chance would explain it."""
    Y = goal.signals
    sizes = np.bincount(codes).astype(np.float64)
    within = np.zeros(len(sizes))
    for k in range(Y.shape[1]):
        means = np.bincount(codes, weights=Y[:, k]) / sizes
        within += np.bincount(codes, weights=(Y[:, k] - means[codes]) ** 2)
    total = float(((Y - Y.mean(axis=0)) ** 2).sum()) / max(len(Y) - 1, 1)
    inside = float(within.sum()) / max(len(Y) - len(sizes), 1)
    if total <= 0 or inside > WITHIN * total:
        return None
    constant = within <= 1e-12
    first = np.zeros(len(sizes))
    first[codes] = goal.y
    usual = np.unique(first, return_counts=True)[1].max()
    if len(sizes) - usual < FEWEST_TO_TELL:
        return None
    return int(constant.sum())


def _by_value(codes: NDArray[np.intp], goal: Goal) -> Score:
    """Return how well the other rows of its value tell a row's target."""
    Y = goal.signals
    sizes = np.bincount(codes)[codes][:, None]
    sums = np.column_stack([np.bincount(codes, weights=Y[:, k]) for k in range(Y.shape[1])])[codes]
    return score_of((sums - Y + Y.mean(axis=0)) / sizes, goal)


def _by_size(context: Context, name: str) -> Score | None:
    sample = sample_of(context)
    if sample is None:
        return None
    values = context.numbers(name)[sample.rows]
    return score_of(told_by(bins(values, COARSE), sample), sample.goal)


def _within(context: Context, name: str, other: str) -> bool:
    """Tell whether each value of a column stands beside one value of the other: then the other's split keeps it too."""
    frame = context.table.frame
    pairs = frame.select(name, other).drop_nulls().unique()
    return pairs.height == frame[name].drop_nulls().n_unique()
