"""Whether a value is missing, as a feature of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Floats, Values
from mlwright.features.base import Arrays, Feature, Options, Training, Value

MISSING_ROW = (1.0,)
KNOWN_ROW = (0.0,)


@dataclass(frozen=True, slots=True)
class MissingEncoder:
    """1 where the value is missing, else 0; only for columns of which some training rows are missing and some not."""

    kind: ClassVar[str] = "missing"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "either"
    name: str

    @property
    def features(self) -> tuple[Feature, ...]:
        """The flag."""
        return (Feature(f"{self.name} is missing", self.name, order="flat"),)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Keep columns where the flag varies."""
        del training, options
        encoder = cls(name)
        encoded = encoder.encode(values)
        return (encoder, encoded) if 0 < encoded.sum() < len(encoded) else None

    def encode(self, values: Values) -> Floats:
        """Return (n, 1)."""
        missing = values.codes < 0 if isinstance(values, Coded) else np.isnan(values)
        return missing.astype(np.float64).reshape(-1, 1)

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        return MISSING_ROW if value is None or (isinstance(value, float) and math.isnan(value)) else KNOWN_ROW

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del plain, arrays
        return cls(name)
