"""ObliviousTrees: CatBoost's symmetric trees, where all nodes of one level ask the same question.

A tree is then a table: the answers of its levels are the bits of the leaf's number. Prokhorenkova et al., "CatBoost:
unbiased boosting with categorical features", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import check_outputs, reading
from mlwright.learn.links import LINKS, SINGLE
from mlwright.learn.trees import clipped

Floats = NDArray[np.float64]

_BLOCK = 1 << 20
_DEEPEST = 16


class ObliviousTrees:
    """Trees of one depth: `feature`, `border` (trees, depth) and `value` (trees, 2 ** depth, outputs).

    A level's bit is set where x > border; the first level is the lowest bit. NaN is less than every border.
    """

    kind: ClassVar[str] = "oblivious"

    def __init__(self, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._plain, self._arrays = dict(plain), dict(arrays)
        self.features = int(plain["features"])
        self.link = str(plain["link"])
        self.offset, self.scale = np.array(plain["base"], dtype=np.float64), float(plain["scale"])
        self.feature = arrays["feature"].astype(np.intp)
        self.border = arrays["border"].astype(np.float32)
        trees, depth = self.feature.shape
        self.outputs = len(self.offset)
        self.value = arrays["value"].astype(np.float64).reshape(-1, self.outputs)
        self._bit = 1 << np.arange(depth, dtype=np.intp)
        self._first = np.arange(trees) << depth

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        return LINKS[self.link](self.offset + self.scale * self.sums(X))

    def sums(self, X: Floats) -> Floats:
        """Return (n, outputs): what the leaves say, added up in the order of the trees."""
        if X.ndim != 2 or X.shape[1] != self.features:
            raise ValueError(f"The trees read {self.features} features; X has shape {X.shape}.")
        raw = np.zeros((len(X), self.outputs))
        if len(self.feature):
            step = max(1, _BLOCK // max(self.feature.size, 1))
            for start in range(0, len(X), step):
                raw[start : start + step] = self._follow(X[start : start + step])
        return raw

    def _follow(self, X: Floats) -> Floats:
        values = clipped(X, self.border.dtype)
        values[np.isnan(values)] = -np.inf
        above = values.take(self.feature, axis=1) > self.border
        leaf = above.astype(np.intp) @ self._bit + self._first
        # One after the other, where `sum` would add in pairs: the same to the last bit however many rows there are.
        total: Floats = np.add.accumulate(self.value.take(leaf, axis=0), axis=1)[:, -1]
        return total

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return dict(self._plain), dict(self._arrays)

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the trees of that state; raises ModelError where an index or a shape cannot be."""
        with reading("trees"):
            _check(plain, arrays)
            return cls(plain, arrays)


def _check(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    feature, border, value = arrays["feature"], arrays["border"], arrays["value"]
    outputs, features = len(plain["base"]), plain["features"]
    check_outputs(outputs)
    if plain["link"] not in LINKS or (plain["link"] in SINGLE and outputs != 1):
        raise ValueError("link does not fit")
    if not isinstance(features, int) or not bool(np.isfinite([*plain["base"], plain["scale"]]).all()):
        raise ValueError("features, base or scale do not fit")
    if feature.ndim != 2 or feature.dtype.kind != "u" or not feature.shape[1] <= _DEEPEST:
        raise ValueError("feature does not fit")
    if feature.size and int(feature.max()) >= features:
        raise ValueError("feature's index does not fit")
    if border.shape != feature.shape or border.dtype.kind != "f" or bool(np.isnan(border).any()):
        raise ValueError("border does not fit")
    if value.shape != (len(feature), 1 << feature.shape[1], outputs) or value.dtype.kind != "f":
        raise ValueError("value does not fit")
    if not bool(np.isfinite(value).all()):
        raise ValueError("value is not finite")
