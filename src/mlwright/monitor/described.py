"""What rows are described by where it is asked which are alike: numbers on one scale, whatever the columns are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.monitor.ranks import Floats

MOST_COLUMNS = 40
"""Columns that are looked at: of more, those that moved most, because the others cannot have changed a mean loss."""
RIPPLES = 48
"""Random cosines, which are alike where rows are alike in all columns at once (Rahimi and Recht, NeurIPS 2007)."""
KNOTS = 8
FARTHEST = 4.0
"""In standard deviations; rare values do not count for more."""
RARE, USUAL = 0.02, 0.98
"""Shares of missing values between which it is looked at whether a value is missing."""


@dataclass(frozen=True, slots=True)
class Described:
    """Reference and new rows, one below the other, by their ranks.

    `columns` (n, c): the rank of each value among all rows, mean 0 and variance 1; whether it is missing, where that
    tells something. `of` (c,): the position of the column that each stems from. `ripples` (n, r): random cosines of
    all columns together.
    """

    columns: Floats
    of: NDArray[np.intp]
    ripples: Floats

    @classmethod
    def by(cls, old: Floats, new: Floats, *, seed: int) -> Described:
        """Describe the rows of a reference (n, d) and new ones (m, d); NaN where a value is missing."""
        pool = np.vstack([old, new])
        found: list[Floats] = []
        of: list[int] = []
        for position in range(pool.shape[1]):
            for made in _made(pool[:, position]):
                found.append(made)
                of.append(position)
        columns = np.column_stack(found) if found else np.zeros((len(pool), 0))
        moved = np.abs(columns[: len(old)].mean(axis=0) - columns[len(old) :].mean(axis=0))
        kept = np.sort(np.argsort(-moved, kind="stable")[:MOST_COLUMNS])
        columns = columns[:, kept]
        return cls(columns, np.array(of, dtype=np.intp)[kept], _ripples(columns, seed))

    @property
    def together(self) -> Floats:
        """(n, c + r) the columns, none of which counts more where there are many, and the ripples."""
        return np.hstack([self.columns / np.sqrt(max(self.columns.shape[1], 1)), self.ripples])


def hats(values: Floats, knots: int = KNOTS) -> Floats:
    """Return (n, k) tents over the values' quantiles: of their sum any curve with bends there is made.

    >>> hats(np.array([0.0, 0.5, 1.0]), 2).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    at = np.unique(np.quantile(values, np.linspace(0.0, 1.0, knots)))
    if len(at) < 2:
        return np.zeros((len(values), 0))
    return np.column_stack([np.interp(values, at, tent) for tent in np.eye(len(at))])


def _made(column: Floats) -> list[Floats]:
    """Return what a column is described by: none where it says nothing."""
    there = np.isfinite(column)
    made = []
    values, place, counts = np.unique(column[there], return_inverse=True, return_counts=True)
    if len(values) > 1:
        ranks = np.zeros(len(column))
        ranks[there] = ((np.cumsum(counts) - counts / 2.0) / counts.sum() - 0.5)[place]
        made.append(np.clip(ranks / ranks.std(), -FARTHEST, FARTHEST))
    if RARE < 1.0 - there.mean() < USUAL:
        missing = 1.0 - there
        made.append((missing - missing.mean()) / missing.std())
    return made


def _ripples(columns: Floats, seed: int) -> Floats:
    rows, count = columns.shape
    if not count:
        return np.zeros((rows, 0))
    random = np.random.default_rng([seed, count])
    waves = random.normal(size=(count, RIPPLES)) / np.sqrt(count)
    rippled: Floats = np.sqrt(2.0 / RIPPLES) * np.cos(columns @ waves + 2.0 * np.pi * random.random(RIPPLES))
    return rippled
