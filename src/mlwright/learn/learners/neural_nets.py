"""Several small networks of equal shape, trained side by side as one by AdamW: forward, backward and step in NumPy.

The recipe is that of RealMLP (Holzmüller, Grinsztajn and Steinwart, "Better by default", NeurIPS 2024): a few learned
mixtures of cosine waves beside each number, a learned scale for each column, the neural tangent parametrisation, first
weights and biases made from the data, SELU, AdamW with a short memory for squares, dropout and weight decay that end
with the rate. Its weights are then averaged over the last steps (Polyak and Juditsky, SIAM Journal on Control and
Optimization 30, 1992): any step is then a good last one. Waves keep the frequencies they were drawn with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.network import SELU_ALPHA, SELU_SCALE

Singles = NDArray[np.float32]

SCALE_RATE, BIAS_RATE, MIX_RATE = 6.0, 0.1, 0.1
"""How fast the columns' scales, the biases and the mixtures of waves learn beside the weights (RealMLP)."""
MIXTURES = 3
"""How many mixtures of its waves stand beside a number (RealMLP)."""
MEMORY, SQUARE_MEMORY, AVERAGE_MEMORY = 0.9, 0.95, 0.98
CORNERS = 5
"""A bias puts a unit's bend at a random mean of so many rows (he+5 of RealMLP; Steinwart, arXiv:1903.11482)."""
_TINY = 1e-8
_BLOCK = 4096
"""Rows that are answered at once."""

Link = Callable[[Singles], Singles]


@dataclass(frozen=True, slots=True)
class Shape:
    """`nets` networks from `inputs` columns, `numbers` of which have `waves`, through `hidden` layers to `outputs`."""

    nets: int
    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    numbers: int = 0
    waves: int = 0

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """What goes into each layer, and what comes out."""
        ends = [self.inputs + MIXTURES * self.numbers, *self.hidden, self.outputs]
        return list(pairwise(ends))


@dataclass(frozen=True, slots=True)
class Waves:
    """The waves `cos(frequency * x + phase)` of some columns: frequency and phase are (columns, 1, waves)."""

    columns: NDArray[np.intp]
    frequency: Singles
    phase: Singles

    def of(self, X: Singles) -> Singles:
        """Return (..., columns, rows, waves) of X (..., rows, inputs)."""
        numbers = np.ascontiguousarray(np.swapaxes(X[..., self.columns], -1, -2))
        waves = numbers[..., None] * self.frequency
        waves += self.phase
        cosines: Singles = np.cos(waves, out=waves)
        return cosines


@dataclass(frozen=True, slots=True)
class Pace:
    """How one step is taken: the rate, the weights' decay, and the share of units left out."""

    rate: float
    decay: float
    dropped: float


@dataclass(slots=True)
class Vector:
    """All numbers of the networks in one vector, so that AdamW moves them in a few long strides; `parts` are views."""

    flat: Singles
    parts: dict[str, Singles] = field(init=False)
    places: dict[str, slice] = field(init=False)
    shapes: Mapping[str, tuple[int, ...]]

    def __post_init__(self) -> None:
        """Cut the vector into its parts."""
        ends = np.cumsum([0, *(math.prod(shape) for shape in self.shapes.values())]).tolist()
        self.places = {name: slice(*ends[place : place + 2]) for place, name in enumerate(self.shapes)}
        self.parts = {name: self.flat[self.places[name]].reshape(shape) for name, shape in self.shapes.items()}

    @classmethod
    def zeros(cls, shapes: Mapping[str, tuple[int, ...]]) -> Vector:
        """Return a vector of zeros."""
        return cls(np.zeros(sum(math.prod(shape) for shape in shapes.values()), dtype=np.float32), shapes)


class Nets:
    """The networks while they learn. `average` holds the weights that are kept."""

    def __init__(self, shape: Shape, link: Link, waves: Waves | None, seeds: Sequence[int]) -> None:
        self.shape, self.link = shape, link
        self.waves = waves if shape.numbers else None
        self.layers = len(shape.sizes)
        self.now, self.gradient, self.average = (Vector.zeros(_shapes(shape)) for _ in range(3))
        self._mean, self._square, self._stride = (np.zeros_like(self.now.flat) for _ in range(3))
        rates = {f"weight{layer}": 1 / math.sqrt(inputs) for layer, (inputs, _) in enumerate(shape.sizes)}
        rates |= {f"bias{layer}": BIAS_RATE for layer in range(self.layers)}
        self._rates = rates | {"scale": SCALE_RATE, "mix": MIX_RATE, "shift": MIX_RATE}
        self._heavy = slice(self.now.places["weight0"].start, None)
        self._zeros = np.zeros(0, dtype=np.float32)
        self.steps = 0
        self.generators = [np.random.default_rng(seed) for seed in seeds]

    def begin(self, sample: Singles, first: Sequence[float] | NDArray[np.float64]) -> None:
        """Draw the first weights so that sums have deviation 1 on the sample, and biases that bend amid the rows.

        `first` are the sums that everybody gets before anything is learned.
        """
        parts = self.now.parts
        parts["scale"][...] = 1.0
        for net, generator in enumerate(self.generators):
            for name in ("mix", "shift") if self.waves is not None else ():
                drawn = generator.uniform(-1, 1, parts[name][net].shape) / math.sqrt(self.shape.waves)
                parts[name][net] = drawn
        entries = self._enter(np.repeat(sample[None], self.shape.nets, axis=0), parts)[0]
        for net, generator in enumerate(self.generators):
            rows = entries[net]
            for layer, (inputs, units) in enumerate(self.shape.sizes[:-1]):
                weight = generator.standard_normal((inputs, units), dtype=np.float32) / np.float32(math.sqrt(inputs))
                sums = rows @ weight
                deviation = sums.std(axis=0)
                deviation[deviation < 1e-6] = 1.0
                weight /= deviation
                sums /= deviation
                corners = generator.integers(0, len(rows), (CORNERS, units))
                shares = generator.standard_exponential((CORNERS, units), dtype=np.float32)
                bias = -(sums[corners, np.arange(units)] * shares / shares.sum(axis=0)).sum(axis=0)
                parts[f"weight{layer}"][net], parts[f"bias{layer}"][net, 0] = weight, bias
                rows = self._bend((sums + bias)[None], slopes=False)[0][0]
        parts[f"bias{self.layers - 1}"][...] = np.asarray(first, dtype=np.float32)
        self.average.flat[...] = self.now.flat

    def _enter(self, X: Singles, parts: Mapping[str, Singles]) -> tuple[Singles, Singles]:
        """Return what the first layer reads of X (nets, rows, inputs), and the waves: columns, then their mixtures."""
        if self.waves is None:
            return X, X
        waves = self.waves.of(X)
        mixed = np.matmul(waves, parts["mix"])
        mixed += parts["shift"]
        nets, _, count, _ = mixed.shape
        entries = np.empty((nets, count, self.shape.sizes[0][0]), dtype=np.float32)
        entries[..., : self.shape.inputs] = X
        mixtures = entries[..., self.shape.inputs :].reshape(nets, count, self.shape.numbers, MIXTURES)
        mixtures[...] = mixed.transpose(0, 2, 1, 3)
        entries[..., self.shape.inputs :] = mixtures.reshape(nets, count, -1)
        return entries, waves

    def _bend(self, sums: Singles, *, slopes: bool) -> tuple[Singles, Singles | None]:
        """Return SELU of the sums, and its slopes."""
        if self._zeros.size < sums.size:
            self._zeros = np.zeros(sums.size, dtype=np.float32)
        # A minimum with an array takes a fifth of the time of one with a number.
        zeros = self._zeros[: sums.size].reshape(sums.shape)
        curved = np.minimum(sums, zeros)
        np.exp(curved, out=curved)
        curved *= np.float32(SELU_SCALE * SELU_ALPHA)
        bent = np.maximum(sums, zeros)
        bent *= np.float32(SELU_SCALE)
        bent += curved
        bent -= np.float32(SELU_SCALE * SELU_ALPHA)
        if not slopes:
            return bent, None
        straight = (sums > zeros).astype(np.float32)
        straight *= np.float32(SELU_SCALE * (1 - SELU_ALPHA))
        curved += straight
        return bent, curved

    def learn(self, X: Singles, truth: Singles, weight: Singles | None, pace: Pace) -> None:
        """Take one step down the loss of a batch: X (nets, rows, inputs), truth (nets, rows, outputs)."""
        parts, gradient = self.now.parts, self.gradient.parts
        scaled = parts["scale"] * parts["weight0"]
        entries, waves = self._enter(X, parts)
        rows, layers = [entries], []
        for layer in range(self.layers - 1):
            sums = np.matmul(rows[-1], parts[f"weight{layer}"] if layer else scaled)
            sums += parts[f"bias{layer}"]
            bent, slopes = self._bend(sums, slopes=True)
            if slopes is None:
                raise RuntimeError("slopes were asked for")
            self._drop(bent, slopes, pace.dropped)
            rows.append(bent)
            layers.append(slopes)
        sums = np.matmul(rows[-1], parts[f"weight{self.layers - 1}"] if self.layers > 1 else scaled)
        sums += parts[f"bias{self.layers - 1}"]
        error = self.link(sums)
        error -= truth
        error *= np.float32(1 / X.shape[1]) if weight is None else weight
        for layer in range(self.layers - 1, -1, -1):
            np.matmul(rows[layer].transpose(0, 2, 1), error, out=gradient[f"weight{layer}"])
            np.sum(error, axis=1, keepdims=True, out=gradient[f"bias{layer}"])
            if layer:
                error = np.matmul(error, parts[f"weight{layer}"].transpose(0, 2, 1))
                error *= layers[layer - 1]
        if self.waves is not None:
            self._mix(waves, error, scaled)
        np.sum(gradient["weight0"] * parts["weight0"], axis=2, keepdims=True, out=gradient["scale"])
        gradient["weight0"] *= parts["scale"]
        self._move(pace)

    def _mix(self, waves: Singles, error: Singles, scaled: Singles) -> None:
        """Find the gradient of the mixtures, given the first layer's error."""
        nets, numbers, count, _ = waves.shape
        back = np.matmul(error, scaled[:, self.shape.inputs :].transpose(0, 2, 1))
        back = np.ascontiguousarray(back.reshape(nets, count, numbers, MIXTURES).transpose(0, 2, 1, 3))
        np.matmul(waves.transpose(0, 1, 3, 2), back, out=self.gradient.parts["mix"])
        np.sum(back, axis=2, keepdims=True, out=self.gradient.parts["shift"])

    def _drop(self, bent: Singles, slopes: Singles, share: float) -> None:
        """Leave units out at random, by one random byte each, and let the others stand in for them."""
        limit = round(256 * share)
        if not limit:
            return
        size = bent[0].size
        drawn = [np.frombuffer(generator.bytes(size), dtype=np.uint8) for generator in self.generators]
        kept = (np.stack(drawn).reshape(bent.shape) >= limit).astype(np.float32)
        kept *= np.float32(256 / (256 - limit))
        bent *= kept
        slopes *= kept

    def _move(self, pace: Pace) -> None:
        """Take AdamW's step (Loshchilov and Hutter, ICLR 2019), and let the average follow."""
        self.steps += 1
        stride, gradient, now = self._stride, self.gradient.flat, self.now.flat
        self._mean *= np.float32(MEMORY)
        self._mean += np.multiply(gradient, np.float32(1 - MEMORY), out=stride)
        self._square *= np.float32(SQUARE_MEMORY)
        np.multiply(gradient, gradient, out=stride)
        stride *= np.float32(1 - SQUARE_MEMORY)
        self._square += stride
        np.multiply(self._square, np.float32(1 / (1 - SQUARE_MEMORY**self.steps)), out=stride)
        np.sqrt(stride, out=stride)
        stride += np.float32(_TINY)
        np.divide(self._mean, stride, out=stride)
        rate = pace.rate / (1 - MEMORY**self.steps)
        for name, place in self.now.places.items():
            stride[place] *= np.float32(rate * self._rates[name])
        now[self._heavy] *= np.float32(1 - pace.rate * pace.decay)
        now -= stride
        np.subtract(now, self.average.flat, out=stride)
        stride *= np.float32(max(1 - AVERAGE_MEMORY, 1 / (self.steps + 1)))
        self.average.flat += stride

    def answer(self, X: Singles) -> Singles:
        """Return the sums (nets, rows, outputs) of the averaged networks for X (rows, inputs)."""
        blocks = [self._answer(X[start : start + _BLOCK]) for start in range(0, max(1, len(X)), _BLOCK)]
        return np.concatenate(blocks, axis=1)

    def _answer(self, X: Singles) -> Singles:
        parts = self.average.parts
        rows, _ = self._enter(X[None], parts)
        sums = self._sums(rows, parts, 0)
        for layer in range(1, self.layers):
            rows, _ = self._bend(sums, slopes=False)
            sums = self._sums(rows, parts, layer)
        return sums

    @staticmethod
    def _sums(rows: Singles, parts: Mapping[str, Singles], layer: int) -> Singles:
        weight = parts[f"weight{layer}"] if layer else parts["scale"] * parts["weight0"]
        sums: Singles = np.matmul(rows, weight)
        sums += parts[f"bias{layer}"]
        return sums

    def folded(self) -> dict[str, Singles]:
        """Return weights and biases of the averaged networks whose first layer reads columns, then waves, unscaled."""
        parts = self.average.parts
        arrays: dict[str, Singles] = {}
        for layer in range(self.layers):
            arrays[f"weight{layer}"] = parts[f"weight{layer}"].copy()
            arrays[f"bias{layer}"] = parts[f"bias{layer}"][:, 0].copy()
        first = parts["scale"] * parts["weight0"]
        if self.waves is not None:
            units = first.shape[2]
            mixtures = first[:, self.shape.inputs :].reshape(self.shape.nets, self.shape.numbers, MIXTURES, units)
            waves = np.matmul(parts["mix"], mixtures).reshape(self.shape.nets, -1, units)
            arrays["bias0"] += np.matmul(parts["shift"], mixtures).sum(axis=(1, 2))
            first = np.concatenate([first[:, : self.shape.inputs], waves], axis=1)
        return {**arrays, "weight0": first}


def _shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is learned; what decays comes last."""
    shapes: dict[str, tuple[int, ...]] = {"scale": (shape.nets, shape.sizes[0][0], 1)}
    if shape.numbers:
        shapes["mix"] = (shape.nets, shape.numbers, shape.waves, MIXTURES)
        shapes["shift"] = (shape.nets, shape.numbers, 1, MIXTURES)
    shapes |= {f"bias{layer}": (shape.nets, 1, units) for layer, (_, units) in enumerate(shape.sizes)}
    return shapes | {f"weight{layer}": (shape.nets, *size) for layer, size in enumerate(shape.sizes)}
