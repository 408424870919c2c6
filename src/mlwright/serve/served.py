"""A model in service: its rows checked, its answers put into words that JSON has, its doubts acted upon."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from mlwright.errors import OptionError
from mlwright.model import RowModel
from mlwright.schema import Column
from mlwright.serve.answers import Answer, Reason
from mlwright.serve.checking import Checker, Flag, Raw
from mlwright.serve.policy import ModelPolicy, Policy
from mlwright.serve.policy_check import check_policy
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.row_schema import answer_schema, row_schema
from mlwright.serve.shapes import CELLS, Shape
from mlwright.serve.tables import Columns
from mlwright.serve.written import example_of
from mlwright.tasks.base import Prediction
from mlwright.values import as_text, read_value

MOST_NAMED = 4
FEW = 8
"""Up to so many rows are answered at once, on the thread that reads requests; more go to another thread."""
STANDING_BACK: Mapping[str, Literal["default", "refer"]] = {"default": "default", "refer": "refer"}
"""What a rule of humility may say that takes the place of the model's answer."""


class Served:
    """One version of a model of rows, ready to answer. Answering is safe on several threads at once."""

    ways: ClassVar[frozenset[str]] = frozenset({"explain", "infer"})
    shape: ClassVar[Shape] = CELLS
    address: ClassVar[str] = "predict"
    few: ClassVar[int] = FEW

    def __init__(self, model: RowModel, name: str, version: int, policy: ModelPolicy) -> None:
        self.model, self.name, self.version, self.policy = model, name, version, policy
        parts = model.parts
        self._ensemble, self._parts = parts.ensemble, parts
        unknown = set((policy.policy or Policy()).columns) - {column.name for column in parts.columns}
        self.unused_rules = tuple(sorted(unknown))
        self.checker = Checker(parts.columns, policy.policy or Policy(), exact=_exact(model))
        self.labels = _unique([as_text(label) or "" for label in parts.classes])
        self._lock = threading.Lock()
        self.gives_reasons = False
        """Whether reasons are given at once: what they need was loaded."""
        humility = policy.humility
        self.is_humble = humility.uncertain_below is not None or humility.wider_than is not None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What the model reads: every row of a table has to have it."""
        return self._parts.columns

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns, also those that the model does not read."""
        return tuple(column.name for column in self._parts.schema)

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What a response says of the model."""
        return {"name": self.name, "version": self.version}

    def warm_up(self) -> None:
        """Answer the golden rows once, so that the first client waits no longer than the others.

        Raises OptionError where the policy asks for what the model cannot tell.
        """
        rows = self._parts.golden[:2] or ({column.name: None for column in self._parts.columns},)
        for row in rows:
            self._predict(self.checker.read([row]).typed)
        if self.policy.humility.unlike is not None and not self._unlike(rows).tells:
            raise OptionError(
                f"{self.name!r} keeps too few past rows to call a row unlike them, as humility.unlike asks.",
                hint="build it with more --cases, or leave humility.unlike out.",
            )

    def answer(self, rows: Sequence[Raw], ids: Sequence[str], *, explain: bool = False) -> list[Answer]:
        """Return the answers to raw rows. Raises Problem where a value is refused."""
        read = self.checker.read(rows)
        if read.errors:
            raise refused(read.errors, len(rows))
        found = self._predict(read.typed)
        answers = self._told(found, ids, read.flags)
        rows = _as_taken(rows, read.flags)
        if self.policy.humility.unlike is not None:
            self._judge_unlike(rows, answers)
        if self.is_humble:
            self._doubt(found, answers)
        if explain:
            self._explain(rows, answers)
        return answers

    def _predict(self, typed: list[Mapping[str, float | str | None]]) -> Prediction:
        return self._parts.answer(typed, self._ensemble.predict_rows(typed))

    def _told(self, found: Prediction, ids: Sequence[str], flags: list[list[Flag]]) -> list[Answer]:
        values = found.values.tolist()
        if found.flags is not None:
            for place, said in enumerate(found.flags):
                if said:
                    flags[place].append(Flag("decision", said))
        if found.probabilities is not None:
            table = found.probabilities.tolist()
            labels = self.labels
            return [
                Answer(id, value, own, "answer", probabilities=dict(zip(labels, row, strict=True)))
                for id, value, own, row in zip(ids, values, flags, table, strict=True)  # noqa: A001
            ]
        if found.lower is None or found.upper is None:
            return [Answer(id, value, own, "answer") for id, value, own in zip(ids, values, flags, strict=True)]  # noqa: A001
        ends = zip(found.lower.tolist(), found.upper.tolist(), strict=True)
        return [
            Answer(id, value, own, "answer", lower=low, upper=high)
            for id, value, own, (low, high) in zip(ids, values, flags, ends, strict=True)  # noqa: A001
        ]

    # --- doubts ------------------------------------------------------------------------------------------------------

    def _judge_unlike(self, rows: Sequence[Raw], answers: list[Answer]) -> None:
        step = self.policy.humility.unlike
        found = self._unlike(rows)
        texts = found.text if any(found) else []
        errors = []
        for place, is_unlike in enumerate(found):
            if not is_unlike:
                continue
            if step == "refuse":
                errors.append(RowError(texts[place], "unlike", place))
                continue
            answers[place].flags.append(Flag("unlike", texts[place]))
            if (instead := STANDING_BACK.get(step or "")) is not None:
                self._stand_back(answers[place], instead)
        if errors:
            raise refused(errors, len(rows))

    def _unlike(self, rows: Sequence[Raw]) -> Any:
        with self._lock:  # what is prepared at the first call is prepared once
            return self.model.unlike(list(rows))

    def _doubt(self, found: Prediction, answers: list[Answer]) -> None:
        humility = self.policy.humility
        if humility.uncertain_below is not None and found.probabilities is not None:
            surest = found.probabilities.max(axis=1)
            for place in np.flatnonzero(surest < humility.uncertain_below).tolist():
                said = f"The likeliest answer has a chance of only {100 * surest[place]:.0f} %."
                self._uncertain(answers[place], said)
        if humility.wider_than is not None and found.lower is not None and found.upper is not None:
            width = found.upper - found.lower
            for place in np.flatnonzero(width > humility.wider_than).tolist():
                self._uncertain(answers[place], f"The interval of the answer is {width[place]:.6g} wide.")

    def _uncertain(self, answer: Answer, said: str) -> None:
        answer.flags.append(Flag("uncertain", said))
        then = self.policy.humility.then
        if then != "flag" and answer.action == "answer":
            self._stand_back(answer, then)

    def _stand_back(self, answer: Answer, step: Literal["default", "refer"]) -> None:
        """Give the stated answer in place of the model's, or none."""
        answer.model_prediction = answer.prediction
        answer.prediction = self.policy.humility.default_answer if step == "default" else None
        answer.action = step

    # --- reasons -----------------------------------------------------------------------------------------------------

    def prepare_reasons(self) -> None:
        """Give the reasons of one answer, because the first ones take seconds: what they need is loaded then."""
        with self._lock:
            if not self.gives_reasons:
                self.model.explain([self.example])
                self.gives_reasons = True

    def _explain(self, rows: Sequence[Raw], answers: list[Answer]) -> None:
        with self._lock:
            found = self.model.explain(list(rows))
        values, names = found.values, list(found.described)
        bases = np.broadcast_to(found.base, (len(rows),)).tolist()
        for place, (answer, text) in enumerate(zip(answers, found.text, strict=True)):
            order = np.argsort(-np.abs(values[place]), kind="stable")
            answer.base, answer.unit, answer.text = bases[place], found.unit, text
            answer.reasons = [
                Reason(names[at], rows[place].get(names[at]), float(values[place, at]))
                for at in order.tolist()
                if values[place, at] != 0.0
            ]

    @cached_property
    def example(self) -> dict[str, Any]:
        """One row that the model can be asked about: its first golden row, numbers written as numbers."""
        row = self._parts.golden[0] if self._parts.golden else {}
        return {
            column.name: example_of(row.get(column.name), read_value(row.get(column.name), column), column)
            for column in self._parts.columns
        }

    # --- what is told of it ------------------------------------------------------------------------------------------

    def check_policy(self, where: str) -> None:
        """Raise OptionError, ColumnError where the model cannot follow its policy."""
        check_policy(self.policy, self.model, where)

    def user_of(self, _: Raw, /) -> str | None:
        """Return nobody: rows have no histories."""
        return None

    def recorded(self, row: Raw, answer: Answer) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Return the row as it came, and what was answered without its reasons."""
        told: dict[str, Any] = {"prediction": answer.prediction, "action": answer.action}
        if answer.probabilities is not None:
            told["probabilities"] = answer.probabilities
        elif answer.lower is not None:
            told["lower"], told["upper"] = answer.lower, answer.upper
        if answer.action != "answer":
            told["model_prediction"] = answer.model_prediction
        return row, told

    def table(self, *, explain: bool) -> Columns:
        """Return the columns for all that may be answered."""
        classes, default = self._parts.classes, self.policy.humility.default_answer
        kinds = {type(each) for each in (*classes, default) if each is not None}
        return Columns(self.labels, kinds, version=self.version, has_interval=not classes, explain=explain)

    def row_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a row."""
        return row_schema(self._parts.columns)

    def answer_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of an answer."""
        return answer_schema(self.model)

    def says(self) -> str:
        """Return what the model says, in a sentence."""
        from mlwright.report import format as words  # only pages say it

        target = f"“{words.clipped(self.model.target, 80)}”"
        named = [f"“{words.clipped(label, 40)}”" for label in self._parts.classes]
        if not named:
            return f"It says what {target} will be."
        if len(named) <= MOST_NAMED:
            return f"It says whether {target} will be {', '.join(named[:-1])} or {named[-1]}."
        return f"It says which of {words.count(len(named))} answers {target} will have."

    def details(self) -> dict[str, Any]:
        """Return what is told of models of rows alone: nothing more."""
        return {}


def refused(errors: list[RowError], rows: int) -> Problem:
    """Return the problem of rows of which some cannot be taken."""
    wrong, kinds = {error.row for error in errors}, {error.kind for error in errors}
    places = f"{len(wrong):,} of {rows:,} rows"
    if len(errors) == 1:
        said = errors[0].message
    elif kinds == {"absent"}:
        columns = len({error.column for error in errors})
        said = f"{columns:,} columns are absent in {places}." if columns > 1 else f"A column is absent in {places}."
    elif kinds == {"unlike"}:
        said = f"{places} are unlike all that taught the model."
    else:
        said = f"{len(errors):,} values in {places} are wrong{' or absent' if 'absent' in kinds else ''}."
    return Problem("invalid-rows", said, errors=errors)


def _exact(model: RowModel) -> tuple[str, ...]:
    """Return the columns by whose exact texts the model tells groups, each with a threshold of its own."""
    policy = model.parts.policy
    return () if policy is None or policy.head is not None else policy.grouping.sources


def _as_taken(rows: Sequence[Raw], flags: Sequence[Sequence[Flag]]) -> Sequence[Raw]:
    """Return the rows with the values that took the place of others."""
    if not any(flag.replaced_by is not None for own in flags for flag in own):
        return rows
    return [
        {**row, **{flag.column: flag.replaced_by for flag in own if flag.column and flag.replaced_by is not None}}
        for row, own in zip(rows, flags, strict=True)
    ]


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return the labels as texts; where two are written alike, their place tells them apart."""
    return tuple(name if names.count(name) == 1 else f"{name}#{place}" for place, name in enumerate(names))
