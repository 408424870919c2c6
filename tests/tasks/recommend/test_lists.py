"""From scores to lists, and what lists are like: against plain loops, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlwright.tasks.recommend import lists as module
from mlwright.tasks.recommend.interactions import Histories, Interactions
from mlwright.tasks.recommend.lists import facts, hits, ranked, top
from mlwright.tasks.recommend.split import cut_at

few = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])


def histories_of(rows: list[list[int]]) -> Histories:
    """Return people who took these."""
    lengths = [len(row) for row in rows]
    return Histories(
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp),
        item=np.array([item for row in rows for item in row], dtype=np.int32),
        age=np.zeros(sum(lengths)),
        value=None,
        at=np.zeros(len(rows)),
    )


@given(arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(1, 9)), elements=few), st.integers(1, 12))
def test_top_is_a_stable_sort(scores: np.ndarray, k: int) -> None:
    found = top(scores, k)
    for row, values in zip(found.tolist(), scores, strict=True):
        order = [place for place in np.argsort(-values, kind="stable").tolist() if np.isfinite(values[place])][:k]
        assert row == order + [-1] * (k - len(order))


def test_lists_leave_out_the_history_and_what_nobody_took(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[0, 3], [], [4, 4, 1]]
    known = np.array([True, True, False, True, True, True])
    scores = np.tile(np.arange(6, dtype=np.float32), (3, 1))
    asked: list[int] = []

    def scoring(histories: Histories) -> np.ndarray:
        asked.append(len(histories))
        return scores[: len(histories)]

    found = ranked(scoring, histories_of(rows), k=4, known=known)
    assert found.tolist() == [[5, 4, 1, -1], [5, 4, 3, 1], [5, 3, 0, -1]]
    monkeypatch.setattr(module, "BLOCK", 12)
    assert ranked(scoring, histories_of(rows), k=4, known=known).tolist() == found.tolist()
    assert asked == [3, 2, 1]
    assert ranked(scoring, histories_of(rows), k=2, known=known, seen=True).tolist() == [[5, 4]] * 3
    assert scores.tolist() == np.tile(np.arange(6.0), (3, 1)).tolist()


def small_log() -> Interactions:
    """Return three people before moment 4, and two of them after."""
    user = np.array([0, 0, 1, 2, 0, 1, 1, 2], dtype=np.int32)
    item = np.array([0, 1, 0, 0, 2, 1, 3, 1], dtype=np.int32)
    return Interactions(
        users=("a", "b", "c"), items=tuple("wxyz"), user=user, item=item, time=np.arange(8, dtype=np.float64)
    )


def test_hits_are_what_was_relevant_for_each() -> None:
    cut = cut_at(small_log(), 5)
    assert cut.user.tolist() == [1, 2]
    shown = np.array([[2, 1, -1], [1, -1, -1]], dtype=np.int32)
    found = hits(shown, cut)
    assert found.shape == (2, 10)
    assert np.argwhere(found).tolist() == [[0, 1], [1, 0]]


def test_facts_of_lists_by_hand() -> None:
    log = small_log()
    known = np.array([True, True, True, False])
    everywhere = facts(np.array([[0], [0]], dtype=np.int32), log.before(5.0), known)
    assert everywhere.coverage == pytest.approx(1 / 3)
    assert everywhere.novelty == pytest.approx(0.0)
    assert everywhere.popularity == pytest.approx(1.0)
    assert everywhere.head_share == 1.0
    assert everywhere.head_share_taken == pytest.approx(3 / 5)
    assert np.isnan(everywhere.alikeness)
    spread = facts(np.array([[0, 1], [2, -1]], dtype=np.int32), log.before(5.0), known)
    assert spread.coverage == 1.0
    assert spread.evenness == pytest.approx(1.0)
    assert spread.novelty == pytest.approx(np.log2(3) * 2 / 3)
    assert spread.alikeness == pytest.approx(1 / np.sqrt(3))


def test_facts_of_no_lists_are_unknown() -> None:
    found = facts(np.full((2, 3), -1, dtype=np.int32), small_log(), np.ones(4, dtype=bool))
    assert found.coverage == 0.0
    assert np.isnan([found.novelty, found.evenness, found.head_share, found.alikeness]).all()
