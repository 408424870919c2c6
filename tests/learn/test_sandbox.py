"""The sandbox against NumPy, the same bits for every forest and every row; and where there can be none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learn.random_trees import FEATURES, hard_rows, random_flat, random_oblivious

from mlwright.errors import ModelError
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.sandbox import Forest, Sandbox, sandbox
from mlwright.learn.trees import FlatTrees, Nodes
from mlwright.learn.wasm import Code

wasmtime = pytest.importorskip("wasmtime")


def inside(*groups: list[tuple[int, Forest]]) -> Sandbox:
    made = sandbox(groups)
    assert made is not None
    return made


def numpy_sums(forest: Forest, X: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return forest.sums(X)


@given(
    st.integers(0, 10_000),
    st.integers(1, 9),
    st.sampled_from([(1, False), (3, False), (3, True), (1, True)]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_trees_give_the_same_bits(
    seed: int, trees: int, shape: tuple[int, bool], single: bool, sum_single: bool
) -> None:
    outputs, vector = shape
    rng = np.random.default_rng(seed)
    forest = random_flat(rng, trees * outputs, outputs, vector=vector, single=single, sum_single=sum_single)
    X = hard_rows(rng, 150)
    np.testing.assert_array_equal(inside([(0, forest)]).sums([X])[0][0], numpy_sums(forest, X))


@given(st.integers(0, 10_000), st.integers(0, 12), st.integers(0, 6), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_oblivious_trees_give_the_same_bits(seed: int, trees: int, depth: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    forest = random_oblivious(rng, trees, depth, outputs)
    X = hard_rows(rng, 150)
    np.testing.assert_array_equal(inside([(0, forest)]).sums([X])[0][0], numpy_sums(forest, X))


def mixed(rng: np.random.Generator) -> list[list[tuple[int, Forest]]]:
    """Forests of all kinds that read two blocks."""
    return [
        [
            (0, random_flat(rng, 6, 1, vector=False, single=False, sum_single=False)),
            (1, random_oblivious(rng, 5, 3, 1)),
            (0, random_oblivious(rng, 2, 0, 1)),
        ],
        [
            (1, random_flat(rng, 9, 3, vector=False, single=True, sum_single=True)),
            (0, random_flat(rng, 4, 3, vector=True, single=True, sum_single=False)),
        ],
    ]


@pytest.mark.parametrize("rows", [0, 1, 2, 255, 256, 257, 700])
def test_many_forests_and_any_number_of_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    groups = mixed(rng)
    blocks = [hard_rows(rng, rows), hard_rows(rng, rows)]
    made = inside(*groups)
    for _ in range(2):
        found = made.sums(blocks)
        for group, sums in zip(groups, found, strict=True):
            assert sums.shape == (len(group), rows, group[0][1].outputs)
            for (block, forest), each in zip(group, sums, strict=True):
                np.testing.assert_array_equal(each, numpy_sums(forest, blocks[block]))


def test_rows_may_lie_as_they_like_and_stay_as_they_are() -> None:
    rng = np.random.default_rng(1)
    forest = random_flat(rng, 8, 1, vector=False, single=False, sum_single=False)
    X = hard_rows(rng, 40)
    expected = numpy_sums(forest, X)
    made = inside([(0, forest)])
    wide = np.full((80, 2 * FEATURES), -7.0)
    wide[::2, ::2] = X
    for rows in (X, np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1]):
        kept = rows.copy()
        rows.setflags(write=False)
        np.testing.assert_array_equal(made.sums([rows])[0][0], expected)
        np.testing.assert_array_equal(rows, kept)


def test_an_answer_is_nobody_elses() -> None:
    rng = np.random.default_rng(2)
    forest = random_flat(rng, 8, 1, vector=False, single=False, sum_single=False)
    made = inside([(0, forest)])
    X = hard_rows(rng, 2)
    one = made.sums([X[:1]])[0]
    kept = one.copy()
    made.sums([X[1:]])
    np.testing.assert_array_equal(one, kept)


def test_no_trees_say_the_base() -> None:
    none, numbers = np.zeros(0, dtype=np.int64), np.zeros(0)
    nodes = Nodes(
        roots=none,
        left=none,
        right=none,
        feature=none,
        threshold=numbers,
        view=none.astype(np.int8),
        value=numbers,
    )
    forest = FlatTrees.grown(nodes, features=2, link="identity", base=[0.25])
    np.testing.assert_array_equal(inside([(0, forest)]).sums([np.zeros((3, 2))])[0][0], np.full((3, 1), 0.25))


def test_threads_take_turns() -> None:
    rng = np.random.default_rng(3)
    groups = mixed(rng)
    made = inside(*groups)
    given = [[hard_rows(rng, 50), hard_rows(rng, 50)] for _ in range(40)]
    alone = [made.sums(blocks) for blocks in given]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(made.sums, given))
    for one, other in zip(alone, together, strict=True):
        for sums, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(sums, same)


def test_twins_say_the_same_in_memories_of_their_own() -> None:
    rng = np.random.default_rng(5)
    groups = mixed(rng)
    blocks = [hard_rows(rng, 300), hard_rows(rng, 300)]
    made = inside(*groups)
    twin = made.twin()
    expected = [sums.copy() for sums in made.sums(blocks)]
    made.memory[:] = 0
    assert twin.memory is not made.memory
    for sums, same in zip(expected, twin.sums(blocks), strict=True):
        np.testing.assert_array_equal(sums, same)


def test_a_forked_process_does_not_wait_for_a_thread_that_it_has_not() -> None:
    rng = np.random.default_rng(6)
    blocks = [hard_rows(rng, 30), hard_rows(rng, 30)]
    made = inside(*mixed(rng))
    expected = made.sums(blocks)
    store = made._store
    made.after_fork()
    assert made.sums(blocks)[0].tobytes() == expected[0].tobytes()
    assert made._store is store
    held = made._lock
    assert held.acquire(blocking=False)
    made.after_fork()
    assert made._lock is not held
    for sums, same in zip(expected, made.sums(blocks), strict=True):
        np.testing.assert_array_equal(sums, same)
    assert made._store is not store


FORKED = """
import os, sys, threading, warnings
import numpy as np
from tests.learn.test_sandbox import hard_rows, inside, mixed

warnings.simplefilter("ignore", DeprecationWarning)
rng = np.random.default_rng(7)
blocks = [hard_rows(rng, 30), hard_rows(rng, 30)]
made = inside(*mixed(rng))
expected, ended = made.sums(blocks)[0].tobytes(), threading.Event()


def asked_in_a_child():
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(0 if made.sums(blocks)[0].tobytes() == expected else 1)


def answer():
    while not ended.is_set():
        made.sums(blocks)


if sys.argv[1] == "while it is held":
    with made._lock:
        codes = [asked_in_a_child()]
else:
    threads = [threading.Thread(target=answer, daemon=True) for _ in range(4)]
    for each in threads:
        each.start()
    codes = [asked_in_a_child() for _ in range(8)]
    ended.set()
print(sum(codes))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize("when", ["while it is held", "while threads answer"])
def test_after_a_fork_the_answers_are_the_same(when: str) -> None:
    """In an interpreter of its own: a child that hangs, or goes on as a test would, disturbs nobody else."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKED, when], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.communicate(timeout=120)[0] == "0\n"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_where_wasmtime_is_put_together_otherwise_it_is_called_by_its_public_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forest = some()
    X = hard_rows(np.random.default_rng(8), 20)
    expected = inside([(0, forest)]).sums([X])[0]
    monkeypatch.setitem(sys.modules, "wasmtime._ffi", None)
    made = inside([(0, forest)])
    assert isinstance(made._run, wasmtime.Func)
    np.testing.assert_array_equal(made.sums([X])[0], expected)


def test_an_address_outside_ends_in_an_error_and_nothing_worse() -> None:
    rng = np.random.default_rng(4)
    forest = random_oblivious(rng, 5, 3, 1)
    made = inside([(0, forest)])
    X = hard_rows(rng, 1)
    expected = made.sums([X])[0].copy()
    top = made.memory[:16].view("<u4")
    kept = top.copy()
    top[1], top[2] = 0xFFFF_FF00, 0xFFFF_FF04
    with pytest.raises(ModelError, match="lead out of the memory"):
        made.sums([X])
    top[:] = kept
    np.testing.assert_array_equal(made.sums([X])[0], expected)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Compile anew in this test and after it."""
    Code.ready.cache_clear()
    yield
    Code.ready.cache_clear()


def some() -> ObliviousTrees:
    return random_oblivious(np.random.default_rng(0), 3, 2, 1)


@pytest.mark.usefixtures("forgotten")
def test_without_wasmtime_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    assert sandbox([[(0, some())]]) is None


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("refused", ["Engine", "Module", "Instance"])
def test_where_no_code_may_be_made_there_is_none(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise wasmtime.WasmtimeError("not here")

    monkeypatch.setattr(wasmtime, refused, refuse)
    assert sandbox([[(0, some())]]) is None


def test_forests_that_want_too_much_memory_are_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sandbox([[(0, some())]]) is not None
    monkeypatch.setattr("mlwright.learn.wasm.MOST_BYTES", 100)
    assert sandbox([[(0, some())]]) is None


def test_no_forest_needs_none() -> None:
    assert sandbox([]) is None
