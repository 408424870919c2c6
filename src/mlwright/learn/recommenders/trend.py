"""Trend: how much more an item is taken of late than it used to be.

A log of years says what goes with what; what is taken now, its last days say better. A learner's scores times the trend
of each item join both.
"""

from __future__ import annotations

import numpy as np

from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.sparse import DAY, Singles

_PRIOR = 5.0
"""Entries that an item is thought to have beside its own, spread as all entries are."""


def trend(taught: Taught, half_life: float | None) -> Singles:
    """Return (items,): each item's share of late over its share of all, where entries of `half_life` days count half.

    It is 1 for all items where no half-life is given or no times are known, and near 1 for items with few entries.
    """
    log = taught.log
    count = len(log.items)
    if half_life is None or not log.has_time or not len(log):
        return np.ones(count, dtype=np.float32)
    weights = 0.5 ** ((log.time[-1] - log.time) / (DAY * half_life))
    often = np.bincount(log.item, minlength=count)
    late = np.bincount(log.item, weights, count) * (len(log) / weights.sum())
    return np.asarray((late + _PRIOR) / (often + _PRIOR), dtype=np.float32)
