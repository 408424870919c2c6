"""The nouns of behaviour tests: the test, a changed row, and what is known of the model that is asked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from mlwright.clean.contract.fields import Field
from mlwright.learn.base import Floats
from mlwright.schema import Column, Schema
from mlwright.values import read_value

Row = Mapping[str, Any]
Label = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourTest:
    """One thing about rows that is changed, and what the answer may do then.

    `most` is how far an answer may move: a share (0.05 is five percentage points) where classes are predicted, else in
    the target's unit. `allowed` is the share of rows whose answer may move farther.
    """

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    most: float = 0.0
    allowed: float = 0.0
    decided: bool = False
    """Whether the answer that is given is watched, not its probability: thresholds by group move only that."""
    of: Label | None = None
    """The class whose probability is watched; None for all, or for the second of two."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its kind reads besides."""
    where: str | None = field(default=None, compare=False)
    """The file and line that it stands in."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row with one thing changed, and what was and is there as people read it.

    `rank` orders the cases of one row, where they have an order.
    """

    row: int
    changed: dict[str, Any]
    was: str = ""
    now: str = ""
    rank: float = 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one row: how far its answer moved against the rule, from which answer to which, and by what."""

    row: int
    size: float
    was: str
    now: str
    before: float | None
    after: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of the model: its columns and classes, and where randomness starts."""

    schema: Schema
    classes: tuple[Label, ...]
    seed: int = 0

    def column(self, test: BehaviourTest) -> Column:
        """Return the column that a test of one is about."""
        return self.schema[test.columns[0]]

    def watched(self, test: BehaviourTest) -> int | None:
        """Return which output a test looks at: a class by its place, 0 for a number; None for all classes."""
        if not self.classes:
            return 0
        if test.of is not None:
            return self.classes.index(test.of)
        return 1 if len(self.classes) == 2 else None

    def answer(self, test: BehaviourTest) -> str:
        """Return what is watched, in words."""
        at = self.watched(test)
        if test.decided:
            return "the answer that is given"
        if at is None:
            return "a probability"
        if self.classes:
            return f"the probability of {str(self.classes[at])!r}"
        target = self.schema.only("target")
        return "the answer" if target is None else f"the predicted {target.name!r}"

    def generator(self, test: BehaviourTest) -> np.random.Generator:
        """Return random numbers of one test's own."""
        return np.random.default_rng([self.seed, zlib.crc32(test.name.encode("utf-8", "surrogatepass"))])


class Sample:
    """The raw rows that tests are tried on; each value is read as the model reads it, once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = [dict(row) for row in rows]
        self._read: dict[str, list[float | str | None]] = {}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @cached_property
    def names(self) -> frozenset[str]:
        """The columns that every row has."""
        return frozenset(self.rows[0]) if self.rows else frozenset()

    def read(self, column: Column) -> list[float | str | None]:
        """Return a column's typed values; None is missing."""
        if column.name not in self._read:
            self._read[column.name] = [read_value(row.get(column.name), column) for row in self.rows]
        return self._read[column.name]

    def known(self, column: Column) -> Iterator[tuple[int, Any, Any]]:
        """Yield place, raw and typed value of each row where the column is not missing."""
        for place, value in enumerate(self.read(column)):
            if value is not None:
                yield place, self.rows[place][column.name], value

    def changed(self, place: int, column: str, value: object) -> dict[str, Any]:
        """Return a row with another raw value in one column."""
        return {**self.rows[place], column: value}


class Kind(Protocol):
    """A kind of test: how rows are changed for it, and how far each answer then goes against it."""

    name: str
    meaning: str
    """What it asks, in one line."""
    options: Mapping[str, Field]
    """What a test of it may say besides what all tests may."""
    needs_columns: bool
    strict: bool
    """Whether the rows tried are all there are, so that nothing has to be concluded from them to others."""

    def suits(self, column: Column) -> str | None:
        """Return why a column cannot be tested so, as the end of a sentence, or None where it can."""

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield the rows to ask the model about, those of one row together."""

    def tried(
        self, test: BehaviourTest, cases: Sequence[Case], before: Floats, after: Floats, setting: Setting
    ) -> list[Tried]:
        """Return what became of each row; `before` (rows, k) and `after` (cases, k) are the model's answers."""

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done, as a sentence begins."""

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do, as the sentence goes on: "moved the answer by more than 5 points"."""


Answer = Callable[[list[dict[str, Any]]], Floats]
