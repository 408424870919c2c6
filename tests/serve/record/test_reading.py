from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mlwright.serve.record import Answered, Outcome, Record, Recorder, unpacked
from mlwright.serve.record import reading as reading_module

NOW = 1_790_000_000_000_000


@pytest.fixture
def written(place: str | Path, record: Record, answered: Callable[..., Answered]) -> Record:
    """25 answers of two versions, a second apart, in an order of their own; and one of another model."""
    recorder = Recorder(place)
    for number in [*range(0, 25, 2), *range(23, 0, -2)]:
        version = 1 + number // 20
        recorder.put(answered(id=f"{number:02}", at=NOW + number * 1_000_000, version=version, row={"n": number}))
    recorder.put(answered(id="shadow", at=NOW, kind="shadow", of="00", version=3))
    recorder.put(answered(id="other", model="price"))
    assert recorder.close(10)
    return record


def ids(frames: object) -> list[str]:
    return [name for frame in frames for name in frame["id"].to_list()]  # type: ignore[attr-defined]


def test_pages_come_in_order_and_leave_nothing_out(written: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "PAGE", 7)
    frames = list(written.answers("churn"))
    assert [frame.height for frame in frames] == [7, 7, 7, 4]
    assert ids(frames) == [f"{number:02}" for number in range(25)]
    assert ids(written.answers("churn", limit=10)) == [f"{number:02}" for number in range(10)]
    assert ids(written.answers("churn", limit=0)) == []


def test_many_answers_of_one_moment_are_all_there(
    record: Record, place: str | Path, answered: Callable[..., Answered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_module, "PAGE", 3)
    recorder = Recorder(place)
    for number in range(10):
        recorder.put(answered(id=str(number)))
    assert recorder.close(10)
    assert sorted(ids(record.answers("churn"))) == [str(number) for number in range(10)]


def test_what_is_asked_for(written: Record) -> None:
    since, until = NOW + 3_000_000, NOW + 6_000_000
    assert ids(written.answers("churn", since=since, until=until)) == ["03", "04", "05"]
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since)
    assert ids(written.answers("churn", since=moment, until=until)) == ["03", "04", "05"]
    assert ids(written.answers("churn", version=2)) == ["20", "21", "22", "23", "24"]
    assert ids(written.answers("churn", kind="shadow")) == ["shadow"]
    assert len(ids(written.answers("churn", kind=None))) == 26
    assert ids(written.answers("nobody")) == []


def test_the_whole_in_one_frame_has_outcomes_where_they_are_known(written: Record) -> None:
    written.outcomes("churn", [Outcome("00", 1, 5)])
    frame = written.frame("churn")
    assert frame.height == 26
    known = frame.filter(pl.col("outcome").is_not_null())
    assert sorted(known["id"]) == ["00", "shadow"]
    assert written.frame("nobody").columns == frame.columns


def test_status_counts_by_version_and_kind(written: Record) -> None:
    written.outcomes("churn", [Outcome("00", 1, 5), Outcome("gone", 1, 5)])
    found = written.status("churn")
    assert (found["answers"], found["shadows"], found["matured"], found["outcomes_without_answer"]) == (25, 1, 2, 1)
    assert [(each["version"], each["kind"], each["answers"]) for each in found["versions"]] == [
        (1, "answer", 20),
        (2, "answer", 5),
        (3, "shadow", 1),
    ]
    assert found["versions"][0]["first"] == "2026-09-21T14:13:20.000+00:00"
    assert found["bytes"] > 1000
    assert written.models() == ["churn", "price"]


def test_rows_that_differ_become_one_frame() -> None:
    huge = "1" + "0" * 400
    texts = ['{"a":1,"b":"x"}', '{"b":null,"c":[1,2],"d":{"e":0.5}}', f'{{"a":{huge}}}', "{}"]
    made = unpacked(pl.DataFrame({"row": texts}))
    assert made.to_dict(as_series=False) == {
        "a": ["1", None, huge, None],
        "b": ["x", None, None, None],
        "c": [None, "[1, 2]", None, None],
        "d.e": [None, 0.5, None, None],
    }
    assert unpacked(pl.DataFrame({"row": ["{}", "{}"]})).shape == (2, 0)
    assert unpacked(pl.DataFrame({"row": []}, schema={"row": pl.String})).shape == (0, 0)
