"""How likely each row is a case, given its score and its group: less noise than who happened to be one.

Rates of a group are counted over its cases, and there may be few: of 300 cases, the share above a threshold is known to
3 points. The score says more than that: summed up over all rows of the group it gives the same share with less noise,
once it is calibrated in the group (Rao and Blackwell's idea; Ji, Smyth and Steyvers 2020, "Can I trust my fairness
metric?", use it to measure). The calibration has two numbers a group, drawn towards leaving the score as it is
where the group is too small to say. What was found this way is measured on true answers of other rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Floats

PRIOR = 4.0
"""How strongly the score is trusted as it is: the precision of a normal prior on shift and slope in log-odds."""
STEPS = 30
LEAST = 1e-6


def smoothed(score: Floats, y: Floats, group: NDArray[np.intp], weight: Floats, groups: int) -> Floats:
    """Return (n,) the probability that each row is a case, from its score, calibrated within its group.

    Rows of no group (-1) keep their label: they only count for the cost.
    """
    odds = np.log(score.clip(LEAST, 1 - LEAST) / (1 - score).clip(LEAST, 1 - LEAST))
    made = y.astype(np.float64).copy()
    for place in range(groups):
        rows = np.flatnonzero(group == place)
        if len(rows):
            X = np.column_stack([np.ones(len(rows)), odds[rows]])
            made[rows] = _sigmoid(X @ _calibrated(X, y[rows], weight[rows]))
    return made


def _calibrated(X: Floats, y: Floats, weight: Floats) -> Floats:
    """Return the likeliest shift and slope, by Newton's method with steps halved where they overshoot."""
    start = np.array([0.0, 1.0])
    theta = start.copy()

    def loss(theta: Floats) -> float:
        margin = X @ theta
        return float(weight @ (np.logaddexp(0.0, margin) - y * margin) + PRIOR / 2 * np.sum((theta - start) ** 2))

    for _ in range(STEPS):
        p = _sigmoid(X @ theta)
        slope = X.T @ (weight * (p - y)) + PRIOR * (theta - start)
        curve = (X * (weight * p * (1 - p))[:, None]).T @ X + PRIOR * np.eye(2)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while size > LEAST and loss(theta - size * step) > loss(theta):
            size /= 2
        theta = theta - size * step
        if np.abs(size * step).max() < LEAST:
            break
    return theta


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-margin.clip(-500, 500))), dtype=np.float64)
