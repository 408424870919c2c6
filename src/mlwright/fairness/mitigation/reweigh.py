"""Reweighing: rows teach with weights under which group and label have nothing to do with one another.

A row of group g and label y weighs P(g) P(y) / P(g, y) (Kamiran and Calders 2012, "Data preprocessing techniques for
classification without discrimination"): where few of a group have a label, those few count more. What is learned then
depends less on the group; the rows that judge weigh what they weighed before. It helps against unequal selection, in no
proven amount, and needs no group when the model answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.fairness.mitigation.grouping import grouped
from mlwright.learn.material import Material
from mlwright.schema import Column
from mlwright.tasks.base import Floats

LEAST_ROWS = 30
"""A group with fewer rows of a label keeps its weights: so few would count for very many."""


@dataclass(frozen=True)
class Reweigher:
    """Knows the group of every row of one table, and makes weights for whatever rows of it teach."""

    group: NDArray[np.intp]

    @classmethod
    def of(cls, columns: Columns, described: Sequence[Column]) -> Reweigher:
        """Return the one whose groups are the meetings of the values of these columns."""
        return cls(grouped(columns, described, {}).of(columns))

    def weights(self, material: Material) -> Floats:
        """Return (n,) factors to the weights of these rows, about 1 on average."""
        if material.places is None:
            return np.ones(material.rows)
        weight = np.ones(material.rows) if material.weight is None else material.weight
        return reweighed(self.group[material.places], material.target.y.astype(np.intp), weight)


def reweighed(group: NDArray[np.intp], label: NDArray[np.intp], weight: Floats) -> Floats:
    """Return (n,) the factor of each row: P(g) P(y) / P(g, y) of its group and label.

    Groups with fewer than 30 rows of a label that occurs keep a factor of 1.

    >>> group, label = np.repeat([0, 1], 100), np.repeat([0, 1, 0, 1], [60, 40, 40, 60])
    >>> reweighed(group, label, np.ones(200))[[0, 60, 100, 140]].round(3).tolist()
    [0.833, 1.25, 1.25, 0.833]
    """
    groups, labels = int(group.max(initial=0)) + 1, int(label.max(initial=0)) + 1
    cell = group * labels + label
    rows = np.bincount(cell, minlength=groups * labels).reshape(groups, labels)
    sums = np.bincount(cell, weight, groups * labels).reshape(groups, labels)
    large = (rows[:, rows.any(axis=0)] >= LEAST_ROWS).all(axis=1)
    if large.sum() < 2:
        return np.ones(len(group))
    kept = sums[large]
    factor = np.ones((groups, labels))
    expected = kept.sum(axis=1, keepdims=True) * kept.sum(axis=0, keepdims=True) / kept.sum()
    factor[large] = np.divide(expected, kept, out=np.ones_like(kept), where=kept > 0)
    return np.asarray(factor[group, label], dtype=np.float64)
