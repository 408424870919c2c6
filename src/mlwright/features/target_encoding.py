"""Target encoding: what the signals are on average where a category stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import Arrays, Feature, Options, Training, coded
from mlwright.features.levels import Levels, TableEncoder

MOST_LEVELS = 10_000
FEW_LEVELS = 12
"""Up to so many levels, how frequent one is says little that its mean does not, and dilutes ensembles of trees."""
LEAST_PULL, MOST_PULL = 1.0, 1e6


class TargetEncoder(TableEncoder):
    """The mean of each signal per level, pulled to the overall mean as far as chance explains, and how frequent it is.

    Rare and unseen levels are one level. The pull is the empirical Bayes one, within-level over between-level variance
    (Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes"; ANOVA estimate). Training
    rows are encoded by means over the other folds, else a learner would read a row's own target back out of them.
    """

    __slots__ = ()
    kind: ClassVar[str] = "target"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "strings"

    @property
    def features(self) -> tuple[Feature, ...]:
        """The mean of each signal, and where there are many levels the logarithm of the number of training rows."""
        many = _many(self.levels)
        signals = self.table.shape[1] - many
        means = [
            f"{self.name}.target" if signals == 1 else f"{self.name}.target{place + 1}" for place in range(signals)
        ]
        return tuple(Feature(name, self.name) for name in (*means, *[f"{self.name}.frequency"] * many))

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Take the means; a column without two levels is not mine."""
        levels = Levels.fit(coded(values), most=int(options.get("most", MOST_LEVELS)))
        if len(levels.kept) + levels.other + levels.missing < 2:
            return None
        places, size = levels.places(coded(values)), len(levels)
        means, held_out = group_means(places, size, training)
        frequency = _frequency(np.bincount(places, minlength=size), levels)
        table = np.hstack([means, frequency]) if _many(levels) else means
        encoder = cls(name, levels, table)
        encoded = encoder.encode(values)
        encoded[:, : held_out.shape[1]] = held_out
        return encoder, encoded

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return self.levels.to_dict(), {"table": self.table}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        levels = Levels.from_dict(plain)
        table = state.matrix(arrays, "table", rows=len(levels)).astype(np.float64)
        if table.shape[1] <= _many(levels):
            raise state.damaged(f"the target encoding of column {name!r} has no signal")
        return cls(name, levels, table)


def group_means(places: NDArray[np.intp], size: int, training: Training) -> tuple[Floats, Floats]:
    """Return the mean of each signal in each of so many groups, and each row's by the rows of the other folds.

    Means are pulled to the overall mean as far as chance explains how they differ.
    """
    weight = np.ones(len(places)) if training.weight is None else training.weight
    prior = np.average(training.signals, axis=0, weights=weight)
    signals = training.signals - prior
    rows, sums = _totals(places, signals, weight, size)
    pull = pulls(rows, sums, weight @ signals**2)
    held_out = np.empty_like(signals)
    for fold in np.unique(training.folds):
        inside = training.folds == fold
        # Prior and pull are of all rows: as one number for everybody they cannot tell rows apart.
        held_rows, held_sums = _totals(places[inside], signals[inside], weight[inside], size)
        held_out[inside] = _means(rows - held_rows, sums - held_sums, prior, pull)[places[inside]]
    return _means(rows, sums, prior, pull), held_out


def _totals(places: NDArray[np.intp], signals: Floats, weight: Floats, size: int) -> tuple[Floats, Floats]:
    rows = np.bincount(places, weights=weight, minlength=size).astype(np.float64)
    sums = [np.bincount(places, weights=weight * signal, minlength=size) for signal in signals.T]
    return rows, np.stack(sums, axis=1)


def _means(rows: Floats, sums: Floats, prior: Floats, pull: Floats) -> Floats:
    means: Floats = prior + sums / (np.maximum(rows, 0.0)[:, None] + pull)
    return means


def pulls(rows: Floats, sums: Floats, squares: Floats) -> Floats:
    """Return for each signal (of mean 0) how many rows of the overall mean each level is mixed with."""
    there = rows > 0
    total, levels = rows.sum(), int(there.sum())
    explained = (sums[there] ** 2 / rows[there, None]).sum(axis=0)
    within = np.maximum(squares - explained, 0.0) / max(total - levels, 1)
    between = explained / max(levels - 1, 1)
    size = (total - (rows**2).sum() / total) / max(levels - 1, 1)
    variance = np.maximum((between - within) / max(size, 1.0), 1e-12)
    pull: Floats = np.clip(within / variance, LEAST_PULL, MOST_PULL)
    return pull


def _many(levels: Levels) -> bool:
    return len(levels.kept) > FEW_LEVELS


def _frequency(rows: NDArray[np.intp], levels: Levels) -> Floats:
    frequency = np.log1p(rows.astype(np.float64))
    # Rare levels share a position but not their rows: each has about one.
    frequency[-2] = np.log1p(1.0)
    if not levels.missing:
        frequency[-1] = np.log1p(1.0)
    return frequency.reshape(-1, 1)
