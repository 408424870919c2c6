"""What loss is to be expected of each row by itself: by its probabilities, or by the losses of rows like it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlwright.monitor.ranks import Floats
from mlwright.monitor.sample import Loss

FOLDS = 3
LEAST_P = 1e-6
LEAST_SPREAD = 1e-4
"""Of the largest standard deviation of a loss: no row is quite sure."""
LEAST_SHARE = 0.1
"""No row is expected to lose less than this share of the mean loss: trees are not to be believed that it loses none."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected loss of old rows (n,) and new ones (m,), and the standard deviation of each.

    `sign` (n + m,) is 1 where the second of two classes costs more than the first, -1 where less; None otherwise.
    """

    old: Floats
    new: Floats
    old_spread: Floats
    new_spread: Floats
    sign: Floats | None


def of_classes(old: Floats, new: Floats, loss: Loss) -> Expected:
    """Return what probabilities of old rows (n, k) and new ones (m, k) say themselves: what each class would cost."""
    P, rows = np.vstack([old, new]), len(old)
    each = np.column_stack([loss(np.full(len(P), float(label)), P) for label in range(P.shape[1])])
    chance = np.clip(P, LEAST_P, 1.0)
    chance = chance / chance.sum(axis=1, keepdims=True)
    mean = np.sum(chance * each, axis=1)
    spread = np.sqrt(np.sum(chance * (each - mean[:, None]) ** 2, axis=1))
    spread = np.maximum(spread, LEAST_SPREAD * max(float(spread.max()), 1e-12))
    sign = np.sign(each[:, 1] - each[:, 0]) if P.shape[1] == 2 else None
    return Expected(mean[:rows], mean[rows:], spread[:rows], spread[rows:], sign)


def of_rows_alike(old: Floats, losses: Floats, new: Floats, *, seed: int) -> Expected:
    """Return what old rows (n, d) lost, whose losses (n,) are known, for rows like them: by trees without the row."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    part = np.random.default_rng(seed).permutation(len(old)) % FOLDS
    first, second = np.empty(len(old)), np.zeros(len(new))
    for fold in range(FOLDS):
        away = part == fold
        trees = HistGradientBoostingRegressor(
            max_iter=50, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=5.0,
            early_stopping=False, random_state=0,
        ).fit(old[~away], losses[~away])  # fmt: skip
        first[away] = trees.predict(old[away])
        second += trees.predict(new) / FOLDS
    least = LEAST_SHARE * max(float(losses.mean()), 1e-12)
    first, second = np.maximum(first, least), np.maximum(second, least)
    # The larger an error is expected to be, the more it varies.
    return Expected(first, second, first, second, None)
