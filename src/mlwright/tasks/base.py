"""The Task: what is asked of the data, as answers to the questions that the rest of the life cycle has.

Nothing outside this folder may ask which task it is. A new task is one file and one line in `tasks/__init__.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

    from mlwright.findings import Finding
    from mlwright.schema import Column

Floats = NDArray[np.float64]
Label = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Target:
    """The target of every row that has one, as numbers.

    `y` (n,) holds class positions (as floats 0., 1., ...) where there are `classes`, else the numbers themselves.
    """

    y: Floats
    classes: tuple[Label, ...] = ()

    def take(self, index: NDArray[np.intp]) -> Target:
        """Return the targets at these positions."""
        return Target(self.y[index], self.classes)


@dataclass(frozen=True, slots=True)
class Metric:
    """How good predictions are. Predictions P are (n, classes) probabilities, or (n, 1) numbers.

    `score(y, P, weight)` is what people read. `losses(y, P)` gives one number per row whose weighted mean orders models
    as the score does, or is None where the score is no mean (ROC AUC). `interval` names how its uncertainty is found.
    """

    name: str
    greater_is_better: bool
    score: Callable[[Floats, Floats, Floats | None], float]
    losses: Callable[[Floats, Floats], Floats] | None
    interval: Literal["delong", "wilson", "bootstrap"]
    meaning: str
    """One sentence for people who have never heard of it."""
    label: str = ""
    """The name as people write it: "ROC AUC"."""
    percent: bool = False
    """Whether people read it as a percentage."""
    decided: bool = False
    """Whether it scores the answers that people are given: these are then 1 for the class answered, 0 for others."""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    """The least and the most that it can be; no interval reaches beyond."""
    verdict: str = ""
    """What the model does, as a clause after "the model": "explains {score} of the differences (95 % interval {low} to
    {high})". {score}, {low}, {high} come written out (as a percentage where `percent`); {score_100}, {low_100} and
    {high_100} are the same times 100 as whole numbers, for "in {score_100} of 100 pairs". Empty: the label is used."""

    def loss(self, y: Floats, predictions: Floats, weight: Floats | None = None) -> float:
        """Return the score turned so that less is better."""
        value = self.score(y, predictions, weight)
        return -value if self.greater_is_better else value


@dataclass(frozen=True, slots=True)
class Costs:
    """What errors cost, in any one unit: a false alarm, and a case that is missed."""

    false_positive: float = 1.0
    false_negative: float = 1.0
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answers, row by row.

    `values`: labels as the target has them, or numbers. `probabilities`: (n, classes) or None. `lower`, `upper`: the
    interval of a number at the level of the decision, or None. `cutoffs`: for each class the probability from which on
    it belongs to a row's set, or None where too few rows were known to say.
    """

    values: NDArray[Any]
    probabilities: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    classes: tuple[Label, ...] = field(default=())
    cutoffs: Sequence[float] | None = None
    flags: tuple[str, ...] | None = None
    """What is worth knowing of how a row was answered, empty where nothing is; None where nothing ever is."""

    @property
    def included(self) -> NDArray[np.bool_] | None:
        """Which classes (n, classes) cannot be ruled out, or None; the likeliest one is always among them."""
        if self.probabilities is None or self.cutoffs is None:
            return None
        found: NDArray[np.bool_] = self.probabilities >= np.asarray(self.cutoffs, dtype=np.float64)
        found[np.arange(len(found)), self.probabilities.argmax(axis=1)] = True
        return found

    @property
    def sets(self) -> tuple[tuple[Label, ...], ...] | None:
        """The labels that cannot be ruled out, row by row, or None; made when asked for, because many rows take time.

        Nine of ten rows have their true label among them, and so do nine of ten rows of each label that at least 50
        known rows have.
        """
        included = self.included
        return None if included is None else tuple(tuple(compress(self.classes, row)) for row in included.tolist())


class Task(Protocol):
    """What is asked. Implementations hold no state; what is fitted is passed around."""

    name: ClassVar[str]
    """As in `--task`."""
    label: ClassVar[str]
    """As people say it: "yes/no question"."""
    form: ClassVar[str]
    """What is learned from: "rows" of a table, each with its answer, or the "log" of what people took. How models are
    built, kept, served and reported is registered under it."""
    metrics: ClassVar[Mapping[str, Metric]]
    """All metrics that are reported, the default one first."""


class RowTask(Task, Protocol):
    """What is asked of one row: its answer stands in a column, the target."""

    objective: ClassVar[str]
    """The key under which a learner declares how it learns this: "binary", "multiclass" or "regression"."""

    def accepts(self, column: Column, distinct: int, rows: int) -> str | None:
        """Return the sentence why this task suits the target column, or None where it does not."""

    def encode(self, values: pl.Series, column: Column) -> Target:
        """Turn the raw target values (none missing) into numbers. Raises DataError where it cannot be learned."""

    def encode_known(self, values: Sequence[object], column: Column, classes: tuple[Label, ...]) -> Floats:
        """Turn raw target values of new rows into `y` with known classes; NaN where a value is missing or unknown."""

    def signals(self, target: Target) -> Floats:
        """Return (n, k) numbers that a category's average is worth taking of (target encoding)."""

    def strata(self, target: Target) -> NDArray[np.intp]:
        """Return (n,) whole numbers; folds are balanced over them."""

    def findings(self, target: Target) -> tuple[Finding, ...]:
        """Return what is worth saying of the target: imbalance, few rows of a class, outlying values."""

    def prior(self, target: Target, weight: Floats | None) -> Floats:
        """Return (k,) what is predicted by somebody who sees no column."""

    def decide(self, target: Target, predictions: Floats, costs: Costs, weight: Floats | None = None) -> dict[str, Any]:
        """Fit the step from predictions to answers on out-of-fold predictions: JSON, kept in the model.

        Predictions are (n, k), or (r, n, k) where each row was predicted r times by models that had not seen it.
        """

    def answer(self, predictions: Floats, decision: Mapping[str, Any], classes: tuple[Label, ...]) -> Prediction:
        """Turn predictions (n, k) into answers."""

    def curves(self, target: Target, predictions: Floats, decision: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the report draws of the errors: JSON with a "form" that a chart knows."""
