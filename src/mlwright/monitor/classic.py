"""The classic statistics of a histogram that has moved. They are shown, and never alarm: their size hangs on chance."""

from __future__ import annotations

import numpy as np

from mlwright.monitor.ranks import Floats


def classic(before: Floats, now: Floats) -> dict[str, float | None]:
    """Return PSI and the largest distance of distribution functions (KS) of two histograms; None of no rows.

    The population stability index is the sum over bins of (q - p) log(q / p); empty bins count half a row.

    >>> classic(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    {'psi': 0.0, 'ks': 0.0}
    """
    if not before.sum() or not now.sum():
        return {"psi": None, "ks": None}
    used = (before + now) > 0
    p, q = (np.maximum(each[used], 0.5) for each in (before, now))
    p, q = p / p.sum(), q / q.sum()
    distance = np.abs((before / before.sum()).cumsum() - (now / now.sum()).cumsum()).max()
    return {"psi": float(np.sum((q - p) * np.log(q / p))), "ks": float(distance)}
