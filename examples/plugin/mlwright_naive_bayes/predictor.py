"""What answers: NumPy alone, and nothing else is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright import ModelError

Floats = NDArray[np.float64]


class NaiveBayesPredictor:
    """Each class's log share, and the mean and variance of each column in it."""

    kind: ClassVar[str] = "naive_bayes"

    def __init__(self, share: Floats, mean: Floats, variance: Floats, ends: Floats) -> None:
        self.share, self.mean, self.variance, self.ends = share, mean, variance, ends

    def predict(self, X: Floats) -> Floats:
        X = np.clip(X, *self.ends)
        known = ~np.isnan(X)
        said = np.empty((len(X), len(self.share)))
        for place, (share, mean, variance) in enumerate(zip(self.share, self.mean, self.variance, strict=True)):
            distance = (X - mean) ** 2 / variance + np.log(variance)
            said[:, place] = share - np.where(known, distance, 0.0).sum(axis=1) / 2
        powers = np.exp(said - said.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {"share": self.share, "mean": self.mean, "variance": self.variance, "ends": self.ends}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> NaiveBayesPredictor:
        share, mean, variance, ends = (arrays[name] for name in ("share", "mean", "variance", "ends"))
        if mean.shape != variance.shape or mean.shape[:1] != share.shape or ends.shape != (2, *mean.shape[1:]):
            raise ModelError("The model is damaged, in its naive Bayes: its arrays do not fit together.")
        return cls(share, mean, variance, ends)
