"""Histories that are kept: in order, once each, the last thousand, gone with the person; outcomes are part of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.record.conftest import NOW

from mlwright.registry.database import writing
from mlwright.serve.record import Answered, Event, Outcome, Private, Record, Recorder
from mlwright.serve.record.histories import KEPT

Make = Callable[..., Answered]
Open = Callable[..., Recorder]


def items(record: Record, subject: str = "ann", model: str = "films") -> list[object]:
    return [entry["item"] for entry in record.histories(model, [subject])[subject]]


def test_they_come_back_in_order_whatever_the_order_they_came_in(record: Record) -> None:
    events = [Event("ann", item, NOW + place) for place, item in enumerate([5, "b", 5, 2.5, True])]
    assert record.keep_events("films", [events[3], events[0], events[4]]) == {"accepted": 3, "repeated": 0}
    assert record.keep_events("films", events) == {"accepted": 2, "repeated": 3}
    assert record.keep_events("other", [Event("ann", 9)]) == {"accepted": 1, "repeated": 0}
    assert items(record) == [5, "b", 5, 2.5, True]
    assert items(record, "bob") == []


def test_moments_and_ratings_come_back(record: Record) -> None:
    record.keep_events("films", [Event("ann", 5, 1_500_000, 3.5), Event("ann", 6, 2_000_000)])
    assert record.histories("films", ["ann"])["ann"] == [
        {"item": 5, "at": 1.5, "rating": 3.5},
        {"item": 6, "at": 2.0},
    ]


def test_what_comes_without_a_moment_keeps_its_order(record: Record) -> None:
    record.keep_events("films", [Event("ann", item) for item in (3, 1, 2)])
    assert items(record) == [3, 1, 2]


def test_the_last_thousand_stay(record: Record) -> None:
    record.keep_events("films", [Event("ann", place, NOW + place) for place in range(KEPT + 150)])
    record.keep_events("films", [Event("bob", 1)])
    assert items(record) == list(range(150, KEPT + 150))
    assert items(record, "bob") == [1]


def test_of_one_moment_the_last_received_stay(record: Record) -> None:
    record.keep_events("films", [Event("ann", place, NOW) for place in range(KEPT)])
    assert items(record) == list(range(KEPT))
    record.keep_events("films", [Event("ann", KEPT, NOW)])
    assert items(record) == list(range(1, KEPT + 1))
    record.keep_events("films", [Event("ann", "before", NOW - 1), Event("ann", "after", NOW + 1)])
    assert items(record) == [*range(2, KEPT + 1), "after"]


def test_a_subject_that_is_private_is_found_and_forgotten_all_the_same(tmp_path: Path) -> None:
    hiding = Private({"user": "hash"}, key=bytes(32), hash_subjects=True)
    record = Record(tmp_path / "record.db", private=Private(key=bytes(32), models={"films": hiding}))
    record.keep_events("films", [Event("ann@example.org", 7)])
    assert items(record, "ann@example.org") == [7]
    assert b"ann@example" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert record.knows_subjects()
    assert record.forget("ann@example.org")["events"] == 1
    assert items(record, "ann@example.org") == []
    record.close()


def test_what_is_old_goes_when_it_is_pruned(record: Record) -> None:
    record.keep_events("films", [Event("ann", 7)])
    assert record.prune(1000)["events"] == 0
    with writing(record.engine) as connection:
        connection.exec_driver_sql("UPDATE events SET received = received - 2000000000")
    assert record.prune(1000, model="other")["events"] == 0
    assert record.prune(1000)["events"] == 1


def test_outcomes_are_events_and_corrections_take_their_place(
    recorder: Open, place: str | Path, answered: Make
) -> None:
    made = recorder(place)
    made.put_now([answered(id="a", model="films", subject="ann"), answered(id="b", model="films")])
    record = made.record

    def told(name: str, outcome: object, at: int) -> None:
        record.outcomes("films", [Outcome(name, outcome, at)])  # type: ignore[arg-type]
        record.take_outcomes("films", [name])

    record.keep_events("films", [Event("ann", 1, NOW)])
    told("a", [5, 6], NOW + 10)
    assert items(record) == [1, 5, 6]
    told("a", [6], NOW + 20)
    told("a", [7], NOW + 5)  # late: it changes nothing
    told("b", [8], NOW + 30)  # nobody's
    assert items(record) == [1, 6]
    told("a", [], NOW + 40)
    assert items(record) == [1]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_a_history_is_the_set_of_events_by_moment_and_receipt(told: list[tuple[str, int, int]]) -> None:
    record = Record("sqlite://")
    if told:
        record.keep_events("films", [Event(user, item, NOW + at) for user, item, at in told])
    for user in "ab":
        expected = sorted(dict.fromkeys((at, item) for who, item, at in told if who == user), key=lambda one: one[0])
        assert items(record, user) == [item for _, item in expected]
    record.close()


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "x" * 200])
def test_odd_names_are_kept(record: Record, odd: str) -> None:
    record.keep_events("films", [Event(odd, odd)])
    assert len(items(record, odd)) == 1
