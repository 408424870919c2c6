"""Contributions of symmetric trees: one look-up for each tree, because a tree has few leaves and one question a level.

For each set of levels the mean over the background of the tree with those levels taken from the row is worked out once;
Shapley values of the players that own the levels are weighted differences of these means.
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import clipped

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

DEEPEST = 10
"""Trees of more levels are left to be estimated: their means would be millions."""
_AT_ONCE = 1 << 22
"""Numbers that are worked on together."""


class ObliviousMargins:
    """What players add to the sum of all trees. Raises ValueError where trees are too deep to be worked out."""

    exact = True

    def __init__(self, trees: ObliviousTrees, owner: Index, players: int, background: Floats) -> None:
        count, depth = trees.feature.shape
        if depth > DEEPEST:
            raise ValueError("too many levels")
        self.link = trees.link
        self._trees, self._players = trees, players
        self._levels = owner[trees.feature]
        leaves = _leaves(trees, background)
        cells = leaves + (np.arange(count) << depth)
        counts = np.bincount(cells.ravel(), minlength=count << depth).reshape(count, -1) / len(background)
        value = trees.scale * trees.value.reshape(count, 1 << depth, trees.outputs)
        self.base = trees.offset + np.einsum("tl,tlk->k", counts, value)
        self._owners, self._got = self._tables(counts, value)
        self._order = np.argsort(self._owners.ravel(), kind="stable")
        self._found, self._starts = np.unique(self._owners.ravel()[self._order], return_index=True)

    def _tables(self, counts: Floats, value: Floats) -> tuple[Index, Floats]:
        """Return whose each place of a tree is (trees, depth), and (trees, leaves, depth, outputs) what they get."""
        count, depth = self._levels.shape
        outputs = value.shape[2]
        owners = np.zeros((count, max(depth, 1)), dtype=np.intp)
        got = np.zeros((count, 1 << depth, max(depth, 1), outputs))
        patterns: dict[tuple[int, ...], list[int]] = {}
        for tree, levels in enumerate(self._levels.tolist()):
            own = list(dict.fromkeys(levels))
            owners[tree, : len(own)] = own
            patterns.setdefault(tuple(own.index(level) for level in levels), []).append(tree)
        step = max(1, _AT_ONCE >> (2 * depth))
        for pattern, trees in patterns.items():
            weights = _weights(pattern)
            for start in range(0, len(trees), step):
                some = np.array(trees[start : start + step], dtype=np.intp)
                for output in range(outputs):
                    means = _means(counts[some], value[some, :, output], depth)
                    got[some, :, : len(weights), output] = np.einsum("js,stl->tlj", weights, means, optimize=True)
        return owners, got

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        outputs = self._got.shape[3]
        count, depth = self._levels.shape
        said = np.zeros((len(X), self._players, outputs))
        flat = self._got.reshape(count << depth, -1)
        step = max(1, _AT_ONCE // max(1, self._owners.size * outputs))
        for start in range(0, len(X), step):
            rows = X[start : start + step]
            cells = _leaves(self._trees, rows) + (np.arange(count) << depth)
            got = flat.take(cells, axis=0).reshape(len(rows), self._owners.size, outputs)
            said[start : start + step, self._found] = np.add.reduceat(
                got.take(self._order, axis=1), self._starts, axis=1
            )
        return said


def _leaves(trees: ObliviousTrees, X: Floats) -> Index:
    """Return (n, trees): the number of the leaf that each row reaches."""
    values = clipped(X, trees.border.dtype)
    values[np.isnan(values)] = -np.inf
    bits = 1 << np.arange(trees.feature.shape[1], dtype=np.intp)
    above = values.take(trees.feature, axis=1) > trees.border
    found: Index = above.astype(np.intp) @ bits
    return found


def _means(counts: Floats, value: Floats, depth: int) -> Floats:
    """Return (2^depth sets of levels, trees, leaves): the mean with the levels of the set as the leaf has them."""
    shape = (len(counts), *(2,) * depth)
    # The first level is the lowest bit, and so the last axis.
    axis = [depth - level for level in range(depth)]
    share, worth = counts.reshape(shape), value.reshape(shape)
    means = np.empty((1 << depth, len(counts), 1 << depth))
    for chosen in range(1 << depth):
        own = tuple(axis[level] for level in range(depth) if chosen >> level & 1)
        other = tuple(axis[level] for level in range(depth) if not chosen >> level & 1)
        mixed = (share.sum(axis=own, keepdims=True) * worth).sum(axis=other, keepdims=True)
        means[chosen] = np.broadcast_to(mixed, shape).reshape(len(counts), -1)
    return means


@cache
def _weights(pattern: tuple[int, ...]) -> Floats:
    """Return (players, 2^depth): how much each set of levels counts for each player; `pattern` says who owns which."""
    players = max(pattern, default=-1) + 1
    weights = np.zeros((players, 1 << len(pattern)))
    levels = [sum(1 << level for level, player in enumerate(pattern) if player == each) for each in range(players)]
    for inside in range(1 << players):
        chosen = sum(levels[each] for each in range(players) if inside >> each & 1)
        size = inside.bit_count()
        for each in range(players):
            if inside >> each & 1:
                weights[each, chosen] += 1.0 / (size * comb(players, size))
            else:
                weights[each, chosen] -= 1.0 / ((players - size) * comb(players, size))
    return weights
