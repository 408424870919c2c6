"""The target as detectors see it: which rows have one, and numbers that can be averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Rows
from mlwright.columns import Coded, Floats
from mlwright.values import as_text

MOST_CLASSES = 200
"""A target of more different texts has no classes that could be told apart."""
FEW_NUMBERS = 10
"""So many whole numbers or fewer are looked at as classes, whatever the task will be: their order is not needed."""
FEWEST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Goal:
    """A known target: class positions and labels, or numbers and no labels."""

    name: str
    rows: Rows
    """The rows of the table that have a target, in order."""
    y: Floats
    """Their targets: class positions 0., 1., ... where there are `labels`, else numbers."""
    labels: tuple[str, ...] = ()
    amounts: bool = False
    """Whether the labels are several whole numbers, which may as well be amounts: how many, how good."""

    @property
    def codes(self) -> NDArray[np.intp]:
        """Class positions as whole numbers; only where there are labels."""
        return self.y.astype(np.intp)

    @property
    def signals(self) -> Floats:
        """Return (n, k) numbers whose averages tell of the target: one column for each class, or the ranks from 0 to 1.

        Ranks, because a few far values would decide everything else.
        """
        if self.labels:
            return np.asarray(self.codes[:, None] == np.arange(len(self.labels))[None, :], dtype=np.float64)
        return ranks(self.y)[:, None]

    def take(self, places: Rows) -> Goal:
        """Return only some of the rows, given by their places among these."""
        return Goal(self.name, self.rows[places], self.y[places], self.labels, self.amounts)


def goal_of(context: Context) -> Goal | None:
    """Return the target, or None where there is none that can be learned: no column, few rows, one value, prose."""
    return context.once("goal", lambda: _goal(context))


def _goal(context: Context) -> Goal | None:
    column = context.schema.only("target")
    if column is None:
        return None
    values = context.values(column.name)
    if isinstance(values, Coded):
        rows = np.flatnonzero(values.codes >= 0)
        used, positions = np.unique(values.codes[rows], return_inverse=True)
        y = positions.astype(np.float64)
        labels = tuple(values.values[code] for code in used)
        if len(labels) > min(MOST_CLASSES, len(rows) / 2):
            return None
    else:
        rows = np.flatnonzero(np.isfinite(values))
        different, positions = np.unique(values[rows], return_inverse=True)
        y, labels = values[rows], ()
        if len(different) <= 2 or (column.kind in {"integer", "boolean"} and len(different) <= FEW_NUMBERS):
            y, labels = positions.astype(np.float64), _written(context, column.name, rows, positions)
    if len(rows) < FEWEST_ROWS or len(np.unique(y)) < 2:
        return None
    amounts = len(labels) > 2 and not isinstance(values, Coded)
    return Goal(column.name, rows, y, labels, amounts)


def _written(context: Context, name: str, rows: Rows, positions: NDArray[np.intp]) -> tuple[str, ...]:
    """Return how each of few numbers stands in the table: "yes" for a truth that is written so."""
    first = np.unique(positions, return_index=True)[1]
    texts = context.table.frame[name].gather(rows[first]).to_list()
    return tuple((as_text(text) or "").strip() for text in texts)


def ranks(values: Floats) -> Floats:
    """Return where each value stands among all, from 0 to 1; equal values share their place.

    >>> ranks(np.array([5.0, 1.0, 5.0]))
    array([0.75, 0.  , 0.75])
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    middle = first + (counts - 1) / 2
    return np.asarray(middle[place] / max(len(values) - 1, 1), dtype=np.float64)
