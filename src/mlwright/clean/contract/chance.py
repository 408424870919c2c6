"""How likely it is that a fresh sample of the same rows looks like this: exact bounds, whatever the distribution.

All go one way: how surprising are *more* of something than there were before. What they return is never smaller than
the true probability, so that a threshold on it keeps its promise about false alarms.
"""

from __future__ import annotations

import numpy as np

from mlwright.columns import Floats

FALSE_ALARMS = 0.01
"""The chance that a check of a fresh sample of the same distribution finds any violation; all its tests share it."""
TERMS = 4096
"""A tail is summed up to so many terms; beyond them lies less than a float can tell."""


def more_than_before(found: int, rows: int, before: int, rows_before: int) -> float:
    """Return the chance that `found` or more of the `found + before` rows of a sort fall among the new rows.

    Under the same distribution the new rows are as likely as any others to hold them (hypergeometric, exact). With none
    before, it is the chance that all of them are new: of a category never seen, or of values beyond every one seen.

    >>> more_than_before(5, 100, 0, 100) < 0.05 < more_than_before(4, 100, 0, 100)
    True
    >>> more_than_before(0, 100, 7, 100)
    1.0
    """
    total, all_rows = found + before, rows + rows_before
    if found <= 0 or rows_before <= 0 or found <= rows * (total / all_rows):
        return 1.0
    from scipy.special import gammaln

    drawn = np.arange(found, min(total, rows, found + TERMS) + 1, dtype=np.float64)

    def log_choose(of: int, chosen: Floats | float) -> Floats:
        return np.asarray(gammaln(of + 1.0) - gammaln(chosen + 1.0) - gammaln(of - chosen + 1.0), dtype=np.float64)

    logs = log_choose(rows, drawn) + log_choose(rows_before, total - drawn) - log_choose(all_rows, total)
    return float(min(1.0, np.exp(logs).sum()))


def more_events(found: int, before: int, odds: float) -> float:
    """Return the chance of `found` or more new events of `found + before`, each new with odds of `odds` to 1.

    >>> round(more_events(3, 0, 1.0), 3)
    0.125
    """
    if found <= 0:
        return 1.0
    from scipy.special import betainc

    return float(betainc(found, before + 1.0, odds / (1.0 + odds)))


def above_share(found: int, rows: int, share: float) -> float:
    """Return the chance of `found` or more among the rows where each is one with probability `share` (binomial).

    >>> above_share(1, 10, 0.0), round(above_share(1, 1, 0.25), 2)
    (0.0, 0.25)
    """
    if found <= 0:
        return 1.0
    from scipy.special import betainc

    return float(betainc(found, rows - found + 1.0, min(max(share, 0.0), 1.0)))


def largest_share(found: int, rows: int, chance: float) -> float:
    """Return the largest share that is not refuted by so few found: the upper bound of Clopper and Pearson.

    >>> round(largest_share(0, 1000, 0.05), 4)
    0.003
    """
    if found >= rows:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(found + 1.0, rows - found, 1.0 - chance))
