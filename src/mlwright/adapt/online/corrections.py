"""Corrections that are learned block by block and forget: online Newton steps on what a model's answers lost.

A correction is linear in the model's own raw answer and a few inputs. Its coefficients minimise the losses of all rows
so far, each replaced by the parabola that it was where the coefficients then stood, weighted down by one half every
`memory` rows, plus a pull toward changing nothing: recursive least squares with forgetting for numbers, and the online
Newton step (Hazan, Agarwal and Kale, Logarithmic regret algorithms for online convex optimization, 2007) for classes.
Only sums are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.adapt.online.spaces import Floats, Space

CAUTION = 4.0
"""The pull toward no correction, in rows; of classes, in rows whose class is about as open as it can be times four."""
FURTHEST = 6.0
"""No raw number is corrected by more than this."""


class Correction:
    """One correction: which of the inputs it reads, and how long it remembers.

    Parameters
    ----------
    space
        What the answers are.
    inputs
        How many inputs it reads; 0: the model's answer alone, which is recalibration.
    memory
        After so many rows an outcome counts half.
    """

    def __init__(self, space: Space, inputs: int, memory: float) -> None:
        self.inputs, self.memory, self._space = inputs, memory, space
        k, d = space.outputs, 2 + inputs
        self._curvature: Floats = np.zeros((k, d, d))
        self._sums: Floats = np.zeros((k, d))
        self.coefficients: Floats = np.zeros((k, d))
        """(k, d): for each output the shift, the change of slope, and the weights of the inputs. 0: no correction."""

    @property
    def name(self) -> str:
        """How people may call it."""
        return f"{'columns' if self.inputs else 'recalibration'} over {self.memory:g} rows"

    def answer(self, coefficients: Floats, raw: Floats, X: Floats) -> Floats:
        """Return corrected answers (n, k) to raw ones (n, k) with inputs (n, m), with coefficients it once had."""
        return self._space.answer(raw + _moved(self._features(raw, X), coefficients))

    def learn(self, raw: Floats, X: Floats, y: Floats) -> None:
        """Learn from a block of raw answers (n, k), inputs (n, m) and outcomes (n,)."""
        features = self._features(raw, X)
        moved = _moved(features, self.coefficients)
        pull, curvature = self._space.pull(raw + moved, y)
        fade = 0.5 ** (len(y) / self.memory)
        stiff = features * curvature[:, :, None]
        self._curvature *= fade
        self._curvature += np.einsum("nkd,nke->kde", stiff, features)
        self._sums = fade * self._sums + np.einsum("nkd,nk->kd", features, curvature * moved + pull)
        held = self._curvature + CAUTION * np.eye(self._sums.shape[1])
        self.coefficients = np.asarray(np.linalg.solve(held, self._sums[:, :, None])[:, :, 0], dtype=np.float64)

    def _features(self, raw: Floats, X: Floats) -> Floats:
        """Return (n, k, d) what the correction is linear in."""
        rows, k = raw.shape
        features = np.empty((rows, k, 2 + self.inputs))
        features[:, :, 0] = 1.0
        features[:, :, 1] = raw
        features[:, :, 2:] = X[:, None, : self.inputs]
        return features

    def state(self) -> list[Any]:
        """Return what it has learned, for JSON."""
        return [self._curvature.tolist(), self._sums.tolist(), self.coefficients.tolist()]

    def restore(self, state: list[Any]) -> None:
        """Go on from a state. Raises TypeError, ValueError where it is none."""
        curvature, sums, coefficients = (np.array(each, dtype=np.float64) for each in state)
        self._curvature = curvature.reshape(self._curvature.shape)
        self._sums = sums.reshape(self._sums.shape)
        self.coefficients = coefficients.reshape(self._sums.shape)


def _moved(features: Floats, coefficients: Floats) -> Floats:
    moved: Floats = np.clip(np.einsum("nkd,kd->nk", features, coefficients), -FURTHEST, FURTHEST)
    return moved


class Weights:
    """The weights of experts that may take turns: fixed share, at a rate that falls as one over the rounds.

    After each round the weights are multiplied by exp(-rate * loss), and a share 1 / (rounds + 1) of them is
    given back to where they began. On any stretch that ends with round s, what the weights lose (the soft minimum of
    the losses) is at most what any one expert loses on it + (ln(1 / its first weight) + ln s) / rate: Herbster and
    Warmuth, Tracking the best expert, 1998; Adamskiy, Koolen, Chernov and Vovk, A closer look at adaptive regret, 2016.
    """

    def __init__(self, first: Floats, rate: float) -> None:
        self._first, self._rate, self.rounds = first, rate, 0
        self.now = first.copy()

    def learn(self, losses: Floats) -> float:
        """Take a round's losses (experts,), and return what the weights themselves lose in it."""
        least = losses.min()
        pushed = self.now * np.exp(-self._rate * (losses - least))
        lost = float(least - np.log(pushed.sum()) / self._rate)
        self.rounds += 1
        share = 1.0 / (self.rounds + 1.0)
        self.now = (1.0 - share) * pushed / pushed.sum() + share * self._first
        return lost

    def state(self) -> Mapping[str, Any]:
        """Return the weights, for JSON."""
        return {"rounds": self.rounds, "now": self.now.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, TypeError, ValueError where it is none."""
        self.rounds = int(state["rounds"])
        self.now = np.array(state["now"], dtype=np.float64).reshape(self._first.shape)
