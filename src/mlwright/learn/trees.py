"""FlatTrees: a fitted ensemble of decision trees as a few flat arrays, followed with NumPy alone.

All libraries' ways of splitting come down to one question, "is x > threshold?", asked of an extended row:

- a *view* of the row for each way of treating what is missing (NaN as -inf goes left, as +inf goes right, ...),
- one 0/1 entry for each split on a set of categories, looked up in a table of bits by the category's code.

Nodes stand level by level over all trees: the roots are the first ones and the j-th inner node's children are nodes
`trees + 2j` and `trees + 2j + 1`. So the shape of the whole forest is one bit per node, and it cannot hold a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import check_outputs, reading, require_fit
from mlwright.learn.links import LINKS, SINGLE

Floats = NDArray[np.float64]

NEAR_ZERO = 1e-35
"""LightGBM calls numbers this small zero."""
DEEPEST = 4096
_ROW_BY_ROW = 128
"""So many rows are followed one by one through all trees at once; more are followed together tree by tree."""
_BLOCK = 1 << 21
"""Numbers in the extended rows of one block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySplit:
    """Splits of one feature by sets of categories: `right[code + 2, j]` tells whether the j-th one sends a code right.

    Row 0 is for what is missing and row 1 for any code beyond the table.
    """

    feature: int
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes of all trees, in any order, as a library's file has them. `left` and `right` are -1 at leaves.

    An inner node sends x right where x > `threshold`; `view` says what is missing and where that goes. Where `view` is
    CATEGORY, `feature` is the position among the categories' splits instead.
    """

    roots: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.floating[Any]]
    view: NDArray[np.int8]
    value: NDArray[np.floating[Any]]
    """Of leaves: (nodes,), tree t speaking for output t % outputs, or (nodes, outputs)."""
    categories: Sequence[CategorySplit] = ()


CATEGORY = -1
MOST_WIDTH = 1 << 20
"""Entries of the extended row: more would be a file that wants memory, not a model."""
MISSING_LEFT, MISSING_RIGHT, MISSING_IS_ZERO, ZERO_LEFT, ZERO_RIGHT = range(5)


class FlatTrees:
    """Sums the leaves that a row reaches, and turns the sum into a prediction by the link.

    What others may read: of each node `left` (itself at a leaf), `entry` of the extended row, `threshold` (infinity at
    a leaf) and `value`; of each tree its `depth`; of each feature that holds codes its place in `coded`, its table of
    bits in `tables` and the rows of that in `codes`.
    """

    kind: ClassVar[str] = "trees"

    def __init__(self, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._plain, self._arrays = dict(plain), dict(arrays)
        self.trees, self.outputs, self.features = (int(plain[name]) for name in ("trees", "outputs", "features"))
        self.link = str(plain["link"])
        self.views = [int(view) for view in plain["views"]]
        self.dtype = np.dtype(np.float32 if plain["single"] else np.float64)
        self.sum_dtype = np.dtype(np.float32 if plain["sum_single"] else np.float64)
        self.base = np.array(plain["base"], dtype=self.sum_dtype)
        self.offset, self.scale = np.zeros(self.outputs), float(plain["scale"])
        leaf = np.unpackbits(arrays["leaf"], count=int(plain["nodes"])).astype(bool)
        inner = np.flatnonzero(~leaf)
        self.left = np.arange(len(leaf))
        self.left[inner] = self.trees + 2 * np.arange(len(inner))
        self.entry = np.zeros(len(leaf), dtype=np.intp)
        self.entry[inner] = arrays["feature"]
        self.threshold = np.full(len(leaf), np.inf, dtype=self.dtype)
        self.threshold[inner] = arrays["threshold"]
        value = arrays["value"]
        # Rounded before they are added, so that all ways of adding say the same.
        self.value = np.zeros((len(leaf), *value.shape[1:]), dtype=np.float32 if plain["sum_single"] else value.dtype)
        self.value[leaf] = value
        self.tables = _tables(plain["categories"], arrays["category"])
        self.coded = np.array([feature for feature, *_ in plain["categories"]], dtype=np.intp)
        self.codes = np.array([rows for _, rows, _ in plain["categories"]], dtype=np.intp)
        self.width = len(self.views) * self.features + 8 * sum(table.shape[1] for table in self.tables)
        self.depth = _depths(leaf, self.left, self.trees)

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        return LINKS[self.link](self.scale * self.sums(X))

    def sums(self, X: Floats) -> Floats:
        """Return (n, outputs): what the leaves say, added up from the base on."""
        if X.ndim != 2 or X.shape[1] != self.features:
            raise ValueError(f"The trees read {self.features} features; X has shape {X.shape}.")
        raw = np.empty((len(X), self.outputs))
        if len(X) <= _ROW_BY_ROW:
            for row in range(len(X)):
                raw[row] = self._follow_row(X[row : row + 1])
        else:
            step = max(_ROW_BY_ROW, _BLOCK // max(self.width, 1))
            for start in range(0, len(X), step):
                raw[start : start + step] = self._follow_rows(X[start : start + step])
        return raw

    def _follow_row(self, X: Floats) -> NDArray[Any]:
        """Follow one row through all trees at once, and add up what its leaves say."""
        entries = self.extended(X)[0]
        node = np.arange(self.trees)
        for _ in range(int(self.depth.max(initial=0))):
            node = self.left.take(node) + (entries.take(self.entry.take(node)) > self.threshold.take(node))
        values = self.value.take(node, axis=0).reshape(-1, self.outputs)
        # From the base on in the order of the trees, as `_follow_rows` and XGBoost add: the same to the last bit.
        sums: NDArray[Any] = np.add.accumulate(np.concatenate([self.base[None], values]), axis=0, dtype=self.sum_dtype)
        last: NDArray[Any] = sums[-1]
        return last

    def _follow_rows(self, X: Floats) -> NDArray[Any]:
        """Follow many rows together, tree by tree."""
        extended = self.extended(X)
        entries, offset = extended.ravel(), np.arange(len(X)) * extended.shape[1]
        total = np.repeat(self.base[None], len(X), axis=0)
        for tree in range(self.trees):
            node = np.full(len(X), tree)
            for _ in range(self.depth[tree]):
                seen = entries.take(offset + self.entry.take(node))
                node = self.left.take(node) + (seen > self.threshold.take(node))
            if self.value.ndim == 2:
                total += self.value.take(node, axis=0)
            else:
                total[:, tree % self.outputs] += self.value.take(node)
        return total

    def extended(self, X: Floats) -> NDArray[Any]:
        """Return the rows as the nodes read them: each view of the numbers, then the categories' splits."""
        values = clipped(X, self.dtype)
        missing = np.isnan(values)
        extended = np.empty((len(X), self.width), dtype=self.dtype)
        end = 0
        for view in self.views:
            part = extended[:, end : end + self.features]
            part[...] = values
            nothing = missing | (np.abs(values) <= NEAR_ZERO) if view in {ZERO_LEFT, ZERO_RIGHT} else missing
            part[nothing] = FILL[view]
            end += self.features
        if self.tables:
            rows = _code_rows(X[:, self.coded], self.codes)
            parts = [table.take(rows[:, place], axis=0) for place, table in enumerate(self.tables)]
            extended[:, end:] = np.unpackbits(np.concatenate(parts, axis=1), axis=1)
        return extended

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return dict(self._plain), dict(self._arrays)

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the trees of that state; raises ModelError where an index or a shape cannot be."""
        with reading("trees"):
            _check(plain, arrays)
            return cls(plain, arrays)

    @classmethod
    def grown(
        cls,
        nodes: Nodes,
        *,
        features: int,
        link: str,
        base: Sequence[float],
        scale: float = 1.0,
        single: bool = False,
        sum_single: bool = False,
    ) -> Self:
        """Lay out a library's nodes. `single`: X is rounded to float32; `sum_single`: leaves add up in float32."""
        order, leaf = _level_order(nodes)
        inner = order[~leaf]
        views = np.unique(nodes.view[inner][nodes.view[inner] != CATEGORY])
        place = np.zeros(256, dtype=np.int64)
        place[views] = np.arange(len(views)) * features
        place[CATEGORY] = len(views) * features
        feature = nodes.feature[inner].copy()
        coded = nodes.view[inner] == CATEGORY
        feature[coded] = _bit_places(nodes.categories)[feature[coded]]
        feature += place[nodes.view[inner]]
        # A threshold at infinity parts what is missing from all numbers: so does the largest number, for clipped rows.
        threshold = clipped(nodes.threshold[inner], np.dtype(np.float32 if single else np.float64))
        plain = {
            "trees": len(nodes.roots),
            "nodes": len(order),
            "outputs": len(base),
            "features": features,
            "link": link,
            "base": [float(number) for number in base],
            "scale": scale,
            "single": single,
            "sum_single": sum_single,
            "views": [int(view) for view in views],
            "categories": [[split.feature, *split.right.shape] for split in nodes.categories],
        }
        bits = [np.packbits(split.right, axis=1).ravel() for split in nodes.categories]
        arrays = {
            "leaf": np.packbits(leaf),
            "feature": feature.astype(np.min_scalar_type(int(feature.max(initial=0)))),
            "threshold": threshold,
            "value": nodes.value[order[leaf]],
            "category": np.concatenate([np.zeros(0, dtype=np.uint8), *bits]),
        }
        return cls.from_state(plain, arrays)


FILL = {MISSING_LEFT: -np.inf, MISSING_RIGHT: np.inf, MISSING_IS_ZERO: 0.0, ZERO_LEFT: -np.inf, ZERO_RIGHT: np.inf}


def clipped(X: NDArray[np.floating[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round to float32 or float64; what is infinite or too large becomes the largest number."""
    limit = float(np.finfo(dtype).max)
    within: NDArray[Any] = np.clip(X, -limit, limit).astype(dtype, copy=False)
    return within


def _bit_places(categories: Sequence[CategorySplit]) -> NDArray[np.int64]:
    """Return where each split stands among the unpacked bits: every table begins a new byte."""
    widths = [split.right.shape[1] for split in categories]
    starts = np.cumsum([0, *(-(-width // 8) * 8 for width in widths)])
    places = [start + np.arange(width) for start, width in zip(starts.tolist(), widths, strict=False)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *places])


def _code_rows(codes: Floats, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return each code's row in its table: 0 for missing, 1 for unknown, else the code + 2."""
    missing = np.isnan(codes)
    # Towards zero, as C's cast does: LightGBM reads -0.5 as category 0.
    code = np.trunc(np.where(missing, -1.0, codes))
    known = (code >= 0) & (code < rows - 2)
    row = np.where(known, code + 2, 1.0).astype(np.intp)
    row[missing] = 0
    return row


def _tables(shapes: Sequence[Sequence[int]], bits: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the packed table of each categorical feature: a row for each code, a bit for each split."""
    tables, start = [], 0
    for _, rows, splits in shapes:
        end = start + rows * -(-splits // 8)
        tables.append(bits[start:end].reshape(rows, -1))
        start = end
    return tables


def _depths(leaf: NDArray[np.bool_], left: NDArray[np.intp], trees: int) -> NDArray[np.intp]:
    """Return how deep each tree is."""
    depth = np.zeros(trees, dtype=np.intp)
    node = tree = np.arange(trees)
    for level in range(DEEPEST + 1):
        inner = ~leaf[node]
        node, tree = node[inner], tree[inner]
        if not len(node):
            return depth
        depth[tree] = level + 1
        node, tree = np.concatenate([left[node], left[node] + 1]), np.concatenate([tree, tree])
    raise ValueError(f"a tree is deeper than {DEEPEST}")


def _level_order(nodes: Nodes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the nodes level by level, siblings side by side, and which of them are leaves."""
    levels, level = [np.zeros(0, dtype=np.int64)], nodes.roots
    while len(level):
        levels.append(level)
        inner = level[nodes.left[level] >= 0]
        level = np.stack([nodes.left[inner], nodes.right[inner]], axis=1).ravel()
    order = np.concatenate(levels)
    return order, nodes.left[order] < 0


def _check(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError where following the trees would leave an array."""
    trees, count, outputs, features = (_whole(plain[name], name) for name in ("trees", "nodes", "outputs", "features"))
    check_outputs(outputs)
    leaf, feature, threshold, value, category = (
        arrays[name] for name in ("leaf", "feature", "threshold", "value", "category")
    )
    require_fit(plain["link"] in LINKS and (plain["link"] not in SINGLE or outputs == 1), "link")
    require_fit(leaf.dtype == np.uint8 and leaf.shape == (-(-count // 8),), "leaf")
    inner = np.flatnonzero(np.unpackbits(leaf, count=count) == 0)
    require_fit(trees + 2 * len(inner) == count, "number of nodes")
    require_fit(bool((trees + 2 * np.arange(len(inner)) > inner).all()), "order of nodes")
    require_fit(len(plain["base"]) == outputs, "outputs")
    require_fit(bool(np.isfinite([*plain["base"], plain["scale"]]).all()), "base or scale")
    views = [_whole(view, "views") for view in plain["views"]]
    require_fit(all(view in FILL for view in views), "views")
    width, length = len(views) * features, 0
    for source, rows, splits in plain["categories"]:
        require_fit(0 <= _whole(source, "categories") < features, "category's feature")
        require_fit(_whole(rows, "categories") >= 2 and _whole(splits, "categories") >= 1, "category's table")
        width, length = width + -(-splits // 8) * 8, length + rows * -(-splits // 8)
    require_fit(width <= MOST_WIDTH, "width of the extended row")
    require_fit(category.dtype == np.uint8 and category.shape == (length,), "category")
    require_fit(feature.dtype.kind == "u" and feature.shape == inner.shape, "feature")
    require_fit(int(feature.max(initial=0)) < width or not len(inner), "feature's index")
    require_fit(threshold.dtype in {np.dtype("<f4"), np.dtype("<f8")} and threshold.shape == inner.shape, "threshold")
    require_fit(bool(np.isfinite(threshold).all()), "threshold's value")
    require_fit(value.dtype in {np.dtype("<f4"), np.dtype("<f8")} and bool(np.isfinite(value).all()), "value")
    leaves = count - len(inner)
    require_fit(
        value.shape == (leaves, outputs) or (value.shape == (leaves,) and trees % outputs == 0), "value's shape"
    )


def _whole(value: object, name: str) -> int:
    """Return a whole number from 0 up to what fits 31 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ValueError(f"{name} is {value!r}")
    return value
