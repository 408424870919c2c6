"""Invariance: what should not matter does not. Another value in a column must not move the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mlwright.clean.contract.fields import Field, NotOne
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import LONGEST_SHOWN, columns_of, farthest, moved_by, raw_of, shown
from mlwright.learn.base import Floats
from mlwright.schema import Column

FAR = 3.0
"""Numbers beyond the quartiles by more than so many times their distance are far out (Tukey 1977, "Exploratory Data
Analysis"): an age of 999 is rather no age at all than another one."""
MOST_VALUES = 6
"""So many other values are put into each row; of more, the commonest of the rows."""


def _values(value: object) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise NotOne('a list of two values or more, such as ["f", "m"]')
    if not all(each is None or isinstance(each, (str, int, float, bool)) for each in value):
        raise NotOne("a list of texts, numbers, or true and false")
    return tuple(value)


class Invariance:
    """Puts every other value of a column into each row."""

    name = "invariance"
    meaning = "another value of the column must not move the answer"
    options: Mapping[str, Field] = {"values": Field(_values, "the values that are put in, by default all there are")}
    needs_columns = True
    strict = False

    def suits(self, column: Column) -> str | None:
        """Free text has no other values that mean the same for every row."""
        return "holds free texts, which have no list of values" if column.kind == "text" else None

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield each row with each of the other values."""
        column = setting.column(test)
        others = test.options.get("values") or _others(column, sample)
        for place, raw, typed in sample.known(column):
            for value in others:
                if _key(value, column) != _key(typed, column):
                    changed = sample.changed(place, column.name, value)
                    yield Case(place, changed, _told(raw, column), _told(value, column))

    def tried(
        self, test: BehaviourTest, cases: Sequence[Case], before: Floats, after: Floats, setting: Setting
    ) -> list[Tried]:
        """Return for each row the value that moved its answer farthest."""
        return farthest(cases, before, after, setting.watched(test))

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        return f"Another value of {columns_of(test)}"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do."""
        return moved_by(setting.answer(test), most)


def _key(value: object, column: Column) -> object:
    from mlwright.values import read_value

    return read_value(value, column)


def _told(value: object, column: Column) -> str:
    """Return a value as people read it: a number is one whether it stood as text or not."""
    return value if column.is_float and isinstance(value, str) and len(value) <= LONGEST_SHOWN else shown(value)


def _others(column: Column, sample: Sample) -> list[Any]:
    """Return the values to put in: those at the quantiles of a number, else the commonest that the rows have."""
    values = [value for value in sample.read(column) if value is not None]
    if column.is_float and column.kind != "boolean":
        if not values:
            return []
        numbers = _near(np.array(values, dtype=np.float64))
        spread = np.quantile(numbers, np.linspace(0, 1, MOST_VALUES), method="nearest")
        return [raw_of(value, column) for value in np.unique(spread).tolist()]
    counts: dict[Any, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    common = sorted(counts, key=lambda value: (-counts[value], str(value)))[:MOST_VALUES]
    return [raw_of(value, column) if isinstance(value, float) else value for value in common]


def _near(numbers: Floats) -> Floats:
    """Return the numbers that are not far out; all of them where most are the same."""
    low, high = np.quantile(numbers, [0.25, 0.75])
    if low == high:
        return numbers
    near: Floats = numbers[(numbers >= low - FAR * (high - low)) & (numbers <= high + FAR * (high - low))]
    return near
