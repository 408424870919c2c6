"""Rows that are the same in every column but differ in the target, more of them than chance would make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.measures.goal import Goal, goal_of
from mlwright.clean.measures.telling import taken
from mlwright.clean.measures.wording import count_of_rows
from mlwright.columns import Coded
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

FEWEST = 5
FEWEST_NUMBERS = 10
"""So many pairs have to disagree: two numbers are hardly ever the same anyway."""
APART = 0.01
"""Two numbers conflict where more than this share of all targets lies between them."""
NEARLY_ALL = 0.9
"""So many pairs of equal rows disagree only where copies were given other labels: honest ones agree more often."""
BY_CHANCE = 1e-4
"""How likely random labels may disagree as often."""
SHARE_CLASSES, SHARE_NUMBERS = 0.2, 0.05
"""The largest share of rows that have an equal one: beyond, rows are alike because the columns say little."""
DISTANT = 0.25
"""How far two conflicting numbers are apart on average, as a share of all targets; a third is what chance gives."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of rows with equal features: how many, how many of them disagree, how far apart they are, in ranks."""

    count: float
    disagree: float
    distance: float

    @property
    def share(self) -> float:
        """The share of the pairs that disagree."""
        return self.disagree / self.count


class ConflictingLabels:
    """Finds rows with the same features and another target: at most one of them can be right."""

    name: ClassVar[str] = "conflicting_labels"
    kinds: ClassVar[tuple[str, ...]] = ("conflicting_labels",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for all of them."""
        goal = goal_of(context)
        features = [column for column in context.schema.features if column.role != "time"]
        if goal is None or not features:
            return
        frame = pl.DataFrame({column.name: _codes(context, column, goal) for column in features})
        _, group = np.unique(frame.hash_rows(seed=0).to_numpy(), return_inverse=True)
        conflicts = _conflicts(group, goal)
        if conflicts.sum() < FEWEST:
            return
        several = float((np.bincount(group)[group] > 1).mean())
        sure = several <= (SHARE_CLASSES if goal.labels else SHARE_NUMBERS) and _beyond_chance(
            _pairs(group, goal), goal
        )
        rows = goal.rows[conflicts]
        same = np.flatnonzero(conflicts & (group == group[np.flatnonzero(conflicts)[0]]))
        one, other = sorted((int(same[np.argmin(goal.y[same])]), int(same[np.argmax(goal.y[same])])))
        share = len(rows) / len(goal.rows)
        yield Detection(
            finding=Finding(
                kind="conflicting_labels",
                columns=(goal.name,),
                rows=shown(rows),
                message=f"{count_of_rows(len(rows))} ({percent(share)}) have the same features as another row but a "
                f"different {goal.name!r}, such as rows {context.row(goal.rows[one])} ({_said(goal, one)}) and "
                f"{context.row(goal.rows[other])} ({_said(goal, other)}): at most one can be right, or a "
                "column that would tell them apart is missing.",
                severity="warning" if sure else "info",
                confidence=0.85 if sure else 0.4,
                repair="Check these rows; add what tells them apart.",
            ),
            rows=rows,
        )


def _codes(context: Context, column: Column, goal: Goal) -> NDArray[np.int64]:
    values = taken(context.values(column.name), goal.rows)
    if isinstance(values, Coded):
        return values.codes.astype(np.int64)
    # 0.0 and -0.0 are one number, all missing ones are one.
    return np.where(np.isnan(values), np.nan, values + 0.0).view(np.int64)


def _pairs(group: NDArray[np.intp], goal: Goal) -> Pairs:
    """Count the pairs of rows in one group, without making them: from the sizes, or from sorted neighbours."""
    sizes = np.bincount(group).astype(np.float64)
    count = float((sizes * (sizes - 1)).sum()) / 2
    if goal.labels:
        alike = np.unique(group * len(goal.labels) + goal.codes, return_counts=True)[1].astype(np.float64)
        return Pairs(count, count - float((alike * (alike - 1)).sum()) / 2, 1.0)
    place = goal.signals[:, 0]
    order = np.lexsort((place, group))
    beside = group[order][1:] == group[order][:-1]
    steps = np.diff(place[order])[beside]
    return Pairs(float(len(steps)), float((steps > APART).sum()), float(steps.mean()) if len(steps) else 0.0)


def _beyond_chance(pairs: Pairs, goal: Goal) -> bool:
    """Tell whether equal rows disagree more than rows with random labels would: honest labels agree more often."""
    from scipy.stats import binom

    if pairs.disagree < (FEWEST if goal.labels else FEWEST_NUMBERS):
        return False
    if not goal.labels:
        return pairs.share >= NEARLY_ALL and pairs.distance >= DISTANT
    shares = np.bincount(goal.codes) / len(goal.codes)
    random = 1.0 - float((shares**2).sum())
    chance = float(binom.sf(round(pairs.disagree) - 1, round(pairs.count), random))
    return pairs.share > random and (pairs.share >= NEARLY_ALL or chance <= BY_CHANCE)


def _conflicts(group: NDArray[np.intp], goal: Goal) -> NDArray[np.bool_]:
    """Tell which rows stand among equal ones of which some have another target."""
    place = goal.y if goal.labels else goal.signals[:, 0]
    least, most = np.full(group.max() + 1, np.inf), np.full(group.max() + 1, -np.inf)
    np.minimum.at(least, group, place)
    np.maximum.at(most, group, place)
    apart = (most - least) > (0.0 if goal.labels else APART)
    return np.asarray(apart[group])


def _said(goal: Goal, place: int) -> str:
    return repr(goal.labels[int(goal.y[place])]) if goal.labels else f"{goal.y[place]:.6g}"
