"""Numbers: as they are, or scaled for learners that measure distances."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Options, Training, Value, floats

LARGEST = float(np.finfo(np.float32).max)
"""Learners that work in single precision refuse larger numbers, infinity included."""
MISSING_ROW = (NAN,)
IMPUTED_ROW = (0.0,)
CLIP = 3.0


@dataclass(frozen=True, slots=True)
class NumberEncoder:
    """A number as it is; NaN where it is missing."""

    kind: ClassVar[str] = "number"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "floats"
    name: str

    @property
    def features(self) -> tuple[Feature, ...]:
        """The number itself."""
        return (Feature(self.name, self.name, order="rises"),)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Keep every column that holds at least one number."""
        del training, options
        if np.isnan(floats(values)).all():
            return None
        encoder = cls(name)
        return encoder, encoder.encode(values)

    def encode(self, values: Values) -> Floats:
        """Return (n, 1)."""
        return np.clip(floats(values), -LARGEST, LARGEST).reshape(-1, 1)

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if not isinstance(value, (float, int)) or math.isnan(value):
            return MISSING_ROW
        return (value,) if -LARGEST <= value <= LARGEST else (math.copysign(LARGEST, value),)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del plain, arrays
        return cls(name)


@dataclass(frozen=True, slots=True)
class ScaledEncoder:
    """A number less the median, over the spread of its middle half, softly clipped; 0 where it is missing.

    Outliers then move a linear model by a bounded amount, and nothing depends on the unit. Holzmüller et al. 2024,
    "Better by default" (RealMLP).
    """

    kind: ClassVar[str] = "scaled"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "floats"
    name: str
    center: float
    scale: float

    @property
    def features(self) -> tuple[Feature, ...]:
        """The scaled number."""
        return (Feature(self.name, self.name, order="rises"),)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Learn median and spread; a column of one value or none is not mine."""
        del training, options
        found = robust(floats(values))
        if found is None:
            return None
        encoder = cls(name, *found)
        return encoder, encoder.encode(values)

    def encode(self, values: Values) -> Floats:
        """Return (n, 1)."""
        return squash_all(floats(values), self.center, self.scale).reshape(-1, 1)

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if type(value) is float and -LARGEST <= value <= LARGEST:  # nearly always; what `squash` does, without the call
            scaled = (value - self.center) / self.scale
            if -1e9 < scaled < 1e9:
                share = scaled / CLIP
                return (scaled / math.sqrt(1.0 + share * share),)
        if not isinstance(value, (float, int)) or math.isnan(value):
            return IMPUTED_ROW
        return (squash(value, self.center, self.scale),)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"center": self.center, "scale": self.scale}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        return cls(name, state.number(plain, "center"), state.number(plain, "scale", above=0.0))


def robust(values: Floats) -> tuple[float, float] | None:
    """Return the median and the spread of the middle half, or None where nothing varies.

    A column whose middle half is one value is scaled by half its range instead.
    """
    known = np.clip(values[~np.isnan(values)], -LARGEST, LARGEST)
    if not len(known):
        return None
    known.sort()
    low, high = float(known[0]), float(known[-1])
    lower, center, upper = (_quantile(known, share) for share in (0.25, 0.5, 0.75))
    spread = upper - lower if upper > lower else (high - low) / 2
    return (center, spread) if spread > 0 and math.isfinite(1 / spread) else None


def _quantile(ordered: Floats, share: float) -> float:
    # np.quantile costs 100 times as much on a short column, and there may be 10,000 columns.
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def squash(value: float, center: float, scale: float) -> float:
    """Scale a number and bend it smoothly to stay within ±3."""
    if not -LARGEST <= value <= LARGEST:
        value = math.copysign(LARGEST, value)
    scaled = (value - center) / scale
    if abs(scaled) >= 1e9:
        return math.copysign(CLIP, scaled)
    share = scaled / CLIP
    return scaled / math.sqrt(1.0 + share * share)


def squash_all(values: Floats, center: float, scale: float) -> Floats:
    """Do what `squash` does to a whole column; missing values become 0."""
    with np.errstate(over="ignore"):
        scaled = (np.clip(values, -LARGEST, LARGEST) - center) / scale
    scaled = np.clip(np.nan_to_num(scaled, nan=0.0), -1e9, 1e9)
    bent: Floats = scaled / np.sqrt(1.0 + (scaled / CLIP) ** 2)
    return bent
