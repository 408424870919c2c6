"""What all learners do with rows before they learn from them, and what is left where there is nothing to learn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mlwright.learn.base import Configuration, Floats, Predictor, Problem
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.links import NATURAL


@dataclass(frozen=True, slots=True)
class Packed:
    """A Fitted whose predictor is all there is."""

    predictor: Predictor
    configuration: Configuration
    rounds: int = 1
    complete: bool = True

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        return self.predictor.predict(X)

    def pack(self) -> Predictor:
        """Return the predictor."""
        return self.predictor

    def files(self) -> dict[str, bytes]:
        """Return nothing: the predictor says it all."""
        return {}


def teaching(problem: Problem) -> Problem:
    """Return the rows that have a say, with weights of mean 1, or None where all are equal."""
    weight = problem.weight
    if weight is None or not (weight > 0).any():
        return replace(problem, weight=None)
    kept = weight > 0
    if not kept.all():
        problem = replace(problem, X=problem.X[kept], y=problem.y[kept])
        weight = weight[kept]
    return replace(problem, weight=None if (weight == weight[0]).all() else weight / weight.mean())


def judging(valid: Problem | None) -> Problem | None:
    """Return the validation rows that have a say, or None where there are none."""
    return None if valid is None or not len(valid.y) else teaching(valid)


def mean_loss(judge: Problem, P: Floats) -> float:
    """Return the mean log loss of probabilities, or the mean square of a number's error, on validation rows."""
    if judge.classes:
        own = P[np.arange(len(P)), judge.y.astype(np.intp)]
        losses = -np.log(np.maximum(own, 1e-15))
    else:
        losses = (judge.y - P[:, 0]) ** 2
    return float(np.average(losses, weights=judge.weight))


def outputs(problem: Problem) -> int:
    """Return how many numbers an additive model adds up for a row."""
    return problem.classes if NATURAL[problem.objective] == "softmax" else 1


def hopeless(problem: Problem) -> bool:
    """Tell whether there is nothing to learn: one target, or rows that all look alike."""
    X, y = problem.X, problem.y
    if (y == y[0]).all():
        return True
    return bool(((X[:1] == X) | (np.isnan(X) & np.isnan(X[0]))).all())


def constant(problem: Problem, configuration: Configuration) -> Packed:
    """Predict the mean; or the shares of the classes, each drawn a little towards all being equal (Laplace)."""
    link = NATURAL[problem.objective]
    if problem.classes:
        counts = np.bincount(problem.y.astype(np.intp), weights=problem.weight, minlength=problem.classes)
        shares = (counts + 1 / problem.classes) / (counts.sum() + 1)
        logs = np.log(shares)
        intercept = logs if link == "softmax" else logs[1:] - logs[:1]
    else:
        intercept = np.array([np.average(problem.y, weights=problem.weight)])
    return Packed(LinearPredictor.constant(link, intercept, problem.X.shape[1]), configuration)
