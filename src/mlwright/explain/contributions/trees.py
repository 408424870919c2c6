"""Contributions of forests, leaf by leaf: exact, at a cost that does not grow with the background.

How often the background meets a leaf's questions, by which of the players meet them, is counted once. What a row owes a
leaf is then looked up by which of the players meet them with the row's values (in the manner of Nadel and Wettenstein
2025, "From decision trees to Boolean logic: a fast and unified SHAP algorithm").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.deep import DeepLeaves
from mlwright.explain.contributions.games import MOST_PLAYERS, leaf_games
from mlwright.learn.trees import FlatTrees

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Masks = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_TABLED = 8
"""Leaves that ask more players than this are worked out mask by mask."""
MOST_NUMBERS = 1 << 23
"""Numbers in all tables of one forest; leaves of more players stay without where they would be more."""
MOST_QUESTIONS = 1 << 22
"""Questions on the way to all leaves of one forest; of larger ones contributions are estimated."""
_BLOCK = 1 << 23
"""Flags of one block of rows."""


@dataclass(frozen=True)
class Paths:
    """The questions on the way to each leaf that asks any, sorted by leaf and player.

    A slot is a leaf and one of its players. A question is a node that is passed, and whether to its right.
    """

    leaves: Index
    """The node of each leaf that asks."""
    asked: Index
    """The nodes that ask."""
    questions: Index
    """Which of the nodes that ask each question is."""
    right: Flags
    slots: Index
    """Where each slot's questions begin."""
    player: Index
    """The player of each slot."""
    first: Index
    """Where each leaf's slots begin, with the end behind the last."""
    output: Index
    """For which output each leaf speaks, where its value is a single number."""

    @classmethod
    def of(cls, trees: FlatTrees, owner: Index) -> Paths:
        """Follow all leaves up to their roots."""
        parent, is_right = _parents(trees)
        leaf = np.flatnonzero(trees.left == np.arange(len(trees.left)))
        tree = np.zeros(len(trees.left), dtype=np.intp)
        child, mine = leaf, np.arange(len(leaf))
        children, owners = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
        while len(child):
            top = parent[child] < 0
            tree[leaf[mine[top]]] = child[top]
            child, mine = child[~top], mine[~top]
            children.append(child)
            owners.append(mine)
            child = parent[child]
        edge, mine = np.concatenate(children), np.concatenate(owners)
        player = _node_players(trees, owner)[parent[edge]]
        order = np.lexsort((player, mine))
        edge, mine, player = edge[order], mine[order], player[order]
        begins = np.ones(len(edge), dtype=np.bool_)
        begins[1:] = (mine[1:] != mine[:-1]) | (player[1:] != player[:-1])
        slots = np.flatnonzero(begins)
        asking, first = np.unique(mine[slots], return_index=True)
        asked, questions = np.unique(parent[edge], return_inverse=True)
        return cls(
            leaves=leaf[asking],
            asked=asked,
            questions=questions,
            right=is_right[edge],
            slots=slots,
            player=player[slots],
            first=np.append(first, len(slots)),
            output=tree[leaf[asking]] % trees.outputs,
        )

    @cached_property
    def players(self) -> Index:
        """How many players each leaf asks."""
        return np.diff(self.first)

    def masks(self, trees: FlatTrees, X: Floats) -> Masks:
        """Return (leaves, n): which of a leaf's players meet its questions, as bits, the first slot the lowest."""
        if not len(self.leaves):
            return np.zeros((0, len(X)), dtype=np.int64)
        entries = np.ascontiguousarray(trees.extended(X).T)
        above = entries.take(trees.entry[self.asked], axis=0) > trees.threshold[self.asked, None]
        met = np.logical_and.reduceat(above.take(self.questions, axis=0) == self.right[:, None], self.slots, axis=0)
        masks: Masks = np.add.reduceat(met * self.bits[:, None], self.first[:-1], axis=0)
        return masks

    @cached_property
    def bits(self) -> Masks:
        """The bit of each slot in its leaf's masks."""
        bits: Masks = 1 << (np.arange(len(self.slots)) - np.repeat(self.first[:-1], self.players))
        return bits

    @cached_property
    def leaf(self) -> Index:
        """The leaf of each slot."""
        return np.repeat(np.arange(len(self.leaves)), self.players)


class TreeMargins:
    """What players add to the sum of all leaves. Raises ValueError where a forest is too large to be worked out."""

    exact = True

    def __init__(self, trees: FlatTrees, owner: Index, players: int, background: Floats) -> None:
        self.link = trees.link
        depth = trees.depth.astype(np.float64)
        if float(np.sum(depth * np.minimum(2.0**depth, len(trees.left) / max(trees.trees, 1)))) > 4 * MOST_QUESTIONS:
            raise ValueError("too many leaves")
        self._trees, self._players = trees, players
        self._paths = Paths.of(trees, owner)
        many = self._paths.players
        if len(self._paths.questions) > MOST_QUESTIONS or int(many.max(initial=0)) > MOST_PLAYERS:
            raise ValueError("too many questions")
        value = trees.scale * trees.value[self._paths.leaves].astype(np.float64)
        self._value = value.reshape(len(value), -1)
        self._single = trees.value.ndim == 1
        masks = self._paths.masks(trees, background)
        self.base = self._mean(masks == ((1 << many.astype(np.int64)) - 1)[:, None])
        self._tables, deep = _tables(self._paths, masks)
        self._deep = DeepLeaves.of(deep, self._paths.first, masks)
        self._adding = _Adding.of(self._paths, players, trees.outputs if self._single else 1)

    def _mean(self, reached: Flags) -> Floats:
        """Return the mean raw sum over the background, the leaves that ask nothing included."""
        trees = self._trees
        share = reached.mean(axis=1)
        total = trees.offset + trees.scale * trees.base.astype(np.float64)
        alone = np.flatnonzero(trees.left[: trees.trees] == np.arange(trees.trees))
        if self._single:
            total = total + np.bincount(self._paths.output, weights=share * self._value[:, 0], minlength=trees.outputs)
            lone = trees.scale * trees.value[alone].astype(np.float64)
            return total + np.bincount(alone % trees.outputs, weights=lone, minlength=trees.outputs)
        both: Floats = total + share @ self._value + trees.scale * trees.value[alone].astype(np.float64).sum(axis=0)
        return both

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        said = np.zeros((len(X), self._players, self._trees.outputs))
        if not len(self._paths.leaves):
            return said
        step = max(1, _BLOCK // len(self._paths.questions))
        for start in range(0, len(X), step):
            rows = X[start : start + step]
            masks = self._paths.masks(self._trees, rows)
            got = np.zeros((len(self._paths.slots), len(rows)))
            for table in self._tables:
                got[table.slots] = table.look_up(masks)
            if len(self._deep.leaves):
                got[self._deep.slots] = self._deep.got(masks[self._deep.leaves])
            said[start : start + step] = self._added(got)
        return said

    def _added(self, got: Floats) -> Floats:
        """Return (n, players, outputs) of what each slot's player got (slots, n) of a leaf worth 1."""
        of_leaf = self._paths.leaf
        if self._single:
            return (
                self._adding.sums(got * self._value[of_leaf])
                .reshape(got.shape[1], self._trees.outputs, -1)
                .transpose(0, 2, 1)
            )
        parts = [self._adding.sums(got * self._value[of_leaf, output, None]) for output in range(self._trees.outputs)]
        return np.stack(parts, axis=2)


@dataclass(frozen=True)
class _Table:
    """Leaves that ask equally many players: what these get, by the row's mask."""

    leaves: Index
    slots: Index
    got: Floats
    """(leaves * 2^k, k)"""
    players: int

    def look_up(self, masks: Masks) -> Floats:
        """Return (slots, n)."""
        place = masks[self.leaves] + (np.arange(len(self.leaves)) << self.players)[:, None]
        found = self.got.take(place, axis=0)
        return found.transpose(0, 2, 1).reshape(len(self.slots), masks.shape[1])


def _tables(paths: Paths, masks: Masks) -> tuple[list[_Table], Index]:
    """Return the tables of leaves that ask few players, and which leaves are left."""
    many = paths.players
    tables: list[_Table] = []
    deep = [np.flatnonzero(many > MOST_TABLED)]
    room = MOST_NUMBERS
    for players in range(1, MOST_TABLED + 1):
        leaves = np.flatnonzero(many == players)
        if not len(leaves):
            continue
        room -= len(leaves) * players << players
        if room < 0:
            deep.append(leaves)
            continue
        cell = masks[leaves] + (np.arange(len(leaves)) << players)[:, None]
        share = np.bincount(cell.ravel(), minlength=len(leaves) << players) / masks.shape[1]
        games = leaf_games(players).reshape(1 << players, -1)
        got = (share.reshape(len(leaves), -1) @ games).reshape(-1, players)
        slots = (paths.first[leaves, None] + np.arange(players)).ravel()
        tables.append(_Table(leaves, slots, got, players))
    return tables, np.sort(np.concatenate(deep))


@dataclass(frozen=True)
class _Adding:
    """Sums over the slots of each player, for each output apart where leaves speak for one."""

    order: Index
    starts: Index
    target: Index
    width: int

    @classmethod
    def of(cls, paths: Paths, players: int, outputs: int) -> _Adding:
        """Sort the slots by output and player."""
        output = np.repeat(paths.output if outputs > 1 else np.zeros_like(paths.output), paths.players)
        target = output * players + paths.player
        order = np.argsort(target, kind="stable")
        found, starts = np.unique(target[order], return_index=True)
        return cls(order, starts, found, players * outputs)

    def sums(self, got: Floats) -> Floats:
        """Return (n, outputs * players)."""
        sums = np.zeros((self.width, got.shape[1]))
        sums[self.target] = np.add.reduceat(got.take(self.order, axis=0), self.starts, axis=0)
        return np.ascontiguousarray(sums.T)


def _parents(trees: FlatTrees) -> tuple[Index, Flags]:
    """Return each node's parent (-1 at a root), and whether it is the right child."""
    inner = np.flatnonzero(trees.left != np.arange(len(trees.left)))
    parent = np.full(len(trees.left), -1, dtype=np.intp)
    right = np.zeros(len(trees.left), dtype=np.bool_)
    parent[trees.left[inner]] = inner
    parent[trees.left[inner] + 1] = inner
    right[trees.left[inner] + 1] = True
    return parent, right


def _node_players(trees: FlatTrees, owner: Index) -> Index:
    """Return the player that each node asks."""
    entries = np.zeros(trees.width, dtype=np.intp)
    end = len(trees.views) * trees.features
    entries[:end] = np.tile(owner, len(trees.views))
    for feature, table in zip(trees.coded.tolist(), trees.tables, strict=True):
        bits = 8 * table.shape[1]
        entries[end : end + bits] = owner[feature]
        end += bits
    return entries[trees.entry]
