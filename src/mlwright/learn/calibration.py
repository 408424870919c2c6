"""Calibration: from a model's probabilities to ones that can be taken at their word. Applying it needs NumPy alone.

A calibration is a map of probabilities (n, classes) onto probabilities, saved as a few numbers. How one is fitted and
chosen stands in `calibrators`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError

Floats = NDArray[np.float64]
LEAST_POWER, MOST_POWER = 0.05, 20.0
MOST_FACTOR = 1e9
"""Between these bounds the likeliest of 200 classes keeps a probability that a double can hold."""


class Calibration(Protocol):
    """A map of probabilities onto probabilities."""

    kind: ClassVar[str]

    def apply(self, P: Floats) -> Floats:
        """Return (n, classes) probabilities that sum to 1; leaves P as it is."""

    def state(self) -> dict[str, Any]:
        """Return JSON, from which `from_state` makes it again."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any], classes: int) -> Self:
        """Return the calibration of that state; raises ModelError where it cannot be."""


@dataclass(frozen=True)
class Powers:
    """Each probability to a power of its own, times a factor of its own, brought back to a sum of 1.

    One power for all is temperature scaling (Guo et al. 2017, "On calibration of modern neural networks"); two powers
    and a factor are beta calibration of yes/no questions (Kull, Silva Filho and Flach 2017, "Beta calibration"); a
    power and factors are vector scaling. Powers are above 0, so that nothing that was likelier becomes less likely.
    """

    kind: ClassVar[str] = "powers"

    powers: Floats
    factors: Floats

    def apply(self, P: Floats) -> Floats:
        """Return the calibrated probabilities."""
        shares: Floats = np.power(P, self.powers)
        shares *= self.factors
        shares /= np.add.reduce(shares, axis=1, keepdims=True)
        return shares

    def state(self) -> dict[str, Any]:
        """Return the powers and factors."""
        return {"powers": self.powers.tolist(), "factors": self.factors.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], classes: int) -> Self:
        """Return the map of those powers and factors."""
        powers, factors = (_numbers(state[name], classes) for name in ("powers", "factors"))
        if powers.min() < LEAST_POWER or powers.max() > MOST_POWER:
            raise ModelError("The model's calibration has a power that cannot be.")
        if factors.min() < 1 / MOST_FACTOR or factors.max() > MOST_FACTOR:
            raise ModelError("The model's calibration has a factor that cannot be.")
        return cls(powers, factors)


def _numbers(found: object, many: int) -> Floats:
    if not isinstance(found, list) or len(found) != many:
        raise ModelError("The model's calibration has not as many numbers as it needs.")
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in found):
        raise ModelError("The model's calibration holds something that is no number.")
    numbers = np.array(found, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ModelError("The model's calibration holds something that is no number.")
    return numbers


CALIBRATIONS: Mapping[str, type[Powers]] = {Powers.kind: Powers}


def to_state(calibration: Calibration | None) -> dict[str, Any] | None:
    """Return a calibration as a model's file holds it."""
    return None if calibration is None else {"kind": calibration.kind, **calibration.state()}


def from_state(found: object, classes: int) -> Calibration | None:
    """Return the calibration that a model's file holds, or None. Raises ModelError where it cannot be."""
    if found is None:
        return None
    if not isinstance(found, Mapping) or found.get("kind") not in CALIBRATIONS or classes < 2:
        raise ModelError("The model is calibrated in a way that this mlwright does not know.")
    return CALIBRATIONS[found["kind"]].from_state(found, classes)
