"""The replay of a log's later part, with which a monitor compares what comes in service."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.lists import answering_of, interactions_of

from mlwright.building.log.referring import events_after, marked, reference, unknown_of
from mlwright.evaluate.reference import Reference
from mlwright.model.recommender.replay import is_new, once_a_day, request_of
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.signals import SIGNAL_EDGES, SIGNALS, signals
from mlwright.tasks.recommend.split import Cut, random_cut, time_cut

DAY = 86_400.0


@cache
def log() -> Interactions:
    return interactions_of(3, 1_200)


@cache
def made() -> Reference:
    found = reference(answering_of(time_cut(log()).taught), log(), time_cut(log()))
    assert found is not None
    return found


def test_it_counts_lists_requests_and_losses() -> None:
    found = made()
    assert found.rows == found.column_rows == len(found.sample)
    assert [each.metric for each in found.losses] == ["hit_rate_10", "ndcg_10"]
    assert 0.0 < found.losses[0].mean < 0.5  # neighbours know what goes with what
    assert [each.name for each in found.predictions] == list(SIGNALS)
    compared = {each.column: int(each.counts.sum()) for each in found.columns}
    assert compared["history_length"] == compared["days_since_last"] == found.rows
    assert compared["k"] == compared["history_popularity"] == 0  # those are compared with the first requests
    assert "rated_share" not in compared  # the log has no ratings
    assert found.labels.counts.tolist() == [0, 0]


def test_the_same_seed_gives_the_same_and_no_more_than_is_asked_for() -> None:
    cut = time_cut(log())
    first, second = (events_after(log(), cut, most=50, seed=1) for _ in range(2))
    assert len(first) == 50
    np.testing.assert_array_equal(first.item, second.item)
    assert not np.array_equal(first.item, events_after(log(), cut, most=50, seed=2).item)


def test_histories_reach_up_to_each_event_and_hold_nothing_of_it() -> None:
    cut = time_cut(log())
    found = events_after(log(), cut, most=1_000, seed=0)
    assert (found.queries.at >= cut.moment).all()
    for place in range(len(found)):
        own = found.queries.item[found.queries.starts[place] : found.queries.starts[place + 1]]
        assert found.item[place] not in own
    assert (found.queries.age > 0).all()


@pytest.mark.parametrize("kind", ["time", "random"])
def test_nobody_is_replayed_more_than_once_a_day(kind: str) -> None:
    cut: Cut = time_cut(log()) if kind == "time" else random_cut(log())
    found = events_after(log(), cut, most=1_000, seed=0)
    assert len(found) > 20
    if kind == "random":
        assert len(found) <= len(np.unique(cut.user))


def test_once_a_day_takes_half_of_those_who_come_once_and_one_of_those_who_come_often() -> None:
    random = np.random.default_rng(0)
    user = np.arange(2_000, dtype=np.int32)
    assert 900 <= len(once_a_day(user, np.zeros(2_000), random)) <= 1_100
    often = np.zeros(100, dtype=np.int32)
    time = np.repeat([0.0, DAY], 50)
    assert once_a_day(often, time, random).shape == (2,)
    assert once_a_day(often[:0], time[:0], random).shape == (0,)


def test_what_was_taken_again_is_not_new() -> None:
    user, item = np.array([0, 0, 1, 0], dtype=np.int32), np.array([5, 6, 5, 5], dtype=np.int32)
    again = Interactions((0, 1), tuple(range(7)), user, item, np.arange(4.0))
    assert is_new(again).tolist() == [True, True, True, False]


def test_a_request_says_what_the_log_says() -> None:
    cut = time_cut(log())
    queries = log().histories(cut.user[:1], np.array([cut.moment]))
    request = request_of(log(), queries, 0)
    assert request.at == cut.moment
    assert [each.item for each in request.history] == [log().items[code] for code in queries.item.tolist()]
    assert all(each.at is not None and each.at < cut.moment for each in request.history)


def test_items_that_came_later_are_unknown() -> None:
    cut = time_cut(log())
    everything = log().histories(cut.user, np.full(len(cut), np.inf))
    known = np.zeros_like(cut.known)
    blind = Cut(cut.taught, cut.moment, cut.user, cut.queries, cut.starts, cut.relevant, cut.fresh, known)
    np.testing.assert_array_equal(unknown_of(everything, blind), everything.lengths)


def test_marks_and_signals() -> None:
    assert marked([[4, 5], []], np.array([5, 5], dtype=np.int32)).sum(axis=1).tolist() == [1.0, 0.0]
    found = signals(np.array([0.2, 0.6]), [[0, 1], [-1]], [["personal", "any"], ["pinned"]], [2.0, np.nan])
    np.testing.assert_allclose(found[0], [0.5, 0.4, 1.0])
    assert np.isnan(found[1]).all()
    assert len(SIGNAL_EDGES) == len(SIGNALS)


def test_nothing_new_after_the_cut_gives_none() -> None:
    cut = time_cut(log())
    assert reference(answering_of(cut.taught), cut.taught, cut) is None
