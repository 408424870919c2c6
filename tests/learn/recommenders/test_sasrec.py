"""SASRec: what is learned by PyTorch answers alike in NumPy, and learns what comes after what."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.attention import Attending, shapes
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.sasrec import SasRec, windows
from mlwright.learn.recommenders.sparse import Seen
from mlwright.tasks.recommend.interactions import Histories, Interactions

torch = pytest.importorskip("torch", reason="SASRec learns with PyTorch: pip install 'mlwright[neural]'")
SMALL = {"factors": 16, "blocks": 2, "heads": 2, "length": 6, "dropout": 0.1, "rounds": 3}


def history(items: list[int]) -> Histories:
    return Histories(
        starts=np.array([0, len(items)]),
        item=np.array(items, dtype=np.int32),
        age=np.zeros(len(items)),
        value=None,
        at=np.array([np.nan]),
    )


def drawn(seed: int, *, heads: int, blocks: int, items: int = 12, factors: int = 8, length: int = 5) -> Attending:
    rng = np.random.default_rng(seed)
    sizes = shapes(items, factors, blocks, length, inner=6)
    weights = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    known = np.ones(items, dtype=bool)
    known[-1] = False
    return Attending(known, weights, heads=heads)


@given(st.integers(0, 100), st.sampled_from([1, 2, 4]), st.integers(1, 3), st.lists(st.integers(0, 10), min_size=1))
@settings(max_examples=25, deadline=None)
def test_numpy_answers_as_pytorch_learns(seed: int, heads: int, blocks: int, read: list[int]) -> None:
    from mlwright.learn.recommenders.sasrec import states

    ranker = drawn(seed, heads=heads, blocks=blocks)
    weights = {name: torch.from_numpy(one) for name, one in ranker.state()[1].items() if name != "known"}
    last = read[-5:]
    state = states(torch.tensor([last]), weights, heads=heads, dropout=0.0, chance=torch.Generator())
    wanted = (state[0, -1] @ weights["items"].T + weights["bias"]).numpy()
    scores = ranker.scores(history(read))[0]
    np.testing.assert_allclose(scores[:-1], wanted[:-1], rtol=2e-4, atol=2e-4)
    assert np.isneginf(scores[-1])


def test_an_entry_sees_nothing_that_comes_later() -> None:
    from mlwright.learn.recommenders.sasrec import states

    ranker = drawn(3, heads=2, blocks=2)
    weights = {name: torch.from_numpy(one) for name, one in ranker.state()[1].items() if name != "known"}
    both = torch.tensor([[1, 2, 3, 4], [1, 2, 9, 8]])
    found = states(both, weights, heads=2, dropout=0.0, chance=torch.Generator()).numpy()
    np.testing.assert_allclose(found[0, :2], found[1, :2], atol=1e-5)
    assert np.abs(found[0, 2:] - found[1, 2:]).max() > 0.01


def test_what_is_unknown_is_passed_over_and_only_the_last_entries_are_read() -> None:
    ranker = drawn(4, heads=1, blocks=1)
    plain = ranker.scores(history([1, 2, 3, 4, 5]))
    np.testing.assert_array_equal(ranker.scores(history([7, 1, 2, 11, 3, 4, 5])), plain)
    assert np.isneginf(ranker.scores(history([11]))).all()
    assert np.isneginf(ranker.scores(history([]))).all()
    said = ranker.because(history([7, 1, 2, 3, 4, 5]), np.arange(10, dtype=np.int32)[None])
    assert 0 not in said


@given(st.integers(0, 50), st.integers(1, 8), st.integers(2, 60))
@settings(max_examples=40, deadline=None)
def test_each_entry_but_the_first_is_what_came_next_once(seed: int, length: int, entries: int) -> None:
    log = logs.log(seed, entries=entries)
    seen = Seen.of(log)
    read, next_ = windows(seen, length)
    assert read.shape == next_.shape
    counts = np.bincount(seen.user)
    assert (next_ >= 0).sum() == np.maximum(counts - 1, 0).sum()
    pairs = {
        (a, b)
        for user in range(seen.users)
        for a, b in zip(seen.item[seen.user == user][:-1], seen.item[seen.user == user][1:], strict=True)
    }
    there = next_ >= 0
    assert set(zip(read[there].tolist(), next_[there].tolist(), strict=True)) == pairs


def in_rounds(users: int = 200, items: int = 12, length: int = 10) -> Interactions:
    """People who take item after item in a ring, each from a start of their own."""
    starts = np.random.default_rng(0).integers(0, items, users)
    step = np.tile(np.arange(length), (users, 1))
    user = np.repeat(np.arange(users), length)
    item = ((starts[:, None] + step) % items).ravel()
    time = logs.START + step.ravel() * 3600.0 + user * 0.5
    order = np.argsort(time, kind="stable")
    return Interactions(
        users=tuple(range(users)),
        items=tuple(range(items)),
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        time=time[order],
    )


def test_it_learns_what_comes_after_what() -> None:
    log = in_rounds()
    ranker = SasRec().fit(Taught(log, float(log.time[-1])), {**SMALL, "rounds": 60}, Effort())
    for start in range(12):
        read = [(start + step) % 12 for step in range(4)]
        assert ranker.scores(history(read))[0].argmax() == (start + 4) % 12


def test_what_else_draws_chance_changes_nothing_and_threads_are_given_back() -> None:
    log = in_rounds(users=40)
    taught, before = Taught(log, float(log.time[-1])), torch.get_num_threads()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = SasRec().fit(taught, SMALL, Effort(seed=1)).scores(history([1, 2]))
    assert torch.rand(1) == expected
    second = SasRec().fit(taught, SMALL, Effort(seed=1)).scores(history([1, 2]))
    assert first.tobytes() == second.tobytes()
    assert SasRec().fit(taught, SMALL, Effort(seed=2)).scores(history([1, 2])).tobytes() != first.tobytes()
    assert torch.get_num_threads() == before


def test_it_says_what_it_cannot_learn_from() -> None:
    log = logs.log()
    timeless = Taught(replace(log, has_time=False), 0.0)
    assert "no times" in str(SasRec().takes(timeless))
    first = np.unique(log.user, return_index=True)[1]
    assert "second thing" in str(SasRec().takes(Taught(log.take(np.sort(first)), 0.0)))


def test_answering_needs_no_pytorch(tmp_path) -> None:
    ranker = drawn(5, heads=1, blocks=1)
    np.savez(tmp_path / "arrays.npz", **ranker.state()[1])
    program = (
        "import sys, numpy as np\n"
        "from mlwright.learn.recommenders import ranker_kind\n"
        f"arrays = dict(np.load({str(tmp_path / 'arrays.npz')!r}))\n"
        "ranker = ranker_kind('attention').from_state({'heads': 1}, arrays)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
