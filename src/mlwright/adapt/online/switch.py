"""When the layer's answers are used: from when it is proven to win until it is proven to lose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.adapt.online.spaces import Floats

STAKES = np.array([0.01, 0.03, 0.08, 0.2, 0.45, 0.8])
"""What is bet on each row, as shares of the capital: small ones win where differences are small."""
PATIENCE = 1_000.0
"""Half of the capital is on the table after so many rows."""

_AT_ONCE = 64
"""Products of so many factors stay far from 0, whatever is lost."""


class Gains:
    """Evidence that differences are above 0 on average: at any time at least 1 / level with probability <= level.

    Differences lie in [-1, 1], and the mean of each, given all before it, is at most 0 if nothing is gained. Each is
    bet on with fixed stakes (Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, 2024),
    and the capital is put on the table little by little, because the gain may begin late.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._capital: Floats = np.zeros(len(STAKES))

    def add(self, differences: Floats) -> float:
        """Take differences (n,) in, and return the largest evidence that there was at any of them."""
        parts = range(0, len(differences), _AT_ONCE)
        return max((self._add(differences[start : start + _AT_ONCE]) for start in parts), default=0.0)

    def _add(self, differences: Floats) -> float:
        grown = np.cumprod(1.0 + STAKES * differences[:, None], axis=0)
        clock = self.rows + np.arange(len(differences))[:, None]
        put = PATIENCE / ((clock + PATIENCE) * (clock + PATIENCE + 1.0))
        before = np.concatenate([np.ones((1, len(STAKES))), grown[:-1]])
        capital = grown * (self._capital + np.cumsum(put / before, axis=0))
        kept_back = PATIENCE / (clock[:, 0] + 1.0 + PATIENCE)
        self._capital = np.minimum(capital[-1], 1e200)
        self.rows += len(differences)
        return float((capital.mean(axis=1) + kept_back).max())

    def state(self) -> list[Any]:
        """Return it for JSON."""
        return [self.rows, self._capital.tolist()]

    def restore(self, state: list[Any]) -> None:
        """Go on from a state. Raises TypeError, ValueError where it is none."""
        rows, capital = state
        self.rows, self._capital = int(rows), np.array(capital, dtype=np.float64).reshape(STAKES.shape)


class Switch:
    """On once the layer is proven to win, off once it is proven to lose.

    The k-th time it is tested at level / (k (k + 1)): if the layer never gains anything, it is ever switched on with
    probability <= level, over its whole life.
    """

    def __init__(self, level: float) -> None:
        self.level, self.times, self.on = level, 1, False
        self.since: int | None = None
        """The moment of the last turn, in microseconds."""
        self._gains = Gains()

    def add(self, gains: Floats, at: int) -> None:
        """Take in by how much the layer lost less than the model (n,), each in [-1, 1], in the order of the rows."""
        if self._gains.add(-gains if self.on else gains) < self._needed():
            return
        self.times += self.on
        self.on, self.since, self._gains = not self.on, at, Gains()

    def _needed(self) -> float:
        return 1.0 / self.level if self.on else self.times * (self.times + 1) / self.level

    def state(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"on": self.on, "times": self.times, "since": self.since, "gains": self._gains.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, TypeError, ValueError where it is none."""
        self.on, self.times, self.since = bool(state["on"]), int(state["times"]), state["since"]
        self._gains.restore(state["gains"])
