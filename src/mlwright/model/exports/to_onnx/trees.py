"""Forests as nodes: ONNX's TreeEnsemble in double precision over the same extended rows as `learn/trees.py` reads.

Where leaves hold several numbers, or are to be added up in single precision as the booster does, TreeEnsemble only says
which leaf each tree ends in, and the leaves are looked up and added beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FILL, NEAR_ZERO, ZERO_LEFT, ZERO_RIGHT, FlatTrees
from mlwright.model.exports.to_onnx.graph import FLOAT, INT, ML, SINGLE, Tensor
from mlwright.model.exports.to_onnx.links import LINKS

LEQ = 0
"""How TreeEnsemble calls the question "is x <= split?"; it goes to the true node where it is."""
SUM, NONE = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The inner nodes of all trees: of each the entry it reads, its threshold, and where a yes and a no lead.

    `yes` and `no` are inner nodes, but leaves where `yes_leaf` and `no_leaf` say so; `target`, `weight` are of leaves.
    """

    roots: NDArray[Any]
    entry: NDArray[Any]
    threshold: NDArray[Any]
    yes: NDArray[Any]
    no: NDArray[Any]
    yes_leaf: NDArray[Any]
    no_leaf: NDArray[Any]
    target: NDArray[Any]
    weight: NDArray[Any]


def ask(rows: Tensor, questions: Questions, targets: int) -> Tensor:
    """Return (n, targets): the weights of the leaves that each row of doubles reaches, added up for each target."""
    from onnx.numpy_helper import from_array

    def whole(values: NDArray[Any]) -> list[int]:
        return np.asarray(values, dtype=np.int64).tolist()  # type: ignore[no-any-return]

    attributes: Mapping[str, Any] = {
        "tree_roots": whole(questions.roots),
        "nodes_featureids": whole(questions.entry),
        "nodes_splits": from_array(np.asarray(questions.threshold, dtype=np.float64), "splits"),
        "nodes_modes": from_array(np.full(len(questions.entry), LEQ, dtype=np.uint8), "modes"),
        "nodes_truenodeids": whole(questions.yes),
        "nodes_trueleafs": whole(questions.yes_leaf),
        "nodes_falsenodeids": whole(questions.no),
        "nodes_falseleafs": whole(questions.no_leaf),
        "leaf_targetids": whole(questions.target),
        "leaf_weights": from_array(np.asarray(questions.weight, dtype=np.float64), "weights"),
        "n_targets": targets,
        "aggregate_function": SUM,
        "post_transform": NONE,
    }
    return rows.graph.add("TreeEnsemble", [rows], FLOAT, attributes=attributes, domain=ML)


def flat_trees(X: Tensor, trees: FlatTrees) -> Tensor:
    """Return (n, k): what a forest predicts."""
    if not trees.trees:
        return LINKS[trees.link](same_for_all(X, trees.base * trees.scale + trees.offset))
    leaf = trees.left == np.arange(len(trees.left))
    leaves = trees.value[leaf]
    rows = extended(X, trees).cast(FLOAT)
    if trees.sum_dtype == SINGLE or leaves.ndim == 2:
        ends = ask(rows, _questions(trees, leaf, which=True), trees.trees).cast(INT)
        sums = _added(ends, leaves, trees)
    else:
        sums = ask(rows, _questions(trees, leaf, which=False), trees.outputs) + trees.base
    return LINKS[trees.link](sums * trees.scale + trees.offset)


def _questions(trees: FlatTrees, leaf: NDArray[np.bool_], *, which: bool) -> Questions:
    """Return the trees' nodes; leaves weigh what they say, or tell `which` leaf of all they are."""
    tree = _owners(trees, leaf)
    number = np.where(leaf, np.cumsum(leaf) - 1, np.cumsum(~leaf) - 1)
    inner = np.flatnonzero(~leaf)
    yes, no = trees.left[inner], trees.left[inner] + 1
    # A tree that is one leaf becomes a question whose answer does not matter.
    bare = np.flatnonzero(leaf[: trees.trees])
    roots = number[: trees.trees].copy()
    roots[bare] = len(inner) + np.arange(len(bare))
    same, always = number[bare], np.ones(len(bare), dtype=np.bool_)
    return Questions(
        roots=roots,
        entry=np.concatenate([trees.entry[inner], np.zeros(len(bare), dtype=np.intp)]),
        threshold=np.concatenate([trees.threshold[inner], np.zeros(len(bare))]),
        yes=np.concatenate([number[yes], same]),
        no=np.concatenate([number[no], same]),
        yes_leaf=np.concatenate([leaf[yes], always]),
        no_leaf=np.concatenate([leaf[no], always]),
        target=tree[leaf] if which else tree[leaf] % trees.outputs,
        weight=np.arange(leaf.sum()) if which else trees.value[leaf],
    )


def _owners(trees: FlatTrees, leaf: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the tree of each node. Nodes stand level by level, so that children come after their parents."""
    tree = np.arange(len(leaf))
    level = np.arange(trees.trees)
    while len(level):
        inner = level[~leaf[level]]
        for child in (trees.left[inner], trees.left[inner] + 1):
            tree[child] = tree[inner]
        level = np.concatenate([trees.left[inner], trees.left[inner] + 1])
    return tree


def _added(ends: Tensor, leaves: NDArray[Any], trees: FlatTrees) -> Tensor:
    """Return (n, outputs): the leaves (n, trees) that were reached, added up from the base on."""
    graph = ends.graph
    said = graph.constant(np.ascontiguousarray(leaves)).take(ends).cast(np.dtype(trees.sum_dtype))
    said = said.shaped(-1, trees.trees if leaves.ndim == 2 else trees.trees // trees.outputs, trees.outputs)
    if trees.sum_dtype == FLOAT:
        return said.sum(axis=1, keep=False) + trees.base
    # One after the other, as the booster adds: in single precision the order is seen.
    steps = trees.trees // trees.outputs if leaves.ndim == 1 else trees.trees
    first = said.take([0], axis=1) + trees.base.reshape(1, 1, -1)
    rest = [first] if steps == 1 else [first, said.take(np.arange(1, steps), axis=1)]
    running = graph.add("CumSum", [graph.joined(rest, axis=1), graph.constant(np.array(1))], SINGLE)
    return running.take(np.array(steps - 1), axis=1).cast(FLOAT)


def same_for_all(X: Tensor, values: NDArray[Any]) -> Tensor:
    """Return (n, k): these numbers for every row."""
    return X.take([0], axis=1).is_nan().cast(FLOAT) * 0.0 + values.astype(np.float64).reshape(1, -1)


def extended(X: Tensor, trees: FlatTrees) -> Tensor:
    """Return the rows as the trees' nodes read them: each view of the numbers, then the splits on categories."""
    graph = X.graph
    values = rounded(X, trees.dtype)
    missing = values.is_nan()
    parts = []
    for view in trees.views:
        nothing = missing | (values.apply("Abs") <= NEAR_ZERO) if view in {ZERO_LEFT, ZERO_RIGHT} else missing
        parts.append(nothing.where(FILL[view], values, dtype=trees.dtype))
    for feature, rows, bits in zip(trees.coded.tolist(), trees.codes.tolist(), trees.tables, strict=True):
        row = _code_rows(X.take([feature], axis=1), rows).shaped(-1)
        table = graph.constant(np.unpackbits(bits, axis=1))
        parts.append(table.take(row).cast(trees.dtype))
    # A forest of bare leaves reads nothing, yet its rows have to be counted.
    return graph.joined(parts) if parts else values


def rounded(X: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Round to single or double precision; what is infinite or too large becomes the largest number."""
    limit = float(np.finfo(dtype).max)
    return X.clip(-limit, limit).cast(dtype)


def _code_rows(codes: Tensor, rows: int) -> Tensor:
    """Return each code's row in its table: 0 for missing, 1 for unknown, else the code + 2."""
    missing = codes.is_nan()
    # Only what is near the table is cast: whole numbers end where doubles do not.
    code = missing.where(-1.0, codes.clip(-1.0, float(rows))).cast(INT)
    known = (code >= 0) & (code < rows - 2)
    return missing.where(0, known.where(code + 2, 1))


def oblivious_trees(X: Tensor, trees: ObliviousTrees) -> Tensor:
    """Return (n, k): what CatBoost's symmetric trees predict: each a table whose row is told by its questions."""
    count = len(trees.feature)
    if not trees.feature.size:  # none of them asks anything
        return LINKS[trees.link](same_for_all(X, trees.value.sum(axis=0) * trees.scale + trees.offset))
    values = rounded(X, SINGLE)
    values = values.is_nan().where(-np.inf, values)
    which = trees.outputs > 1
    sums = ask(values.cast(FLOAT), _complete(trees, which=which), count if which else 1)
    if which:
        sums = X.graph.constant(trees.value).take(sums.cast(INT)).sum(axis=1, keep=False)
    return LINKS[trees.link](sums * trees.scale + trees.offset)


def _complete(trees: ObliviousTrees, *, which: bool) -> Questions:
    """Return symmetric trees as trees of questions; the last level's answer is the highest bit of a leaf's number.

    Leaves weigh what they say, or tell `which` leaf of all they are.
    """
    count, depth = trees.feature.shape
    inner = (1 << depth) - 1
    place = np.arange(inner)
    level = np.floor(np.log2(place + 1)).astype(np.int64)
    first = np.arange(count)[:, None] * inner
    # Node i of a tree asks its level's question; its children are 2i + 1 (no) and 2i + 2 (yes, x is above).
    last = level == depth - 1
    path = place + 1 - (1 << level)
    # The path from the root has the first level's answer as its highest bit, the leaf's number as its lowest.
    bits = np.zeros_like(path)
    for at in range(depth - 1):
        bits |= np.where(at < level, path >> np.maximum(level - 1 - at, 0) & 1, 0) << at
    leaves = np.arange(count)[:, None] << depth
    below = np.where(last, leaves + bits, first + 2 * place + 1)
    above = np.where(last, leaves + bits + (1 << level), first + 2 * place + 2)
    return Questions(
        roots=first.ravel(),
        entry=trees.feature[:, level].ravel(),
        threshold=trees.border[:, level].astype(np.float64).ravel(),
        yes=below.ravel(),
        no=above.ravel(),
        yes_leaf=np.broadcast_to(last, below.shape).ravel(),
        no_leaf=np.broadcast_to(last, above.shape).ravel(),
        target=np.repeat(np.arange(count) if which else np.zeros(count), 1 << depth),
        weight=np.arange(count << depth) if which else trees.value[:, 0],
    )
