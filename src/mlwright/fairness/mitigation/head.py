"""The second head: estimates the group from the columns that may be asked for, so that thresholds can do without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.fairness.mitigation.policy import Head
from mlwright.features.recipe import Recipe
from mlwright.learn.base import Configuration, Effort, Problem
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.learners import LEARNERS
from mlwright.schema import Column
from mlwright.tasks import classification_task
from mlwright.tasks.base import Floats

LEARNER, VARIANT, ROUNDS = "lightgbm", "codes", 80
CONFIGURATION: Configuration = {
    "learning_rate": 0.08, "num_leaves": 12, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.8,
    "extra_trees": False, "cat_smooth": 10.0, "cat_l2": 1.0, "lambda_l2": 1.0,
}  # fmt: skip
FOLDS = 5
BANDS = 2
"""Bands of how likely the group is, for each group: more follow the noise of the rows they are found on."""
ROWS_PER_BAND = 100


def fit_head(
    columns: Columns, features: Sequence[Column], group: NDArray[np.intp], groups: int, *, seed: int
) -> Ensemble:
    """Return an ensemble that estimates the group (0, 1, ...) of a row from these features."""
    signals = np.eye(groups)[group]
    recipe, X = Recipe.fit(columns, features, signals, variant=VARIANT, seed=seed)
    coded = tuple(feature.categorical for feature in recipe.features)
    learner = LEARNERS[LEARNER]
    problem = Problem(X, group.astype(np.float64), classification_task(groups).objective, groups, None, coded)
    fitted = learner.fit(problem, CONFIGURATION, None, Effort(seed=seed, rounds=ROUNDS))
    member = Member(learner.name, learner.label, dict(CONFIGURATION), VARIANT, 1.0, fitted.pack(), fitted.files())
    return Ensemble({VARIANT: recipe}, (member,), groups)


def out_of_fold(
    columns: Columns, features: Sequence[Column], group: NDArray[np.intp], groups: int, *, seed: int
) -> Floats:
    """Return (n, groups): what heads say of rows that they did not learn from; rows of no group (-1) teach nobody."""
    random = np.random.default_rng(seed)
    part = np.empty(len(group), dtype=np.intp)
    for one in range(-1, groups):  # balanced over the groups
        rows = random.permutation(np.flatnonzero(group == one))
        part[rows] = np.arange(len(rows)) % FOLDS
    likely = np.empty((len(group), groups))
    for fold in range(FOLDS):
        teach, told = np.flatnonzero((part != fold) & (group >= 0)), np.flatnonzero(part == fold)
        if len(told):
            head = fit_head(columns.take(teach), features, group[teach], groups, seed=seed)
            likely[told] = head.predict(columns.take(told))
    return likely


def banded(ensemble: Ensemble, likely: Floats) -> Head:
    """Return the head with bands of about equally many of these rows, each of rows enough to say something of them."""
    top = likely.argmax(axis=1)
    edges = []
    for group in range(likely.shape[1]):
        sure = likely[top == group, group]
        bands = max(1, min(BANDS, len(sure) // ROWS_PER_BAND))
        cut = np.quantile(sure, np.linspace(0, 1, bands + 1)[1:-1]) if bands > 1 else np.empty(0)
        edges.append(np.unique(cut))
    return Head(ensemble, tuple(edges))
