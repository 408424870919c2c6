"""What a model is made of, before it is an object that predicts or a folder on disk."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlwright.columns import Columns, read_rows, typed_rows
from mlwright.errors import ModelError
from mlwright.evaluate.reference import Reference
from mlwright.explain.cases import Cases
from mlwright.fairness.mitigation.policy import Policy
from mlwright.learn.base import Floats
from mlwright.learn.ensemble import Ensemble, Values
from mlwright.learn.plugins import predictor_package
from mlwright.schema import Column, Schema
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Label, Prediction
from mlwright.values import raw_value

GOLDEN_ROWS = 32
PARITY = 1e-6
FAR = 1e300
"""No number that is predicted is farther from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(ABC):
    """Everything a model knows, whatever it learned from. `evidence` and `run` are JSON."""

    name: str
    task: str
    target: str
    """The column that is predicted."""
    classes: tuple[Label, ...]
    schema: Schema
    decision: Mapping[str, Any]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy | None = None
    """Which threshold decides about a row, where that is not the same one for all; None where it is."""
    cases: Cases | None = None
    """A few of the rows that taught; None where it was asked to keep none."""
    reference: Reference | None = None
    """How rows were when the model was judged; None where nobody judged it."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The raw columns that answering reads."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that answering needs beside NumPy."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowParts(Parts):
    """What a model that answers about rows knows; `golden` holds raw rows with what they get."""

    ensemble: Ensemble
    prior: tuple[float, ...]
    """What somebody predicts who sees no column: (k,), as `RowTask.prior` gives it."""
    golden: tuple[dict[str, Any], ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The raw columns that answering reads."""
        also = () if self.policy is None else self.policy.sources
        return tuple(self.schema[name] for name in dict.fromkeys((*self.ensemble.sources, *also)))

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that bring the predictors which are not built in."""
        found = {predictor_package(member.predictor.kind) for member in self.ensemble.members}
        return tuple(sorted(package for package in found if package))

    def decided(self, typed: Columns | Sequence[Values]) -> Mapping[str, Any]:
        """Return the step from predictions to answers for these rows: its threshold may be one for each of them."""
        if self.policy is None:
            return self.decision
        return {**self.decision, "threshold": self.policy.thresholds(self._of_policy(typed))}

    def answer(self, typed: Columns | Sequence[Values], P: Floats) -> Prediction:
        """Return the answers to typed rows of which P (n, k) is predicted."""
        if self.policy is None:
            return ROW_TASKS[self.task].answer(P, self.decision, self.classes)
        columns = self._of_policy(typed)
        found = ROW_TASKS[self.task].answer(P, self.decided(columns), self.classes)
        return replace(found, flags=self.policy.flags(columns))

    def _of_policy(self, typed: Columns | Sequence[Values]) -> Columns:
        """Return what tells the thresholds of typed rows."""
        names = () if self.policy is None else self.policy.sources
        return typed if isinstance(typed, Columns) else typed_rows(typed, [self.schema[name] for name in names])

    @property
    def background(self) -> Columns:
        """Typed rows that stand for all others when reasons are found: the cases, else the golden rows."""
        if self.cases is not None:
            return self.cases.read(self.columns)
        return read_rows(self.golden or [dict.fromkeys(column.name for column in self.columns)], self.columns)


def golden_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> tuple[dict[str, Any], ...]:
    """Return up to 32 raw rows, spread evenly over those given, as JSON can hold them.

    A model keeps them with what it answers to them, so that whoever loads it knows that it still answers the same.
    """
    if not rows:
        return ()
    places = sorted({round(place) for place in np.linspace(0, len(rows) - 1, GOLDEN_ROWS).tolist()})
    names = [column.name for column in columns]
    return tuple({name: _raw(rows[place].get(name)) for name in names} for place in places)


def made_up_rows(columns: Sequence[Column], seed: int = 0) -> tuple[dict[str, Any], ...]:
    """Return 32 raw rows of nobody: each value drawn on its own from what the schema says of its column.

    They stand for golden rows where none of the table may be kept.
    """
    random = np.random.default_rng(seed)

    def drawn(column: Column) -> str | float | None:
        if column.kind == "boolean":
            return float(random.integers(2))
        if column.is_float and column.quantiles:
            return raw_value(float(random.choice(column.quantiles)), column)
        return str(random.choice(column.categories)) if column.categories else None

    return tuple({column.name: _raw(drawn(column)) for column in columns} for _ in range(GOLDEN_ROWS))


def _raw(value: object) -> str | float | int | bool | None:
    """Return a raw value as JSON holds it; dates and all else become the text that is read the same."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return str(value)


def answers(parts: RowParts, rows: Sequence[Mapping[str, Any]]) -> Floats:
    """Return (n, k) of raw rows by NumPy alone."""
    return parts.ensemble.predict(read_rows(rows, parts.columns), numpy_only=True)


def check_answers(parts: RowParts, rows: Sequence[Mapping[str, Any]], expected: Floats, where: str) -> None:
    """Raise ModelError where the model does not answer the golden rows as it did when it was built.

    A row of missing values goes with them, so that a model which cannot predict at all is found at once. NumPy and the
    fast path, where there is one, both have to.
    """
    nothing = dict.fromkeys(column.name for column in parts.columns)
    columns = read_rows([*rows, nothing], parts.columns)
    with np.errstate(all="ignore"):
        found = parts.ensemble.predict(columns, numpy_only=True)
        fast = parts.ensemble.predict(columns)
    shape = (len(rows) + 1, max(parts.ensemble.classes, 1))
    if found.shape != shape or not np.isfinite(found).all():
        raise ModelError("The model does not answer with numbers: it is damaged.", where=where)
    if rows and (
        expected.shape != found[:-1].shape or not (np.abs(found[:-1] - expected) <= PARITY * parts.ensemble.scale).all()
    ):
        raise ModelError("The model does not answer its own test rows as it did when it was built.", where=where)
    if not (np.abs(fast - found) <= PARITY * parts.ensemble.scale).all():
        raise ModelError(
            "The model's fast path does not answer its test rows as NumPy does on this machine.",
            where=where,
            hint="pip uninstall wasmtime: NumPy alone then answers. Please report this.",
        )


def check_decision(parts: RowParts, where: str) -> None:
    """Raise ModelError where the step from predictions to answers cannot be taken for any prediction there may be."""
    extremes = np.eye(len(parts.classes)) if parts.classes else np.array([[-FAR], [0.0], [FAR]])
    for probe in (extremes, extremes[:1], np.concatenate([extremes, extremes])):
        found = ROW_TASKS[parts.task].answer(probe, parts.decision, parts.classes)
        ends = [end for end in (found.lower, found.upper) if end is not None]
        whole = {len(each) for each in (found.values, found.sets) if each is not None} == {len(probe)}
        cut = found.cutoffs is None or np.isfinite(np.reshape(found.cutoffs, len(parts.classes))).all()
        ordered = len(ends) < 2 or bool((ends[0] <= ends[1]).all())
        if not (whole and cut and ordered and all(np.isfinite(end).all() for end in ends)):
            raise ModelError("The model's step from predictions to answers is damaged.", where=where)


def check_cases(parts: RowParts, where: str) -> None:
    """Raise ModelError where the cases lack a column that the model reads, or have a class that it does not know."""
    if parts.cases is None:
        return
    if missing := [name for name in parts.ensemble.sources if name not in parts.cases.columns]:
        raise ModelError(f"The model's cases lack the column {missing[0]!r:.200}, which it reads.", where=where)
    if parts.classes and not np.isin(parts.cases.y, np.arange(len(parts.classes))).all():
        raise ModelError("The model's cases have a class that it does not know.", where=where)


def check_policy(parts: RowParts, expected: Sequence[float], where: str) -> None:
    """Raise ModelError where thresholds by group cannot be found for a row, or are others than when they were saved."""
    if parts.policy is None:
        return
    if "threshold" not in parts.decision or len(parts.classes) != 2:
        raise ModelError("The model has thresholds by group, but answers no yes/no question.", where=where)
    if missing := [name for name in parts.policy.sources if name not in parts.schema]:
        raise ModelError(f"The model's thresholds read the column {missing[0]!r:.200} that its schema does not know.")
    for each in parts.policy.grouping.levels if parts.policy.head is None else ():
        if (each.texts is None) != parts.schema[each.column].is_float:
            raise ModelError("The model's thresholds by group read a column as what it is not.", where=where)
    if policy_thresholds(parts) != list(expected):
        raise ModelError("The model's thresholds by group are not what they were when it was saved.", where=where)


def policy_thresholds(parts: RowParts) -> list[float]:
    """Return the thresholds of the golden rows and of a row in which everything is missing; none without a policy."""
    if parts.policy is None:
        return []
    nothing = dict.fromkeys(column.name for column in parts.columns)
    found: list[float] = parts.policy.thresholds(read_rows([*parts.golden, nothing], parts.columns)).tolist()
    return found
