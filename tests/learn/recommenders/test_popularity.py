"""Popularity, ever and of late, on counts that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.popularity import DecayedPopularity, Popularity
from mlwright.learn.recommenders.sparse import DAY
from mlwright.learn.recommenders.trend import trend
from mlwright.tasks.recommend.interactions import Interactions


def told(*entries: tuple[int, float]) -> Taught:
    """A log of (item, days ago)."""
    moment = 1e9
    ordered = sorted(entries, key=lambda entry: -entry[1])
    item = np.array([item for item, _ in ordered], dtype=np.int32)
    time = np.array([moment - days * DAY for _, days in ordered])
    users = tuple(range(len(ordered)))
    return Taught(Interactions(users, tuple("abcd"), np.array(users, dtype=np.int32), item, time), moment)


def order(learner: Popularity | DecayedPopularity, taught: Taught, **configuration: float) -> list[str]:
    """The items by their scores, without those that have none."""
    nobody = taught.log.histories(np.array([0], dtype=np.int32), np.array([0.0]))
    scores = learner.fit(taught, configuration, Effort()).scores(nobody)[0]
    return ["abcd"[place] for place in np.argsort(-scores, kind="stable") if np.isfinite(scores[place])]


FOUR_OLD_TWO_NEW = told(*[(0, 100.0)] * 4, (1, 1.0), (1, 2.0), (2, 40.0))


def test_all_of_the_log_counts_alike() -> None:
    assert order(Popularity(), FOUR_OLD_TWO_NEW) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("configuration", "wanted"),
    [
        ({"half_life": 10.0}, ["b", "c", "a"]),  # 4 / 1024 < 1 / 16 < 2
        ({"half_life": 1000.0}, ["a", "b", "c"]),
        ({"window": 30.0}, ["b", "a", "c"]),  # a and c are level within the window, and a was taken more often
        ({"window": 50.0}, ["b", "c", "a"]),
    ],
)
def test_recent_entries_count_more(configuration: dict[str, float], wanted: list[str]) -> None:
    assert order(DecayedPopularity(), FOUR_OLD_TWO_NEW, **configuration) == wanted


def test_a_log_that_ended_long_ago_is_weighed_from_its_end() -> None:
    old = told(*[(item, days + 50_000.0) for item, days in [(0, 100.0)] * 4 + [(1, 1.0)] * 2])
    assert order(DecayedPopularity(), old, half_life=10.0) == ["b", "a"]


def test_it_wants_times() -> None:
    assert DecayedPopularity().takes(logs.taught()) is None
    reason = DecayedPopularity().takes(logs.taught(has_time=False))
    assert reason == "It weighs what was taken of late, and the log has no times."


def test_trend_is_the_share_of_late_over_the_share_of_all() -> None:
    rising = trend(told(*[(0, 0.0)] * 5000, *[(1, 10.0)] * 5000), 10.0)
    # Shares of late: 2/3 and 1/3, of all: a half each; the items that nobody took stay where they are.
    np.testing.assert_allclose(rising, [4 / 3, 2 / 3, 1.0, 1.0], atol=1e-3)
    assert (trend(logs.taught(has_time=False), 10.0) == 1).all()
    assert (trend(logs.taught(), None) == 1).all()
