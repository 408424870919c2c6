"""One battery over every registered learner and objective, and over a toy one that is not registered."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlwright.learn.base import Configuration, Effort, Fitted, Learner, Problem
from mlwright.learn.learners import LEARNERS, available
from mlwright.learn.learners.teaching import Packed, constant, hopeless, teaching
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.links import NATURAL
from mlwright.learn.plugins import declaration_faults
from mlwright.testing import LearnerCheck, check_learner, learner_checks
from mlwright.testing import learners as checks


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
        check,
        id=f"{learner.name}-{check}",
        marks=pytest.mark.skipif(not available(learner), reason=f"wants {learner.package}"),
    )
    for learner in ALL
    for check in learner_checks(learner)
]


@pytest.mark.parametrize("check", CASES)
def test_learner(check: LearnerCheck) -> None:
    check()


@pytest.mark.parametrize("learner", ALL, ids=lambda learner: learner.name)
def test_declarations(learner: Learner) -> None:
    assert declaration_faults(learner) is None


def test_a_learner_that_breaks_a_promise_is_named_with_the_check() -> None:
    class Deaf(Nearest):
        def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
            return super().fit(replace(problem, weight=None), configuration, valid, effort)

    with pytest.raises(AssertionError) as caught:
        check_learner(Deaf())
    assert caught.value.__notes__ == ["check: weights-binary"]

    class Vague(Nearest):
        variant: ClassVar[str] = "any"

    with pytest.raises(AssertionError, match="its variant is 'any', not one of codes, "):
        check_learner(Vague())


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
