"""Contributions of forests, leaf by leaf: exact, at a cost that does not grow with the background.

How often the background fails a leaf's questions, by which of the players fail them, is counted once. What a row owes a
leaf then depends on nothing but which of its players fail them with the row's values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.paths import MOST_ROWS, Paths
from mlwright.explain.contributions.patterns import Patterns
from mlwright.explain.contributions.walk import Walk
from mlwright.learn.trees import FlatTrees

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

MOST_QUESTIONS = 1 << 22
"""Questions on the way to all leaves of one forest; of larger ones contributions are estimated."""
_BLOCK = 1 << 23
"""Numbers of one block of rows, where NumPy does the work."""


class TreeMargins:
    """What players add to the sum of all leaves. Raises ValueError where a forest is too large to be worked out."""

    exact = True

    def __init__(self, trees: FlatTrees, owner: Index, players: int, background: Floats) -> None:
        self.link = trees.link
        depth = trees.depth.astype(np.float64)
        if float(np.sum(depth * np.minimum(2.0**depth, len(trees.left) / max(trees.trees, 1)))) > 4 * MOST_QUESTIONS:
            raise ValueError("too many leaves")
        if len(background) > MOST_ROWS:
            raise ValueError("too many rows")
        self._trees, self._players = trees, players
        self._paths = Paths.of(trees, owner)
        filters = np.zeros((len(trees.left), MOST_ROWS // 8), dtype=np.uint8)
        masks = self._paths.masks(trees, background, filters)
        value = trees.scale * trees.value[self._paths.leaves].astype(np.float64)
        self._value = value.reshape(len(value), -1)
        self._single = trees.value.ndim == 1
        self.base = self._mean((masks == 0).mean(axis=1))
        self._patterns = Patterns.of(masks, self._paths.first)
        self._walk = Walk.of(trees, self._paths, self._patterns, filters, players)

    def _mean(self, share: Floats) -> Floats:
        """Return the mean raw sum over a background of which these shares reach the leaves."""
        trees, paths = self._trees, self._paths
        total = trees.offset + trees.scale * trees.base.astype(np.float64)
        if not self._single:
            both: Floats = total + share @ self._value
            return both
        output = paths.tree % trees.outputs
        return total + np.bincount(output, weights=share * self._value[:, 0], minlength=trees.outputs)

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        found = None if self._walk is None else self._walk.contributions(self._trees, X)
        return self._by_numpy(X) if found is None else found

    def _by_numpy(self, X: Floats) -> Floats:
        """Return the same, slowly."""
        said = np.zeros((len(X), self._players, self._trees.outputs))
        adding = _Adding.of(self._paths, self._players, self._trees.outputs if self._single else 1)
        step = max(1, _BLOCK // (len(self._patterns.mask) + len(self._paths.player) + 1))
        for start in range(0, len(X), step):
            got = self._patterns.got(self._paths.masks(self._trees, X[start : start + step]))
            said[start : start + step] = self._added(adding, got)
        return said

    def _added(self, adding: _Adding, got: Floats) -> Floats:
        """Return (n, players, outputs) of what each player got (players of all leaves, n) of a leaf worth 1."""
        value = np.repeat(self._value, self._paths.players, axis=0)
        if self._single:
            return adding.sums(got * value).reshape(got.shape[1], self._trees.outputs, -1).transpose(0, 2, 1)
        return np.stack([adding.sums(got * each[:, None]) for each in value.T], axis=2)


@dataclass(frozen=True)
class _Adding:
    """Sums over the leaves of each player, for each output apart where leaves speak for one."""

    order: Index
    starts: Index
    target: Index
    width: int

    @classmethod
    def of(cls, paths: Paths, players: int, outputs: int) -> _Adding:
        """Sort the players of all leaves by output and player."""
        output = np.repeat(paths.tree % outputs, paths.players)
        target = output * players + paths.player
        order = np.argsort(target, kind="stable")
        found, starts = np.unique(target[order], return_index=True)
        return cls(order, starts, found, players * outputs)

    def sums(self, got: Floats) -> Floats:
        """Return (n, outputs * players)."""
        sums = np.zeros((self.width, got.shape[1]))
        sums[self.target] = np.add.reduceat(got.take(self.order, axis=0), self.starts, axis=0)
        return np.ascontiguousarray(sums.T)
