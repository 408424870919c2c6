"""Deep lopsided trees that ask many players again and again, and their contributions pair by pair, in plain Python."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from mlwright.learn.trees import MISSING_LEFT, FlatTrees, Nodes

WIDTH = 12


def deep_flat(rng: np.random.Generator, trees: int, outputs: int, *, vector: bool, depth: int) -> FlatTrees:
    """Trees whose leaves lie anywhere between their roots and `depth`, over WIDTH features."""
    columns: dict[str, list[Any]] = {name: [] for name in ("left", "right", "feature", "threshold", "view", "value")}

    def grow(level: int) -> int:
        here = len(columns["left"])
        for column in columns.values():
            column.append(0)
        inner = level < depth and rng.random() < (0.95 if level < 3 else 0.65)
        values = {
            "left": grow(level + 1) if inner else -1,
            "right": grow(level + 1) if inner else -1,
            "feature": int(rng.integers(WIDTH)),
            "threshold": float(rng.normal()),
            "view": MISSING_LEFT,
            "value": rng.normal(size=outputs).tolist() if vector else float(rng.normal()),
        }
        for name, value in values.items():
            columns[name][here] = value
        return here

    roots = np.array([grow(0) for _ in range(trees)])
    dtypes = {"view": np.int8, "threshold": np.float64, "value": np.float64}
    arrays = {name: np.array(column, dtype=dtypes.get(name, np.int64)) for name, column in columns.items()}
    nodes = Nodes(roots=roots, **arrays)
    return FlatTrees.grown(nodes, features=WIDTH, link="identity", base=[0.5] * outputs, scale=0.7)


def pair_by_pair(
    trees: FlatTrees, owner: np.ndarray, players: int, X: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Lundberg et al. 2020, algorithm 3: each row of X before each row of the background, mean over the latter."""
    said = np.zeros((len(X), players, trees.outputs))
    own, others = (trees.extended(rows).tolist() for rows in (X, background))
    for tree in range(trees.trees):
        output = slice(None) if trees.value.ndim == 2 else tree % trees.outputs
        for row, x in enumerate(own):
            for other in others:
                _descend(trees, owner, tree, x, other, said[row, :, output], frozenset(), frozenset())
    return said * trees.scale / len(background)


def _descend(trees, owner, node, x, other, said, come_in, stay_out) -> None:
    child = int(trees.left[node])
    if child == node:
        p, q = len(come_in), len(stay_out)
        for player in come_in:
            said[player] += trees.value[node] * factorial(p - 1) * factorial(q) / factorial(p + q)
        for player in stay_out:
            said[player] -= trees.value[node] * factorial(p) * factorial(q - 1) / factorial(p + q)
        return
    entry, threshold = int(trees.entry[node]), float(trees.threshold[node])
    player = int(owner[entry % trees.features])
    for right in (False, True):
        mine, theirs = (x[entry] > threshold) == right, (other[entry] > threshold) == right
        if (mine or theirs) and not (
            (player in come_in and not mine)
            or (player in stay_out and not theirs)
            or (mine and not theirs and player in stay_out)
            or (theirs and not mine and player in come_in)
        ):
            inside = come_in | {player} if mine and not theirs else come_in
            outside = stay_out | {player} if theirs and not mine else stay_out
            _descend(trees, owner, child + right, x, other, said, inside, outside)
