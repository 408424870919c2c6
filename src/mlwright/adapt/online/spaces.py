"""Where corrections are added: to log-probabilities, or to numbers in units of the model's usual error.

Losses are those that a row's outcome can be compared on whatever the decision is later: log loss, squared error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError, ModelError
from mlwright.learn.links import softmax

Floats = NDArray[np.float64]

SMALLEST = 1e-6
"""Probabilities are taken to be at least this before their logarithm is."""
REACH = 3.0
"""An outcome further from an answer than so many usual errors counts as being so far: one slip is not a change."""


class Space(Protocol):
    """What answers are, as numbers to which a correction can be added."""

    outputs: int
    """Numbers for each row: one for each class, or one."""
    rate: float
    """How strongly losses move the weights of experts: half of what is safe for rows that are known at once."""
    most: float
    """Differences of losses beyond this count as this in a test."""

    def raw(self, P: Floats) -> Floats:
        """Return answers (n, k) as raw numbers (n, k)."""

    def answer(self, raw: Floats) -> Floats:
        """Return raw numbers as answers."""

    def pull(self, raw: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return how far outcomes (n,) pull raw numbers, and how stiff they are: gradient and curvature, (n, k)."""

    def losses(self, y: Floats, P: Floats) -> Floats:
        """Return (n,) what the answers lose on outcomes."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""


class Chances:
    """Probabilities of k classes; outcomes are positions of classes. Losses are log losses, in nats."""

    rate = 0.5
    most = 2.0  # less than 2 would cut off what is gained on a rare class, and keep what that costs on all others

    def __init__(self, classes: int) -> None:
        self.outputs = classes

    def raw(self, P: Floats) -> Floats:
        """Return log-probabilities, centred: for two classes they are plus and minus half of the log-odds."""
        logs = np.log(np.maximum(P, SMALLEST))
        centred: Floats = logs - logs.mean(axis=1, keepdims=True)
        return centred

    def answer(self, raw: Floats) -> Floats:
        """Return the probabilities."""
        return softmax(raw)

    def pull(self, raw: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the gradient of the log-likelihood and a bound of its curvature.

        The curvature of a row is the Laplacian of a graph with weights p_i p_j, which is at most twice its diagonal:
        classes can be corrected one by one without overshooting, and for two classes this is Newton's own step.
        """
        P = softmax(raw)
        truth = y.astype(np.intp)[:, None] == np.arange(self.outputs)
        return truth - P, 2.0 * P * (1.0 - P)

    def losses(self, y: Floats, P: Floats) -> Floats:
        """Return the log losses."""
        chance = np.take_along_axis(P, y.astype(np.intp)[:, None], axis=1)[:, 0]
        losses: Floats = -np.log(np.maximum(chance, SMALLEST))
        return losses

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"classes": self.outputs}


class Amounts:
    """Numbers, in units of the model's usual error on rows it was not built on. Losses are squared errors in them."""

    outputs = 1
    rate = 0.5 / (2.0 * REACH**2)
    most = 4.0

    def __init__(self, centre: float, error: float, spread: float) -> None:
        if not error > 0 or not spread > 0:
            raise DataError("The model makes no errors on these rows, so that there is no unit for what it may lose.")
        self.centre, self.error, self.spread = centre, error, spread

    @classmethod
    def fitted(cls, y: Floats, P: Floats) -> Amounts:
        """Return the units of a model's answers (n, 1) to rows it was not built on, with outcomes (n,).

        Raises DataError where it makes no error.
        """
        error = float(np.sqrt(np.mean((y - P[:, 0]) ** 2)))
        spread = float(np.std(P[:, 0]))
        return cls(float(np.mean(P[:, 0])), error, spread or error)

    def raw(self, P: Floats) -> Floats:
        """Return the numbers around their usual mean, in units of their own usual spread."""
        return (P - self.centre) / self.spread

    def answer(self, raw: Floats) -> Floats:
        """Return the numbers."""
        return self.centre + self.spread * raw

    def pull(self, raw: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return how far outcomes are from raw numbers, as far as they reach."""
        far = ((y - self.centre) / self.spread)[:, None] - raw
        reach = REACH * self.error / self.spread
        return np.clip(far, -reach, reach), np.ones_like(raw)

    def losses(self, y: Floats, P: Floats) -> Floats:
        """Return the squared errors, in units and as far as they reach."""
        far = np.minimum(np.abs(y - P[:, 0]) / self.error, REACH)
        losses: Floats = far * far
        return losses

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"centre": self.centre, "error": self.error, "spread": self.spread}


def space_from(plain: Mapping[str, Any]) -> Space:
    """Return what `to_dict` has written. Raises ModelError where it is none."""
    try:
        if "classes" in plain:
            return Chances(int(plain["classes"]))
        return Amounts(float(plain["centre"]), float(plain["error"]), float(plain["spread"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"What a layer's answers are cannot be read: {error}.", hint="start it anew.") from error
