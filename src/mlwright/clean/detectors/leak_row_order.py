"""Files sorted by the target: a row's place in the file says what is to be predicted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.goal import Goal, goal_of
from mlwright.clean.measures.telling import FEWEST_ROWS, Score, bins, sample_of, score_of, told_by
from mlwright.clean.order import dated_columns
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding
from mlwright.table import Table

SORTED = 0.98
"""How closely the target and the row number have to agree in order: Spearman's correlation of either sign."""
NEVER_BACK = 0.999
"""Or so many of the steps from row to row go one way, or stay: where many targets are equal, ranks agree less."""
RUNS_FOR_A_CLASS = 1.5
"""A file in blocks changes class hardly more often than so many times for each class."""
FEWEST_OF_A_CLASS = 10


class LeakRowOrder:
    """Finds tables whose rows stand in the order of the target, or in one block for each class."""

    name: ClassVar[str] = "leak_row_order"
    kinds: ClassVar[tuple[str, ...]] = ("sorted_by_target",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding, or none."""
        goal = goal_of(context)
        if goal is None or len(goal.rows) < FEWEST_ROWS:
            return
        found = _blocks(goal) if goal.labels else _sorted(goal)
        if found is None:
            return
        how, score = found
        score = score or place_score(context)
        in_time = next((moments.name for moments in dated_columns(table.frame, context.schema) if moments.in_order), "")
        in_time = in_time or _time_in_order(context)
        trend = bool(in_time) and not goal.labels
        also = f", and by {in_time!r}: a trend in time" if in_time else ""
        yield Detection(
            finding=Finding(
                kind="sorted_by_target",
                columns=(goal.name,),
                message=f"The rows are sorted by the target {goal.name!r} ({how}){also}: a row's place in the file "
                f"alone reaches {score.words if score else 'a perfect score'}, so nothing that counts rows may be "
                "learned from, nor may the split follow the file.",
                severity="info" if trend else "warning",
                confidence=0.6 if trend else 0.95,
                repair="Shuffle the rows, and leave out columns that were numbered after sorting.",
            )
        )


def place_score(context: Context) -> Score | None:
    """Return how well a row's place in the file tells the target, from rows near it."""
    sample = sample_of(context)
    if sample is None:
        return None
    return score_of(told_by(bins(sample.rows.astype(np.float64)), sample), sample.goal)


def _blocks(goal: Goal) -> tuple[str, Score | None] | None:
    """Tell whether the classes stand in blocks."""
    codes, counts = goal.codes, np.bincount(goal.codes)
    changes = int((np.diff(codes) != 0).sum())
    many = int((counts > 0).sum())
    if counts.sum() - counts.max() < FEWEST_OF_A_CLASS or changes >= RUNS_FOR_A_CLASS * many:
        return None
    # At random, a file changes class as often as two of its rows differ.
    expected = len(codes) * (1.0 - float(((counts / len(codes)) ** 2).sum()))
    if changes > 0.1 * expected:
        return None
    return f"{len(codes):,} rows of {many} classes change class only {changes:,} times", None


def _sorted(goal: Goal) -> tuple[str, Score | None] | None:
    """Tell whether the numbers rise, or fall, from the first row to the last."""
    place = np.linspace(0.0, 1.0, len(goal.y))
    agreement, steps = _correlation(goal.signals[:, 0], place), np.diff(goal.y)
    one_way = max(float((steps >= 0).mean()), float((steps <= 0).mean()))
    if abs(agreement) < SORTED and (one_way < NEVER_BACK or abs(agreement) < SORTED / 2):
        return None
    rises = "rise" if agreement > 0 else "fall"
    return f"its values {rises} from the first row to the last", Score(agreement**2)


def _correlation(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _time_in_order(context: Context) -> str:
    """Return the name of the time column where the rows stand in its order, else ""."""
    column = context.schema.only("time")
    if column is None:
        return ""
    values = context.values(column.name)
    if isinstance(values, Coded):
        return ""
    steps = np.diff(values[~np.isnan(values)])
    return column.name if len(steps) and max((steps >= 0).mean(), (steps <= 0).mean()) >= SORTED else ""
