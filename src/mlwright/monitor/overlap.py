"""Which new rows are like those of a reference, and how many rows of the reference speak for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.monitor.ranks import Floats

NEIGHBOURS = 100
"""New rows in one neighbourhood, if there are so many."""
FEW = 3.0
"""Rows of the reference in it below which these new rows are unlike anything known."""
FOLDS = 2


@dataclass(frozen=True, slots=True)
class Overlap:
    """How two samples overlap.

    `old` (n,) and `new` (m,): how likely a row is a new one, were there as many of both. `unlike` (m,): new rows like
    which the reference has hardly any. `effective`: the rows of the reference that speak for the new ones, counted as
    so many that count the same (Kish 1965).
    """

    old: Floats
    new: Floats
    unlike: NDArray[np.bool_]
    effective: float


def overlap(old: Floats, new: Floats, *, seed: int) -> Overlap:
    """Tell new rows (m, d) from those of a reference (n, d), each by a model that has not seen it."""
    from sklearn.isotonic import IsotonicRegression

    is_new = np.repeat([0.0, 1.0], [len(old), len(new)])
    balance = np.where(is_new > 0.0, 0.5 / len(new), 0.5 / len(old)) * len(is_new)
    score = _scored(np.vstack([old, new]), is_new, seed)
    chance = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(score, is_new, sample_weight=balance)
    ratio = chance[: len(old)] / np.maximum(1.0 - chance[: len(old)], 1e-9)
    squares = float(np.sum(ratio**2))
    effective = float(ratio.sum()) ** 2 / squares if squares > 0.0 else 0.0
    return Overlap(chance[: len(old)], chance[len(old) :], _unlike(score[: len(old)], score[len(old) :]), effective)


def _scored(rows: Floats, is_new: Floats, seed: int) -> Floats:
    """Return (n + m,) how much like new rows each is, by trees that were grown without it."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(seed)
    part = np.empty(len(rows), dtype=np.intp)
    for side in (0.0, 1.0):
        chosen = np.flatnonzero(is_new == side)
        part[chosen] = random.permutation(len(chosen)) % FOLDS
    score = np.zeros(len(rows))
    for fold in range(FOLDS):
        away = part == fold
        trees = HistGradientBoostingClassifier(
            max_iter=40, max_leaf_nodes=8, min_samples_leaf=20, early_stopping=False, random_state=0
        )
        score[away] = trees.fit(rows[~away], is_new[~away]).decision_function(rows[away])
    return score


def _unlike(old: Floats, new: Floats) -> NDArray[np.bool_]:
    """Return which new rows have too few rows of the reference among those that are as new as they."""
    order = np.argsort(new, kind="stable")
    size = min(NEIGHBOURS, len(new))
    first = np.clip(np.arange(len(new)) - size // 2, 0, len(new) - size)
    ranked, known = new[order], np.sort(old)
    low, high = ranked[first], ranked[first + size - 1]
    among = np.searchsorted(known, high, side="right") - np.searchsorted(known, low, side="left")
    found = np.empty(len(new), dtype=np.bool_)
    found[order] = among < FEW
    return found
