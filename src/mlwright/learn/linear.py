"""LinearPredictor: a weighted sum of the features, with NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import check_outputs, reading
from mlwright.learn.links import LINKS, SINGLE

Floats = NDArray[np.float64]

_NAMES = ("weight", "intercept", "fill", "low", "high")


class LinearPredictor:
    """`weight` (features, k), `intercept` (k,); `fill` stands in for what is missing.

    A number beyond `low` or `high` counts as that edge: a line drawn far beyond the rows it was learned from is no
    knowledge, and one mistyped number would outweigh everything else that is known of a row.
    """

    kind: ClassVar[str] = "linear"

    def __init__(self, link: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.link = link
        self._arrays = {name: np.ascontiguousarray(arrays[name], dtype=np.float64) for name in _NAMES}
        self.weight, self.intercept, self._fill, self._low, self._high = self._arrays.values()
        self._rows = np.ascontiguousarray(self.weight.T)

    @classmethod
    def constant(cls, link: str, intercept: Floats, features: int) -> Self:
        """Return a predictor that answers the same to every row."""
        none = np.zeros(features)
        arrays = {"weight": np.zeros((features, len(intercept))), "fill": none, "low": none, "high": none}
        return cls(link, {**arrays, "intercept": intercept})

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        known = self.known(X)
        if len(known) == 1:  # the same sums, all at once
            return LINKS[self.link](np.add.reduce(known * self._rows, axis=1)[None, :] + self.intercept)
        # Row by row, where a product of matrices adds up in an order that depends on how many rows there are.
        sums = [np.add.reduce(np.ascontiguousarray(known * weight), axis=1) for weight in self.weight.T]
        return LINKS[self.link](np.stack(sums, axis=1) + self.intercept)

    def known(self, X: Floats) -> Floats:
        """Return (n, features): the numbers that are weighed, with the gaps filled and the far ones brought in."""
        if X.ndim != 2 or X.shape[1] != len(self._fill):
            raise ValueError(f"The line reads {len(self._fill)} features; X has shape {X.shape}.")
        known: Floats = np.minimum(np.maximum(np.where(np.isnan(X), self._fill, X), self._low), self._high)
        return known

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"link": self.link}, dict(self._arrays)

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the predictor of that state; raises ModelError where a shape cannot be."""
        with reading("line"):
            weight, intercept, *edges = (arrays[name] for name in _NAMES)
            shapes = weight.ndim == 2 and intercept.shape == weight.shape[1:] and intercept.size
            check_outputs(intercept.size)
            if not shapes or any(edge.shape != weight.shape[:1] for edge in edges):
                raise ValueError("the shapes do not fit")
            if plain["link"] in SINGLE and intercept.size != 1:
                raise ValueError("link does not fit")
            if not all(bool(np.isfinite(arrays[name]).all()) for name in _NAMES):
                raise ValueError("a number is not finite")
            return cls(plain["link"], arrays)
