"""Signals: what can be told of a list before anybody knows what was taken from it, alike when judged and in service."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mlwright.tasks.base import Floats

SIGNALS: tuple[str, ...] = ("personal", "popularity", "filled")
"""The share of places that come from the history, the mean popularity of what is listed (the share of items that are
taken less often), and the share of the wanted places that could be filled."""
SIGNAL_EDGES: tuple[tuple[float, ...], ...] = (
    (0.25, 0.5, 0.75, 1.0),
    (0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99),
    (0.25, 0.5, 0.75, 1.0),
)
"""Where each is cut into bins."""
PERSONAL, PINNED = "personal", "pinned"


def signals(
    popularity: Floats, lists: Sequence[Sequence[int]], levels: Sequence[Sequence[str]], wanted: Sequence[float]
) -> Floats:
    """Return (n, 3) the signals of lists; NaN where a list says nothing of one.

    Parameters
    ----------
    popularity
        (items,) the share of items that are taken less often than each.
    lists, levels
        Codes of what is listed (-1 for an item that the catalogue lacks), and who put each there.
    wanted
        (n,) how many places were wanted; NaN where that is not known.
    """
    found = np.full((len(lists), len(SIGNALS)), np.nan)
    for row, (codes, origins, k) in enumerate(zip(lists, levels, wanted, strict=True)):
        chosen = [origin for origin in origins if origin != PINNED]
        known = [code for code in codes if code >= 0]
        if chosen:
            found[row, 0] = sum(origin == PERSONAL for origin in chosen) / len(chosen)
        if known:
            found[row, 1] = float(popularity[known].mean())
        if not math.isnan(k) and k > 0:
            found[row, 2] = min(len(codes) / k, 1.0)
    return found
