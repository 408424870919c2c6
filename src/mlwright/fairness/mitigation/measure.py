"""What answers do to groups: rates, the gap between groups, and what it costs, each with its interval at 95 %."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.intervals import Scored
from mlwright.evaluate.limits import add_up, around_mean
from mlwright.fairness.mitigation.criteria import Criterion, counts, rate_of
from mlwright.tasks.base import Costs, Floats

RESAMPLES = 500
LEVEL = 0.95
CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that judge: label, group (-1: held to nothing), weight, and which rows belong together (None: none)."""

    y: Floats
    group: NDArray[np.intp]
    weight: Floats
    groups: int
    units: NDArray[np.intp] | None = None

    def rates(self, yes: NDArray[np.bool_], rate: str) -> Floats:
        """Return a rate of each group; NaN where a group has no rows to tell it from."""
        return rate_of(rate, self._counted(yes), self.known)

    @property
    def known(self) -> Floats:
        """(groups, 2) the weight of the rows that are no case, and that are one."""
        return counts(self.group, self.y, self.weight, self.groups)

    def gap(self, yes: NDArray[np.bool_], criterion: Criterion, *, seed: int) -> Scored:
        """Return the largest difference between groups in a rate of the criterion, with its interval.

        All differences are held in one band whose width a bootstrap tells (the studentised maximum; Romano and Wolf
        2005), so the interval is right for whichever pair is largest: the gap is no less than the largest low end, and
        no more than the largest high end. With small groups it is wide, as it has to be.
        """
        known, answered = self.known, self._counted(yes)
        draws = self._drawn(yes, seed)
        found, spread = [], []
        for rate in criterion.rates:
            shares, drawn = rate_of(rate, answered, known), rate_of(rate, draws[0], draws[1])
            for one, other in combinations(range(self.groups), 2):
                found.append(shares[one] - shares[other])
                spread.append(drawn[:, one] - drawn[:, other])
        difference, off = np.array(found), np.array(spread)
        if not found or not np.isfinite(difference).all():
            return Scored(float("nan"), float("nan"), float("nan"))
        middle = np.nanmean(off, axis=1)
        error = np.maximum(np.nanstd(off, axis=1), 1e-9)
        furthest = np.nanmax(np.abs(off - middle[:, None]) / error[:, None], axis=0)
        width = float(np.quantile(furthest, LEVEL)) * error
        size = np.abs(difference)
        low, high = float(np.maximum(size - width, 0.0).max()), float(np.minimum(size + width, 1.0).max())
        return Scored(float(size.max()), low, high)

    def cost(self, yes: NDArray[np.bool_], costs: Costs) -> Floats:
        """Return (n,) what each answer costs, times the row's weight over the mean weight."""
        false = yes & (self.y == 0), ~yes & (self.y == 1)
        parts = costs.false_positive * false[0] + costs.false_negative * false[1]
        return np.asarray(parts * self.weight / self.weight.mean(), dtype=np.float64)

    def mean(self, parts: Floats) -> Scored:
        """Return the mean of a number of each row with its interval."""
        value = float(parts.mean())
        return Scored(value, *around_mean(value, add_up(parts, self.units)))

    def _counted(self, yes: NDArray[np.bool_]) -> Floats:
        return counts(self.group, self.y, self.weight, self.groups, yes)

    def _drawn(self, yes: NDArray[np.bool_], seed: int) -> tuple[Floats, Floats]:
        """Return resamples (draws, groups, 2) of the weights answered yes and of all; whole units are drawn.

        A cell in which all rows are answered alike would never vary: half a row of either answer is added to each.
        """
        inside = np.flatnonzero(self.group >= 0)
        cell = (2 * self.group[inside] + self.y[inside].astype(np.intp)) * 2 + yes[inside]
        random, cells = np.random.default_rng(seed), 4 * self.groups
        if self.units is None:
            total = np.bincount(cell, self.weight[inside], cells)
            squares = np.bincount(cell, self.weight[inside] ** 2, cells)
            both, heavy = total.reshape(-1, 2).sum(axis=1), squares.reshape(-1, 2).sum(axis=1)
            # Kish: so many rows of equal weight tell as much.
            rows = np.maximum(np.round(both**2 / np.maximum(heavy, 1e-300)), 1).astype(np.int64)
            share = (total.reshape(-1, 2)[:, 1] / np.maximum(both, 1e-300) * rows + 0.5) / (rows + 1)
            shares = random.binomial(rows, share, (RESAMPLES, len(rows))) / rows
            return (shares * both).reshape(RESAMPLES, -1, 2), np.broadcast_to(both, shares.shape).reshape(
                RESAMPLES, -1, 2
            )
        names, unit = np.unique(self.units[inside], return_inverse=True)
        table = np.bincount(unit * cells + cell, self.weight[inside], len(names) * cells).reshape(len(names), cells)
        step = max(1, CHUNK // max(1, len(names)))
        made = [
            random.multinomial(len(names), np.full(len(names), 1 / len(names)), min(step, RESAMPLES - at)) @ table
            for at in range(0, RESAMPLES, step)
        ]
        drawn = np.concatenate(made).reshape(RESAMPLES, -1, 2)
        return drawn[:, :, 1].reshape(RESAMPLES, -1, 2), drawn.sum(axis=2).reshape(RESAMPLES, -1, 2)
