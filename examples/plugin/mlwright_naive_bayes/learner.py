"""What learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Problem
from mlwright.learn.learners.teaching import Packed, constant, hopeless, teaching
from mlwright_naive_bayes.predictor import NaiveBayesPredictor


class NaiveBayes:
    """Learns each class's mean and variance of each column."""

    name: ClassVar[str] = "naive_bayes"
    label: ClassVar[str] = "naive Bayes"
    objectives: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass"})
    variant: ClassVar[str] = "target"
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": ({"smoothing": 0.01}, {"smoothing": 0.1}),
        "multiclass": ({"smoothing": 0.01}, {"smoothing": 0.1}),
    }
    max_cells: ClassVar[int | None] = None

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        rows = teaching(problem)  # rows of weight zero have no say
        if hopeless(rows):  # one target, or rows that all look alike
            return constant(rows, configuration)
        known = ~np.isnan(rows.X)
        X = np.where(known, rows.X, 0.0)
        ends = np.stack([X.min(axis=0), X.max(axis=0)])
        weight = np.ones(len(X)) if rows.weight is None else rows.weight
        classes = weight * (rows.y == np.arange(rows.classes)[:, None])
        everyone = _moments(weight[None], X, known, 0.0, 1.0)
        floor = configuration["smoothing"] * np.maximum(everyone[1], 1e-9)
        mean, variance = _moments(classes, X, known, *everyone)
        total = classes.sum(axis=1)
        share = np.log((total + 1 / rows.classes) / (total.sum() + 1))
        return Packed(NaiveBayesPredictor(share, mean, variance + floor, ends), configuration)


def _moments(weight, X, known, mean, variance):
    """Return mean and variance under each row of weights, drawn a little towards those given."""
    total = weight @ known + 0.1
    middle = (weight @ X + 0.1 * mean) / total
    square = (weight @ (X * X) + 0.1 * (mean**2 + variance)) / total
    return middle, np.maximum(square - middle**2, 0.0)
