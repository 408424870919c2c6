from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import DataError
from mlwright.serve.record import Answered, Outcome, Record, Recorder, microseconds


def matured(record: Record, model: str = "churn") -> dict[str, object]:
    return {
        row["id"]: json.loads(row["outcome"]) for frame in record.matured(model) for row in frame.iter_rows(named=True)
    }


def counts(**given: int) -> dict[str, int]:
    return dict.fromkeys(("accepted", "repeated", "corrected", "late", "unknown"), 0) | given


def write(record: Record, *answers: Answered) -> None:
    with_recorder = Recorder(record.engine.url.render_as_string(hide_password=False))
    for each in answers:
        with_recorder.put(each)
    assert with_recorder.close(10)


def test_what_becomes_of_each_outcome(record: Record, answered: Callable[..., Answered]) -> None:
    write(record, answered(id="a"), answered(id="b"))
    assert record.outcomes("churn", [Outcome("a", "yes", 10)]) == counts(accepted=1)
    assert record.outcomes("churn", [Outcome("a", "yes", 10)]) == counts(repeated=1)
    assert record.outcomes("churn", [Outcome("a", "no", 20)]) == counts(corrected=1)
    assert record.outcomes("churn", [Outcome("a", "yes", 15)]) == counts(late=1)
    assert record.outcomes("churn", [Outcome("a", "yes", 10), Outcome("b", "no", 1)]) == counts(repeated=1, accepted=1)
    assert matured(record) == {"a": "no", "b": "no"}


def test_an_outcome_may_come_before_its_answer(record: Record, answered: Callable[..., Answered]) -> None:
    assert record.outcomes("churn", [Outcome("early", 3.0)]) == counts(accepted=1, unknown=1)
    assert matured(record) == {}
    write(record, answered(id="early"))
    assert matured(record) == {"early": 3}
    assert record.outcomes("churn", [Outcome("early", 3)]) == counts(repeated=1)


def test_an_outcome_is_of_the_model_that_answered(record: Record, answered: Callable[..., Answered]) -> None:
    write(record, answered(id="a"))
    with pytest.raises(DataError, match="'a' is the id of an answer of another model than 'price'") as caught:
        record.outcomes("price", [Outcome("b", 1), Outcome("a", 1)])
    assert caught.value.where == "outcome 1"
    assert record.models() == ["churn"]
    assert matured(record) == {}


def test_which_ids_have_no_answer_yet(record: Record, answered: Callable[..., Answered]) -> None:
    write(record, answered(id="a"), answered(id="b", model="price"))
    assert record.unanswered("churn", ["a", "b", "c", "nul\0"]) == {"b", "c", "nul\0"}
    assert record.unanswered("churn", [f"id {place}" for place in range(1234)] + ["a"]) == {
        f"id {place}" for place in range(1234)
    }


def test_what_is_to_be_known_only_in_the_future_is_refused(record: Record) -> None:
    now, hour = time.time_ns() // 1000, 3600 * 10**6
    assert record.outcomes("churn", [Outcome("a", 1, now + 23 * hour)])["accepted"] == 1  # clocks and zones differ
    with pytest.raises(DataError, match="known only in the future"):
        record.outcomes("churn", [Outcome("a", 1, now + 25 * hour)])


def test_long_texts_are_refused(record: Record) -> None:
    assert record.outcomes("churn", [Outcome("a", "x" * 200)])["accepted"] == 1
    with pytest.raises(DataError, match="a text of 201 letters; at most 200"):
        record.outcomes("churn", [Outcome("a", "x" * 201)])


def test_a_shadow_has_the_outcome_of_its_answer(record: Record, answered: Callable[..., Answered]) -> None:
    write(record, answered(id="a"), answered(id="a~2", of="a", kind="shadow", version=2))
    record.outcomes("churn", [Outcome("a", "yes")])
    [frame] = record.matured("churn", kind="shadow")
    assert frame.select("id", "outcome").rows() == [("a~2", '"yes"')]
    [both] = record.matured("churn", kind=None)
    assert both["id"].to_list() == ["a", "a~2"]


def test_without_a_moment_the_last_to_arrive_counts_also_where_a_clock_jumps_back(
    record: Record, answered: Callable[..., Answered], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(record, answered(id="a"))
    record.outcomes("churn", [Outcome("a", "yes")])
    before = time.time_ns()
    monkeypatch.setattr("mlwright.serve.record.outcomes.time.time_ns", lambda: before - 3600 * 10**9)
    assert record.outcomes("churn", [Outcome("a", "yes")]) == counts(repeated=1)
    assert record.outcomes("churn", [Outcome("a", "no")]) == counts(corrected=1)
    assert matured(record) == {"a": "no"}


def test_many_outcomes_take_several_transactions(record: Record) -> None:
    told = [Outcome(f"id {place}", place % 2 == 0, 1) for place in range(1234)]
    assert record.outcomes("churn", told) == counts(accepted=1234, unknown=1234)
    assert record.outcomes("churn", reversed(told)) == counts(repeated=1234, unknown=1234)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "", "  ", [["yes"]], [None], ["yes", " "]])
def test_what_is_no_outcome_is_refused_and_nothing_is_kept(record: Record, value: object) -> None:
    with pytest.raises(DataError, match="neither a class nor a number") as caught:
        record.outcomes("churn", [Outcome("a", 1), Outcome("b", value)])  # type: ignore[arg-type]
    assert caught.value.where == "outcome 1"
    assert record.models() == []


def test_what_was_taken_of_a_list_is_a_list_of_items(record: Record) -> None:
    told = [Outcome("a", [12, "b", 3.0]), Outcome("b", [])]
    assert record.outcomes("films", told) == counts(accepted=2, unknown=2)
    assert record.outcomes("films", [Outcome("a", [12, "b", 3])]) == counts(repeated=1, unknown=1)
    with pytest.raises(DataError, match="at most 1,000 are taken"):
        record.outcomes("films", [Outcome("a", [*range(1_001)])])


def test_ids_that_no_answer_can_have_are_refused(record: Record) -> None:
    for name in ("", "x" * 201):
        with pytest.raises(DataError, match="is not the id of an answer"):
            record.outcomes("churn", [Outcome(name, 1)])


told = st.builds(
    Outcome,
    st.sampled_from(["a", "b", "never answered"]),
    st.sampled_from(["yes", "no", 0, 1, 2.5, True]),
    st.integers(0, 3),
)


@pytest.fixture(scope="module")
def records(answered: Callable[..., Answered]) -> Iterator[Iterator[Record]]:
    """Records that hold answers a and b, each of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = Record(folder / "first.db")
        write(first, answered(id="a"), answered(id="b"))
        first.close()

        def made() -> Iterator[Record]:
            for number in itertools.count():
                record = Record(shutil.copy(folder / "first.db", folder / f"{number}.db"))
                yield record
                record.close()

        yield (given := made())
        given.close()


@settings(max_examples=30, deadline=None)
@given(outcomes=st.lists(told, min_size=1, max_size=8), data=st.data())
def test_any_order_of_any_repeats_ends_the_same(
    records: Iterator[Record], outcomes: list[Outcome], data: st.DataObject
) -> None:
    """The end is what the newest (and of two at one moment, one of them by rule) says, whatever came when."""
    repeats = data.draw(st.lists(st.sampled_from(outcomes), max_size=4))
    shuffled = data.draw(st.permutations(outcomes + repeats))
    cut = data.draw(st.integers(0, len(shuffled)))
    ends = []
    for parts in ([outcomes], [shuffled[:cut], shuffled[cut:]]):
        record = next(records)
        for part in parts:
            found = record.outcomes("churn", part)
            assert sum(found[kind] for kind in ("accepted", "repeated", "corrected", "late")) == len(part)
        ends.append(matured(record))
    assert ends[0] == ends[1]
    assert set(ends[0]) == {each.id for each in outcomes} & {"a", "b"}
    for name, value in ends[0].items():
        newest = max(each.at or 0 for each in outcomes if each.id == name)
        assert value in [each.outcome for each in outcomes if each.id == name and each.at == newest]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-02T10:00:00Z", 1793613600000000),
        ("2026-11-02 11:00:00.000001+01:00", 1793613600000001),
        ("2026-11-02", 1793577600000000),
        (1793613600, 1793613600000000),
        (datetime(2026, 11, 2, 10, tzinfo=UTC), 1793613600000000),
    ],
)
def test_moments(given: object, expected: int) -> None:
    assert microseconds(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        *("yesterday", "", 1793613600000, float("nan"), float("inf"), True, None, "9" * 400),
        *("1899-12-31T23:59:59Z", "2200-01-01", "0001-01-01", datetime(2200, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_is_no_moment(given: object) -> None:
    with pytest.raises(DataError, match="no moment between the years 1900 and 2200"):
        microseconds(given)


def test_frames_have_their_columns(record: Record, answered: Callable[..., Answered]) -> None:
    write(record, answered(id="a"))
    record.outcomes("churn", [Outcome("a", "yes", 1_000_000)])
    [frame] = record.matured("churn")
    assert frame["outcome_at"].to_list() == [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]
    assert frame.schema["at"] == pl.Datetime("us", "UTC")
