"""How likely a known target is right, judged by a model that has not learned from its row.

Classes: a row's own class has the probability that the model gives it; of several classes, the others count by how
often rows of theirs seem to bear this label (after the confident joint of Northcutt et al., "Confident learning:
estimating uncertainty in dataset labels", JAIR 2021). Numbers: the residual in units of the usual residual at that
prediction, as Zhou et al., "Detecting errors in numerical data via any regression model" (2023), divide it by the
model's uncertainty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats

LIKE_ROWS = 50.0
"""A class's errors are taken to go to all others alike until about so many of its own say otherwise."""
LEAST_NOISE, MOST_NOISE = 0.01, 0.4
DOUBT_POWER = 3
WITHIN_USUAL = 2.0
WITHOUT_WEIGHT = 4.0
"""Residuals of up to so many times the usual one count fully, beyond the other not at all."""
NEAR_SHARE, NEAR_LEAST = 0.05, 20
"""The usual residual at a prediction is the median over this share of the rows with the nearest predictions."""

Codes = NDArray[np.intp]


def own_probability(codes: Codes, P: Floats) -> Floats:
    """Return what the model gives each row's own class.

    >>> own_probability(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    array([0.9, 0.2])
    """
    return np.asarray(P[np.arange(len(codes)), codes], dtype=np.float64)


def thresholds(codes: Codes, P: Floats) -> Floats:
    """Return for each class how sure the model is of its rows on average: what counts as confident; 1 without rows."""
    counts = np.bincount(codes, minlength=P.shape[1])
    sums = np.bincount(codes, weights=own_probability(codes, P), minlength=P.shape[1])
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def confident_joint(codes: Codes, P: Floats) -> Floats:
    """Return (true, given) counts: rows in which the model is confidently sure of a class, by the one they bear."""
    limits = thresholds(codes, P) - 1e-12
    confident = np.where(limits <= P, P, -1.0)
    sure = confident.max(axis=1) >= 0
    joint = np.zeros((P.shape[1], P.shape[1]))
    np.add.at(joint, (confident.argmax(axis=1)[sure], codes[sure]), 1.0)
    return joint


def class_quality(codes: Codes, P: Floats) -> Floats:
    """Return for each row from 0 to 1 how likely its class is right, fit to rank rows by; P is out of fold.

    For two classes the ranking is that of `own_probability`.
    """
    many = P.shape[1]
    joint = confident_joint(codes, P)
    rows = joint.sum()
    wrong = joint - np.diag(joint.diagonal())
    noise = float(np.clip(wrong.sum() / rows if rows else 0.0, LEAST_NOISE, MOST_NOISE))
    anywhere = (1.0 - np.eye(many)) / max(many - 1, 1)
    goes_to = (wrong + LIKE_ROWS * anywhere) / (wrong.sum(axis=1, keepdims=True) + LIKE_ROWS)
    bears = noise * goes_to + (1.0 - noise) * np.eye(many)
    likely = P * bears[:, codes].T
    return np.asarray(own_probability(codes, likely) / np.maximum(likely.sum(axis=1), 1e-300))


def number_doubt(y: Floats, predicted: Floats) -> Floats:
    """Return for each row how many times the usual size its residual is, fit to rank rows by; above 5 hardly by chance.

    Where all numbers are positive, the mean of that and of the same for logarithms: a number may be wrong by an amount
    or by a factor. `predicted` is out of fold.
    """
    doubt = _relative(y, predicted)
    if y.min() <= 0:
        return doubt
    least = float(np.quantile(y, 0.01))
    return np.asarray((doubt + _relative(np.log(y), np.log(np.maximum(predicted, least)))) / 2)


def _relative(y: Floats, predicted: Floats) -> Floats:
    """Return residuals divided by the usual one: half of it everywhere, half of it near the prediction."""
    residual = np.abs(y - predicted)
    rows = len(y)
    width = min(rows, max(NEAR_LEAST, int(NEAR_SHARE * rows)))
    order = np.argsort(predicted, kind="stable")
    padded = np.pad(residual[order], (width // 2, width - 1 - width // 2), mode="symmetric")
    near = np.empty(rows)
    near[order] = _moving_median(padded, width)
    usual = near + float(np.median(residual))
    # Where most are met exactly there is no usual residual: any at all is beyond it.
    floor = 1e-9 * max(float(np.ptp(y)), 1e-300)
    return np.asarray(residual / np.maximum(usual, floor), dtype=np.float64)


def _moving_median(values: Floats, width: int) -> Floats:
    """Return the median of each window; where there are many, of every eighth part of a window only."""
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    step = max(1, width // 8)
    asked = np.unique(np.append(np.arange(0, len(windows), step), len(windows) - 1))
    thinned = windows[asked, :: max(1, width // 500)]
    return np.interp(np.arange(len(windows)), asked, np.median(thinned, axis=1))


def class_weights(codes: Codes, P: Floats) -> Floats:
    """Return for each row from 0 to 1 how much it may count when a model learns again: less where its class is doubted.

    Where another class is the likeliest, the third power of how much likelier it is; else 1.
    """
    return np.asarray((own_probability(codes, P) / np.maximum(P.max(axis=1), 1e-300)) ** DOUBT_POWER)


def number_weights(y: Floats, predicted: Floats) -> Floats:
    """Return for each row from 0 to 1 how much it may count: less the farther its residual is beyond twice the usual.

    The fourth power of the ratio, and nothing beyond `WITHOUT_WEIGHT` times: a number ten times too large spoils a
    model even with little weight. Of the two ways to be far, by an amount and in all, the larger counts.
    """
    far = np.maximum(number_doubt(y, predicted), _relative(y, predicted))
    counted = np.minimum(1.0, (WITHIN_USUAL / np.maximum(far, 1e-12)) ** 4)
    return np.asarray(np.where(far > WITHOUT_WEIGHT, 0.0, counted))
