"""Tests that follow from what the columns are: nobody has to write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlwright.evaluate.behaviour.base import BehaviourTest, Label
from mlwright.evaluate.behaviour.kinds import KINDS
from mlwright.evaluate.behaviour.kinds.typos import FEWEST_LETTERS
from mlwright.schema import QUANTILES, Column, Schema

MOST_COLUMNS = 40
"""Of wider tables so many columns are tested for formats, gaps and typing errors: the first that the model reads."""
DEFAULTS: dict[str, tuple[float, float]] = {
    "invariance": (0.05, 0.05),
    "direction": (0.0, 0.0),
    "typos": (0.3, 0.1),
    "missing": (0.5, 0.1),
    "formats": (0.0, 0.0),
}
"""By kind: how far an answer may move (a share, or part of the range of most targets), and in which share of rows it
may go farther. One column left empty or mistyped shall not make another case of most rows; the rest is a rule."""


def generated(schema: Schema, *, sources: Sequence[str], classes: Sequence[Label] = ()) -> list[BehaviourTest]:
    """Return the tests that follow from what the columns are; `sources` are those that the model reads.

    Another value of a sensitive column hardly moves the answer; columns with a direction keep it; each column may be
    empty, mistyped, or written in another format. Columns that the model does not read need no test.
    """
    scale = scale_of(schema, classes)
    read = [schema[name] for name in sources if name in schema]
    return [
        *_each("invariance", [column for column in read if column.role == "sensitive"], scale),
        *_each("direction", [column for column in read if column.direction and len(classes) <= 2], scale),
        *(test for kind in ("formats", "missing", "typos") for test in _each(kind, read[:MOST_COLUMNS], scale)),
    ]


def scale_of(schema: Schema, classes: Sequence[Label]) -> float:
    """Return what a share of 1 is in the unit of the answer: the range of the middle 80 % of the target's numbers."""
    target = schema.only("target")
    if classes or target is None:
        return 1.0
    if target.quantiles:
        low, high = target.quantiles[QUANTILES.index(0.1)], target.quantiles[QUANTILES.index(0.9)]
        if high > low:
            return high - low
    low, high = target.low or 0.0, target.high or 0.0
    return high - low if high > low else 1.0


NAMES = {
    "invariance": "{} does not matter",
    "direction": "the direction of {}",
    "formats": "{} in other formats",
    "missing": "{} left empty",
    "typos": "typing errors in {}",
}


def _each(kind: str, columns: Sequence[Column], scale: float) -> Iterator[BehaviourTest]:
    most, allowed = DEFAULTS[kind]
    for column in columns:
        if KINDS[kind].suits(column) is None and _has_cases(kind, column):
            yield BehaviourTest(
                name=NAMES[kind].format(column.name),
                kind=kind,
                columns=(column.name,),
                most=most * scale,
                allowed=allowed,
                options={"direction": column.direction} if kind == "direction" else {},
            )


def _has_cases(kind: str, column: Column) -> bool:
    """Return whether there is likely something to change: words long enough to be mistyped."""
    if kind != "typos" or not column.categories:
        return True
    return any(sum(map(str.isalpha, text)) >= FEWEST_LETTERS for text in column.categories)
