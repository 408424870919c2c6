"""FlatTrees and ObliviousTrees against a plain walk from node to node, LightGBM's oddities, and attacks."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learn.random_trees import FEATURES, random_nodes

from mlwright.errors import ModelError
from mlwright.learn.learners.lightgbm_text import read_trees
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.predictors import PREDICTORS
from mlwright.learn.trees import (
    CATEGORY,
    MISSING_IS_ZERO,
    MISSING_RIGHT,
    NEAR_ZERO,
    ZERO_LEFT,
    ZERO_RIGHT,
    FlatTrees,
    Nodes,
)


def walk(nodes: Nodes, x: np.ndarray, outputs: int) -> np.ndarray:
    """The slow version: one row, one tree, one node after the other."""
    total = np.zeros(outputs)
    for tree, root in enumerate(nodes.roots):
        node = root
        while nodes.left[node] >= 0:
            node = nodes.right[node] if goes_right(nodes, node, x) else nodes.left[node]
        if nodes.value.ndim == 2:
            total += nodes.value[node]
        else:
            total[tree % outputs] += nodes.value[node]
    return total


def goes_right(nodes: Nodes, node: int, x: np.ndarray) -> bool:
    view, place = nodes.view[node], nodes.feature[node]
    if view == CATEGORY:
        split, column = (nodes.categories[0], place) if place < 3 else (nodes.categories[1], 0)
        code = x[split.feature]
        row = 0 if np.isnan(code) else int(code) + 2 if -1 < code < len(split.right) - 2 else 1
        return bool(split.right[row, column])
    value = x[place]
    near = abs(value) <= NEAR_ZERO
    if view in {ZERO_LEFT, ZERO_RIGHT} and (near or np.isnan(value)):
        return bool(view == ZERO_RIGHT)
    if np.isnan(value):
        return bool(view == MISSING_RIGHT) if view != MISSING_IS_ZERO else bool(nodes.threshold[node] < 0)
    return bool(value > nodes.threshold[node])


@given(st.integers(0, 10_000), st.sampled_from([(1, False), (3, False), (3, True), (1, True)]))
@settings(max_examples=25, deadline=None)
def test_equals_a_plain_walk(seed: int, shape: tuple[int, bool]) -> None:
    outputs, vector = shape
    rng = np.random.default_rng(seed)
    nodes = random_nodes(rng, 6, outputs, vector)
    flat = FlatTrees.grown(nodes, features=FEATURES, link="identity", base=[0.0] * outputs)
    choices = [np.nan, 0.0, -0.0, 1e-36, -1e-40, 1.0, 2.0, 3.0, 3.5, 9.0, -0.5, -1.0, -3.0, np.inf, -np.inf, 1e300]
    X = rng.choice(choices, size=(150, FEATURES))
    expected = np.array([walk(nodes, x, outputs) for x in X])
    np.testing.assert_allclose(flat.predict(X), expected, atol=1e-12)
    np.testing.assert_array_equal(np.concatenate([flat.predict(x[None]) for x in X]), flat.predict(X))


def test_no_trees_say_the_base() -> None:
    none = np.zeros(0, dtype=np.int64)
    nodes = Nodes(
        roots=none,
        left=none,
        right=none,
        feature=none,
        threshold=none * 1.0,
        view=none.astype(np.int8),
        value=none * 1.0,
    )
    flat = FlatTrees.grown(nodes, features=2, link="sigmoid", base=[0.0])
    np.testing.assert_array_equal(flat.predict(np.zeros((200, 2))), np.full((200, 2), 0.5))
    np.testing.assert_array_equal(flat.predict(np.zeros((1, 2))), [[0.5, 0.5]])


def test_wrong_width_is_refused() -> None:
    for predictor in (flat_trees(), oblivious_trees()):
        with pytest.raises(ValueError, match=r"features; X has shape \(2, 9\)"):
            predictor.predict(np.zeros((2, 9)))


@pytest.mark.parametrize("extra", [{"zero_as_missing": True}, {"use_missing": False}, {"linear_lambda": 0.0}])
@pytest.mark.parametrize("objective", ["binary", "regression"])
def test_follows_lightgbm_however_it_treats_missing(extra: dict[str, Any], objective: str) -> None:
    rng = np.random.default_rng(1)
    X = rng.choice([np.nan, 0.0, -1.0, 1.0, 2.0, 1e-36, 5.5], size=(500, 3))
    X[:, 2] = rng.integers(0, 40, 500)
    y = (np.nan_to_num(X[:, 0], nan=1.0) + (X[:, 2] % 3 == 0) + rng.normal(size=500) > 1).astype(float)
    parameters = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, **extra}
    parameters |= {"min_data_per_group": 1, "cat_smooth": 1, "max_cat_to_onehot": 2}
    data = lightgbm.Dataset(X, y, categorical_feature=[2], params=parameters)
    booster = lightgbm.train(parameters, data, 20)
    rows = np.concatenate([X, [[np.inf, -np.inf, 1e10], [1e300, -1e300, -5.0], [-0.0, 0.0, np.nan], [1, 1, 2.7]]])
    expected = booster.predict(rows, num_threads=1)
    got = read_trees(booster.model_to_string()).predict(rows)
    np.testing.assert_allclose(got[:, -1], expected, atol=1e-12)


def flat_trees() -> FlatTrees:
    nodes = random_nodes(np.random.default_rng(5), 4, 2, vector=False)
    return FlatTrees.grown(nodes, features=FEATURES, link="softmax", base=[0.1, -0.1])


def oblivious_trees() -> ObliviousTrees:
    plain = {"features": 2, "link": "sigmoid", "base": [0.1], "scale": 1.0}
    arrays = {
        "feature": np.array([[0, 1], [1, 1]], dtype=np.uint8),
        "border": np.array([[0.5, 1.0], [0.0, np.inf]], dtype=np.float32),
        "value": np.arange(8.0).reshape(2, 4, 1),
    }
    return ObliviousTrees.from_state(plain, arrays)


def test_oblivious_trees_read_bits() -> None:
    # Tree 1: bit 0 is x0 > 0.5, bit 1 is x1 > 1; tree 2: bit 0 is x1 > 0, bit 1 never.
    predicted = oblivious_trees().predict(np.array([[1.0, 0.5], [np.nan, 2.0]]))
    leaves = np.array([1 + 5, 2 + 5])
    np.testing.assert_allclose(predicted[:, 1], 1 / (1 + np.exp(-(0.1 + leaves))))


FLAT_DAMAGE: dict[str, Any] = {
    "trees": [0, 3, 5, -1, 2**40, "4", None, True],
    "nodes": [0, 1, 10**9],
    "outputs": [0, 1, 3],
    "features": [0, 1, -1],
    "link": ["sigmoid", "unknown", None],
    "base": [[], [0.0], [0.0, float("nan")], "ab", None],
    "scale": [float("inf"), None, "x"],
    "views": [[], [9], [-1], None],
    "categories": [[], [[7, 6, 3]], [[0, 6, 300]], [[0, 1, 1]], [[0, -6, -3]], [[0, 6]], None],
    "leaf": [np.zeros(3, dtype=np.uint8), np.zeros(0, dtype=np.uint8)],
    "feature": [np.full(3, 200, dtype=np.uint8), np.zeros(3), np.zeros(0, dtype=np.uint8)],
    "threshold": [np.full(3, np.nan), np.zeros(3, dtype=np.int64), np.zeros(0)],
    "value": [np.zeros(3), np.full(3, np.nan), np.zeros((3, 3)), np.array(["a"])],
    "category": [np.zeros(1, dtype=np.uint8), np.zeros(9)],
}
DAMAGE = [(name, value) for name, values in FLAT_DAMAGE.items() for value in values]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_damaged_trees_are_refused(name: str, value: Any) -> None:
    plain, arrays = flat_trees().state()
    part: dict[str, Any] = arrays if name in arrays else plain
    part[name] = value
    with pytest.raises(ModelError, match="damaged"):
        FlatTrees.from_state(plain, arrays)


@pytest.mark.parametrize("kind", sorted(PREDICTORS))
def test_nothing_at_all_is_refused(kind: str) -> None:
    with pytest.raises(ModelError, match="damaged"):
        PREDICTORS[kind].from_state({}, {})


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_state_leads_out_of_the_arrays(data: st.DataObject) -> None:
    """A byte changed anywhere is refused, or gives trees that still answer, and quickly."""
    plain, arrays = flat_trees().state()
    name = data.draw(st.sampled_from(sorted(arrays)))
    raw = bytearray(arrays[name].tobytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    arrays[name] = np.frombuffer(bytes(raw), dtype=arrays[name].dtype).reshape(arrays[name].shape)
    try:
        flat = FlatTrees.from_state(plain, arrays)
    except ModelError:
        return
    with np.errstate(all="ignore"):
        assert flat.predict(np.full((2, FEATURES), np.nan)).shape == (2, 2)


def test_a_chain_without_end_is_refused() -> None:
    """Each node's one child is inner again: legal, but deeper than any library grows."""
    count = 20_001
    leaf = np.zeros(count, dtype=bool)
    leaf[2::2] = True
    leaf[-2] = True
    plain, arrays = flat_trees().state()
    inner = int((~leaf).sum())
    plain |= {"trees": 1, "nodes": count, "outputs": 1, "base": [0.0], "link": "identity", "categories": []}
    arrays |= {"leaf": np.packbits(leaf), "feature": np.zeros(inner, dtype=np.uint8), "threshold": np.zeros(inner)}
    arrays |= {"value": np.zeros(count - inner), "category": np.zeros(0, dtype=np.uint8)}
    with pytest.raises(ModelError, match="deeper than"):
        FlatTrees.from_state(plain, arrays)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("features", 1),
        ("features", "2"),
        ("link", "softmin"),
        ("base", [0.0, 0.0]),
        ("scale", float("nan")),
        ("feature", np.array([[0, 7], [1, 1]], dtype=np.uint8)),
        ("feature", np.zeros((2, 40), dtype=np.uint8)),
        ("border", np.full((2, 2), np.nan, dtype=np.float32)),
        ("border", np.zeros((2, 3), dtype=np.float32)),
        ("value", np.zeros((2, 2, 1))),
        ("value", np.full((2, 4, 1), np.inf)),
    ],
)
def test_damaged_oblivious_trees_are_refused(name: str, value: Any) -> None:
    plain, arrays = oblivious_trees().state()
    part: dict[str, Any] = arrays if name in arrays else plain
    part[name] = value
    with pytest.raises(ModelError, match="damaged"):
        ObliviousTrees.from_state(plain, arrays)


def test_predictors_need_numpy_alone() -> None:
    heavy = ("scipy", "sklearn", "polars", "pandas", "lightgbm", "xgboost", "catboost")
    code = f"import sys, mlwright.learn.predictors; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
