"""HeldOut: rows that no decision was made on, as the numbers that scores are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Target

Floats = NDArray[np.float64]

LEAST_SHARE = 1e-30
"""Weights count at least this share of the largest."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The target of the rows that judge, how much each counts, and which of them belong together.

    Rows of one group (a customer's orders, a week's hours) are one piece of evidence: intervals resample whole groups.
    `noun` is what one row is called in sentences ("customer"); empty, it is a row.
    """

    target: Target
    weight: Floats | None = None
    groups: NDArray[Any] | None = None
    noun: str = ""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.target.y)

    @property
    def y(self) -> Floats:
        """The target as numbers."""
        return self.target.y

    @property
    def units(self) -> NDArray[np.intp]:
        """The number (0, 1, ...) of each row's group; every row is its own group where none are given."""
        if self.groups is None:
            return np.arange(len(self), dtype=np.intp)
        plain = self.groups.astype(str) if self.groups.dtype == object else self.groups
        return np.unique(plain, return_inverse=True)[1].astype(np.intp).ravel()

    def take(self, index: NDArray[np.intp]) -> HeldOut:
        """Return the rows at these positions."""
        return replace(
            self,
            target=self.target.take(index),
            weight=None if self.weight is None else self.weight[index],
            groups=None if self.groups is None else self.groups[index],
        )


def mean_one(weight: Floats) -> Floats:
    """Return weights, of which at least one is above 0, as multiples of their mean.

    The sum of large weights, the mean of tiny ones and the products of both are beyond what a float can hold: so the
    largest is made 1 first, and what is left of the smallest does not go below a least that nobody can tell from 0.
    """
    shares = weight / weight.max()
    shares = np.where(weight > 0, np.maximum(shares, LEAST_SHARE), 0.0)
    scaled: Floats = shares / shares.mean()
    return scaled


def time_blocks(times: Floats, blocks: int | None = None) -> NDArray[np.intp]:
    """Return block numbers of neighbours in time, to be given as `groups` where rows depend on their neighbours.

    Resampling whole blocks keeps that dependence (Carlstein 1986). Without `blocks` there are about n^(2/3) of them,
    the order that minimises the error of the variance; at least 10 where there are rows enough.
    """
    rows = len(times)
    count = blocks if blocks is not None else max(10, round(rows ** (2 / 3)))
    count = max(1, min(count, rows))
    order = np.argsort(times, kind="stable")
    numbers = np.empty(rows, dtype=np.intp)
    numbers[order] = (np.arange(rows) * count) // max(rows, 1)
    return numbers
