"""What several kinds of tests share: how far an answer moved, values as they are shown, and numbers as raw values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np

from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Setting, Tried
from mlwright.learn.base import Floats
from mlwright.schema import Column
from mlwright.values.times import EPOCHS

LONGEST_SHOWN = 60
LATEST = 253_402_300_799.0
EARLIEST = -62_135_596_800.0


def farthest(cases: Sequence[Case], before: Floats, after: Floats, watched: int | None) -> list[Tried]:
    """Return for each row the case in which its answer moved farthest."""
    found = []
    rows = np.array([case.row for case in cases], dtype=np.intp)
    away = np.abs(after - before[rows])
    outputs = np.full(len(cases), watched) if watched is not None else away.argmax(axis=1)
    sizes = away[np.arange(len(cases)), outputs]
    place = 0
    for row, several in groupby(cases, key=lambda case: case.row):
        count = len(list(several))
        at = place + int(sizes[place : place + count].argmax())
        output = int(outputs[at])
        case = cases[at]
        found.append(
            Tried(row, float(sizes[at]), case.was, case.now, float(before[row, output]), float(after[at, output]))
        )
        place += count
    return found


def moved_by(answer: str, most: str) -> str:
    """Return what must not happen to an answer, where it is not to move."""
    return f"moved {answer} by more than {most}" if most else f"changed {answer}"


def columns_of(test: BehaviourTest) -> str:
    """Return the names of the columns of a test."""
    return " and ".join(map(repr, test.columns))


def shown(value: object) -> str:
    """Return a raw value as people read it, cut where it is long.

    >>> shown("f"), shown(None), shown(3.0)
    ("'f'", 'missing', '3')
    """
    if value is None:
        return "missing"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def raw_of(value: float, column: Column) -> Any:
    """Return a typed number as a raw value that the column reads as this number."""
    if column.kind == "boolean":
        return bool(value)
    if column.kind == "datetime":
        if scale := EPOCHS.get(column.datetime_format or ""):
            return value * scale
        return datetime.fromtimestamp(min(max(value, EARLIEST), LATEST), UTC).replace(tzinfo=None).isoformat()
    return int(value) if column.kind == "integer" and float(value).is_integer() else float(value)


def watch(test: BehaviourTest, setting: Setting) -> int:
    """Return the one output that a test with a direction looks at."""
    at = setting.watched(test)
    if at is None:
        raise ValueError(f"the test {test.name!r} names no class")
    return at
