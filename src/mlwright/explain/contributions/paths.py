"""Paths: what a forest asks on the way to each leaf, player by player.

A leaf asks something of each of its k players; a player may be asked several times, and fails the leaf if one answer
leads away from it. Whom a row fails at a leaf is k bits: the mask of the row. Players are counted in the order in which
they are met on the way down, so that a node's mask is the same for all leaves below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.games import MOST_PLAYERS
from mlwright.learn.trees import FlatTrees

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Masks = NDArray[np.int64]
Bits = NDArray[np.uint8]

MOST_ROWS = 128
"""Rows of a background: so many bits tell which of them are meant."""


@dataclass(frozen=True)
class Paths:
    """Which players the leaves ask, and which of a leaf's players each node asks. Leaves stand from left to right."""

    order: Index
    """The place of each node: trees one after the other, each node before all below it, left before right."""
    leaves: Index
    """The node of each leaf."""
    tree: Index
    first: Index
    """Where each leaf's players begin, with the end behind the last. One that is a whole tree has none."""
    player: Index
    place: Index
    """Of each node that asks: the place of its player among those of all leaves below it, 0 elsewhere."""

    @classmethod
    def of(cls, trees: FlatTrees, owner: Index) -> Paths:
        """Follow all trees down, level by level. Raises ValueError where a leaf asks too many players."""
        asked, levels = _asked(trees, owner), list(_levels(trees))
        count = len(trees.left)
        place, tree, many = (
            np.zeros(count, dtype=np.intp),
            np.zeros(count, dtype=np.intp),
            np.zeros(count, dtype=np.intp),
        )
        tree[: trees.trees] = np.arange(trees.trees)
        met = np.full((count, 1), -1, dtype=np.int32)
        for inner in levels:
            same = met[inner] == asked[inner, None]
            new = ~same.any(axis=1)
            place[inner] = np.where(new, many[inner], same.argmax(axis=1))
            children = _children(trees, inner)
            many[children] = np.repeat(many[inner] + new, 2)
            tree[children] = np.repeat(tree[inner], 2)
            most = int(many[children].max())
            if most > MOST_PLAYERS:
                raise ValueError("too many players")
            if most > met.shape[1]:
                met = np.concatenate([met, np.full((count, 1), -1, dtype=np.int32)], axis=1)
            met[children] = np.repeat(met[inner], 2, axis=0)
            met[children, np.repeat(place[inner], 2)] = np.repeat(asked[inner], 2)
        order = _order(trees, levels)
        nodes = np.argsort(order)
        leaves = nodes[trees.left[nodes] == nodes]
        first = np.cumsum([0, *many[leaves].tolist()])
        player = met[leaves][np.arange(met.shape[1]) < many[leaves, None]].astype(np.intp)
        return cls(order, leaves, tree[leaves], first, player, place)

    @property
    def players(self) -> Index:
        """How many players each leaf asks."""
        return np.diff(self.first)

    def masks(self, trees: FlatTrees, X: Floats, filters: Bits | None = None) -> Masks:
        """Return (leaves, n): whom each row fails, as bits, the first player the lowest.

        `filters` (nodes, 16) is given the bits of the rows that do not fail a node for the player asked just above it.
        """
        entries = np.ascontiguousarray(trees.extended(X).T)
        failed = np.zeros((len(trees.left), len(X)), dtype=np.int64)
        for inner in _levels(trees):
            right = entries.take(trees.entry[inner], axis=0) > trees.threshold[inner, None]
            bit, left = self.place[inner, None], trees.left[inner]
            for child, leading in ((left, ~right), (left + 1, right)):
                failed[child] = failed[inner] | (~leading).astype(np.int64) << bit
                if filters is not None:
                    filters[child] = packed((failed[child] >> bit & 1) == 0)
        return failed[self.leaves]


def _levels(trees: FlatTrees) -> Iterator[Index]:
    """Yield the nodes that ask, level by level."""
    nodes = np.arange(trees.trees)
    while len(inner := nodes[trees.left[nodes] != nodes]):
        yield inner
        nodes = _children(trees, inner)


def _order(trees: FlatTrees, levels: Sequence[Index]) -> Index:
    """Return the place of each node: trees one after the other, each node before all below it, left before right."""
    below = np.ones(len(trees.left), dtype=np.intp)
    for inner in reversed(levels):
        below[inner] += below[trees.left[inner]] + below[trees.left[inner] + 1]
    order = np.cumsum(below) - below
    for inner in levels:
        left = trees.left[inner]
        order[left], order[left + 1] = order[inner] + 1, order[inner] + 1 + below[left]
    return order


def _children(trees: FlatTrees, nodes: Index) -> Index:
    """Return the left and the right child of each node, pair by pair."""
    children: Index = (trees.left[nodes, None] + np.arange(2)).ravel()
    return children


def packed(rows: NDArray[np.bool_]) -> Bits:
    """Return (nodes, 16): the bits of some rows of the background, given as flags (nodes, n)."""
    flags = np.zeros((len(rows), MOST_ROWS), dtype=np.bool_)
    flags[:, : rows.shape[1]] = rows
    return np.packbits(flags, axis=1, bitorder="little")


def _asked(trees: FlatTrees, owner: Index) -> Index:
    """Return the player that each node asks."""
    entries = np.zeros(trees.width, dtype=np.intp)
    end = len(trees.views) * trees.features
    entries[:end] = np.tile(owner, len(trees.views))
    for feature, table in zip(trees.coded.tolist(), trees.tables, strict=True):
        bits = 8 * table.shape[1]
        entries[end : end + bits] = owner[feature]
        end += bits
    # A leaf's entry is no entry, and where all trees are leaves there are none.
    asked = np.zeros(len(trees.left), dtype=np.intp)
    inner = np.flatnonzero(trees.left != np.arange(len(trees.left)))
    asked[inner] = entries[trees.entry[inner]]
    return asked
