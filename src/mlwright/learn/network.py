"""NetworkPredictor: small neural networks side by side, averaged, with NumPy alone.

Weights are kept as 32-bit numbers and multiplied as 64-bit ones, so that a row alone, a row among others and another
machine's linear algebra agree to the twelfth digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import check_outputs, reading, require_fit
from mlwright.learn.links import LINKS, SINGLE

Floats = NDArray[np.float64]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017."""
MOST_LAYERS = 8
LARGEST = 1e6
"""No weight that was learned is as large; with larger ones a file could ask for sums beyond a double."""

_COLUMNS = ("fill", "spread", "low", "high")
_WAVES = ("wave", "frequency", "phase")
_BLOCK = 1 << 19
"""Numbers in the widest layer of one block of rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How columns become what the networks read: `(x - fill) / spread`, then waves of some of them.

    What is missing is at `fill`, and a number beyond `low` or `high` counts as that edge: a curve drawn far beyond the
    rows it was learned from is no knowledge. A wave is the cosine of `frequency * column + phase`.
    """

    fill: Floats
    spread: Floats
    low: Floats
    high: Floats
    wave: NDArray[np.intp]
    """The column of each wave."""
    frequency: Floats
    phase: Floats

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Reading:
        """Return the reading that a model's arrays hold."""
        fill, spread, low, high = (arrays[name].astype(np.float64) for name in _COLUMNS)
        frequency, phase = (arrays[name].astype(np.float64) for name in _WAVES[1:])
        return cls(fill, spread, low, high, arrays["wave"].astype(np.intp), frequency, phase)

    @property
    def width(self) -> int:
        """How many numbers the networks read."""
        return len(self.fill) + len(self.wave)

    def read(self, X: Floats) -> Floats:
        """Return (n, width)."""
        known = self.columns(X)
        if not len(self.wave):
            return known
        waves = known[:, self.wave]
        waves *= self.frequency
        waves += self.phase
        return np.concatenate([known, np.cos(waves, out=waves)], axis=1)

    def columns(self, X: Floats) -> Floats:
        """Return (n, features): the columns alone, without waves."""
        # minimum and maximum: np.clip does the same and costs a single row three times as much.
        known: Floats = np.ascontiguousarray(np.where(np.isnan(X), self.fill, X))
        np.maximum(known, self.low, out=known)
        np.minimum(known, self.high, out=known)
        known -= self.fill
        known /= self.spread
        return known


class NetworkPredictor:
    """The mean answer of networks of equal shape side by side.

    Every layer but the last ends in SELU; the last one's sums are kept within `ends` and go through the link.
    """

    kind: ClassVar[str] = "network"

    def __init__(self, link: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._link_name, self._link = link, LINKS[link]
        self._arrays = dict(arrays)
        self._reading = Reading.of(arrays)
        self._least, self._most = arrays["ends"].astype(np.float64)
        self._weights, self._biases = _folded(arrays)
        self._nets = len(self._weights[0])
        # Rows that are multiplied together: the last bit of a product may depend on how many there are.
        self.step = max(1, _BLOCK // (self._nets * max(max(weight.shape[1:]) for weight in self._weights)))

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        features = len(self._reading.fill)
        if X.ndim != 2 or X.shape[1] != features:
            raise ValueError(f"The network reads {features} features; X has shape {X.shape}.")
        if len(X) <= self.step:
            return self._answer(X)
        return np.concatenate([self._answer(X[start : start + self.step]) for start in range(0, len(X), self.step)])

    def _answer(self, X: Floats) -> Floats:
        sums: Floats = np.matmul(self._reading.read(X), self._weights[0])
        sums += self._biases[0]
        for weight, bias in zip(self._weights[1:], self._biases[1:], strict=True):
            bent = np.minimum(sums, 0.0)
            np.exp(bent, out=bent)
            bent *= SELU_ALPHA
            bent += np.maximum(sums, 0.0)
            sums = np.matmul(bent, weight)
            sums += bias
        np.maximum(sums, self._least, out=sums)
        np.minimum(sums, self._most, out=sums)
        if self._nets == 1:
            return self._link(sums[0])
        total = self._link(sums[0])
        for each in sums[1:]:
            total = total + self._link(each)
        return total / self._nets

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"link": self._link_name, "layers": len(self._weights)}, dict(self._arrays)

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the predictor of that state; raises ModelError where a shape or a number cannot be."""
        with reading("network"):
            _check(plain, arrays)
            return cls(plain["link"], arrays)


def _folded(arrays: Mapping[str, NDArray[Any]]) -> tuple[list[Floats], list[Floats]]:
    """Return weights and biases for `max(x, 0) + alpha * exp(min(x, 0))`, which is SELU but for a scale and a shift.

    What the scale and the shift do is done by the next layer's numbers, once.
    """
    weights: list[Floats] = []
    biases: list[Floats] = []
    while (layer := len(weights)) == 0 or f"weight{layer}" in arrays:
        weight, bias = (arrays[f"{name}{layer}"].astype(np.float64) for name in ("weight", "bias"))
        bias = bias[:, None, :]
        if layer:
            weight = weight * SELU_SCALE
            bias = bias - SELU_ALPHA * weight.sum(axis=1, keepdims=True)
        weights.append(weight)
        biases.append(bias)
    return weights, biases


def _check(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError where a shape does not fit or a number is none that was learned."""
    layers, link = plain["layers"], plain["link"]
    require_fit(isinstance(layers, int) and not isinstance(layers, bool) and 1 <= layers <= MOST_LAYERS, "layers")
    names = {*_COLUMNS, *_WAVES, "ends", *(f"{name}{layer}" for layer in range(layers) for name in ("weight", "bias"))}
    require_fit(arrays.keys() == names, "list of arrays")
    for name, array in arrays.items():
        require_fit(array.dtype.kind in ("iu" if name == "wave" else "f"), f"type of {name}")
        require_fit(bool(np.isfinite(array).all()), f"value of {name}")
    fill, spread, low, high = (arrays[name].astype(np.float64) for name in _COLUMNS)
    require_fit(fill.ndim == 1 and all(arrays[name].shape == fill.shape for name in _COLUMNS), "columns")
    require_fit(bool((spread > 0).all() and (low <= high).all()), "range of the columns")
    require_fit(bool((np.abs([low - fill, high - fill]) <= LARGEST * spread).all()), "spread of the columns")
    wave = arrays["wave"]
    require_fit(wave.ndim == 1 and all(arrays[name].shape == wave.shape for name in _WAVES), "waves")
    require_fit(bool(((wave >= 0) & (wave < len(fill))).all()), "column of a wave")
    nets, width = len(np.atleast_1d(arrays["weight0"])), len(fill) + len(wave)
    for layer in range(layers):
        weight, bias = arrays[f"weight{layer}"], arrays[f"bias{layer}"]
        require_fit(weight.ndim == 3 and weight.shape[:2] == (nets, width), f"weight{layer}")
        width = weight.shape[2]
        require_fit(bias.shape == (nets, width) and math.prod(bias.shape) > 0, f"bias{layer}")
    check_outputs(width)
    require_fit(link in LINKS and (link not in SINGLE or width == 1), "link")
    require_fit(arrays["ends"].shape == (2,) and bool(arrays["ends"][0] <= arrays["ends"][1]), "ends")
    learned = ("frequency", "phase", *(name for name in arrays if name.startswith(("weight", "bias"))))
    require_fit(all(bool((np.abs(arrays[name]) <= LARGEST).all()) for name in learned), "size of a weight")
