"""Whether a predictor keeps the order it was asked to keep: tried on many rows, with one column moved at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlwright.learn.base import Floats

ROWS = 200
STEPS = 12
"""So many values of the column, from its least to its largest, are put into each row."""
TOLERANCE = 1e-9
"""What sums of floating-point numbers may be off by: no tree that breaks the order breaks it by so little."""


def largest_break(predict: Callable[[Floats], Floats], X: Floats, signs: Sequence[int]) -> float:
    """Return by how much, at most, answers to rows of X (n, d) go against the signs; 0 where all keep them.

    What is missing has no place in the order and is passed over.
    """
    rows = X[np.unique(np.linspace(0, len(X) - 1, ROWS).astype(np.intp))] if len(X) else X
    worst = 0.0
    for column, sign in enumerate(signs):
        known = X[~np.isnan(X[:, column]), column]
        if sign and len(known) and len(rows):
            worst = max(worst, _break(predict, rows, column, steps_of(known), sign))
    return worst


def steps_of(known: Floats) -> Floats:
    """Return values of a column from its least to its largest, as many as are tried, with ones beyond both ends."""
    low, high = float(known.min()), float(known.max())
    inside = np.quantile(known, np.linspace(0, 1, STEPS - 2), method="nearest")
    with np.errstate(over="ignore"):
        beyond = np.clip([low - (high - low) - 1.0, high + (high - low) + 1.0], -1e300, 1e300)
    return np.unique(np.concatenate([inside, beyond]))


def _break(predict: Callable[[Floats], Floats], rows: Floats, column: int, steps: Floats, sign: int) -> float:
    tried = np.repeat(rows[None], len(steps), axis=0)
    tried[:, :, column] = steps[:, None]
    answers = predict(tried.reshape(-1, rows.shape[1]))[:, -1].reshape(len(steps), len(rows))
    return falls(sign * answers)


def falls(answers: Floats) -> float:
    """Return how far answers (steps, n) fall at most below an earlier one of the same row.

    >>> falls(np.array([[0.1, 0.5], [0.3, 0.25], [0.2, 0.5]]))
    0.25
    """
    return max(0.0, float((np.maximum.accumulate(answers, axis=0) - answers).max(initial=0.0)))
