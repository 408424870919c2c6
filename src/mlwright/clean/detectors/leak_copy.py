"""The target again in other words: recoded, in another unit, rounded, cut into bands, or spelled otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.goal import Goal, goal_of
from mlwright.clean.measures.leaks import with_and_without
from mlwright.clean.measures.telling import Score, alone, taken
from mlwright.clean.names import counts_time
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table
from mlwright.values import as_text

FEWEST_ROWS = 50
FEWEST_OF_A_CLASS = 5
LEAST_KNOWN = 0.5
"""The share of rows in which a copy has to be known."""
VALUES = 3
"""So many values of a column, on average, may stand for one class where they are spellings of at most two."""
FEWEST_NUMBERS = 3
"""A number with fewer different values says of an amount only that it is large."""
NEVER_BACK = 0.999
"""Where so many of the steps from row to row go one way, all that grows with time grows with the target."""
TRIED = 2_000
"""The first look is at so many rows: what is no copy in them is none."""


@dataclass(frozen=True, slots=True)
class Copy:
    """How a column says what the target says, and in how many rows."""

    how: str
    rows: int


class LeakCopy:
    """Finds columns from which the target can be written down without an exception: 'Y' and 'N' for 1 and 0."""

    name: ClassVar[str] = "leak_copy"
    kinds: ClassVar[tuple[str, ...]] = ("target_copy",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for each column."""
        goal, single = goal_of(context), alone(context)
        if goal is None or single is None:
            return
        for name, copy in copies(context).items():
            score = Score(1.0, 1.0 if goal.labels else None)
            yield Detection(
                finding=Finding(
                    kind="target_copy",
                    columns=(name,),
                    message=f"{name!r} says the target {goal.name!r} in other words in all {copy.rows:,} rows that "
                    f"have both ({copy.how}): {with_and_without(context, name, score)}.",
                    severity="error",
                    confidence=0.99,
                    repair="Leave the column out (--exclude): it is known only when the target is.",
                )
            )


def copies(context: Context) -> dict[str, Copy]:
    """Return the features that are copies of the target."""
    return context.once("leak copies", lambda: _copies(context))


def _copies(context: Context) -> dict[str, Copy]:
    goal = goal_of(context)
    if goal is None or len(goal.rows) < FEWEST_ROWS:
        return {}
    some = np.random.default_rng(context.seed).choice(len(goal.rows), min(TRIED, len(goal.rows)), replace=False)
    part = goal.take(np.sort(some))
    found = {}
    for column in context.schema.features:
        if context.stop():
            break
        if column.role == "time" or column.kind == "datetime" or _copy(context, column, part) is None:
            continue
        if (copy := _copy(context, column, goal)) is not None:
            found[column.name] = copy
    return found


def _copy(context: Context, column: Column, goal: Goal) -> Copy | None:
    values = taken(context.values(column.name), goal.rows)
    known = values.codes >= 0 if isinstance(values, Coded) else ~np.isnan(values)
    if known.sum() < max(FEWEST_ROWS, LEAST_KNOWN * len(known)):
        return None
    y = goal.y[known]
    if isinstance(values, Coded):
        different, codes = np.unique(values.codes[known], return_inverse=True)
        labels = [values.values[code] for code in different]
        return _recoded(labels, codes, y, goal) if goal.labels else _bands(labels, codes, y)
    numbers = values[known]
    if not goal.labels:
        return None if counts_time(column.name) else _same_order(numbers, y)
    different, codes = np.unique(numbers, return_inverse=True)
    if len(different) > VALUES * len(goal.labels):
        return None
    return _recoded([as_text(_plain(number)) or "" for number in different], codes, y, goal)


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number


def _recoded(labels: list[str], codes: np.ndarray[tuple[int], np.dtype[np.intp]], y: Floats, goal: Goal) -> Copy | None:
    """Tell whether each value stands beside one class only, and there are hardly more values than classes."""
    counts = np.bincount(y.astype(np.intp))
    counts = counts[counts > 0]
    if len(labels) > VALUES * len(goal.labels) or len(counts) < len(goal.labels):
        return None
    if len({_folded(label) for label in labels}) > len(goal.labels) + min(len(goal.labels), 2):
        return None
    if np.median(counts) < FEWEST_OF_A_CLASS or counts.sum() - counts.max() < FEWEST_OF_A_CLASS:
        return None
    pairs = np.unique(codes * len(goal.labels) + y.astype(np.intp))
    if len(pairs) != len(labels):
        return None
    code, place = (int(part) for part in divmod(int(pairs[-1]), len(goal.labels)))
    return Copy(f"{labels[code]!r} where it is {goal.labels[place]!r}", len(y))


def _folded(label: str) -> str:
    return "".join(letter for letter in label.casefold() if letter.isalnum()) or label


def _bands(labels: list[str], codes: np.ndarray[tuple[int], np.dtype[np.intp]], y: Floats) -> Copy | None:
    """Tell whether words cut the target's range into bands that do not overlap."""
    counts = np.bincount(codes)
    if len(labels) < FEWEST_NUMBERS or np.median(counts) < FEWEST_OF_A_CLASS:
        return None
    least, most = np.full(len(labels), np.inf), np.full(len(labels), -np.inf)
    np.minimum.at(least, codes, y)
    np.maximum.at(most, codes, y)
    order = np.argsort(least, kind="stable")
    if not _apart(least[order], most[order]):
        return None
    first = int(order[0])
    return Copy(f"{labels[first]!r} where it is {least[first]:.6g} to {most[first]:.6g}", len(y))


def _same_order(numbers: Floats, y: Floats) -> Copy | None:
    """Tell whether the target never falls, or never rises, while the numbers rise."""
    different, codes = np.unique(numbers, return_inverse=True)
    if len(different) < FEWEST_NUMBERS or len(np.unique(y)) < FEWEST_NUMBERS or _counts_rows(different, len(y)):
        return None
    least, most = np.full(len(different), np.inf), np.full(len(different), -np.inf)
    np.minimum.at(least, codes, y)
    np.maximum.at(most, codes, y)
    if not _apart(least, most) and not _apart(least[::-1], most[::-1]):
        return None
    with np.errstate(all="ignore"):
        slope, start = np.polyfit(numbers, y, 1)
        straight = float(np.corrcoef(numbers, y)[0, 1]) ** 2
    steps = np.diff(y)
    if straight < 1.0 - 1e-9 and max((steps >= 0).mean(), (steps <= 0).mean()) >= NEVER_BACK:
        return None
    if straight > 0.9999:
        shift = f" {'plus' if start > 0 else 'minus'} {abs(start):.4g}" if abs(start) > 1e-3 * np.ptp(y) else ""
        return Copy(f"the target is about {slope:.6g} times it{shift}", len(y))
    return Copy(f"the rows stand in the same order by both, {percent(straight)} of a straight line", len(y))


def _counts_rows(different: Floats, rows: int) -> bool:
    """Tell whether the numbers are 1, 2, 3, ...: where the target rises with them, the rows are sorted by it."""
    return len(different) == rows and bool((np.diff(different) == 1.0).all())


def _apart(least: Floats, most: Floats) -> bool:
    """Tell whether ranges follow one another without overlap, and say more than one thing."""
    return bool((most[:-1] <= least[1:]).all()) and least[0] < most[-1]
