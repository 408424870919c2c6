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
    streams = bins.shape[1]
    width = bag.shape[1]
    there = bins >= 0
    place = np.where(there, bins, 0) + width * np.arange(streams)
    larger = bag.sum(axis=1, keepdims=True) - bag.cumsum(axis=1)
    above, same = _earlier(bins, width)
    above = larger.ravel()[place] + above
    ties = bag.ravel()[place] + same
    total = bag.sum(axis=1) + there.cumsum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (above + chance * ties) / total
    new = np.bincount(place[there], minlength=bag.size).reshape(bag.shape)
    return np.where(there, values, np.nan), bag + new


def _earlier(bins: Bins, width: int) -> tuple[Counts, Counts]:
    """Return (n, s) how many of the new values up to each row lie in a larger bin than it, and how many in its own.

    All pairs of rows are compared: for the few rows that come at once, in small numbers side by side, that is several
    times faster than a running count for each bin.
    """
    rows, streams = bins.shape
    small = bins.astype(np.min_scalar_type(-max(width, 2)))
    later, earlier = small.reshape(1, -1), np.tile(small, (1, rows))
    so_far = np.repeat(np.tri(rows, dtype=np.bool_).T, streams, axis=1)
    count = np.min_scalar_type(rows)
    above, same = (
        (found & so_far).view(np.uint8).sum(axis=0, dtype=count).reshape(bins.shape).astype(np.int64)
        for found in (earlier > later, earlier == later)
    )
    return above, same


def drawn(seed: int, block: int, rows: int, streams: int) -> Floats:
    """Return the numbers that break the ties of one block: the same for the same seed and block, in any run.

    >>> bool((drawn(7, 3, 4, 2)[:2] == drawn(7, 3, 4, 2)[:2]).all())
    True
    """
    return np.random.Generator(np.random.Philox(key=[seed, block])).random((rows, streams))
