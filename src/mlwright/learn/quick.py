"""The quick learner: a few rounds of LightGBM on folds, to compare two ways to prepare the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mlwright.learn.base import Configuration, Effort, Stop
from mlwright.learn.learners import LEARNERS
from mlwright.learn.material import Folds, Material
from mlwright.learn.splits import Fold
from mlwright.tasks.base import Floats

LEARNER, VARIANT, ROUNDS = "lightgbm", "codes", 80
CONFIGURATION: Configuration = {
    "learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.8,
    "extra_trees": False, "cat_smooth": 10.0, "cat_l2": 1.0, "lambda_l2": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quick:
    """What the quick learner lost on each fold, (folds,), and predicted out of fold: (n, k), NaN where never scored."""

    losses: Floats
    P: Floats


def learn_quickly(material: Material, parts: Sequence[Fold], *, seed: int, threads: int, stop: Stop) -> Quick | None:
    """Fit on each fold and score; None where time was up before the last, or the learner failed on one."""
    held = Folds(material, parts, seed)

    def fit(fold: int) -> Floats | None:
        if stop():
            return None
        prepared = held.prepare(fold, VARIANT)
        effort = Effort(seed=seed + fold, threads=1, stop=stop, rounds=ROUNDS)
        fitted = LEARNERS[LEARNER].fit(prepared.train, CONFIGURATION, None, effort)
        return None if stop() else fitted.predict(prepared.valid.X) * prepared.scale + prepared.center

    with ThreadPoolExecutor(threads, thread_name_prefix="mlwright-quick") as pool:
        fits = [pool.submit(fit, fold) for fold in range(len(parts))]
        # What stops LightGBM here is told by the search, which tries it among others.
        said = [None if isinstance(each.exception(), Exception) else each.result() for each in fits]
    P = np.full((material.rows, max(1, len(material.target.classes))), np.nan)
    losses = np.empty(len(parts))
    for fold, (each, (_, valid)) in enumerate(zip(said, parts, strict=True)):
        if each is None:
            return None
        P[valid] = each
        weight = None if material.weight is None else material.weight[valid]
        losses[fold] = material.metric.loss(material.target.y[valid], each, weight)
    return Quick(losses, P)
