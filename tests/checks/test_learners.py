"""One battery over every registered learner and objective, and over a toy one that is not registered."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlwright.learn.base import Configuration, Effort, Fitted, Learner, Problem
from mlwright.learn.learners import LEARNERS, available
from mlwright.learn.learners.teaching import Packed, constant, hopeless, teaching
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.links import NATURAL

# tests/ holds no packages: the checks are loaded by their path.
_spec = importlib.util.spec_from_file_location("learner_checks", Path(__file__).with_name("learner_checks.py"))
assert _spec is not None
assert _spec.loader is not None
checks = importlib.util.module_from_spec(_spec)
sys.modules["learner_checks"] = checks
_spec.loader.exec_module(checks)


class Nearest:
    """The toy: the nearer a class's middle, the likelier the class (a discriminant that knows no covariance)."""

    name: ClassVar[str] = "nearest"
    label: ClassVar[str] = "nearest middle"
    objectives: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass"})
    variant: ClassVar[str] = "onehot"
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {name: ({},) for name in objectives}
    max_cells: ClassVar[int | None] = None

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        rows = teaching(problem)
        if hopeless(rows):
            return constant(rows, configuration)
        share = (rows.y == np.arange(rows.classes)[:, None]) * (1.0 if rows.weight is None else rows.weight)
        total = np.maximum(share.sum(axis=1, keepdims=True), 1e-15)
        spread = np.where(rows.X.std(axis=0) > 0, rows.X.var(axis=0), 1.0)
        middle = share @ rows.X / total
        bias = np.log(total[:, 0]) - (middle**2 / spread).sum(axis=1) / 2
        middle = middle / spread
        if NATURAL[rows.objective] == "sigmoid":
            middle, bias = middle[1:] - middle[:1], bias[1:] - bias[:1]
        low, high = rows.X.min(axis=0), rows.X.max(axis=0)
        arrays = {"weight": middle.T, "intercept": bias, "fill": (low + high) / 2, "low": low, "high": high}
        return Packed(LinearPredictor(NATURAL[rows.objective], arrays), configuration)


ALL: list[Learner] = [*LEARNERS.values(), Nearest()]
CASES = [
    pytest.param(
        learner,
        objective,
        id=f"{learner.name}-{objective}",
        marks=pytest.mark.skipif(not available(learner), reason=f"wants {learner.package}"),
    )
    for learner in ALL
    for objective in sorted(learner.objectives)
]


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize(("learner", "objective"), CASES)
def test_learner(learner: Learner, objective: str, check: Callable[[Learner, str], None]) -> None:
    check(learner, objective)


@pytest.mark.parametrize("learner", ALL, ids=lambda learner: learner.name)
def test_declarations(learner: Learner) -> None:
    assert set(learner.configurations) == learner.objectives
    assert learner.label
    assert learner.variant in {"codes", "target", "onehot"}


def test_registered_under_their_names() -> None:
    assert [learner.name for learner in LEARNERS.values()] == list(LEARNERS)


def test_learners_work_side_by_side_in_threads() -> None:
    """The search fits in threads, with linear algebra kept to one: neither errors nor other answers than in turn."""
    given = [
        (learner, checks.problem(learner, "binary", rows=150)) for learner in LEARNERS.values() if available(learner)
    ]
    with threadpool_limits(1), ThreadPoolExecutor(4) as pool:
        alone = [checks.quick(learner, one).predict(one.X) for learner, one in given]
        together = list(pool.map(lambda pair: checks.quick(*pair).predict(pair[1].X), given * 3))
    for place, P in enumerate(together):
        np.testing.assert_array_equal(P, alone[place % len(given)])
