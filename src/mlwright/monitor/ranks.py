"""Ranks of new values among all that came before: uniform and independent for as long as nothing changes.

A value's rank among itself, the reference and the stream so far, with ties broken at random, is a conformal p-value:
where reference and stream are exchangeable, the p-values are independent and uniform on [0, 1], whatever the
distribution is and however few rows the reference has (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random
World, 2022, theorem 11.1). Values come as numbers of bins, so that what must be remembered is one count for each bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bins = NDArray[np.intp]

ABSENT = -1
"""The bin of a value that is not there: it is not ranked and not counted."""


def ranked(bag: Counts, bins: Bins, chance: Floats) -> tuple[Floats, Counts]:
    """Return the p-values (n, s) of new values, small where a value is large, and the bag with them.

    Parameters
    ----------
    bag
        (s, b): how many values of each bin each of s streams has had.
    bins
        (n, s): the bins of n rows, one after another; ABSENT gives NaN.
    chance
        (n, s): numbers drawn uniformly from [0, 1), which break the ties.

    >>> ranked(np.array([[9, 1]]), np.array([[1]]), np.array([[0.5]]))[0].tolist()
    [[0.09090909090909091]]
    """
    rows, streams = bins.shape
    there = bins >= 0
    at = np.where(there, bins, 0)
    added = np.zeros((rows, streams, bag.shape[1]), dtype=np.int64)
    np.put_along_axis(added, at[:, :, None], there[:, :, None].astype(np.int64), axis=2)
    counts = added.cumsum(axis=0)
    counts += bag
    upto = counts.cumsum(axis=2)
    total = upto[:, :, -1]
    through = np.take_along_axis(upto, at[:, :, None], axis=2)[:, :, 0]
    ties = np.take_along_axis(counts, at[:, :, None], axis=2)[:, :, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (total - through + chance * ties) / total
    return np.where(there, values, np.nan), counts[-1] if rows else bag


def drawn(seed: int, block: int, rows: int, streams: int) -> Floats:
    """Return the numbers that break the ties of one block: the same for the same seed and block, in any run.

    >>> bool((drawn(7, 3, 4, 2)[:2] == drawn(7, 3, 4, 2)[:2]).all())
    True
    """
    return np.random.Generator(np.random.Philox(key=[seed, block])).random((rows, streams))
