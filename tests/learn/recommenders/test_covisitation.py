"""Co-visitation against a plain reading of what it says, pair by pair."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.covisitation import Covisitation
from mlwright.learn.recommenders.sparse import DAY
from mlwright.tasks.recommend.interactions import Histories, Interactions

PLAIN: dict[str, Any] = {"window": 4, "days": 3.0, "backward": 0.25, "popular": 0.5, "kept": logs.ITEMS}


def links(taught: Taught, configuration: dict[str, Any]) -> np.ndarray:
    """(items, items) what is answered to a history of each item alone; 0 where nothing is."""
    count = len(taught.log.items)
    histories = Histories(
        starts=np.arange(count + 1),
        item=np.arange(count, dtype=np.int32),
        age=np.zeros(count),
        value=None,
        at=np.zeros(count),
    )
    scores = Covisitation().fit(taught, configuration, Effort()).scores(histories)
    return np.where(np.isfinite(scores), scores, 0.0)


def plainly(log: Interactions, configuration: dict[str, Any]) -> np.ndarray:
    """The same, entry by entry."""
    count = len(log.items)
    total = np.zeros((count, count))
    for user in range(len(log.users)):
        mine = np.flatnonzero(log.user == user)
        for place, first in enumerate(mine):
            for apart in range(1, configuration["window"] + 1):
                if place + apart >= len(mine):
                    break
                second = mine[place + apart]
                if log.time[second] - log.time[first] > configuration["days"] * DAY:
                    continue
                value = 1 / math.log2(1 + apart)
                total[log.item[first], log.item[second]] += value
                total[log.item[second], log.item[first]] += configuration["backward"] * value
    often = np.maximum(np.bincount(log.item, minlength=count), 1e-12)
    total /= np.sqrt(often)[:, None] * often ** configuration["popular"]
    np.fill_diagonal(total, 0.0)
    return total


@pytest.mark.parametrize("change", [{}, {"backward": 0.0}, {"popular": 0.0, "window": 1}, {"days": 0.5, "window": 20}])
def test_it_counts_what_it_says(change: dict[str, Any]) -> None:
    taught, configuration = logs.taught(), {**PLAIN, **change}
    wanted = plainly(taught.log, configuration)
    assert (wanted > 0).sum() > 20
    np.testing.assert_allclose(links(taught, configuration), wanted, atol=1e-6)


def test_what_comes_after_counts_more_than_what_came_before() -> None:
    """Everybody takes 0, then 1, then 2."""
    users = np.repeat(np.arange(10), 3).astype(np.int32)
    items = np.tile(np.arange(3), 10).astype(np.int32)
    order = np.argsort(items, kind="stable")
    log = Interactions(tuple(range(10)), (0, 1, 2), users[order], items[order], (items[order] * 60).astype(np.float64))
    after = links(Taught(log, 1e6), PLAIN)
    assert after[1, 2] > after[1, 0] > 0
    assert after[0, 1] > after[0, 2] > 0


def test_it_wants_times() -> None:
    reason = Covisitation().takes(logs.taught(has_time=False))
    assert reason == "It learns from what is taken after what, and the log has no times."
