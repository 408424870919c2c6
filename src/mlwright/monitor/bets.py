"""What is bet on ranks: that values rise, or that they come to lie anywhere else than before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.monitor.betting import BLOCK
from mlwright.monitor.ranks import Bins, Counts, Floats

TAILS = (0.01, 0.03, 0.07, 0.15, 0.28, 0.45)
"""Shares of the largest values that are bet to become more, where values are all different."""
FACTORS = (1.4, 2.0)
"""How many times more of them there will be."""
AROUND = (0.8, 1.0, 1.25)
"""Where few values are different, the tails are those of the values, and a little less and more."""
FEW = 3
CHOOSING = 0.25
"""Of the reference, this share chooses the tails, and the rest is what new values are ranked among: tails that were
chosen by what they are used on would let the bets win too often."""
MOST_OF_ALL = 0.95


class Rising:
    """Bets that values rise: each says that a tail of the largest values becomes heavier by a factor.

    Parameters
    ----------
    tails
        (s, t): for each stream the shares of values that are in the tail.
    """

    def __init__(self, tails: Floats) -> None:
        self._tails = np.repeat(tails, len(FACTORS), axis=1)
        factors = np.tile(FACTORS, tails.shape[1])
        self._inside = np.minimum(factors, MOST_OF_ALL / self._tails)
        self._outside = (1.0 - self._inside * self._tails) / (1.0 - self._tails)
        self.count = self._tails.shape[1]

    def densities(self, p: Floats) -> Floats:
        """Return (n, s, count) the densities at p-values (n, s); 1 where p is NaN."""
        found: Floats = np.where(p[:, :, None] < self._tails, self._inside, self._outside)
        found[np.isnan(p)] = 1.0
        return found

    def learn(self, p: Floats) -> None:
        """Learn nothing: these bets stay as they are."""

    def state(self) -> dict[str, Any]:
        """Return the tails, for JSON."""
        return {"tails": self._tails[:, :: len(FACTORS)].tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, ValueError where it is none."""
        Rising.__init__(self, np.array(state["tails"], dtype=np.float64).reshape(len(self._tails), -1))


def halved(counts: Counts, *, seed: int) -> tuple[Counts, Floats]:
    """Return the counts (s, b) of a reference to rank among, and the tails (s, t) that the rest of it chose."""
    random = np.random.default_rng([seed, len(counts)])
    chosen = np.zeros_like(counts)
    for stream, row in enumerate(counts):
        if total := int(row.sum()):
            chosen[stream] = random.multivariate_hypergeometric(row, round(total * CHOOSING), method="marginals")
    return counts - chosen, np.array([_tails(row) for row in chosen])


def _tails(counts: Counts) -> Floats:
    """Return the tails for one stream: the same number of them for any."""
    found = np.flatnonzero(counts)
    if not len(found):
        return np.array(TAILS)
    if 1 < len(found) <= FEW:
        shares = counts[found][::-1].cumsum()[:-1] / counts.sum()
        tails = np.outer(shares, AROUND).ravel()
    elif len(found) == 1:
        tails = np.array(TAILS) / 2.0
    else:
        tails = np.array(TAILS)
    return np.resize(np.clip(tails, 1.0 / (2.0 * counts.sum() + 2.0), MOST_OF_ALL), len(TAILS))


PIECES = 10
"""Equal pieces of [0, 1] among which bets on any change share what they have."""
MEMORIES = (256.0, 4096.0)
"""After so many rows a rank counts half: a short memory for sudden changes and a long one for slight ones."""
CAUTION = 100.0
"""Ranks that a bet imagines to have seen without any change, so that chance does not lead it."""


class Anywhere:
    """Bets that ranks go on to lie where they lately lay (the histogram betting of Fedorova et al., ICML 2012)."""

    def __init__(self, streams: int) -> None:
        self.count = len(MEMORIES)
        self._seen = np.zeros((streams, self.count, PIECES))
        self._fade = 0.5 ** (BLOCK / np.array(MEMORIES))[None, :, None]

    def densities(self, p: Floats) -> Floats:
        """Return (n, s, count) the densities at p-values (n, s); 1 where p is NaN."""
        seen = self._seen
        total = seen.sum(axis=2, keepdims=True)
        density = np.ones((len(seen), PIECES + 1, self.count))
        density[:, :PIECES] = ((seen * PIECES + CAUTION) / (total + CAUTION)).transpose(0, 2, 1)
        found: Floats = density.reshape(-1, self.count)[_pieces(p)]
        return found

    def learn(self, p: Floats) -> None:
        """Count the p-values (n, s) of a block."""
        streams = len(self._seen)
        new = np.bincount(_pieces(p).ravel(), minlength=streams * (PIECES + 1)).reshape(streams, PIECES + 1)
        self._seen = self._seen * self._fade + new[:, None, :PIECES]

    def state(self) -> dict[str, Any]:
        """Return what was seen, for JSON."""
        return {"seen": self._seen.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises KeyError, ValueError where it is none."""
        self._seen = np.array(state["seen"], dtype=np.float64).reshape(self._seen.shape)


def _pieces(p: Floats) -> Bins:
    """Return (n, s) the piece that each p-value lies in, numbered through all streams; each has one more for NaN."""
    piece = np.where(np.isnan(p), PIECES, np.minimum(p * PIECES, PIECES - 1)).astype(np.intp)
    found: Bins = piece + (PIECES + 1) * np.arange(p.shape[1])
    return found
