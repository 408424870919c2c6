"""Timestamps that give the target away, because rows of different targets were recorded at different times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.goal import Goal
from mlwright.clean.measures.leaks import with_and_without
from mlwright.clean.measures.telling import FEWEST_ROWS, Sample, Score, bins, is_strong, sample_of, score_of, told_by
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding
from mlwright.table import Table

DAY = 86_400.0
MOMENT = "the moment"
MOSTLY_DATED = 0.5
FEWEST_MOMENTS = 10
"""Of fewer different times, no time of day or weekday can be told apart from a category."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What part of a timestamp tells the target, how well, and the middle of either end of the target."""

    part: str
    score: Score
    example: str


class LeakTime:
    """Finds timestamps whose date, time of day or weekday tells the target nearly perfectly."""

    name: ClassVar[str] = "leak_time"
    kinds: ClassVar[tuple[str, ...]] = ("time_tells_target",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for each timestamp."""
        target = context.schema.only("target")
        for name, telling in telling_times(context).items():
            trend = telling.score.auc is None and telling.part == MOMENT
            why = "an honest trend, or rows collected by their target" if trend else "rows collected by their target"
            yield Detection(
                finding=Finding(
                    kind="time_tells_target",
                    columns=(name,),
                    message=f"{telling.part.capitalize()} in {name!r} tells the target "
                    f"{target.name if target else ''!r}{telling.example}, a sign of {why}: "
                    f"{with_and_without(context, name, telling.score)}.",
                    severity="info" if trend else "warning",
                    confidence=0.5 if trend else 0.85,
                    repair="Find out how the rows were collected; leave the column out if it is not known beforehand.",
                )
            )


def telling_times(context: Context) -> dict[str, Telling]:
    """Return the timestamps that tell the target."""
    return context.once("leak times", lambda: _telling_times(context))


def _telling_times(context: Context) -> dict[str, Telling]:
    sample = sample_of(context)
    if sample is None or len(sample.rows) < FEWEST_ROWS:
        return {}
    found = {}
    for column in context.schema:
        if column.kind != "datetime" or column.role not in {"feature", "time"} or context.stop():
            continue
        values = context.values(column.name)
        if isinstance(values, Coded):
            continue
        if (telling := _best(values[sample.rows], sample)) is not None:
            found[column.name] = telling
    return found


def _best(times: Floats, sample: Sample) -> Telling | None:
    known = ~np.isnan(times)
    if known.mean() < MOSTLY_DATED or len(np.unique(times[known])) < FEWEST_MOMENTS:
        return None
    parts = {
        MOMENT: times,
        "the time of day": np.floor(times % DAY / 60.0),
        "the second": np.floor(times % 60.0),
        "the weekday": np.floor(times / DAY) % 7,
    }
    for part, values in parts.items():
        # Where times are missing is looked at as a column that is filled after the event.
        score = score_of(told_by(bins(values[known]), _at(sample, known)), sample.goal.take(np.flatnonzero(known)))
        if is_strong(score):
            return Telling(part, score, _example(times, sample.goal) if part == MOMENT else "")
    return None


def _at(sample: Sample, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Sample:
    return Sample(sample.goal.take(np.flatnonzero(known)), sample.folds[known])


def _example(times: Floats, goal: Goal) -> str:
    """Return when half of the rows of two classes had been recorded, as an insertion; "" for numbers."""
    if not goal.labels:
        return ""
    counts = np.bincount(goal.codes, minlength=len(goal.labels))
    two = np.argsort(-counts, kind="stable")[:2]
    middle = [(goal.labels[place], _day(float(np.nanmedian(times[goal.codes == place])))) for place in two]
    return " (" + ", ".join(f"half of {label!r} is before {day}" for label, day in middle) + ")"


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}"
