"""Trees grown at random, with all views and with splits on categories, and the rows that are hardest for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlwright.learn.oblivious import ObliviousTrees
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

FEATURES = 3


def random_nodes(rng: np.random.Generator, trees: int, outputs: int, vector: bool) -> Nodes:
    """The nodes in an order of their own."""
    columns: dict[str, list[Any]] = {name: [] for name in ("left", "right", "feature", "threshold", "view", "value")}
    splits = 4

    def grow(depth: int) -> int:
        here = len(columns["left"])
        for column in columns.values():
            column.append(0)
        inner = depth < 5 and rng.random() < 0.8
        view = int(rng.choice([MISSING_LEFT, MISSING_RIGHT, MISSING_IS_ZERO, ZERO_LEFT, ZERO_RIGHT, CATEGORY]))
        coded = view == CATEGORY
        values = {
            "left": grow(depth + 1) if inner else -1,
            "right": grow(depth + 1) if inner else -1,
            "feature": int(rng.integers(splits if coded else FEATURES)),
            "threshold": 0.5 if coded else float(rng.choice([-1.0, 0.0, 1e-36, 0.5, 2.0])),
            "view": view,
            "value": rng.normal(size=outputs).tolist() if vector else float(rng.normal()),
        }
        for name, value in values.items():
            columns[name][here] = value
        return here

    roots = [grow(0) for _ in range(trees)]
    dtypes = {"view": np.int8, "threshold": np.float64, "value": np.float64}
    arrays = {name: np.array(column, dtype=dtypes.get(name, np.int64)) for name, column in columns.items()}
    right = rng.random((6, splits)) < 0.5
    table = [CategorySplit(feature=0, right=right[:, :3]), CategorySplit(feature=2, right=right[:, 3:])]
    return Nodes(roots=np.array(roots), categories=table, **arrays)


def random_flat(
    rng: np.random.Generator, trees: int, outputs: int, *, vector: bool, single: bool, sum_single: bool
) -> FlatTrees:
    nodes = random_nodes(rng, trees, outputs, vector)
    base = rng.normal(size=outputs).tolist()
    return FlatTrees.grown(
        nodes, features=FEATURES, link="identity", base=base, scale=0.5, single=single, sum_single=sum_single
    )


def random_oblivious(rng: np.random.Generator, trees: int, depth: int, outputs: int) -> ObliviousTrees:
    plain = {"features": FEATURES, "link": "identity", "base": rng.normal(size=outputs).tolist(), "scale": 0.5}
    arrays = {
        "feature": rng.integers(0, FEATURES, (trees, depth)).astype(np.uint8),
        "border": rng.choice([-1.0, 0.0, 1e-36, 0.1, 0.5, 2.0, np.inf, -np.inf], (trees, depth)).astype(np.float32),
        "value": rng.normal(size=(trees, 1 << depth, outputs)),
    }
    return ObliviousTrees.from_state(plain, arrays)


def hard_rows(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Numbers on the thresholds and a hair beside them, both zeros, gaps, the far, codes known and unknown."""
    on = np.array([-1.0, 0.0, -0.0, 1e-36, 1e-35, 0.1, 0.5, 2.0, 3.0, 4.0, np.float32(0.1), np.float32(1e-35)])
    beside = np.concatenate([np.nextafter(on, np.inf), np.nextafter(on, -np.inf)])
    far = [np.nan, np.inf, -np.inf, 1e300, -1e300, 3.5e38, 1e10, -1e-40, -0.5, -3.0, 3.7, 9.0, 2.0**40]
    return rng.choice(np.concatenate([on, beside, far]), size=(rows, FEATURES))
