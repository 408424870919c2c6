from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlwright.serve.record import KeyBusyError, KeyReusedError, Record

CLAIM = """
import sys
from mlwright.serve.record import KeyBusyError, Record
record = Record(sys.argv[1])
record.models()
print("ready", flush=True)
sys.stdin.readline()
mine = 0
for number in range(40):
    try:
        mine += record.claim(f"key {number}", "digest") is None
    except KeyBusyError:
        pass
print(mine)
"""


def test_a_request_that_comes_again_gets_the_first_response(record: Record) -> None:
    assert record.claim("k", "digest") is None
    with pytest.raises(KeyBusyError, match="still being answered"):
        record.claim("k", "digest")
    record.keep("k", "digest", b"\x00response")
    assert record.claim("k", "digest") == b"\x00response"
    record.keep("k", "digest", b"another")
    record.release("k", "digest")
    assert record.claim("k", "digest") == b"\x00response"


@pytest.mark.parametrize("finished", [False, True])
def test_a_key_is_of_one_request(record: Record, finished: bool) -> None:
    assert record.claim("k", "digest") is None
    if finished:
        record.keep("k", "digest", b"response")
    with pytest.raises(KeyReusedError, match="with another request"):
        record.claim("k", "other")
    record.keep("k", "other", b"wrong")
    record.release("k", "other")
    with pytest.raises(KeyReusedError):
        record.claim("k", "other")


def test_a_request_that_failed_may_be_sent_again(record: Record) -> None:
    assert record.claim("k", "digest") is None
    record.release("k", "digest")
    assert record.claim("k", "other") is None


@pytest.mark.parametrize(("passed", "kept"), [(24 * 3600 - 1, True), (24 * 3600 + 1, False)])
def test_responses_are_kept_for_a_day(record: Record, monkeypatch: pytest.MonkeyPatch, passed: int, kept: bool) -> None:
    assert record.claim("k", "digest") is None
    record.keep("k", "digest", b"response")
    later = time.time_ns() + passed * 10**9
    monkeypatch.setattr("mlwright.serve.record.keys.time.time_ns", lambda: later)
    assert record.claim("k", "digest") == (b"response" if kept else None)


def test_the_claim_of_a_process_that_ended_is_taken_over(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    assert record.claim("k", "digest") is None
    later = time.time_ns() + 61 * 10**9
    monkeypatch.setattr("mlwright.serve.record.keys.time.time_ns", lambda: later)
    assert record.claim("k", "digest") is None
    with pytest.raises(KeyBusyError):
        record.claim("k", "digest")


def test_keys_that_no_database_would_take(record: Record) -> None:
    for key in ("", "a\0b", "\ud800", "x" * 100_000):
        assert record.claim(key, "digest") is None
        with pytest.raises(KeyBusyError):
            record.claim(key, "digest")


def test_of_many_threads_one_gets_the_key(record: Record) -> None:
    def claim(_: int) -> object:
        try:
            return record.claim("k", "digest")
        except KeyBusyError:
            return "busy"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(map(str, pool.map(claim, range(16)))) == ["None", *["busy"] * 15]


def test_of_several_processes_one_gets_each_key(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(tmp_path / "record.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    told = []
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in started:
        told.append(int(each.communicate(timeout=60)[0]))
        assert each.returncode == 0
    assert sum(told) == 40
