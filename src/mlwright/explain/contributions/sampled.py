"""Contributions of a predictor of no known form, such as a network: sampled orders of the players.

Castro, Gomez and Tejada 2009, "Polynomial calculation of the Shapley value based on sampling", each order with its
reverse (Mitchell, Cooper, Frank and Holmes 2022, "Sampling permutations for Shapley value estimation"). An estimate
for each player; their sum is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Predictor

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

ORDERS = 16
"""Half of them the reverse of the other half; each has a background row of its own."""
LEAST = 1e-15
"""A probability below this counts as this: the logarithm of 0 is no number."""
_BLOCK = 1 << 22
"""Numbers in the mixed rows of one block."""


def _spread(raw: Floats) -> Index:
    """Return background rows whose raw answers (n, outputs) are spread as those of all, so that their mean is near.

    They are the middles of as many equal parts of the rows, ordered by the output that differs most.
    """
    order = np.argsort(raw[:, int(np.argmax(raw.std(axis=0)))], kind="stable")
    return np.asarray(order[((np.arange(ORDERS) + 0.5) / ORDERS * len(order)).astype(np.intp)], dtype=np.intp)


class SampledMargins:
    """What players add on average over some orders in which they come in, each before one background row."""

    exact = False

    def __init__(self, predictor: Predictor, owner: Index, players: int, background: Floats, classes: int) -> None:
        self.link = "softmax" if classes else "identity"
        self._predictor, self._players, self._classes = predictor, players, classes
        active = np.unique(owner)
        random = np.random.default_rng(0)
        half = [random.permutation(active) for _ in range(ORDERS // 2)]
        orders = [order for one in half for order in (one, one[::-1])]
        rows = random.permutation(_spread(self._raw(background)))
        self._runs = [(order, background[row]) for order, row in zip(orders, rows.tolist(), strict=True)]
        self._inside = [np.flatnonzero(owner == player) for player in range(players)]
        self.base = self._raw(background[rows]).mean(axis=0)

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        said = np.zeros((len(X), self._players, len(self.base)))
        width = X.shape[1] * (len(self._runs[0][0]) + 1)
        step = max(1, _BLOCK // max(width, 1))
        for start in range(0, len(X), step):
            rows = X[start : start + step]
            for order, other in self._runs:
                said[start : start + step] += self._run(rows, order, other)
        return said / len(self._runs)

    def _run(self, X: Floats, order: Index, other: Floats) -> Floats:
        """Return what each player adds when it comes in, in this order, before this background row."""
        mixed = np.repeat(np.tile(other, (len(X), 1))[None], len(order) + 1, axis=0)
        for place, player in enumerate(order.tolist(), start=1):
            inside = self._inside[player]
            mixed[place:, :, inside] = X[None][:, :, inside]
        raw = self._raw(mixed.reshape(-1, X.shape[1])).reshape(len(order) + 1, len(X), -1)
        said = np.zeros((len(X), self._players, raw.shape[2]))
        said[:, order] = np.diff(raw, axis=0).transpose(1, 0, 2)
        return said

    def _raw(self, X: Floats) -> Floats:
        P = self._predictor.predict(X)
        return np.log(np.maximum(P, LEAST)) if self._classes else P
