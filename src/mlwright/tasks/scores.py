"""Scores in plain NumPy: the same numbers as scikit-learn's functions, weights included, without needing it to predict.

Probabilities are (n, classes) and y holds class positions; for yes/no questions class 1 is the one looked for. Numbers
are (n, 1). A metric that says nothing of these rows (ROC AUC of one class) is NaN: leave it out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Floats

EPSILON = float(np.finfo(np.float64).eps)


def _mean(values: Floats, weight: Floats | None) -> float:
    if not len(values) or (weight is not None and weight.sum() <= 0):
        return float("nan")
    return float(np.average(values, weights=weight))


def _weights(y: Floats, weight: Floats | None) -> Floats:
    return np.ones(len(y)) if weight is None else weight


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def confusion(y: Floats, called: NDArray[np.intp], classes: int, weight: Floats | None = None) -> Floats:
    """Return (classes, classes) sums of weights: actual rows, predicted columns.

    >>> confusion(np.array([0.0, 1.0, 1.0]), np.array([0, 1, 0]), 2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    cells = y.astype(np.intp) * classes + called
    counts = np.bincount(cells, weights=weight, minlength=classes * classes)
    return counts.astype(np.float64).reshape(classes, classes)


def likeliest(P: Floats) -> NDArray[np.intp]:
    """Return the position of each row's likeliest class, the first where several are equal."""
    return np.asarray(np.argmax(P, axis=1), dtype=np.intp)


def _called_positive(P: Floats) -> NDArray[np.intp]:
    return np.asarray(P[:, 1] >= 0.5, dtype=np.intp)


# --- orderings -------------------------------------------------------------------------------------------------------


def _steps(y: Floats, P: Floats, weight: Floats | None) -> tuple[Floats, Floats]:
    """Return the weights of true and false positives at each distinct threshold, from the highest down."""
    score = P[:, 1]
    order = np.argsort(-score, kind="stable")
    score = score[order]
    weights = _weights(y, weight)[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    true = np.cumsum(weights * y[order])[last]
    false = np.cumsum(weights * (1.0 - y[order]))[last]
    return true, false


def roc_auc(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the chance that a random positive row is ranked above a random negative one; ties count half.

    The area under the ROC curve by trapezia, which equals the Mann-Whitney statistic (Hanley and McNeil, 1982).

    >>> roc_auc(np.array([0.0, 1.0, 1.0]), np.array([[0.8, 0.2], [0.3, 0.7], [0.9, 0.1]]))
    0.5
    """
    if not len(y):
        return float("nan")
    true, false = _steps(y, P, weight)
    if true[-1] <= 0 or false[-1] <= 0:
        return float("nan")
    true, false = np.append(0.0, true), np.append(0.0, false)
    area = np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2)
    return float(area / (true[-1] * false[-1]))


def average_precision(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean of the precision over all positive rows, best ranked first."""
    if not len(y):
        return float("nan")
    true, false = _steps(y, P, weight)
    if true[-1] <= 0:
        return float("nan")
    seen = true + false
    precision = np.divide(true, seen, out=np.zeros_like(true), where=seen > 0)
    recall = np.append(0.0, true / true[-1])
    return float(np.sum(np.diff(recall) * precision))


# --- probabilities ---------------------------------------------------------------------------------------------------


def log_loss_rows(y: Floats, P: Floats) -> Floats:
    """Return minus the logarithm of the probability that each row's true class was given."""
    given = P[np.arange(len(y)), y.astype(np.intp)]
    return np.asarray(-np.log(np.clip(given, EPSILON, 1 - EPSILON)), dtype=np.float64)


def log_loss(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean surprise: 0 is certain and right, ln(classes) is guessing."""
    return _mean(log_loss_rows(y, P), weight)


def brier_rows(y: Floats, P: Floats) -> Floats:
    """Return the squared distance of each row's probability from what happened (0 or 1)."""
    return np.asarray((P[:, 1] - y) ** 2, dtype=np.float64)


def brier(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean squared distance of the probability from what happened (Brier, 1950)."""
    return _mean(brier_rows(y, P), weight)


# --- decisions -------------------------------------------------------------------------------------------------------


def wrong_rows(y: Floats, P: Floats) -> Floats:
    """Return 1 for each row whose likeliest class is not the true one, else 0."""
    called = _called_positive(P) if P.shape[1] == 2 else likeliest(P)
    return np.asarray(called != y, dtype=np.float64)


def accuracy(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the share of rows whose likeliest class is the true one."""
    return 1.0 - _mean(wrong_rows(y, P), weight)


def _counts(y: Floats, P: Floats, weight: Floats | None) -> Floats:
    called = _called_positive(P) if P.shape[1] == 2 else likeliest(P)
    return confusion(y, called, P.shape[1], weight)


def balanced_accuracy(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean, over the classes that occur, of the share of their rows that were recognised."""
    counts = _counts(y, P, weight)
    rows = counts.sum(axis=1)
    occurring = rows > 0
    return _mean(np.diag(counts)[occurring] / rows[occurring], None)


def precision(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the share of right ones among rows called positive."""
    counts = _counts(y, P, weight)
    return _ratio(float(counts[1, 1]), float(counts[:, 1].sum()))


def recall(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the share of positive rows that were called positive."""
    counts = _counts(y, P, weight)
    return _ratio(float(counts[1, 1]), float(counts[1].sum()))


def f1(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the harmonic mean of precision and recall."""
    counts = _counts(y, P, weight)
    return _ratio(2 * float(counts[1, 1]), float(counts[1].sum() + counts[:, 1].sum()))


def macro_f1(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean F1 over the classes that occur or were predicted."""
    called = likeliest(P)
    counts = confusion(y, called, P.shape[1], weight)
    # Which classes count is asked of the rows, not of the weights, as scikit-learn does.
    seen = np.zeros(P.shape[1], dtype=bool)
    seen[y.astype(np.intp)] = True
    seen[called] = True
    total = counts.sum(axis=0) + counts.sum(axis=1)
    scores = np.divide(2 * np.diag(counts), total, out=np.zeros(len(total)), where=total > 0)
    return _mean(scores[seen], None)


def top_3_rows(y: Floats, P: Floats) -> Floats:
    """Return 1 for each row whose true class is not among its three likeliest, else 0."""
    given = P[np.arange(len(y)), y.astype(np.intp)]
    # Equal probabilities are settled by position, as in `likeliest`.
    before = np.arange(P.shape[1])[None, :] < y[:, None]
    likelier, equal = np.greater(P, given[:, None]), np.equal(P, given[:, None])
    rank = np.sum(likelier | (equal & before), axis=1)
    return np.asarray(rank >= 3, dtype=np.float64)


def top_3_accuracy(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the share of rows whose true class is among the three likeliest; NaN where there are three or fewer."""
    return 1.0 - _mean(top_3_rows(y, P), weight) if P.shape[1] > 3 else float("nan")


# --- numbers ---------------------------------------------------------------------------------------------------------


def absolute_rows(y: Floats, P: Floats) -> Floats:
    """Return how far off each row's number is."""
    return np.abs(y - P[:, 0])


def squared_rows(y: Floats, P: Floats) -> Floats:
    """Return how far off each row's number is, squared."""
    return np.asarray((y - P[:, 0]) ** 2, dtype=np.float64)


def rmse(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(_mean(squared_rows(y, P), weight)))


def mae(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean absolute error."""
    return _mean(absolute_rows(y, P), weight)


def weighted_median(values: Floats, weight: Floats | None = None) -> float:
    """Return the median; where half the weight ends between two values, their mean.

    >>> weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 2.0]))
    5.5
    """
    if not len(values):
        return float("nan")
    if weight is None:
        return float(np.median(values))
    positive = weight > 0
    if not positive.any():
        return float("nan")
    values, weight = values[positive], weight[positive]
    order = np.argsort(values, kind="stable")
    values, below = values[order], np.cumsum(weight[order])
    half = below[-1] / 2
    at = int(np.searchsorted(below, half))
    between = at + 1 < len(values) and np.isclose(below[at], half, rtol=1e-12, atol=0.0)
    return float((values[at] + values[at + 1]) / 2 if between else values[at])


def median_absolute_error(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the error that half of the rows stay below."""
    return weighted_median(absolute_rows(y, P), weight)


def r2(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the share of the target's variance that is explained; 0 is the mean's, negative is worse than the mean."""
    if len(y) < 2:
        return float("nan")
    left = _mean(squared_rows(y, P), weight)
    whole = _mean((y - np.average(y, weights=weight)) ** 2, weight)
    if whole == 0:
        return 1.0 if left == 0 else 0.0
    return 1.0 - left / whole


def percentage_rows(y: Floats, P: Floats) -> Floats:
    """Return how far off each row's number is as a share of the true one; 0 where that is not above zero."""
    off = absolute_rows(y, P)
    return np.divide(off, y, out=np.zeros_like(off), where=y > 0)


def mape(y: Floats, P: Floats, weight: Floats | None = None) -> float:
    """Return the mean absolute error as a share of the true value, over the rows where that is above zero."""
    positive = y > 0
    kept = None if weight is None else weight[positive]
    if not positive.any() or (kept is not None and kept.sum() <= 0):
        return float("nan")
    return _mean(percentage_rows(y, P)[positive], kept)
