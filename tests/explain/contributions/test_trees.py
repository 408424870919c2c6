"""Contributions of forests: against the definition, against pairs of rows one by one, both ways."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.explain.contributions.deep_trees import WIDTH, deep_flat, pair_by_pair
from tests.explain.contributions.test_margins import OWNERS, PLAYERS, compared
from tests.learn.random_trees import FEATURES, hard_rows, random_flat

from mlwright.explain.contributions import trees as tree_module
from mlwright.explain.contributions import walk as walk_module
from mlwright.explain.contributions.paths import MOST_ROWS
from mlwright.explain.contributions.trees import TreeMargins
from mlwright.explain.contributions.walk import Walk
from mlwright.learn.trees import MISSING_LEFT, FlatTrees, Nodes
from mlwright.learn.wasm import Code

SHAPES = [(1, False), (3, False), (2, True)]


def without_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Walk, "of", lambda *_: None)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(("outputs", "vector"), SHAPES)
@pytest.mark.parametrize("way", ["walk", "nothing kept", "numpy"])
def test_the_definition_holds(
    monkeypatch: pytest.MonkeyPatch, owner: list[int], outputs: int, vector: bool, way: str
) -> None:
    if way == "numpy":
        without_walk(monkeypatch)
    monkeypatch.setattr(walk_module, "MOST_KEPT", 0 if way == "nothing kept" else 8)
    rng = np.random.default_rng(outputs)
    trees = random_flat(rng, 12, outputs, vector=vector, single=False, sum_single=False)
    background, X = hard_rows(rng, 9), hard_rows(rng, 20)
    owned = np.array(owner, dtype=np.intp)
    margins = TreeMargins(trees, owned, PLAYERS, background)
    compared(margins, lambda rows: trees.scale * trees.sums(rows), X, background, owned, 1e-12)


@given(
    st.integers(0, 10_000),
    st.sampled_from(SHAPES),
    st.sampled_from([3, 8, 14]),
    st.integers(1, WIDTH),
    st.sampled_from([1, 7, 70, MOST_ROWS]),
    st.sampled_from([0, 3, 8]),
)
@settings(max_examples=40, deadline=None)
def test_deep_trees_say_what_pairs_of_rows_say(
    seed: int, shape: tuple[int, bool], depth: int, players: int, many: int, kept: int
) -> None:
    outputs, vector = shape
    rng = np.random.default_rng(seed)
    trees = deep_flat(rng, 2 * outputs, outputs, vector=vector, depth=depth)
    owner = rng.integers(0, players, WIDTH)
    X, background = (rng.normal(size=(rows, WIDTH)) for rows in (4, many))
    X[0] = background[0]
    X[1, 0] = background[-1, 1] = np.nan
    expected = pair_by_pair(trees, owner, players, X, background)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "MOST_KEPT", kept)
        margins = TreeMargins(trees, owner, players, background)
        found = margins.contributions(X)
        without_walk(patch)
        slow = TreeMargins(trees, owner, players, background).contributions(X)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(slow, expected, atol=1e-12)
    np.testing.assert_allclose(margins.base + found.sum(axis=1), trees.scale * trees.sums(X), atol=1e-12)


def deep_margins(seed: int = 0) -> tuple[TreeMargins, np.ndarray]:
    rng = np.random.default_rng(seed)
    trees = deep_flat(rng, 12, 1, vector=False, depth=12)
    return TreeMargins(trees, np.arange(WIDTH), WIDTH, rng.normal(size=(MOST_ROWS, WIDTH))), rng.normal(
        size=(700, WIDTH)
    )


def test_a_row_gets_the_same_alone_in_any_company_and_again() -> None:
    margins, X = deep_margins()
    together = margins.contributions(X)
    other, _ = deep_margins()
    alone = np.concatenate([other.contributions(X[row : row + 1]) for row in range(699, -1, -1)])
    np.testing.assert_array_equal(alone[::-1], together)
    np.testing.assert_array_equal(margins.contributions(X), together)


def test_threads_that_come_together_get_a_memory_each() -> None:
    margins, X = deep_margins()
    expected = margins.contributions(X)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(margins.contributions, [X] * 12))
    for each in found:
        np.testing.assert_array_equal(each, expected)
    assert margins._walk is not None
    assert 1 <= len(margins._walk.idle) <= walk_module.MOST_IDLE


def test_without_memory_numpy_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    margins, X = deep_margins()
    expected = margins.contributions(X)
    np.testing.assert_allclose(copy.deepcopy(margins).contributions(X), expected, atol=1e-12)
    assert margins._walk is not None
    margins._walk.idle.clear()

    def none(self: Code, size: int) -> None:
        raise MemoryError

    monkeypatch.setattr(Code, "instance", none)
    monkeypatch.setattr(tree_module, "_BLOCK", 1)
    np.testing.assert_allclose(margins.contributions(X[:50]), expected[:50], atol=1e-12)
    assert deep_margins()[0]._walk is None


def test_a_trap_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fails inside takes NumPy, and the next one a new memory."""
    margins, X = deep_margins()
    expected = margins.contributions(X)
    assert margins._walk is not None
    broken = margins._walk.idle[0]
    errors = margins._walk.code.errors

    def trap(_: object) -> None:
        raise errors[0]("out of bounds")

    monkeypatch.setattr(broken, "_run", trap)
    np.testing.assert_allclose(margins.contributions(X), expected, atol=1e-12)
    np.testing.assert_array_equal(margins.contributions(X), expected)
    assert broken not in margins._walk.idle


def test_no_rows_and_trees_that_ask_nothing() -> None:
    margins, X = deep_margins()
    assert margins.contributions(X[:0]).shape == (0, WIDTH, 1)
    lone = Nodes(
        roots=np.arange(2),
        left=np.full(2, -1),
        right=np.full(2, -1),
        feature=np.zeros(2, dtype=np.int64),
        threshold=np.zeros(2),
        view=np.full(2, MISSING_LEFT, dtype=np.int8),
        value=np.array([1.0, 2.0]),
    )
    trees = FlatTrees.grown(lone, features=FEATURES, link="identity", base=[0.25], scale=2.0)
    none = TreeMargins(trees, np.arange(FEATURES), FEATURES, np.zeros((5, FEATURES)))
    assert none.base.tolist() == [6.5]
    assert not none.contributions(np.zeros((3, FEATURES))).any()


def test_what_is_too_large_is_left_to_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    trees = random_flat(rng, 12, 1, vector=False, single=False, sum_single=False)
    with pytest.raises(ValueError, match="too many rows"):
        TreeMargins(trees, np.arange(FEATURES), PLAYERS, hard_rows(rng, MOST_ROWS + 1))
    monkeypatch.setattr(tree_module, "MOST_QUESTIONS", 3)
    with pytest.raises(ValueError, match="too many leaves"):
        TreeMargins(trees, np.arange(FEATURES), PLAYERS, hard_rows(rng, 9))
    monkeypatch.setattr("mlwright.explain.contributions.paths.MOST_PLAYERS", 2)
    monkeypatch.setattr(tree_module, "MOST_QUESTIONS", 1 << 22)
    with pytest.raises(ValueError, match="too many players"):
        TreeMargins(trees, np.arange(FEATURES), PLAYERS, hard_rows(rng, 9))
