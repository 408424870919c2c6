"""What came after a place in the record, in both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlwright.serve.record import Answered, Outcome, Private, Record
from mlwright.serve.record.answered import line
from mlwright.serve.record.following import (
    Followed,
    answers_after,
    answers_of,
    count_answers,
    first_outcomes,
    latest_answers,
    outcomes_after,
    outcomes_by,
)
from mlwright.serve.record.writer import Writer

SECOND = 1_000_000
BEGUN = 1_700_000_000 * SECOND
WHO = Followed("churn", 1)
FOREVER = 2**60


@pytest.fixture
def filled(record: Record, answered: Callable[..., Answered]) -> Record:
    """A record of six answers, a second apart, two of which were told an outcome: the second one twice."""
    lines = [line(answered(id=f"a{place}", at=BEGUN + place * SECOND), Private()) for place in range(6)]
    other = answered(id="b0", at=BEGUN, version=2)
    shadow = answered(id="s1", at=BEGUN + SECOND, kind="shadow", of="a1", version=2)
    assert Writer(record).write([*lines, line(other, Private()), line(shadow, Private())]) == []
    told = BEGUN + 60 * SECOND
    record.outcomes("churn", [Outcome("a1", "yes", told), Outcome("a4", "no", told)])
    record.outcomes("churn", [Outcome("a1", "no", told + SECOND)])
    return record


def test_answers_come_in_order_from_a_place_on(filled: Record) -> None:
    first = answers_after(filled.engine, WHO, (0, ""), until=FOREVER, limit=4)
    assert [row.id for row in first] == ["a0", "a1", "a2", "a3"]
    rest = answers_after(filled.engine, WHO, (first[-1].at, first[-1].id), until=BEGUN + 5 * SECOND, limit=4)
    assert [row.id for row in rest] == ["a4"]


def test_the_latest_answers_come_oldest_first(filled: Record) -> None:
    found = latest_answers(filled.engine, WHO, BEGUN + 5 * SECOND, 2)
    assert [row.id for row in found] == ["a3", "a4"]
    known = latest_answers(filled.engine, WHO, FOREVER, 5, known=True)
    assert [row.id for row in known] == ["a1", "a4"]
    shadows = latest_answers(filled.engine, Followed("churn", 2, "shadow"), FOREVER, 5, known=True)
    assert [row.id for row in shadows] == ["s1"]


def test_answers_are_counted_by_the_period(filled: Record) -> None:
    counts = count_answers(filled.engine, WHO, BEGUN + SECOND, FOREVER, each=2 * SECOND)
    assert counts == {BEGUN // (2 * SECOND) + place: count for place, count in enumerate((1, 2, 2))}


def test_the_first_outcome_of_an_answer_is_told_apart_from_its_correction(filled: Record) -> None:
    told = outcomes_after(filled.engine, "churn", (0, ""), until=FOREVER, limit=10)
    assert [row.id for row in told] in (["a1", "a4", "a1"], ["a1", "a1", "a4"])
    first = first_outcomes(filled.engine, "churn", told)
    assert sorted(row.id for row in first) == ["a1", "a4"]


def test_an_outcome_is_what_was_known_by_a_moment(filled: Record) -> None:
    assert outcomes_by(filled.engine, "churn", {"a1": FOREVER, "a4": FOREVER, "a0": FOREVER}) == {
        "a1": '"no"',
        "a4": '"no"',
    }
    assert outcomes_by(filled.engine, "churn", {"a1": BEGUN}) == {}


def test_whose_answers_outcomes_are_of_is_told(filled: Record) -> None:
    found, unknown = answers_of(filled.engine, WHO, ["a1", "b0", "nobody"])
    assert (set(found), unknown) == ({"a1"}, {"nobody"})
    shadows, _ = answers_of(filled.engine, Followed("churn", 2, "shadow"), ["a1"])
    assert shadows["a1"].id == "s1"
