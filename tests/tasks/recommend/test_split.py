"""Cuts of a log: nothing of the future teaches, ties stay together, relevant is what the definition says."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.split import Cut, cut_at, moment_of, next_items, random_cut, rolling_cuts, time_cut

USERS, ITEMS = 5, 7


def log_of(entries: list[tuple[int, int, int]], *, has_time: bool = True) -> Interactions:
    """Return the log of (user, item, time)."""
    table = np.array(sorted(entries, key=lambda one: one[2]), dtype=np.int64).reshape(-1, 3)
    return Interactions(
        users=tuple(range(USERS)),
        items=tuple(range(ITEMS)),
        user=table[:, 0].astype(np.int32),
        item=table[:, 1].astype(np.int32),
        time=table[:, 2].astype(np.float64),
        has_time=has_time,
    )


entry = st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1), st.integers(0, 12))
logs = st.lists(entry, min_size=2, max_size=60).map(log_of)


def relevant_of(cut: Cut) -> dict[int, set[int]]:
    """Return what is relevant for each who asks."""
    return {
        int(user): set(cut.relevant[cut.starts[row] : cut.starts[row + 1]].tolist())
        for row, user in enumerate(cut.user)
    }


@given(logs, st.integers(0, 13), st.integers(0, 13))
def test_a_cut_is_what_its_definition_says(log: Interactions, moment: int, length: int) -> None:
    """Against sets, entry by entry."""
    cut = cut_at(log, moment, moment + length)
    entries = list(zip(log.user.tolist(), log.item.tolist(), log.time.tolist(), strict=True))
    before = [(user, item) for user, item, time in entries if time < moment]
    after = [(user, item) for user, item, time in entries if moment <= time < moment + length]
    known = {item for _, item in before}
    assert set(np.flatnonzero(cut.known)) == known
    wanted: dict[int, set[int]] = {}
    for user, item in after:
        if item in known and (user, item) not in before:
            wanted.setdefault(user, set()).add(item)
    assert relevant_of(cut) == wanted
    for row, user in enumerate(cut.user.tolist()):
        history = cut.queries.item[cut.queries.starts[row] : cut.queries.starts[row + 1]].tolist()
        assert history == [item for who, item in before if who == user]
        assert cut.fresh[row] == len({item for who, item in after if who == user and item not in known})


@given(logs, st.floats(0.1, 0.9))
def test_ties_stay_on_one_side_and_both_sides_have_entries(log: Interactions, share: float) -> None:
    moment = moment_of(log, share)
    if len(np.unique(log.time)) == 1:
        assert math.isnan(moment)
        return
    before = int((log.time < moment).sum())
    assert 0 < before < len(log)
    ends = [int((log.time < time).sum()) for time in np.unique(log.time)[1:]]
    place = min(round(share * len(log)), len(log) - 1)
    assert abs(before - place) == min(abs(end - place) for end in ends)


@given(logs)
def test_rolling_cuts_never_judge_by_what_a_later_one_is_judged_by(log: Interactions) -> None:
    if math.isnan(moment_of(log, 0.5)):
        return
    for one, other in pairwise(rolling_cuts(log, 4)):
        assert one.moment < other.moment
        taught = other.taught
        later = set(zip(taught.user.tolist(), taught.item.tolist(), strict=True))
        assert all((user, item) in later for user, items in relevant_of(one).items() for item in items)


@given(logs, st.integers(0, 3))
def test_the_random_split_parts_all_entries(log: Interactions, seed: int) -> None:
    cut = random_cut(log, seed=seed)
    assert len(cut.taught) == len(log) - round(0.2 * len(log))
    assert (np.diff(cut.taught.time) >= 0).all()
    pairs = set(zip(cut.taught.user.tolist(), cut.taught.item.tolist(), strict=True))
    assert not any((user, item) in pairs for user, items in relevant_of(cut).items() for item in items)
    assert relevant_of(cut) == relevant_of(random_cut(log, seed=seed))


def test_a_log_without_times_is_cut_at_random() -> None:
    entries = [(number % USERS, number % ITEMS, number) for number in range(35)]
    log = log_of(entries, has_time=False)
    cut = time_cut(log)
    assert cut.kind == "random"
    assert np.isnan(cut.queries.at).all()
    assert {each.kind for each in rolling_cuts(log, 3)} == {"random"}
    assert time_cut(replace(log, has_time=True)).kind == "time"


def test_one_time_for_all_entries_is_no_time() -> None:
    assert time_cut(log_of([(number % USERS, number % ITEMS, 3) for number in range(35)])).kind == "random"


@given(logs, st.integers(1, 11))
def test_the_replay_asks_before_each_event_and_knows_all_before_it(log: Interactions, moment: int) -> None:
    cut = next_items(log, moment, most=1_000)
    assert (cut.y == 1).all()
    entries = list(zip(log.user.tolist(), log.item.tolist(), log.time.tolist(), strict=True))
    for row, (user, item, at) in enumerate(
        zip(cut.user.tolist(), cut.relevant.tolist(), cut.queries.at.tolist(), strict=True)
    ):
        assert at >= moment
        assert (user, item, at) in entries
        history = cut.queries.item[cut.queries.starts[row] : cut.queries.starts[row + 1]].tolist()
        assert history == [each for who, each, time in entries if who == user and time < at]
        assert item not in history
        assert cut.known[item]


def test_a_sample_of_people_keeps_what_belongs_to_each() -> None:
    rng = np.random.default_rng(0)
    log = log_of([(int(u), int(i), t) for t, (u, i) in enumerate(rng.integers(0, [USERS, ITEMS], (40, 2)))])
    cut = random_cut(log)
    some = cut.sampled(3, seed=1)
    assert len(some) == 3
    assert relevant_of(some).items() <= relevant_of(cut).items()
    assert cut.sampled(99, seed=1) is cut
    marks = cut.marked(1, 3)
    assert [set(np.flatnonzero(row)) for row in marks] == [relevant_of(cut)[int(user)] for user in cut.user[1:3]]


@pytest.mark.parametrize("entries", [[], [(0, 0, 1)]])
def test_logs_too_short_to_cut_judge_nobody(entries: list[tuple[int, int, int]]) -> None:
    assert len(time_cut(log_of(entries))) == 0
