"""What is told of counterfactuals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from mlwright.evaluate import wording
from mlwright.explain.contributions.words import Typed, shown
from mlwright.explain.counterfactuals.goal import Goal
from mlwright.schema import Column
from mlwright.tasks.base import Label
from mlwright.values import as_text

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A column with another value."""

    described: Column
    old: Typed
    new: Typed

    @property
    def column(self) -> str:
        """The column's name."""
        return self.described.name

    @property
    def text(self) -> str:
        """The change in words: "tenure 12 (now 2)". A new category is told whole: cut short, it would be none."""
        new = self.new if isinstance(self.new, str) else shown(self.new, self.described)
        return f"{self.column} {new} (now {shown(self.old, self.described)})"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A row that differs in a few columns, and what the model answers to it."""

    changes: tuple[Change, ...]
    reached: bool
    """Whether that is what was asked for; else it is what comes nearest."""
    answer: Label
    value: float
    """The probability that is told of, or the number."""
    p: float
    """About the share of rows like the training data that are at least as unusual as the changed row."""
    row: Mapping[str, Any] = field(repr=False)
    """The changed row in raw values, as `predict` takes it."""

    def to_dict(self, *, of_class: bool) -> dict[str, Any]:
        """Return JSON: the changes, the answer, the probability or number, and how usual the row is."""
        return {
            "changes": [{"column": each.column, "from": each.old, "to": each.new} for each in self.changes],
            "reached": self.reached,
            "answer": self.answer,
            "probability" if of_class else "value": self.value,
            "p": self.p,
        }


@dataclass(frozen=True)
class Counterfactuals:
    """For some rows: what would have to be different about each for another answer, the smallest changes first."""

    found: tuple[tuple[Counterfactual, ...], ...]
    goals: tuple[Goal, ...] = field(repr=False)
    now: tuple[float, ...]
    """The probability that is told of, or the number, as it is."""
    target: str
    changed: int
    """How many columns were changed at most."""
    kept: tuple[str, ...] = ()
    """Columns that stayed because they seem to describe people."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.found)

    def __iter__(self) -> Iterator[tuple[Counterfactual, ...]]:
        """Iterate over the rows."""
        return iter(self.found)

    def __getitem__(self, row: int) -> tuple[Counterfactual, ...]:
        """Return the counterfactuals of a row."""
        return self.found[row]

    @property
    def text(self) -> list[str]:
        """For each row, its counterfactuals in words."""
        return [" ".join(self.sentences(row)) for row in range(len(self))]

    def sentences(self, row: int) -> list[str]:
        """Return one sentence for each counterfactual of a row, or one that says that there is none."""
        goal, found = self.goals[row], self.found[row]
        few = f"at most {wording.count(self.changed, 'column')}"
        if not found:
            return [f"No change of {few} that the past rows speak for brings this row nearer {goal.text}."]
        sentences = [f"With {self._with(each)}: {self._value(row, each)}." for each in found]
        if not found[0].reached:
            sentences = [f"No change of {few} is enough {goal.text}. Nearest comes: " + _small(sentences[0])]
        return sentences

    @property
    def kept_text(self) -> str:
        """Which columns stayed because they seem to describe people, in words; empty where none did."""
        if not self.kept:
            return ""
        stay, seem = ("stays", "it seems") if len(self.kept) == 1 else ("stay", "they seem")
        named = ", ".join(map(repr, self.kept))
        return f"{named} {stay} as now, for {seem} to tell what people are; --mutable lets a column change."

    def _with(self, each: Counterfactual) -> str:
        told = [change.text for change in each.changes]
        return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)

    def _value(self, row: int, each: Counterfactual) -> str:
        goal = self.goals[row]
        if not goal.classes:
            return f"{self.target} {wording.brief(each.value, 4)}"
        told = f"{wording.percent(each.value)} for {self.target} {as_text(goal.classes[goal.of])}"
        return f"{told}, so the answer would be {as_text(each.answer)}" if each.answer != goal.now else told

    def to_dict(self) -> dict[str, Any]:
        """Return JSON: for each row what is asked for, what is now, and the counterfactuals, the smallest first."""
        return {
            "rows": [
                {
                    "asked": goal.text,
                    "answer": goal.now,
                    "class": goal.classes[goal.of] if goal.classes else None,
                    "probability" if goal.classes else "value": now,
                    "counterfactuals": [each.to_dict(of_class=bool(goal.classes)) for each in found],
                    "kept": list(self.kept),
                    "text": text,
                }
                for goal, now, found, text in zip(self.goals, self.now, self.found, self.text, strict=True)
            ]
        }

    def __repr__(self) -> str:
        """Return the first rows in words."""
        lines = "".join(f"\n  {row}: {text}" for row, text in enumerate(self.text[:SHOWN]))
        more = f"\n  ... {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return f"<Counterfactuals of {wording.count(len(self), 'row')}. Look closer: [row]>{lines}{more}"

    def _repr_html_(self) -> str:
        """Return the first rows in words, as a list."""
        lines = "".join(f"<li>{escape(text)}</li>" for text in self.text[:SHOWN])
        return f"<div><ol start='0'>{lines}</ol></div>"


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
