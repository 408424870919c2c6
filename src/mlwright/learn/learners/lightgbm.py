"""LightGBM: gradient boosting with trees that grow leaf by leaf, and native splits on categories.

Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 2017. The first configurations are
the tuned defaults of Holzmüller et al., "Better by default", NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.early import Watch
from mlwright.learn.learners.lightgbm_text import read_trees
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import constant, hopeless, judging, outputs, teaching
from mlwright.learn.trees import FlatTrees

_FILE = "lightgbm.txt"
_NAMES = """
    learning_rate num_leaves min_data_in_leaf feature_fraction bagging_fraction extra_trees cat_smooth cat_l2 lambda_l2
"""
_CLASSES = table(
    _NAMES,
    (0.04, 50, 40, 0.8, 0.75, False, 10.0, 1.0, 0.0),
    (0.04, 12, 20, 0.6, 0.8, False, 20.0, 2.0, 1.0),
    (0.03, 100, 20, 0.6, 0.8, True, 30.0, 1.0, 0.1),
    (0.06, 6, 10, 0.8, 0.9, False, 5.0, 0.5, 0.0),
    (0.03, 30, 60, 0.45, 0.7, False, 100.0, 2.0, 5.0),
    (0.02, 150, 5, 0.5, 0.75, True, 1.0, 0.1, 1.0),
    (0.04, 24, 5, 0.9, 1.0, True, 10.0, 1.0, 0.0),
    (0.02, 200, 30, 0.7, 0.9, False, 50.0, 1.0, 2.0),
)
_NUMBERS = table(
    _NAMES,
    (0.05, 100, 3, 0.7, 0.7, False, 10.0, 1.0, 0.0),
    (0.04, 20, 10, 0.7, 0.8, False, 10.0, 1.0, 1.0),
    (0.04, 100, 5, 0.7, 0.8, True, 30.0, 1.0, 0.1),
    (0.05, 6, 5, 0.9, 0.9, False, 5.0, 0.5, 0.0),
    (0.03, 50, 20, 0.5, 0.7, False, 100.0, 2.0, 5.0),
    (0.03, 200, 2, 0.5, 0.75, True, 1.0, 0.1, 1.0),
    (0.04, 31, 3, 1.0, 1.0, True, 10.0, 1.0, 0.0),
    (0.02, 200, 10, 0.8, 0.9, False, 50.0, 1.0, 2.0),
)
_OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    "binary": {"objective": "binary", "metric": "binary_logloss"},
    "multiclass": {"objective": "multiclass", "metric": "multi_logloss"},
    "regression": {"objective": "regression", "metric": "l2"},
}
_FIXED = {
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "bagging_freq": 1,
    "min_sum_hessian_in_leaf": 1e-5,
}
_MANY_CLASSES = 8
"""With more classes than this, each tree is made cheaper: every round grows one per class."""


@dataclass(frozen=True, slots=True)
class LightGBMFitted:
    """A LightGBM model, held as its text format."""

    booster: Any
    text: str
    rounds: int
    complete: bool
    configuration: Configuration
    threads: int

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        answer = np.asarray(self.booster.predict(np.ascontiguousarray(X), num_threads=self.threads), dtype=np.float64)
        if answer.ndim == 2:
            return answer
        if "\nobjective=binary" in self.text:
            return np.stack([1.0 - answer, answer], axis=1)
        return answer[:, None]

    def pack(self) -> FlatTrees:
        """Return the same function for NumPy alone."""
        return read_trees(self.text)

    def files(self) -> dict[str, bytes]:
        """Return LightGBM's text format."""
        return {_FILE: self.text.encode()}


class LightGBM:
    """Learns with LightGBM."""

    name: ClassVar[str] = "lightgbm"
    label: ClassVar[str] = "LightGBM"
    objectives: ClassVar[frozenset[str]] = frozenset(_OBJECTIVES)
    variant: ClassVar[str] = "codes"
    package: ClassVar[str | None] = "lightgbm"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _CLASSES,
        "multiclass": _CLASSES,
        "regression": _NUMBERS,
    }
    max_cells: ClassVar[int | None] = None
    keeps_order: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn, one round after another, until the validation loss has stopped falling."""
        require(self)
        rows, judge = teaching(problem), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        parameters = _parameters(rows, configuration, effort)
        watch = Watch.of(effort, rate=parameters["learning_rate"], rows=len(rows.y), valid=judge is not None)
        booster = _booster(rows, judge, parameters)
        complete = True
        for done in range(1, watch.most + 1):
            exhausted = booster.update()
            if judge is not None and watch.ends(done, booster.eval_valid()[0][2]):
                break
            if exhausted:
                break
            if effort.stop():
                complete = done == watch.most
                break
        rounds = min(watch.best_round or booster.current_iteration(), max(booster.current_iteration(), 1))
        text = booster.model_to_string(num_iteration=rounds)
        return LightGBMFitted(_parsed(text), text, rounds, complete, dict(configuration), effort.threads)


def _parameters(rows: Problem, configuration: Configuration, effort: Effort) -> dict[str, Any]:
    """Fit a configuration to the size of the problem: few rows ask for small leaves, many classes for cheap trees."""
    chosen = {**_FIXED, **_OBJECTIVES[rows.objective], **configuration}
    few = max(1, len(rows.y) // 50)
    ease = min(1.0, (_MANY_CLASSES / max(rows.classes, 1)) ** 0.5)
    return {
        **chosen,
        "num_class": outputs(rows),
        "num_threads": effort.threads,
        "seed": effort.seed,
        "min_data_in_leaf": min(chosen["min_data_in_leaf"], few),
        "min_data_per_group": min(100, few),
        "num_leaves": max(2, round(chosen["num_leaves"] * ease)),
        "learning_rate": min(0.1, chosen["learning_rate"] / ease) if ease < 1.0 else chosen["learning_rate"],
        **({"monotone_constraints": list(rows.signs)} if any(rows.signs) else {}),
    }


def _booster(rows: Problem, judge: Problem | None, parameters: Mapping[str, Any]) -> Any:
    import lightgbm

    coded = [position for position, coded in enumerate(rows.categorical) if coded]
    teach = lightgbm.Dataset(rows.X, rows.y, weight=rows.weight, categorical_feature=coded, params=dict(parameters))
    booster = lightgbm.Booster(dict(parameters), teach)
    if judge is not None:
        booster.add_valid(lightgbm.Dataset(judge.X, judge.y, weight=judge.weight, reference=teach), "valid")
    return booster


def _parsed(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)
