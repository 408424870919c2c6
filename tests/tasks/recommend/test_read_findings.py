"""What a log is like is told with numbers, and only where it is so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlwright.findings import Finding
from mlwright.tasks.recommend.findings import log_findings
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.propose import Proposed
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
COLUMNS = Proposed("user", "item", "at", None, None, (), asked_time=False, asked_rating=False)
PLAIN = make_log(300, 200, 5_000, seed=1).interactions()


def found(log: Interactions, now: float = NOW) -> dict[str, Finding]:
    return {finding.kind: finding for finding in log_findings(log, COLUMNS, now=now, described=False)}


def built(user: Any, item: Any, time: Any) -> Interactions:
    """Return a log of these codes, oldest first."""
    order = np.argsort(time, kind="stable")
    user, item = np.asarray(user, np.int32)[order], np.asarray(item, np.int32)[order]
    users, items = tuple(range(user.max() + 1)), tuple(range(item.max() + 1))
    return Interactions(users, items, user, item, np.asarray(time, float)[order])


def few() -> Interactions:
    return PLAIN.take(np.arange(200))


def nearly_all() -> Interactions:
    users = np.arange(300)
    return built(
        np.concatenate([PLAIN.user, users]),
        np.concatenate([PLAIN.item, np.full(300, 7)]),
        np.concatenate([PLAIN.time, np.linspace(PLAIN.time[0], PLAIN.time[-1], 300)]),
    )


def extreme() -> Interactions:
    rng = np.random.default_rng(0)
    item = np.where(rng.random(8_000) < 0.7, rng.integers(0, 2, 8_000), rng.integers(2, 200, 8_000))
    return built(rng.integers(0, 4_000, 8_000), item, rng.uniform(1.7e9, 1.709e9, 8_000))


def once() -> Interactions:
    rng = np.random.default_rng(0)
    return built(np.arange(3_000) % 2_500, rng.integers(0, 100, 3_000), rng.uniform(1.7e9, 1.709e9, 3_000))


def gap() -> Interactions:
    late = PLAIN.time > np.median(PLAIN.time)
    return built(PLAIN.user, PLAIN.item, PLAIN.time - 200 * 86_400.0 * ~late)


def loaded() -> Interactions:
    rng = np.random.default_rng(0)
    return built(PLAIN.user, PLAIN.item, np.where(rng.random(5_000) < 0.4, PLAIN.time[2_500], PLAIN.time))


def new_items() -> Interactions:
    item = np.where(np.arange(5_000) >= 4_000, 200 + PLAIN.item, PLAIN.item)
    return built(PLAIN.user, item, PLAIN.time)


CASES: dict[str, tuple[Callable[[], Interactions], str]] = {
    "small_log": (few, "200 entries"),
    "taken_by_nearly_all": (nearly_all, "took 7"),
    "popularity_extreme": (extreme, "2 most popular items"),
    "mostly_cold": (once, "80 % of the users"),
    "gap_in_time": (gap, "Nothing is in the log from"),
    "same_moment": (loaded, "of the entries have the same moment"),
    "new_items": (new_items, "of what was taken in the last fifth"),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_so_is_told(kind: str) -> None:
    make, text = CASES[kind]
    assert text in found(make())[kind].message


def test_a_plain_log_has_none_of_it() -> None:
    assert found(PLAIN) == {}


def test_a_log_that_ended_long_ago_is_told_with_its_end() -> None:
    finding = found(PLAIN, now=NOW + 5 * 365 * 86_400)["log_ended_long_ago"]
    assert "2023-12-3" in finding.message
    assert "5." in finding.message


def test_without_times_nothing_is_said_of_them() -> None:
    log = make_log(300, 200, 5_000, seed=1, kind="no_time").interactions()
    assert found(log, now=NOW + 50 * 365 * 86_400) == {}
