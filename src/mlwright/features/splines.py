"""Splines: a number as a line that may bend at a few places, for linear models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import Arrays, Feature, Options, Training, Value, floats
from mlwright.features.numbers import robust, squash, squash_all

BENDS = 3
FEWEST_VALUES = 8
"""A column of fewer values is bent nowhere."""


class SplineEncoder:
    """A number scaled and clipped as by `ScaledEncoder`, and how far it is above each quartile.

    A linear model of these is a sum of curves, one for each column (Hastie and Tibshirani, "Generalized additive
    models", 1986), with the penalty deciding how much they bend.
    """

    __slots__ = ("_missing", "bends", "center", "name", "scale")
    kind: ClassVar[str] = "spline"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "floats"

    def __init__(self, name: str, center: float, scale: float, bends: tuple[float, ...]) -> None:
        self.name, self.center, self.scale, self.bends = name, center, scale, bends
        self._missing = self._row(0.0)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The scaled number, and what it is above each bend."""
        names = (self.name, *(f"{self.name}.bend{place + 1}" for place in range(len(self.bends))))
        return tuple(Feature(name, self.name, order="rises") for name in names)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Learn median, spread and quartiles; a column of one value or none is not mine."""
        del training, options
        numbers = floats(values)
        found = robust(numbers)
        if found is None:
            return None
        known = np.sort(squash_all(numbers[~np.isnan(numbers)], *found))
        bends: list[float] = []
        if np.count_nonzero(np.diff(known)) >= FEWEST_VALUES - 1:
            quartiles = np.unique(known[(np.arange(1, BENDS + 1) * len(known)) // (BENDS + 1)])
            bends = quartiles[(quartiles > known[0]) & (quartiles < known[-1])].tolist()
        encoder = cls(name, *found, tuple(bends))
        return encoder, encoder.encode(numbers)

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""
        scaled = squash_all(floats(values), self.center, self.scale)
        return np.column_stack([scaled, *(np.maximum(scaled - bend, 0.0) for bend in self.bends)])

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if not isinstance(value, (float, int)) or math.isnan(value):
            return self._missing
        return self._row(squash(value, self.center, self.scale))

    def _row(self, scaled: float) -> Sequence[float]:
        return [scaled, *[scaled - bend if scaled > bend else 0.0 for bend in self.bends]]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"center": self.center, "scale": self.scale, "bends": list(self.bends)}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        center, scale = state.number(plain, "center"), state.number(plain, "scale", above=0.0)
        return cls(name, center, scale, state.numbers(plain, "bends"))
