"""Signals: what a log says of each item at a moment, whoever asks: how much it is taken of late and of old, how new.

Half-lives are told by the log itself: the time in which its last hundredth was written, its last three, ten and thirty,
and the whole of it. A busy shop's week and a quiet one's year are then the same signal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommenders.base import Taught
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Interactions

Singles = NDArray[np.float32]

SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Of the log's entries, newest first: the time that each share took is a half-life."""
SMOOTHING = 0.3
"""Of the mean, added before the logarithm: an item that nobody took of late is not infinitely unlikely."""
DAY = 86_400.0


def known_of(log: Interactions) -> NDArray[np.bool_]:
    """Return (items,) what somebody took."""
    known = np.zeros(len(log.items), dtype=bool)
    known[log.item] = True
    return known


def signals(taught: Taught) -> Singles:
    """Return (items, f) what the log says of each item, each column with mean 0 and deviation 1 over what was taken.

    f depends on whether there are times, and on nothing else.
    """
    log, known = taught.log, known_of(taught.log)
    columns = [*(_often(log, weight, known) for weight in _weights(taught))]
    if log.has_time:
        columns.append(_new(taught, known))
    return np.column_stack([standard(column, known) for column in columns]).astype(np.float32)


def standard(column: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the numbers moved and scaled to mean 0 and deviation 1 over what is known."""
    if not known.any():
        return np.zeros(len(column))
    spread = float(column[known].std())
    if spread <= 1e-9:
        return np.zeros(len(column))
    # Of what nobody took nothing is known: it is as usual as can be, not as new or as old as can be.
    return np.where(known, (column - column[known].mean()) / spread, 0.0)


def _weights(taught: Taught) -> list[Floats]:
    """Return what each entry counts, one array for each half-life."""
    log = taught.log
    if not log.has_time or not len(log):
        return [np.ones(len(log))]
    age = np.maximum(taught.moment - log.time, 0.0)
    lives = [age[max(0, len(log) - max(1, round(share * len(log))))] for share in SHARES]
    return [0.5 ** ((age - age[-1]) / max(life - age[-1], 1.0)) for life in lives]


def _often(log: Interactions, weight: Floats, known: NDArray[np.bool_]) -> Floats:
    taken = np.bincount(log.item, weights=weight, minlength=len(known))
    mean = float(taken[known].mean()) if known.any() else 1.0
    return np.asarray(np.log(taken + SMOOTHING * mean), dtype=np.float64)


def _new(taught: Taught, known: NDArray[np.bool_]) -> Floats:
    """Return the logarithm of the days since an item was taken first; 0 where nobody took it."""
    first = np.full(len(known), np.inf)
    np.minimum.at(first, taught.log.item, taught.log.time)
    return np.asarray(np.log1p(np.where(known, np.maximum(taught.moment - first, 0.0), 0.0) / DAY), dtype=np.float64)
