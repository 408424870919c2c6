from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.serve.conftest import apart
from tests.serve.record.conftest import until

from mlwright.errors import OptionError, OutputError
from mlwright.registry.database import reading
from mlwright.serve.record import Answered, Record, Recorder, unpacked
from mlwright.serve.record import recorder as recorder_module
from mlwright.serve.record import writer as writer_module

Make = Callable[..., Answered]
Recorders = Callable[..., Recorder]


def ids(record: Record) -> list[str]:
    return sorted(name for frame in record.answers("churn", kind=None) for name in frame["id"].to_list())


def test_all_of_an_answer_comes_back(place: str | Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(place)
    given = answered(
        flags=[{"kind": "missing", "column": "age"}],
        latency_us=812,
        request="r1",
        subject="Zoë",
        propensity=0.05,
        version=7,
        row={"age": None, "plan": "gold\0", "n": 10**30, "x": float("nan")},
    )
    made.put(given)
    made.put(answered(id="shadow", kind="shadow", of=given.id))
    assert made.flush(10)
    assert (made.written, made.drops, made.pending, made.problem) == (2, 0, 0, None)
    [frame] = made.record.answers("churn")
    row = frame.to_dicts()[0]
    assert {name: row[name] for name in ("id", "version", "kind", "request", "subject", "of", "latency_us")} == {
        "id": given.id,
        "version": 7,
        "kind": "answer",
        "request": "r1",
        "subject": "Zoë",
        "of": None,
        "latency_us": 812,
    }
    assert row["propensity"] == 0.05
    assert json.loads(row["row"]) == {"age": None, "plan": "gold\0", "n": 10**30, "x": None}
    assert json.loads(row["flags"]) == [{"kind": "missing", "column": "age"}]
    assert unpacked(frame, "answer").rows() == [("yes", 0.7, 0.3)]
    assert [each["of"].to_list() for each in made.record.answers("churn", kind="shadow")] == [[given.id]]


def test_answers_are_written_within_the_window_that_is_promised(
    tmp_path: Path, answered: Make, recorder: Recorders
) -> None:
    made = recorder(tmp_path / "record.db")
    made.put(answered())
    assert made.flush(10)
    made.put(answered(id="next"))
    until(lambda: made.written == 2, seconds=5)


@pytest.mark.parametrize("count", [1, 999, 1000, 2345])
def test_after_a_graceful_stop_everything_is_there(
    tmp_path: Path, answered: Make, recorder: Recorders, count: int
) -> None:
    made = recorder(tmp_path / "record.db")
    for number in range(count):
        made.put(answered(id=f"{number:04}"))
    assert made.close(30)
    record = Record(tmp_path / "record.db")
    assert ids(record) == [f"{number:04}" for number in range(count)]
    record.close()


def test_what_comes_after_the_end_is_counted(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(tmp_path / "record.db")
    assert made.close(10)
    assert made.close(10)
    made.put(answered())
    with pytest.raises(OutputError, match="The record is closed"):
        made.put_now([answered()])
    assert (made.drops, made.written, made.pending) == (1, 0, 0)


def test_off_keeps_nothing_and_makes_no_file(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(tmp_path / "record.db", durability="off")
    made.put(answered())
    made.put_now([answered()])
    assert made.flush(1)
    assert made.close(1)
    assert (made.drops, made.written, made.pending) == (0, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_durability_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--durability cannot be 'all'"):
        Recorder(tmp_path / "record.db", durability="all")  # type: ignore[arg-type]


def test_put_now_returns_when_it_is_there(place: str | Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(place, durability="request")
    other = Record(place)
    made.put_now([answered(id="a"), answered(id="b")])
    assert ids(other) == ["a", "b"]
    other.close()
    if made.record.engine.dialect.name == "sqlite":
        with reading(made.record.engine) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_many_who_wait_share_transactions(
    tmp_path: Path, answered: Make, recorder: Recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recorder(tmp_path / "record.db", durability="request")
    made.put_now([answered()])
    insert, transactions = writer_module.Writer._insert, []

    def counted(self: writer_module.Writer, lines: list[object]) -> None:
        transactions.append(len(lines))
        time.sleep(0.02)  # a disk that takes its time
        insert(self, lines)  # type: ignore[arg-type]

    monkeypatch.setattr(writer_module.Writer, "_insert", counted)

    async def ask() -> None:
        await asyncio.gather(*(asyncio.wrap_future(made.promised([answered()])) for _ in range(200)))

    apart(ask())
    assert made.written == 201
    assert sum(transactions) == 200
    assert len(transactions) < 50


def test_who_waits_is_told_that_it_cannot_be_written(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    (tmp_path / "file").write_text("no folder")
    made = recorder(tmp_path / "file" / "record.db", durability="request")
    with pytest.raises(OutputError):
        made.put_now([answered(), answered()])
    assert made.drops == 2
    assert made.problem
    (tmp_path / "file").unlink()
    made.put_now([answered()])
    assert (made.drops, made.written, made.problem) == (2, 1, None)


def test_one_answer_that_cannot_be_written_takes_no_other_with_it(
    place: str | Path, answered: Make, recorder: Recorders
) -> None:
    made = recorder(place)
    for number in range(30):
        made.put(answered(id=f"{number:02}", version=2**70 if number == 17 else 1))
    made.put(answered(id="odd", row=[1, 2].__iter__))  # nothing that JSON knows: its text is kept
    made.put(answered(id="none", model=None))
    assert made.flush(10)
    assert ids(made.record) == [*(f"{number:02}" for number in range(30) if number != 17), "odd"]
    assert (made.written, made.drops) == (30, 2)
    with pytest.raises(OutputError, match="refuses"):
        made.put_now([answered(id="x", version=2**70)])


def test_the_same_answer_twice_is_there_once(place: str | Path, answered: Make, recorder: Recorders) -> None:
    """As after a commit whose confirmation was lost."""
    made = recorder(place)
    for _ in range(2):
        made.put(answered(id="same"))
        assert made.flush(10)
    assert ids(made.record) == ["same"]


@pytest.mark.parametrize("bound", [{"most_rows": 50}, {"most_bytes": 50 * 400}])
def test_a_full_buffer_drops_and_counts(
    tmp_path: Path, answered: Make, recorder: Recorders, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int]
) -> None:
    monkeypatch.setattr(recorder_module, "UNTOUCHED", 10)
    (tmp_path / "file").write_text("no folder")
    made = recorder(tmp_path / "file" / "record.db", **bound)
    for number in range(1000):
        made.put(answered(id=f"{number:04}"))
        if number % 100 == 0:
            time.sleep(0.01)
    until(lambda: made.problem is not None)
    assert 30 <= made.pending <= 70
    assert made.drops + made.pending == 1000
    (tmp_path / "file").unlink()
    assert made.flush(10)  # what was kept is written when it can be
    assert made.written + made.drops == 1000
    assert len(ids(made.record)) == made.written


def test_answers_put_by_many_threads_are_all_there(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(tmp_path / "record.db")

    def put(thread: int) -> None:
        for number in range(400):
            made.put(answered(id=f"{thread} {number}"))
            if number % 100 == 0:
                made.flush(10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    assert made.flush(10)
    assert len(ids(made.record)) == 1600 == made.written


def test_a_row_of_10_000_columns_and_one_that_is_changed_by_no_one(
    tmp_path: Path, answered: Make, recorder: Recorders
) -> None:
    made = recorder(tmp_path / "record.db")
    row = {f"column_{place}": place for place in range(10_000)}
    made.put(answered(row=row))
    assert made.flush(10)
    [frame] = made.record.answers("churn")
    assert unpacked(frame).row(0, named=True) == row


def test_a_clock_that_jumps_back_loses_nothing(
    tmp_path: Path, answered: Make, recorder: Recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recorder(tmp_path / "record.db", keep_s=1000.0)
    now = time.time_ns()
    made.put(answered(id="before", at=now // 1000))
    assert made.flush(10)
    monkeypatch.setattr(time, "time_ns", lambda: now - 86400 * 10**9)
    made.put(answered(id="after", at=time.time_ns() // 1000))
    assert made.flush(10)
    assert [frame["id"].to_list() for frame in made.record.answers("churn")] == [["after", "before"]]
    assert made.record.prune(1000) == {"answers": 0, "outcomes": 0, "responses": 0, "events": 0}


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    made = recorder(tmp_path / "record.db")
    made.put(answered(id="before"))
    assert made.flush(10)
    for each in tmp_path.iterdir():
        each.unlink()
    made.put(answered(id="after"))
    assert made.flush(10)
    assert ids(Record(tmp_path / "record.db")) == ["after"]


def test_nothing_is_left_running(tmp_path: Path, answered: Make) -> None:
    before = set(threading.enumerate())  # other tests may keep a service
    made = Recorder(tmp_path / "record.db")
    made.put(answered())
    assert made.close(10)
    assert set(threading.enumerate()) <= before


def test_to_put_costs_little(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    """A few hundred nanoseconds; 3 microseconds are the bar, of which a busy machine is given the best of many."""
    made = recorder(tmp_path / "record.db")
    given = [answered() for _ in range(500)]
    best = float("inf")
    gc.disable()
    try:
        for _ in range(20):
            begun = time.perf_counter_ns()
            for each in given:
                made.put(each)
            best = min(best, (time.perf_counter_ns() - begun) / len(given))
            made.flush(10)
    finally:
        gc.enable()
    assert best < 3000
