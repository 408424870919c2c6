"""The Learner: an algorithm behind one small interface.

A learner is one file in `learners/` and one line in its registry. `fit` gives a Fitted; `Fitted.pack` gives a
Predictor, which needs NumPy alone, travels in a model and is what answers; `Fitted.files` gives the same thing in the
library's own open format, which travels with it for other programs to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Configuration = Mapping[str, Any]


class Stop(Protocol):
    """Asked between iterations: whether a fit has to end now and keep what it has."""

    def __call__(self) -> bool:
        """Return True when the fit has to end."""


def never() -> bool:
    """Never stop."""
    return False


@dataclass(frozen=True, slots=True)
class Problem:
    """Numbers to learn from: X (n, d) float64 with NaN where missing, y (n,), weights (n,) or None.

    `categorical` marks columns of X that hold codes 0, 1, 2, ... of categories. With classes, y holds class positions;
    without, y has been standardised to mean 0 and standard deviation 1.
    """

    X: Floats
    y: Floats
    objective: str
    classes: int = 0
    weight: Floats | None = None
    categorical: tuple[bool, ...] = ()
    signs: tuple[int, ...] = ()
    """By column of X: 1 where the second class's probability, or the number, may only rise with it, -1 where it may
    only fall, else 0. Empty where nothing is asked; never asked of more than two classes."""


def keeps_order(learner: object) -> bool:
    """Return whether a learner heeds `Problem.signs`: it says so by a class attribute `keeps_order`."""
    return bool(getattr(learner, "keeps_order", False))


def is_readable(learner: object) -> bool:
    """Return whether what a learner learns can be read whole: a sum of one thing for each column, or pair of columns.

    It says so by a class attribute `readable`.
    """
    return bool(getattr(learner, "readable", False))


def take_problem(problem: Problem, index: NDArray[np.intp]) -> Problem:
    """Return the rows of a problem at these positions."""
    weight = None if problem.weight is None else problem.weight[index]
    return replace(problem, X=problem.X[index], y=problem.y[index], weight=weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How a fit may spend: seed, threads, when to stop, and how many rounds (None: let the validation rows decide)."""

    seed: int = 0
    threads: int = 1
    stop: Stop = field(default=never)
    rounds: int | None = None


class Predictor(Protocol):
    """Predicts with NumPy alone. `state` is JSON plus arrays, from which `from_state` makes it again."""

    kind: ClassVar[str]

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Predictor:
        """Return the predictor of that state; raises ModelError where an index or a shape cannot be."""


class Fitted(Protocol):
    """What a learner has learned."""

    @property
    def rounds(self) -> int:
        """Iterations kept (trees per class, steps); refits on more rows are given it."""

    @property
    def complete(self) -> bool:
        """False where `stop` ended the fit early."""

    @property
    def configuration(self) -> Configuration:
        """What to refit with: the configuration given, with what the validation rows chose filled in."""

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""

    def pack(self) -> Predictor:
        """Return the same function for NumPy alone, equal to 1e-6."""

    def files(self) -> dict[str, bytes]:
        """Return the model in the library's own open format, by file name; empty where pack says it all."""


class Learner(Protocol):
    """An algorithm: what it takes, what it costs, good configurations in order, and how to fit it."""

    name: ClassVar[str]
    label: ClassVar[str]
    """As people write it: "LightGBM"."""
    objectives: ClassVar[frozenset[str]]
    variant: ClassVar[str]
    """The Recipe variant it wants."""
    package: ClassVar[str | None]
    """The module it needs, or None; `extra` names the extra that brings it where the core does not."""
    extra: ClassVar[str | None]
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]]
    """By objective, good ones first: plain JSON values."""
    max_cells: ClassVar[int | None]
    """Rows x columns beyond which the learner is not tried, or None."""

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn. With `valid`, stop early on it; without, run `effort.rounds`. Never changes what it is given."""
