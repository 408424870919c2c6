"""Resampling: for scores that are no mean of losses (F1, R squared, ...)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.influence import score_of
from mlwright.evaluate.limits import LEVEL, UNKNOWN, Interval
from mlwright.tasks.base import Metric

MOST_ROWS = 5_000
"""Rows in one resample; of more rows so many are drawn, and the spread is scaled down to what all rows have."""
FOLDS = 40
"""Parts left out in turn to find the acceleration of the bootstrap."""


def replicates(rows: int) -> int:
    """Return how many resamples are taken: fewer where rows are many and the score is nearly normal."""
    return 1_000 if rows <= 1_000 else 400 if rows <= MOST_ROWS else 250


def resampled(metric: Metric, held_out: HeldOut, several: Sequence[Floats], *, seed: int) -> Floats:
    """Return (b, m): the score of each of several predictions on the same resamples of rows (of whole groups)."""
    draws = Draws(held_out, seed)
    rows: list[list[float]] = []
    for _ in range(replicates(len(held_out))):
        index = draws.next()
        drawn = held_out.take(index)
        rows.append([score_of(metric, drawn, P[index]) for P in several])
    return np.array(rows, dtype=np.float64)


class Draws:
    """Draws rows with replacement, whole groups where there are groups."""

    def __init__(self, held_out: HeldOut, seed: int, most: int = MOST_ROWS) -> None:
        self.random = np.random.default_rng(seed)
        self.rows = len(held_out)
        self.grouped = held_out.groups is not None
        share = min(1.0, most / max(self.rows, 1))
        if self.grouped:
            units = held_out.units
            self.order = np.argsort(units, kind="stable").astype(np.intp)
            self.sizes = np.bincount(units)
            self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.units = len(self.sizes) if self.grouped else self.rows
        self.drawn = max(1, round(share * self.units))
        self.shrink = math.sqrt(self.drawn / max(self.units, 1))
        """What a resample's spread is multiplied by to be that of all rows."""

    def next(self) -> NDArray[np.intp]:
        """Return the positions of the next resample."""
        chosen = self.random.integers(0, self.units, self.drawn)
        if not self.grouped:
            return chosen.astype(np.intp)
        sizes = self.sizes[chosen]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        taken: NDArray[np.intp] = self.order[np.repeat(self.starts[chosen], sizes) + within]
        return taken


def left_out(metric: Metric, held_out: HeldOut, several: Sequence[Floats]) -> Floats:
    """Return (f, m): the scores without one part of the rows (of the groups) after the other.

    None of very many rows: what is found from them (the acceleration) is then nearly 0.
    """
    if len(held_out) > MOST_ROWS:
        return np.empty((0, len(several)))
    units = held_out.units
    count = int(units.max()) + 1 if len(units) else 0
    folds = min(FOLDS, count)
    # Units are dealt out in turn, so that a part is no stretch of time.
    part = units % max(folds, 1)
    kept = [np.flatnonzero(part != fold).astype(np.intp) for fold in range(folds)]
    rows = [[score_of(metric, held_out.take(index), P[index]) for P in several] for index in kept]
    return np.array(rows, dtype=np.float64)


def corrected(value: float, draws: Floats, without: Floats, shrink: float) -> Interval:
    """Return the bias-corrected and accelerated interval (Efron 1987) of resampled scores.

    `shrink` turns the spread of resamples of fewer rows into that of all rows.
    """
    finite = draws[np.isfinite(draws)]
    if not math.isfinite(value) or len(finite) < 0.5 * len(draws) or len(finite) < 20:
        return UNKNOWN
    normal = NormalDist()
    # Ties count half: scores of few rows take few values.
    below = (np.sum(finite < value) + 0.5 * np.sum(finite == value)) / len(finite)
    bias = normal.inv_cdf(min(max(float(below), 0.5 / len(finite)), 1.0 - 0.5 / len(finite)))
    acceleration = _acceleration(without[np.isfinite(without)])
    ends = []
    for side in ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0):
        z = bias + normal.inv_cdf(side)
        share = normal.cdf(bias + z / max(1.0 - acceleration * z, 0.1))
        ends.append(value + shrink * (float(np.quantile(finite, share)) - value))
    return (ends[0], ends[1])


def _acceleration(without: Floats) -> float:
    """Return how the spread changes with the score, from the scores without one part each."""
    if len(without) < 3:
        return 0.0
    gaps = without.mean() - without
    spread = float(np.sum(gaps**2)) ** 1.5
    return float(np.sum(gaps**3)) / (6.0 * spread) if spread > 0.0 else 0.0
