"""Screening: what a candidate feature says of the signals beyond what a quick model already knows.

The residuals of a small boosted model on the plain features, each half of the rows predicted by the other, are what is
left to explain (Zhang et al., "OpenFE: automated feature generation with expert-level performance", ICML 2023, screens
against a model's predictions too). A candidate is worth what the means of the residuals in its ranges, taken on one
half, explain on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats

WEAK, STRONG = (20, 4), (60, 15)
"""Rounds and leaves of the quick models: the first has to leave something to be explained."""
RATE, BINS = 0.15, 63
FEWEST_RANGES, MOST_RANGES = 6, 24
SHRINK = 5.0


@dataclass(frozen=True, slots=True)
class Left:
    """What a quick model leaves unexplained of each signal (n, k), of mean 0 and as large as the signal was: 1."""

    residuals: Floats
    half: NDArray[np.bool_]
    """Which of the two halves a row is in."""
    weight: Floats
    importance: Floats
    """(d,): what each feature of X was worth to the quick model."""

    def explained(self, places: NDArray[np.intp], size: int) -> float:
        """Return the share of the residuals' squares that their means in so many groups explain of the other half.

        Chance explains less than nothing, so that groups which explain something say something.
        """
        shares = 0.0
        halves = (self.half, ~self.half)
        rows = [np.bincount(places[half], weights=self.weight[half], minlength=size) for half in halves]
        for residual in (self.residuals * self.weight[:, None]).T:
            sums = [np.bincount(places[half], weights=residual[half], minlength=size) for half in halves]
            for learned, other in ((0, 1), (1, 0)):
                means = sums[learned] / (rows[learned] + SHRINK)
                shares += float((means * (2.0 * sums[other] - rows[other] * means)).sum())
        total = float((self.weight[:, None] * self.residuals**2).sum())
        return shares / total if total > 0 else 0.0


def standard(signals: Floats, weight: Floats) -> Floats:
    """Return the signals with mean 0 and deviation 1; what is far out is drawn in."""
    mean = np.average(signals, axis=0, weights=weight)
    deviation = np.sqrt(np.average((signals - mean) ** 2, axis=0, weights=weight))
    scaled = np.clip((signals - mean) / np.where(deviation > 0, deviation, 1.0), -4.0, 4.0)
    centred: Floats = scaled - np.average(scaled, axis=0, weights=weight)
    return centred


def left(X: Floats, coded: list[bool], signals: Floats, weight: Floats, seed: int) -> Left:
    """Fit the quick model on each half; return what it leaves of the other one."""
    half = np.random.default_rng(seed).permutation(len(X)) % 2 == 0
    residuals, importance = signals.copy(), np.zeros(X.shape[1])
    for place in range(signals.shape[1]):
        for learned in (half, ~half):
            model = _boosted(X[learned], coded, signals[learned, place], weight[learned], WEAK, share=0.7)
            residuals[~learned, place] -= model.predict(X[~learned], num_threads=1)
            importance += model.feature_importance("gain")
    residuals -= np.average(residuals, axis=0, weights=weight)
    return Left(residuals, half, weight, importance)


def worth(X: Floats, coded: list[bool], signals: Floats, weight: Floats) -> Floats:
    """Return what each feature of X is worth to the quick model, as a share of what all are."""
    gains = np.zeros(X.shape[1])
    for signal in signals.T:
        gains += _boosted(X, coded, signal, weight, STRONG, share=0.4).feature_importance("gain")
    return gains / max(float(gains.sum()), 1e-300)


def ranges(values: Floats) -> tuple[NDArray[np.intp], int]:
    """Return the range that each value is in, of ranges with about as many rows each, and how many there are."""
    missing = np.isnan(values)
    known = np.sort(values[~missing])
    if not len(known):
        return np.zeros(len(values), dtype=np.intp), 1
    count = int(np.clip(np.sqrt(len(values)) / 4, FEWEST_RANGES, MOST_RANGES))
    edges = np.unique(known[(np.arange(1, count) * len(known)) // count])
    places = np.searchsorted(edges, values, side="right")
    places[missing] = len(edges) + 1
    return places, len(edges) + 2


def ranked(values: Floats) -> Floats:
    """Return the ranks, with mean 0 and length 1: the dot product of two such is Spearman's correlation."""
    missing = np.isnan(values)
    filled = np.where(missing, np.median(values[~missing]) if not missing.all() else 0.0, values)
    ranks = np.empty(len(values))
    ranks[np.argsort(filled, kind="stable")] = np.arange(len(values), dtype=np.float64)
    # Equal values get the mean of their ranks, else a column of few values would look like noise.
    _, tied = np.unique(filled, return_inverse=True)
    ranks = (np.bincount(tied, weights=ranks) / np.bincount(tied))[tied]
    ranks -= ranks.mean()
    length = float(np.linalg.norm(ranks))
    found: Floats = ranks / length if length > 0 else ranks
    return found


def _boosted(
    X: Floats, coded: list[bool], signal: Floats, weight: Floats, size: tuple[int, int], *, share: float
) -> Any:
    import lightgbm

    settings = {
        "objective": "regression",
        "learning_rate": RATE,
        "num_leaves": size[1],
        "min_data_in_leaf": 20,
        "feature_fraction": share,
        "lambda_l2": 1.0,
        "max_bin": BINS,
        "num_threads": 1,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    categorical = [place for place, is_code in enumerate(coded) if is_code]
    data = lightgbm.Dataset(X, signal, weight=weight, categorical_feature=categorical, params=settings)
    return lightgbm.train(settings, data, size[0])
