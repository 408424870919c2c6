"""The weighted sum of forests: both paths, the choice between them, and copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.learn.random_trees import FEATURES, hard_rows, random_flat, random_oblivious

from mlwright.learn import forests as module
from mlwright.learn.forests import BLOCK, TRIAL, Forests, Heard
from mlwright.learn.links import LINKS

pytest.importorskip("wasmtime")


def heard() -> list[Heard]:
    rng = np.random.default_rng(0)
    return [
        (0, 0.5, random_flat(rng, 6, 1, vector=False, single=False, sum_single=False)),
        (1, 0.25, random_flat(rng, 3, 1, vector=True, single=True, sum_single=True)),
        (0, 0.125, random_oblivious(rng, 5, 3, 1)),
    ]


def blocks_of(rows: int) -> list[np.ndarray]:
    rng = np.random.default_rng(rows)
    return [hard_rows(rng, rows), hard_rows(rng, rows)]


@pytest.mark.parametrize("rows", [0, 1, 3, TRIAL, TRIAL + 1, 2 * TRIAL, 2 * TRIAL + 1, BLOCK + 2 * TRIAL + 7])
def test_both_paths_give_the_same_bits_and_the_weighted_sum(rows: int) -> None:
    forests, blocks = Forests(heard()), blocks_of(rows)
    with np.errstate(all="ignore"):
        slow = forests.total(blocks, numpy_only=True)
        expected = sum(weight * each.predict(blocks[block]) for block, weight, each in heard())
    for _ in range(3):
        np.testing.assert_array_equal(forests.total(blocks), slow)
    np.testing.assert_allclose(slow, expected, rtol=0, atol=1e-12)
    assert np.shape(slow) == (rows, 1)


def test_links_and_outputs_of_all_kinds_add_up() -> None:
    rng = np.random.default_rng(1)
    one = random_flat(rng, 6, 1, vector=False, single=False, sum_single=False)
    two = random_flat(rng, 6, 2, vector=False, single=False, sum_single=False)
    one.link, two.link = "sigmoid", "softmax"
    forests, X = Forests([(0, 0.5, one), (0, 0.5, two)]), hard_rows(rng, 20)
    expected = 0.5 * LINKS["sigmoid"](0.5 * one.sums(X)) + 0.5 * LINKS["softmax"](0.5 * two.sums(X))
    for numpy_only in (False, True):
        np.testing.assert_allclose(forests.total([X], numpy_only=numpy_only), expected, rtol=0, atol=1e-15)


def test_no_forests_say_nothing() -> None:
    assert Forests([]).total([np.zeros((2, FEATURES))]) == 0.0
    assert Forests([]).path == "numpy"


@pytest.mark.parametrize(("sandbox_seconds", "path"), [(1.0, "sandbox"), (3.0, "numpy")])
def test_large_batches_take_the_path_that_was_faster(
    sandbox_seconds: float, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ticks() -> Iterator[float]:
        yield from (0.0, sandbox_seconds, 10.0, 12.0)
        pytest.fail("timed more often than once each")

    clock = ticks()
    monkeypatch.setattr(module.time, "thread_time", lambda: next(clock))
    forests = Forests(heard())
    taken: list[bool] = []
    part = forests._part

    def noted(blocks: list[np.ndarray], *, sandboxed: bool) -> np.ndarray:
        taken.append(sandboxed)
        return part(blocks, sandboxed=sandboxed)

    monkeypatch.setattr(forests, "_part", noted)
    forests.total(blocks_of(TRIAL))
    assert taken == [True]
    forests.total(blocks_of(3 * TRIAL))
    assert taken[1:] == [True, False, path == "sandbox"]
    assert forests.path == path
    forests.total(blocks_of(TRIAL + 1))
    assert taken[4:] == [path == "sandbox"]
    forests.total(blocks_of(1))
    assert taken[5:] == [True]


def test_copies_make_a_sandbox_of_their_own() -> None:
    forests, blocks = Forests(heard()), blocks_of(5)
    expected = forests.total(blocks)
    for other in (copy.deepcopy(forests), pickle.loads(pickle.dumps(forests))):
        np.testing.assert_array_equal(other.total(blocks), expected)
        assert other.sandbox is not None
        assert other.sandbox is not forests.sandbox


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_threads_with_large_batches_get_sandboxes_of_their_own(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: int(threads))
    forests, blocks = Forests(heard()), blocks_of(3 * TRIAL)
    expected = forests.total(blocks)
    monkeypatch.setattr(forests, "_seconds", {True: 0.0, False: 1.0})
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(forests.total, [blocks] * 24):
            np.testing.assert_array_equal(found, expected)
    assert len(forests._idle) <= int(threads) - 1
    assert forests.sandbox not in forests._idle
