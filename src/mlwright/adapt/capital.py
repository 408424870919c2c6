"""Capital that grows while the differences of two models' losses are above a limit: the betting behind a trial.

A gambler stakes on every difference being large, by a share that was fixed before it is seen. Where the differences
are, on average, at the limit or below it, whatever was before, no stake wins on average, so that the capital is a
supermartingale and

    P(it ever reaches 1/alpha) <= alpha     (Ville 1939)

however often one looks (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B
86, 2024). Differences of 0 at a limit of 0 change nothing: of errors, only the rows on which one model alone is right
count.

The capital is shared between two gamblers. One grows: it mixes fixed stakes (Cover's universal portfolio on a grid),
and finds large differences early. The other aims: it stakes what makes it likeliest that the two together reach
1/alpha before the most labels that are waited for. In continuous time that is the delta of a barrier option, and it
stops where a sequential test of O'Brien and Fleming (Biometrics 35, 1979) does; here it only guides the stakes, so
that the guarantee is exact for few rows and for any bounded differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

Floats = NDArray[np.float64]

GROWING = 0.2
"""The share of the capital that grows; the rest aims. More of it stops earlier where the difference is large."""
STAKES = np.array([0.02, 0.04, 0.08, 0.16, 0.32, 0.64])
"""What the growing part stakes, in shares of what would ruin it."""
BOLDEST = 0.95
"""No stake is a larger share of what would ruin it."""
USUAL, WORTH = 0.1, 20.0
"""The mean square of a difference that is expected before any is known, over the largest that there can be, and how
many differences that expectation is worth."""
ROUNDING = 1e-9
"""The aiming part stakes just enough to reach the goal: so much may be missing by rounding."""


class Capital:
    """The capitals of several trials at once, each of which has seen as many differences.

    Parameters
    ----------
    trials
        How many.
    goal
        1/alpha: what a capital has to reach.
    margin
        What differences are on average, or less, if there is nothing to find.
    most
        After so many differences nothing is staked for the deadline any more.
    """

    def __init__(self, trials: int, *, goal: float, margin: float, most: int) -> None:
        self._goal, self._margin, self._most = goal, margin, most
        self.seen = 0
        self._growing = np.full((trials, len(STAKES)), 1.0 / len(STAKES))
        self._aiming = np.ones(trials)
        self._squares = np.zeros(trials)
        self.has_won = np.zeros(trials, dtype=np.bool_)
        """Which trials have ever reached the goal; their capital stays as it was then."""
        self.best = np.ones(trials)
        """The largest capital so far."""

    @property
    def evidence(self) -> Floats:
        """The capitals (trials,), which began as 1."""
        found: Floats = GROWING * self._growing.sum(axis=1) + (1.0 - GROWING) * self._aiming
        return found

    def see(self, values: Floats, lowest: Floats, highest: Floats) -> None:
        """Bet on one more difference of each trial.

        `values` (trials,), and the least and the most that each can be, which have to be known before it is.
        """
        ruin, win = self._margin - lowest, highest - self._margin
        gain = values - self._margin
        going = ~self.has_won
        aimed = self._aimed(ruin, win)
        grown = 1.0 + STAKES * (gain / ruin)[:, None]
        self._growing = np.where(going[:, None], self._growing * grown, self._growing)
        self._aiming = np.where(going, self._aiming * (1.0 + aimed * gain), self._aiming)
        self._squares += np.where(going, (gain / ruin) ** 2, 0.0)
        self.seen += 1
        evidence = self.evidence
        self.best = np.maximum(self.best, evidence)
        self.has_won |= evidence >= self._goal * (1.0 - ROUNDING)

    def chance(self, difference: Floats, ruin: float) -> Floats:
        """Return how likely (trials,) the goal is still reached in time, were differences so large on average.

        `ruin`: the most that a difference is going to be below the margin. That of Brownian motion with a drift to
        reach a barrier (Siegmund, "Sequential analysis", 1985, equation 3.15), without what the growing part adds.
        """
        left = max(self._most - self.seen, 0)
        distance, square = -ndtri(self._reached() / 2.0), self._square(np.full(len(difference), ruin))
        drift = (difference - self._margin) * math.sqrt(left) / np.sqrt(square)
        mirrored = np.exp(np.minimum(2.0 * drift * distance + log_ndtr(-drift - distance), 0.0))
        found: Floats = np.minimum(ndtr(drift - distance) + mirrored, 1.0)
        return found

    def _aimed(self, ruin: Floats, win: Floats) -> Floats:
        """Return the stakes (trials,) of the part that aims, in shares of it per unit of difference."""
        left = self._most - self.seen
        if left <= 0:
            return np.zeros_like(ruin)
        reached = self._reached()
        # Brownian motion reaches a barrier at distance z within a time of 1 with probability 2 * ndtr(-z); the stake is
        # the derivative of that by where it is, over itself.
        z = ndtri(reached / 2.0)
        slope = 2.0 * np.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
        stake: Floats = slope / (reached * np.sqrt(self._square(ruin) * left))
        return np.minimum(np.minimum(stake, BOLDEST / ruin), (1.0 / reached - 1.0) / win)

    def _reached(self) -> Floats:
        """Return which share (trials,) the aiming part has of what it takes to reach the goal together."""
        lacking = (self._goal - GROWING * self._growing.sum(axis=1)) / (1.0 - GROWING)
        found: Floats = np.clip(self._aiming / np.maximum(lacking, 1e-300), 1e-12, 1.0)
        return found

    def _square(self, ruin: Floats) -> Floats:
        """Return what the square of a difference is expected to be, by those seen."""
        found: Floats = ruin**2 * (USUAL * WORTH + self._squares) / (WORTH + self.seen)
        return found

    def state(self) -> dict[str, Any]:
        """Return everything that the next difference is bet on by, for JSON."""
        return {
            "seen": self.seen,
            "growing": self._growing.tolist(),
            "aiming": self._aiming.tolist(),
            "squares": self._squares.tolist(),
            "has_won": self.has_won.tolist(),
            "best": self.best.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, TypeError, ValueError where it is none."""
        shape = self._growing.shape
        self.seen = int(state["seen"])
        self._growing = np.array(state["growing"], dtype=np.float64).reshape(shape)
        self._aiming, self._squares, self.best = (
            np.array(state[name], dtype=np.float64).reshape(shape[0]) for name in ("aiming", "squares", "best")
        )
        self.has_won = np.array(state["has_won"], dtype=np.bool_).reshape(shape[0])
