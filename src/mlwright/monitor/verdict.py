"""From evidence to alarms: one budget of false pages for the life of a deployment, and names that seldom are wrong.

A page is raised where the capital of one watcher, mixed over all that it watches, ever reaches one over its part of
ALPHA. A mixture of martingales is a martingale, and the parts sum to ALPHA: so the probability that a deployment in
which nothing changes is ever paged for is at most ALPHA, however long it runs and however often one looks.

A notice promises less: of losses it is false once in NOTICE_ROWS rows, and of the columns named a share ALPHA is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlwright.monitor.ranks import Floats

ALPHA = 0.05
PARTS: Mapping[str, float] = {"losses": 0.8, "groups": 0.1, "contract": 0.1}
"""Of ALPHA, by what is watched: all else never pages."""
FIRST = 0.75
"""Of what a watcher of losses bets, this share is on the first loss, which people know best."""
NOTICE_ROWS = 50_000
TOLERANCE = 0.05
"""A loss that has risen by less than this share of what it was is nobody's emergency, however sure it is."""


def page_threshold(kind: str, alpha: float = ALPHA) -> float:
    """Return the mixed capital from which on a kind of watcher pages; infinity where it never does.

    >>> round(page_threshold("losses"), 6), page_threshold("columns")
    (25.0, inf)
    """
    part = PARTS.get(kind, 0.0)
    return 1.0 / (alpha * part) if part else float("inf")


def shares(streams: int, *, first: bool) -> Floats:
    """Return what each of s streams has of the capital: all the same, or FIRST for the first one.

    >>> shares(3, first=True).tolist()
    [0.75, 0.125, 0.125]
    """
    if not first or streams == 1:
        return np.full(streams, 1.0 / streams)
    return np.array([FIRST, *[(1.0 - FIRST) / (streams - 1)] * (streams - 1)])


def drifted(capital: Floats, largest: Floats, alpha: float = ALPHA) -> list[int]:
    """Return the positions of the streams that have changed: half of alpha is for what they have now, half for ever.

    Now: `named`, which finds many that change together. Ever: the largest capital that one had, at s / alpha; for the
    stream itself becomes what new rows are ranked among, so that evidence from few rows of a reference fades.

    >>> drifted(np.array([1.0, 2.0]), np.array([90.0, 5.0]))
    [0]
    """
    ever = np.flatnonzero(largest >= 2.0 * len(largest) / alpha).tolist()
    return sorted({*named(capital, alpha / 2.0), *ever})


def named(capital: Floats | Sequence[float], alpha: float = ALPHA) -> list[int]:
    """Return the positions of the e-values that are named by e-BH: of those named, a share alpha is wrong on average.

    Wang and Ramdas, False discovery rate control with e-values, 2022; it holds under any dependence.

    >>> named([1.0, 500.0, 45.0, 0.2])
    [1, 2]
    """
    values = np.asarray(capital, dtype=np.float64)
    if not len(values):
        return []
    order = np.argsort(-values, kind="stable")
    enough = np.flatnonzero(values[order] * np.arange(1, len(values) + 1) >= len(values) / alpha)
    return sorted(order[: enough[-1] + 1].tolist()) if len(enough) else []
