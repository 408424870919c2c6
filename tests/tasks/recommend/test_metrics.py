"""The metrics of lists: against scikit-learn's, by their laws, and as the shared intervals read them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import ndcg_score

from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.influence import Averaged, influence
from mlwright.evaluate.intervals import score
from mlwright.tasks.base import Target
from mlwright.tasks.recommend.metrics import LIST, RECOMMEND, ndcg_rows

Floats = NDArray[np.float64]


@st.composite
def lists(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Return (y, P) of some people, with at least as much to find as was found."""
    rows = draw(st.lists(st.lists(st.booleans(), min_size=LIST, max_size=LIST), min_size=1, max_size=8))
    P = np.array(rows, dtype=np.float64)
    more = draw(st.lists(st.integers(0, 30), min_size=len(P), max_size=len(P)))
    return P.sum(axis=1) + np.array(more, dtype=np.float64), P


def test_ndcg_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20, 40))
    truth = (rng.random((20, 40)) < 0.2).astype(np.float64)
    order = np.argsort(-scores, axis=1)[:, :LIST]
    found = ndcg_rows(truth.sum(axis=1), np.take_along_axis(truth, order, axis=1))
    expected = [ndcg_score(truth[[row]], scores[[row]], k=LIST) for row in range(20)]
    np.testing.assert_allclose(found, expected)


@given(lists())
def test_every_metric_is_a_share_and_one_minus_the_mean_loss(case: tuple[Floats, Floats]) -> None:
    y, P = case
    for metric in RECOMMEND.values():
        value = metric.score(y, P, None)
        assert 0.0 <= value <= 1.0
        assert metric.losses is not None
        assert value == pytest.approx(1.0 - metric.losses(y, P).mean())


@given(lists())
def test_moving_a_find_up_is_never_worse(case: tuple[Floats, Floats]) -> None:
    y, P = case
    better = -np.sort(-P, axis=1)
    for metric in RECOMMEND.values():
        assert metric.score(y, better, None) >= metric.score(y, P, None) - 1e-12


def test_a_perfect_list_scores_one_though_more_was_taken_than_it_holds() -> None:
    y, P = np.array([3.0, 25.0]), np.zeros((2, LIST))
    P[0, :3], P[1] = 1.0, 1.0
    assert RECOMMEND["ndcg_10"].score(y, P, None) == pytest.approx(1.0)
    assert RECOMMEND["recall_10"].score(y, P, None) == pytest.approx((1.0 + 10 / 25) / 2)


def test_numbers_written_by_hand() -> None:
    P = np.zeros((1, LIST))
    P[0, [1, 4]] = 1.0
    y = np.array([4.0])
    gained = 1 / math.log2(3) + 1 / math.log2(6)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4) + 1 / math.log2(5)
    expected = {"ndcg_10": gained / ideal, "recall_10": 0.5, "hit_rate_10": 1.0, "mrr_10": 0.5}
    assert {name: metric.score(y, P, None) for name, metric in RECOMMEND.items()} == pytest.approx(expected)


def test_weights_count_and_nobody_is_nan() -> None:
    P = np.zeros((2, LIST))
    P[0, 0] = 1.0
    y = np.ones(2)
    for metric in RECOMMEND.values():
        assert metric.score(y, P, np.array([3.0, 1.0])) == pytest.approx(0.75)
        assert math.isnan(metric.score(y[:0], P[:0], None))
        assert math.isnan(metric.score(y, P, np.zeros(2)))


def test_somebody_with_nothing_to_find_scores_nothing() -> None:
    assert all(metric.score(np.zeros(1), np.zeros((1, LIST)), None) == 0.0 for metric in RECOMMEND.values())


def test_the_shared_intervals_and_paired_tests_read_people() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(1, 20, 200).astype(np.float64)
    P = (rng.random((200, LIST)) < 0.3).astype(np.float64) * (np.arange(LIST) < y[:, None])
    worse = P * (rng.random((200, LIST)) < 0.6)
    held_out = HeldOut(Target(y))
    for metric in RECOMMEND.values():
        assert isinstance(influence(metric, held_out, P), Averaged)
        scored = score(metric, held_out, P)
        assert scored.low < scored.value < scored.high
        assert compare(metric, held_out, P, worse).low > 0.0
