"""Reads LightGBM's text format of a model into FlatTrees (its `Tree::ToString` and `Tree::Decision` define it)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.learn.trees import (
    CATEGORY,
    MISSING_IS_ZERO,
    MISSING_LEFT,
    MISSING_RIGHT,
    ZERO_LEFT,
    ZERO_RIGHT,
    CategorySplit,
    FlatTrees,
    Nodes,
)

Integers = NDArray[np.int64]

_LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity", "lambdarank": "identity"}
_VIEWS = {
    (0, 0): MISSING_IS_ZERO,
    (0, 1): MISSING_IS_ZERO,
    (1, 0): ZERO_RIGHT,
    (1, 1): ZERO_LEFT,
    (2, 0): MISSING_RIGHT,
    (2, 1): MISSING_LEFT,
}
"""By the missing type (none, zero, NaN) and whether it goes left by default: bits 2-3 and 1 of the decision type."""


def read_trees(text: str) -> FlatTrees:
    """Return the trees; raises ModelError where the text is not of that format."""
    try:
        head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
        header = _fields(head)
        nodes = _nodes([_fields(block) for block in blocks])
        link = _LINKS[header["objective"].split()[0]]
        outputs = int(header["num_tree_per_iteration"])
        features = int(header["max_feature_idx"]) + 1
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(f"The LightGBM model is damaged: {error!r}.") from error
    return FlatTrees.grown(nodes, features=features, link=link, base=[0.0] * outputs)


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _numbers(tree: Mapping[str, str], name: str, dtype: type) -> NDArray[np.generic]:
    return np.array(tree.get(name, "").split(), dtype=dtype)


def _nodes(trees: list[dict[str, str]]) -> Nodes:
    """Return all trees' nodes: of each tree, first the inner ones, then the leaves."""
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("left", "right", "feature", "threshold", "view", "value")
    }
    roots, start = [], 0
    splits: list[tuple[int, Integers]] = []
    for tree in trees:
        leaves = int(tree["num_leaves"])
        inner, count = leaves - 1, 2 * leaves - 1
        decision = _numbers(tree, "decision_type", np.int64)[:inner].astype(np.int64)
        feature = _numbers(tree, "split_feature", np.int64)[:inner].astype(np.int64)
        threshold = _numbers(tree, "threshold", np.float64)[:inner].astype(np.float64)
        view = np.array([_VIEWS[kind >> 2 & 3, kind >> 1 & 1] for kind in decision.tolist()], dtype=np.int8)
        for node in np.flatnonzero(decision & 1):
            splits.append((int(feature[node]), _category_set(tree, int(threshold[node]))))
            feature[node], threshold[node], view[node] = len(splits) - 1, 0.5, CATEGORY
        for side in ("left", "right"):
            child = _numbers(tree, f"{side}_child", np.int64)[:inner].astype(np.int64)
            placed = np.where(child < 0, inner + ~child, child) + start
            parts[side].append(np.concatenate([placed, np.full(leaves, -1)]))
        blank = np.zeros(leaves)
        parts["feature"].append(np.concatenate([feature, blank.astype(np.int64)]))
        parts["threshold"].append(np.concatenate([threshold, blank]))
        parts["view"].append(np.concatenate([view, blank.astype(np.int8)]))
        parts["value"].append(np.concatenate([np.zeros(inner), _numbers(tree, "leaf_value", np.float64)]))
        roots.append(start)
        start += count
    joined = {name: np.concatenate([np.zeros(0, dtype=part[0].dtype), *part]) for name, part in parts.items() if part}
    categories, places = _category_splits(splits)
    coded = joined["view"] == CATEGORY
    joined["feature"][coded] = places[joined["feature"][coded].astype(np.int64)]
    return Nodes(roots=np.array(roots, dtype=np.int64), categories=categories, **joined)


def _category_set(tree: Mapping[str, str], position: int) -> Integers:
    """Return the categories that go left: bits of the words between two boundaries."""
    bounds = _numbers(tree, "cat_boundaries", np.int64).astype(np.int64)
    words = _numbers(tree, "cat_threshold", np.uint32)[bounds[position] : bounds[position + 1]].astype("<u4")
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))


def _category_splits(splits: list[tuple[int, Integers]]) -> tuple[list[CategorySplit], Integers]:
    """Gather the splits of each feature in one table, and say where each split went."""
    places = np.zeros(len(splits), dtype=np.int64)
    tables: list[CategorySplit] = []
    end = 0
    for feature in sorted({feature for feature, _ in splits}):
        members = [position for position, (source, _) in enumerate(splits) if source == feature]
        codes = max((int(splits[position][1].max(initial=-1)) for position in members), default=-1) + 1
        # What is missing, unknown or in no set goes right.
        right = np.ones((codes + 2, len(members)), dtype=bool)
        for column, position in enumerate(members):
            right[splits[position][1] + 2, column] = False
            places[position] = end + column
        tables.append(CategorySplit(feature=feature, right=right))
        end += len(members)
    return tables, places
