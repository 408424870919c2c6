from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.serve.record.conftest import until

from mlwright.errors import OutputError
from mlwright.serve.record import Answered, Outcome, Record, Recorder, forgetting
from mlwright.serve.record.sweep import Sweep

Make = Callable[..., Answered]


def write(place: str | Path, answers: list[Answered]) -> None:
    recorder = Recorder(place)
    for each in answers:
        recorder.put(each)
    assert recorder.close(20)


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


def test_all_about_one_person_goes_and_nothing_else(place: str | Path, record: Record, answered: Make) -> None:
    write(
        place,
        [
            answered(id="a", subject="ann", request="r1"),
            answered(id="b", subject="bob", request="r2"),
            answered(id="a~2", kind="shadow", of="a", version=2),
            answered(id="c"),
        ],
    )
    record.outcomes("churn", [Outcome("a", "yes", 1), Outcome("a", "no", 2), Outcome("b", "no", 1)])
    for key, request in (("k1", "r1"), ("k2", "r2"), ("k3", None)):
        assert record.claim(key, "digest", request=request) is None
        record.keep(key, "digest", b"response")
    assert record.forget("ann") == {"answers": 2, "outcomes": 1, "responses": 1, "events": 0}
    assert sorted(record.frame("churn")["id"]) == ["b", "c"]
    assert record.outcomes("churn", [Outcome("a", "no", 2)])["accepted"] == 1  # its history went too
    assert record.claim("k1", "digest") is None
    assert record.claim("k2", "digest") == record.claim("k3", "digest") == b"response"
    assert record.forget("ann") == {"answers": 0, "outcomes": 0, "responses": 0, "events": 0}


def test_the_bytes_are_gone_from_the_files(tmp_path: Path, answered: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where pages of the index were split and rewritten often: subjects come in no order."""
    place, draw = tmp_path / "record.db", random.Random(0)
    names = [f"subject-{draw.getrandbits(64):016x}" for _ in range(800)]
    answers = [
        answered(row={"name": f"name of {name}", "long": "x" * draw.choice([0, 10, 1000])}, subject=name, request=name)
        for name in names * 2
    ]
    draw.shuffle(answers)
    for start in range(0, len(answers), 300):
        write(place, answers[start : start + 300])
    record = Record(place)
    record.outcomes("churn", [Outcome(each.id, f"outcome of {each.subject}", 1) for each in answers[:300]])
    assert record.claim("key", "digest", request=names[0]) is None
    record.keep("key", "digest", f"response about {names[0]}".encode())
    gone = [names[0], *draw.sample(names[1:], 3)]
    before = bytes_of(tmp_path)
    assert all(name.encode() in before for name in names)
    monkeypatch.setattr(forgetting, "erase", lambda _: None)
    more = draw.sample(sorted(set(names) - set(gone)), 100)
    for name in more:  # deleted only: some of their bytes stay in the gaps of pages, until the file is written anew
        assert record.forget(name)["answers"] == 2
    monkeypatch.undo()
    for name in gone:
        assert record.forget(name)["answers"] == 2
    gone += more
    after = bytes_of(tmp_path)
    assert [name for name in gone if name.encode() in after] == []
    assert all(name.encode() in after for name in set(names) - set(gone))
    record.close()


def test_more_answers_than_one_transaction_holds(place: str | Path, record: Record, answered: Make) -> None:
    write(place, [answered(subject="ann") for _ in range(forgetting.TOGETHER + 7)])
    assert record.forget("ann")["answers"] == forgetting.TOGETHER + 7


def test_who_reads_while_bytes_are_removed_is_told_of(
    tmp_path: Path, answered: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PATIENCE_S", 0.2)
    place = tmp_path / "record.db"
    write(place, [answered(subject="ann"), answered(subject="bob")])
    reader = sqlite3.connect(place)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM answers").fetchone()
    record = Record(place, wait_s=0.1)
    with pytest.raises(OutputError, match="no longer in the record, but its bytes still lie"):
        record.forget("ann")
    reader.close()
    assert record.forget("ann") == {"answers": 0, "outcomes": 0, "responses": 0, "events": 0}
    record.close()


def test_what_is_old_goes_with_its_outcomes(place: str | Path, record: Record, answered: Make) -> None:
    now = time.time_ns() // 1000
    old = now - 100 * 86400 * 10**6
    write(place, [answered(id="old", at=old), answered(id="new", at=now), answered(id="other", at=old, model="price")])
    record.outcomes("churn", [Outcome("old", 1, 1), Outcome("new", 1, 1), Outcome("never", 1, 1)])
    assert record.prune(90 * 86400, model="churn") == {"answers": 1, "outcomes": 1, "responses": 0, "events": 0}
    assert record.models() == ["churn", "price"]
    assert record.prune(90 * 86400) == {"answers": 1, "outcomes": 0, "responses": 0, "events": 0}
    assert record.frame("churn")["id"].to_list() == ["new"]
    assert record.status("churn")["outcomes_without_answer"] == 1


def test_outcomes_whose_answer_never_came_go_by_when_they_came(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record.outcomes("churn", [Outcome("never", 1, 1)])
    assert record.prune(1000)["outcomes"] == 0
    later = time.time_ns() + 2000 * 10**9
    monkeypatch.setattr("mlwright.serve.record.record.time.time_ns", lambda: later)
    assert record.prune(1000)["outcomes"] == 1
    assert record.models() == []


def test_kept_responses_go_after_a_day(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record.claim("k", "digest")
    later = time.time_ns() + 25 * 3600 * 10**9
    monkeypatch.setattr("mlwright.serve.record.forgetting.time.time_ns", lambda: later)
    assert record.prune(10**9) == {"answers": 0, "outcomes": 0, "responses": 1, "events": 0}


def test_a_running_recorder_deletes_what_is_old_a_little_at_a_time(
    tmp_path: Path, answered: Make, recorder: Callable[..., Recorder]
) -> None:
    place, now = tmp_path / "record.db", time.time_ns() // 1000
    write(place, [answered(at=now - 2 * 10**9) for _ in range(1200)])
    made = recorder(place, keep_s=1000.0)
    made.put(answered(id="new", at=now))
    until(lambda: made.record.frame("churn")["id"].to_list() == ["new"])
    assert made.problem is None


def test_a_sweep_takes_one_step_when_it_is_due(record: Record, place: str | Path, answered: Make) -> None:
    write(place, [answered(at=0) for _ in range(forgetting.TOGETHER + 1)])
    sweep = Sweep(record, 1000.0)
    sweep.step()
    assert sweep.busy
    assert record.status("churn")["answers"] == 1
    while sweep.busy:
        sweep.step()
    assert record.status("churn")["answers"] == 0
    sweep.step()
    assert not sweep.busy
    sweep._due -= 3600  # an hour later
    sweep.step()
    assert sweep.busy


def test_without_a_limit_nothing_is_swept(record: Record) -> None:
    sweep = Sweep(record, None)
    sweep.step()
    assert not sweep.busy
