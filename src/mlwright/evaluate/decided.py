"""What a metric scores: the probabilities, or the answers that people are given, which stated costs or groups move."""

from __future__ import annotations

import numpy as np

from mlwright.tasks.base import Floats, Metric, Prediction


def answered(prediction: Prediction) -> Floats | None:
    """Return (n, classes): 1 for the class that each row is answered, 0 for the others; None of numbers.

    >>> answered(Prediction(np.array(["yes", "no"]), classes=("no", "yes"))).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if not prediction.classes:
        return None
    same = np.equal.outer(prediction.values, np.array(prediction.classes))
    return np.asarray(same, dtype=np.float64)


def scored_by(metric: Metric, P: Floats, answers: Floats | None) -> Floats:
    """Return what a metric is to score: the answers where it is one of answers, else the predictions P."""
    return answers if metric.decided and answers is not None else P
