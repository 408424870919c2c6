"""What may go wrong around a recorder: it is killed, the disk is full, the database is held by another, or gone."""

from __future__ import annotations

import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.serve.record.conftest import until

from mlwright.serve.record import Answered, Record, Recorder

Make = Callable[..., Answered]
Recorders = Callable[..., Recorder]

WRITES = """
import sys, time
from mlwright.serve.record import Answered, Recorder, new_ids

folder, name = sys.argv[1:]
soon = Recorder(f"{folder}/record.db")
safe = Recorder(f"{folder}/{name}.db", durability="request")

def answered(number):
    return Answered(f"{name} {number:06}", time.time_ns() // 1000, "churn", 1, {"n": number}, {"prediction": number})

number = 0
while True:
    for _ in range(20):
        soon.put(answered(number))
        number += 1
    print("put", number, time.time(), flush=True)
    if number % 100 == 0:
        safe.put_now([answered(number)])
        print("safe", number, time.time(), flush=True)
    time.sleep(0.005)
"""


def test_two_processes_record_at_once_and_are_killed(tmp_path: Path) -> None:
    """What was put more than the promised 200 ms (and what a transaction takes) before, and what was safe, is there."""
    started = [
        subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    told: dict[int, list[list[str]]] = {0: [], 1: []}
    threads = [
        threading.Thread(target=lambda place=place, each=each: told[place].extend(line.split() for line in each.stdout))  # type: ignore[union-attr]
        for place, each in enumerate(started)
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(lines and float(lines[0][2]) < time.time() - 3 for lines in told.values()), seconds=120)
    finally:
        killed = time.time()
        for each in started:
            each.send_signal(signal.SIGKILL)
            each.wait(20)
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()  # to close what another thread reads would wait for ever
        for each in started:
            assert each.stdout is not None
            each.stdout.close()
    record = Record(tmp_path / "record.db")
    found = sorted(name for frame in record.answers("churn") for name in frame["id"])
    record.close()
    for place, name in enumerate(("a", "b")):
        lines = [line for line in told[place] if len(line) == 3]
        mine = [each for each in found if each.startswith(name)]
        assert mine == [f"{name} {number:06}" for number in range(len(mine))]  # in order, and no gap
        transaction = 0.8  # a machine that is busy with other tests
        owed = max(
            int(number) for kind, number, at in lines if kind == "put" and float(at) < killed - 0.2 - transaction
        )
        assert len(mine) >= owed
        safe = Record(tmp_path / f"{name}.db")
        [frame] = safe.answers("churn")
        safe.close()
        promised = [f"{name} {int(number):06}" for kind, number, _ in lines if kind == "safe"]
        assert promised
        assert set(promised) <= set(frame["id"])


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """Let no file of this process grow by more than 100 kB beyond a given one: as on a full disk, writing fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(path: Path) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100_000, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_stops_no_answer_and_drops_are_counted(
    tmp_path: Path, answered: Make, recorder: Recorders, small_disk: Callable[[Path], None]
) -> None:
    made = recorder(tmp_path / "record.db", most_rows=300)
    made.put(answered(id="first"))
    assert made.flush(10)
    small_disk(tmp_path / "record.db-wal")
    for number in range(2000):
        made.put(answered(id=f"{number:04}", row={"long": "x" * 1000}))
        if number % 100 == 99:
            time.sleep(0.02)
    until(lambda: made.problem is not None and made.pending <= 300)
    assert not made.flush(0.3)
    assert "The database cannot be used" in (made.problem or "")
    until(lambda: made.drops + made.pending + made.written == 2001)
    assert made.drops > 500
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    made.put(answered(id="last"))
    assert made.flush(20)
    assert made.problem is None
    found = {name for frame in made.record.answers("churn") for name in frame["id"]}
    assert {"first", "last"} <= found
    assert len(found) == made.written == 2002 - made.drops


def test_a_database_that_another_process_holds_is_waited_for(
    tmp_path: Path, answered: Make, recorder: Recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlwright.serve.record.recorder.WAIT_S", 0.2)
    made = recorder(tmp_path / "record.db")
    made.put(answered(id="before"))
    assert made.flush(10)
    other = sqlite3.connect(tmp_path / "record.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    for number in range(50):
        made.put(answered(id=f"{number:02}"))
    assert time.monotonic() - begun < 0.5
    assert not made.flush(0.6)
    until(lambda: "locked" in (made.problem or ""))
    other.execute("COMMIT")
    other.close()
    assert made.flush(10)
    assert (made.written, made.drops, made.problem) == (51, 0, None)


def test_a_graceful_stop_does_not_wait_for_ever(tmp_path: Path, answered: Make, recorder: Recorders) -> None:
    (tmp_path / "file").write_text("no folder")
    made = recorder(tmp_path / "file" / "record.db")
    made.put(answered())
    begun = time.monotonic()
    assert not made.close(0.5)
    assert time.monotonic() - begun < 5
    assert made.pending == 1


class Between:
    """Stands between client and server, on a port of its own, and can be gone and back."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        self.lets_through = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if not self.lets_through:
                    near.close()
                    continue
                far = socket.create_connection(self._there)
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        self._end(source)
        self._end(target)

    def _end(self, each: socket.socket) -> None:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()

    def gone(self) -> None:
        self.lets_through = False
        for each in self._open:
            self._end(each)

    def close(self) -> None:
        self.gone()
        self._end(self._door)
        self._thread.join(10)


@pytest.mark.postgres
def test_postgresql_that_is_gone_and_comes_back(schema: str, answered: Make, recorder: Recorders) -> None:
    url = sa.make_url(schema)
    between = Between(str(url.host), int(url.port or 5432))
    try:
        between.lets_through = False  # not even there when the service starts
        made = recorder(url.set(port=between.port).render_as_string(hide_password=False))
        made.put(answered(id="00"))
        until(lambda: made.problem is not None)
        between.lets_through = True
        assert made.flush(20)
        between.gone()
        for number in range(1, 30):
            made.put(answered(id=f"{number:02}"))
        assert not made.flush(0.5)
        assert "The database cannot be used" in (made.problem or "")
        between.lets_through = True
        assert made.flush(20)
        assert (made.written, made.drops, made.problem) == (30, 0, None)
        assert [frame["id"].to_list() for frame in made.record.answers("churn")] == [[f"{n:02}" for n in range(30)]]
        assert made.close(10)
    finally:
        between.close()


@pytest.mark.postgres
def test_the_password_is_in_no_problem(schema: str, answered: Make, recorder: Recorders) -> None:
    made = recorder(sa.make_url(schema).set(port=1, password="sesame").render_as_string(hide_password=False))
    made.put(answered())
    until(lambda: made.problem is not None)
    assert "sesame" not in (made.problem or "")
    assert not made.close(0.2)
