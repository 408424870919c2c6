"""Evidence that grows while a stream differs from its reference, and hardly ever grows while it does not.

Each p-value of `ranks` is bet on: capital is multiplied by a density f(p) that was fixed before p was known. Nobody
gets rich by betting on uniform numbers, so that the capital is a martingale, and

    P(it ever reaches 1/alpha) <= alpha     (Ville 1939)

over the whole life of the stream, however often one looks. When the change will come is not known, so a small part of
the capital is kept back and put on the table row by row, mixing over all beginnings (Shin, Ramdas and Rinaldo,
E-detectors, 2024, do so with all of it); which bets will win is not known, so each part is spread over several.

Everything is a function of the sequence alone: in what portions rows come, and how often the state is saved and read
back in between, changes no bit of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from mlwright.errors import ModelError
from mlwright.monitor.history import History
from mlwright.monitor.ranks import Bins, Counts, Floats, drawn, ranked

BLOCK = 64
"""Rows between two points at which the running products are folded together: few enough to stay within a float."""
PATIENCE = 5_000.0
"""Half of the capital is on the table after so many rows; see `_stakes`."""


class Bets(Protocol):
    """What is bet: densities of a p-value, fixed before it is seen."""

    count: int
    """How many densities each stream has."""

    def densities(self, p: Floats) -> Floats:
        """Return (n, s, count) the densities at p-values (n, s); 1 where p is NaN."""

    def learn(self, p: Floats) -> None:
        """Take note of the p-values (BLOCK, s) of a whole block, after it was bet on."""

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, for JSON."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, TypeError, ValueError where it is none."""


class Evidence:
    """The evidence of s streams that have one clock: that each has changed since its reference.

    Parameters
    ----------
    bag
        (s, b): the counts of the reference, by bin.
    bets
        What is bet on the ranks.
    seed
        Of the numbers that break ties: any, but another for each use.
    """

    def __init__(self, bag: Counts, bets: Bets, *, seed: int) -> None:
        self.bag = np.array(bag, dtype=np.int64)
        self.bets, self.seed, self.rows = bets, seed, 0
        self._drawn: tuple[int, Floats] | None = None
        shape = (len(self.bag), bets.count)
        self._base = np.zeros(shape), np.zeros(shape)
        """What the beginnings before this block are worth: those of the capital, and those that count one each."""
        self._product, self._sums = np.ones(shape), (np.zeros(shape), np.zeros(shape))
        self._ranks = np.empty((0, len(self.bag)))
        self.largest = np.ones(len(self.bag))
        """(s,): the most that the capital of each stream ever was."""
        self.mixed = 1.0
        """The capital that all streams have together now, one share each; `most_mixed` the most it ever was."""
        self.most_mixed = 1.0
        self.history = History(len(self.bag), bets.count)

    def add(self, bins: Bins, at: Counts, *, values: Floats | None = None, shares: Floats | None = None) -> None:
        """Take n new rows in: their bins (n, s), moments (n,) in microseconds, and values (n, s) for the history.

        `shares` (s,) weigh the streams in what they have together; by default they are equal.
        """
        start = 0
        while start < len(bins):
            room = BLOCK - self.rows % BLOCK
            part = slice(start, start + room)
            self._take(bins[part], at[part], None if values is None else values[part], shares)
            start += room

    @property
    def capital(self) -> Floats:
        """(s,) the evidence now: below 1 where nothing speaks for a change, 20 where it is 20 to 1."""
        capital: Floats = self._worth(0) + (1.0 - _spent(self.rows))
        return capital

    @property
    def detector(self) -> Floats:
        """(s,) the sum over all beginnings: it reaches a number n on average only after n rows without any change."""
        return self._worth(1)

    def _worth(self, which: int) -> Floats:
        return _mean(self._product * (self._base[which] + self._sums[which]))

    def _take(self, bins: Bins, at: Counts, values: Floats | None, shares: Floats | None) -> None:
        """Take rows in that do not go beyond the end of the block."""
        rows, offset = len(bins), self.rows % BLOCK
        chance = self._chance(self.rows // BLOCK)[offset : offset + rows]
        p, self.bag = ranked(self.bag, bins, chance)
        before = np.concatenate([self._product[None], self.bets.densities(p)]).cumprod(axis=0)
        clock = self.rows + np.arange(rows)
        ones = 1.0 / before[:-1]
        first, second = self._sums
        sums = np.concatenate([first[None], _stakes(clock)[:, None, None] * ones]).cumsum(axis=0)
        self._sums = sums[-1], np.concatenate([second[None], ones]).cumsum(axis=0)[-1]
        capital = _mean(before[1:] * (self._base[0] + sums[1:])) + (1.0 - _spent(clock + 1)[:, None])
        self._product = before[-1]
        self._look(capital, shares)
        self.history.add(np.log(self._product), at, values, bins >= 0)
        self._ranks = np.concatenate([self._ranks, p])
        self.rows += rows
        if self.rows % BLOCK == 0:
            self._fold()

    def _chance(self, block: int) -> Floats:
        """Return what breaks the ties of a block; it is drawn once, however rows come."""
        if self._drawn is None or self._drawn[0] != block:
            self._drawn = block, drawn(self.seed, block, BLOCK, len(self.bag))
        return self._drawn[1]

    def _look(self, capital: Floats, shares: Floats | None) -> None:
        self.largest = np.maximum(self.largest, capital.max(axis=0))
        mixed = capital.mean(axis=1) if shares is None else capital @ shares
        self.mixed = float(mixed[-1])
        self.most_mixed = max(self.most_mixed, float(mixed.max()))

    def _fold(self) -> None:
        first, second = (self._product * (base + sums) for base, sums in zip(self._base, self._sums, strict=True))
        self._base = np.minimum(first, _MOST), np.minimum(second, _MOST)
        self._product, self._sums = np.ones_like(self._product), (np.zeros_like(first), np.zeros_like(first))
        self.bets.learn(self._ranks)
        self._ranks = self._ranks[:0]
        self.history.close()

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, for JSON."""
        return {
            "rows": self.rows,
            "seed": self.seed,
            "bag": self.bag.tolist(),
            "base": [each.tolist() for each in self._base],
            "product": self._product.tolist(),
            "sums": [each.tolist() for each in self._sums],
            "ranks": [[None if np.isnan(each) else each for each in row] for row in self._ranks.tolist()],
            "largest": self.largest.tolist(),
            "mixed": [self.mixed, self.most_mixed],
            "bets": self.bets.state(),
            "history": self.history.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ModelError where it does not belong to these streams."""
        try:
            bag = np.array(state["bag"], dtype=np.int64)
            if bag.shape != self.bag.shape or state["seed"] != self.seed:
                raise ValueError("another stream's")
            self.rows, self.bag = int(state["rows"]), bag
            first, second = (np.array(each, dtype=np.float64).reshape(self._product.shape) for each in state["base"])
            self._base = first, second
            self._product = np.array(state["product"], dtype=np.float64).reshape(first.shape)
            first, second = (np.array(each, dtype=np.float64).reshape(first.shape) for each in state["sums"])
            self._sums = first, second
            self._ranks = np.array(state["ranks"], dtype=np.float64).reshape(-1, len(bag))
            self.largest = np.array(state["largest"], dtype=np.float64).reshape(len(bag))
            self.mixed, self.most_mixed = map(float, state["mixed"])
            self.bets.restore(state["bets"])
            self.history.restore(state["history"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The monitor's state cannot be read: {error}.", hint="start it anew.") from error


def _mean(worth: Floats) -> Floats:
    """Return the mean over the last axis, a short one: added one by one, much faster than a sum along it."""
    total: Floats = worth[..., 0].copy()
    for bet in range(1, worth.shape[-1]):
        total += worth[..., bet]
    total /= worth.shape[-1]
    return total


_MOST = 1e200
"""Capital stops growing here, so that it stays a number."""


def _spent(rows: Any) -> Any:
    """Return the share of the capital that is on the table before so many rows: rows / (rows + PATIENCE).

    A change after t rows is paid for with about log(t + PATIENCE) of evidence, whenever it comes: no horizon is fixed.
    """
    return rows / (rows + PATIENCE)


def _stakes(clock: Any) -> Any:
    """Return what is put on the table at each row: the steps of `_spent`."""
    return PATIENCE / ((clock + PATIENCE) * (clock + PATIENCE + 1.0))
