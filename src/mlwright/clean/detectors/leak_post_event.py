"""Columns that are filled only once the target is decided: a cancellation date, the reason of a chargeback."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.leak_copy import copies
from mlwright.clean.measures.goal import Goal
from mlwright.clean.measures.leaks import LEAVE_OUT, with_and_without
from mlwright.clean.measures.telling import Alone, alone, auc, taken
from mlwright.columns import Coded, Values
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table
from mlwright.values import as_text

FEWEST_FILLED = 20
PURE = 0.995
"""The share of filled rows that have the event."""
LEAST_COVERED = 0.3
"""The share of the event's rows that are filled, where empty means missing."""
LEAST_COVERED_BY_DEFAULT = 0.6
"""The same where a value such as 0 stands for "not yet": a number may be 0 for many reasons."""
BOTH_WAYS = 0.9
"""From so many of the event's rows on, being empty says as much as being filled."""
COMMON = 0.8
"""A class that more rows have is no event, unless being empty says that it did not happen."""
CHANCE = 1e-6
APART = 0.98
"""For numbers: the share of pairs of a filled and an empty row in which the filled one has the larger target."""
LEAST_DEFAULT, MOST_DEFAULT = 0.05, 0.995
FEWEST_AFTER = 3
"""So many different values have to stand beside a default: of two answers, neither means "not yet"."""
NOTHING = frozenset({"", "none", "no", "n/a", "na", "nil", "-", "--", "0", "not applicable", "unknown", "null", "nan"})


@dataclass(frozen=True, slots=True)
class AfterEvent:
    """When a column is filled: in `filled` rows, `with_event` of which have the event, as have `events` rows in all."""

    filled: int
    with_event: int
    events: int
    event: str
    default: str | None
    """The value that stands where nothing happened; None where the cell is empty."""

    @property
    def certain(self) -> bool:
        """Whether filled and event are the same but for a few rows."""
        return self.default is None and self.with_event >= 0.999 * self.filled and self.with_event >= 0.9 * self.events


class LeakPostEvent:
    """Finds columns whose being filled is the target: it is known only when it is too late."""

    name: ClassVar[str] = "leak_post_event"
    kinds: ClassVar[tuple[str, ...]] = ("post_event_column",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for each column."""
        single = alone(context)
        if single is None:
            return
        for name, after in after_event(context).items():
            where = "is filled" if after.default is None else f"differs from {after.default!r}"
            yield Detection(
                finding=Finding(
                    kind="post_event_column",
                    columns=(name,),
                    message=f"{name!r} {where} in {after.filled:,} of {len(single.sample.rows):,} rows, "
                    f"{percent(after.with_event / after.filled)} of which have {after.event} "
                    f"({percent(after.with_event / after.events)} of all that have): it seems to be written down only "
                    f"when that is known; {with_and_without(context, name, single.score(name))}.",
                    severity="error" if after.certain else "warning",
                    confidence=0.95 if after.certain else 0.8,
                    repair=LEAVE_OUT,
                )
            )


def after_event(context: Context) -> dict[str, AfterEvent]:
    """Return the features that are filled only where something happened to the target."""
    return context.once("leak post event", lambda: _after_event(context))


def _after_event(context: Context) -> dict[str, AfterEvent]:
    single = alone(context)
    if single is None:
        return {}
    known = copies(context)
    found = {}
    for column in context.schema.features:
        if column.name in known or column.name not in single.codes or column.role == "time":
            continue
        if (after := _of_column(context, column, single)) is not None:
            found[column.name] = after
    return found


def _of_column(context: Context, column: Column, single: Alone) -> AfterEvent | None:
    """Look at missing cells first, then at the value that is most frequent."""
    goal = single.sample.goal
    missing = single.codes[column.name] == 0
    if missing.sum() >= LEAST_DEFAULT * len(missing) and (found := _judged(~missing, goal, None, LEAST_COVERED)):
        return found
    counts = np.bincount(single.codes[column.name][~missing])
    if not len(counts) or not LEAST_DEFAULT <= counts.max() / len(missing) <= MOST_DEFAULT:
        return None
    values = taken(context.values(column.name), single.sample.rows)
    found_default = _default(values, column)
    if found_default is None:
        return None
    text, filled = found_default
    return _judged(filled, goal, text, LEAST_COVERED_BY_DEFAULT if goal.labels else BOTH_WAYS)


def _default(values: Values, column: Column) -> tuple[str, NDArray[np.bool_]] | None:
    """Return the value that may mean "not yet", and which rows have another; None where there is none such."""
    if column.kind == "boolean":
        return None
    if isinstance(values, Coded):
        counts = np.bincount(values.codes[values.codes >= 0], minlength=1)
        top = int(counts.argmax())
        if not values.values or values.values[top].strip().casefold() not in NOTHING:
            return None
        filled = (values.codes >= 0) & (values.codes != top)
        return (values.values[top], filled) if len(np.unique(values.codes[filled])) >= FEWEST_AFTER else None
    different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    number = float(different[counts.argmax()])
    if number not in {0.0, -1.0, different[0], different[-1]}:
        return None
    filled = ~np.isnan(values) & (values != number)
    if len(different) - 1 < FEWEST_AFTER:
        return None
    return as_text(int(number) if number.is_integer() else number) or "", filled


def _judged(filled: NDArray[np.bool_], goal: Goal, default: str | None, least: float) -> AfterEvent | None:
    if filled.sum() < FEWEST_FILLED or (~filled).sum() < FEWEST_FILLED:
        return None
    events = _classes(goal) if goal.labels else _numbers(goal, filled)
    for event, happened in events:
        many = int(happened.sum())
        both = int((filled & happened).sum())
        base, covered = many / len(happened), both / max(many, 1)
        if both < PURE * filled.sum() or covered < (least if base <= COMMON else BOTH_WAYS):
            continue
        if base < 1.0 and filled.sum() * math.log(base) < math.log(CHANCE):
            return AfterEvent(int(filled.sum()), both, many, event, default)
    return None


def _classes(goal: Goal) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for place, label in enumerate(goal.labels):
        happened = goal.codes == place
        if happened.sum() >= FEWEST_FILLED:
            yield f"{goal.name!r} {label!r}", happened


def _numbers(goal: Goal, filled: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield what may be an event of a number: not being its usual value, or being beyond a limit."""
    different, counts = np.unique(goal.y, return_counts=True)
    usual = float(different[counts.argmax()])
    if LEAST_DEFAULT <= counts.max() / len(goal.y) <= MOST_DEFAULT:
        yield f"a {goal.name!r} other than {usual:.6g}", goal.y != usual
    if auc(goal.y, filled) >= APART:
        limit = float(np.quantile(goal.y[filled], (1.0 - PURE) / 2, method="lower"))
        yield f"a {goal.name!r} of at least {limit:.6g}", goal.y >= limit
