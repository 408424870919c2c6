"""What a model is made of, before it is an object that predicts or a folder on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlwright.columns import Columns, read_rows
from mlwright.errors import ModelError
from mlwright.learn.base import Floats
from mlwright.learn.ensemble import Ensemble
from mlwright.schema import Column, Schema
from mlwright.tasks import TASKS
from mlwright.tasks.base import Label

GOLDEN_ROWS = 32
PARITY = 1e-6
FAR = 1e300
"""No number that is predicted is farther from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a model knows. `evidence` and `run` are JSON; `golden` holds raw rows with what they get."""

    name: str
    task: str
    target: str
    classes: tuple[Label, ...]
    schema: Schema
    ensemble: Ensemble
    decision: Mapping[str, Any]
    prior: tuple[float, ...]
    """What somebody predicts who sees no column: (k,), as `Task.prior` gives it."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    golden: tuple[dict[str, Any], ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The raw columns that predicting reads."""
        return tuple(self.schema[name] for name in self.ensemble.sources)

    @property
    def background(self) -> Columns:
        """Typed rows that stand for all others when reasons are found."""
        return read_rows(self.golden or [dict.fromkeys(self.ensemble.sources)], self.columns)


def golden_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> tuple[dict[str, Any], ...]:
    """Return up to 32 raw rows, spread evenly over those given, as JSON can hold them.

    A model keeps them with what it answers to them, so that whoever loads it knows that it still answers the same.
    """
    if not rows:
        return ()
    places = sorted({round(place) for place in np.linspace(0, len(rows) - 1, GOLDEN_ROWS).tolist()})
    names = [column.name for column in columns]
    return tuple({name: _raw(rows[place].get(name)) for name in names} for place in places)


def _raw(value: object) -> str | float | int | bool | None:
    """Return a raw value as JSON holds it; dates and all else become the text that is read the same."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return str(value)


def answers(parts: Parts, rows: Sequence[Mapping[str, Any]]) -> Floats:
    """Return (n, k) of raw rows by NumPy alone."""
    return parts.ensemble.predict(read_rows(rows, parts.columns), numpy_only=True)


def check_answers(parts: Parts, rows: Sequence[Mapping[str, Any]], expected: Floats, where: str) -> None:
    """Raise ModelError where the model does not answer the golden rows as it did when it was built.

    A row of missing values goes with them, so that a model which cannot predict at all is found at once. NumPy and the
    fast path, where there is one, both have to.
    """
    nothing = dict.fromkeys(parts.ensemble.sources)
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


def check_decision(parts: Parts, where: str) -> None:
    """Raise ModelError where the step from predictions to answers cannot be taken for any prediction there may be."""
    extremes = np.eye(len(parts.classes)) if parts.classes else np.array([[-FAR], [0.0], [FAR]])
    for probe in (extremes, extremes[:1], np.concatenate([extremes, extremes])):
        found = TASKS[parts.task].answer(probe, parts.decision, parts.classes)
        ends = [end for end in (found.lower, found.upper) if end is not None]
        whole = {len(each) for each in (found.values, found.sets) if each is not None} == {len(probe)}
        cut = found.cutoffs is None or np.isfinite(np.reshape(found.cutoffs, len(parts.classes))).all()
        ordered = len(ends) < 2 or bool((ends[0] <= ends[1]).all())
        if not (whole and cut and ordered and all(np.isfinite(end).all() for end in ends)):
            raise ModelError("The model's step from predictions to answers is damaged.", where=where)
