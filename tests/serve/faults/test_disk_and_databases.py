"""What the service keeps beside its answers is gone, locked, broken or full: it goes on answering, and says so."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.serve.conftest import Running, rows_of
from tests.serve.faults.load import recorded, until
from tests.serve.faults.wire import MODEL, PATH

from mlwright.model import Model
from mlwright.registry import Workspace

FAST = "refresh_s = 0.05\n"


def metric(running: Running, name: str) -> float:
    """Return the value of a metric without labels."""
    lines = running.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def ask(running: Running, count: int = 1, **headers: str) -> list[httpx.Response]:
    """Ask so many times for one row."""
    rows = rows_of(MODEL, 1)
    return [running.client.post(PATH, json={"rows": rows}, headers=headers) for _ in range(count)]


def ids(answers: list[httpx.Response]) -> set[str]:
    """Return the ids of answers, all of which were given."""
    assert {each.status_code for each in answers} == {200}
    return {each.json()["predictions"][0]["id"] for each in answers}


@contextmanager
def full_disk(running: Running) -> Iterator[None]:
    """Let no file of a process grow."""
    before = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock of an SQLite file that writers need."""
    with sqlite3.connect(database, isolation_level=None) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")
    connection.close()


def test_a_full_disk_stops_no_answers(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path) as running:
        found = ids(ask(running, 5))
        with full_disk(running):
            found |= ids(ask(running, 50))
            time.sleep(0.5)
            assert metric(running, "mlwright_record_pending") >= 50
        until(lambda: metric(running, "mlwright_record_pending") == 0)
        assert metric(running, "mlwright_record_dropped") == 0
        assert running.stop() == 0
    assert found <= recorded(tmp_path)


def test_what_a_full_disk_costs_is_counted(models: Path, tmp_path: Path) -> None:
    """Where the record was promised, there is no answer without it: the client is told to come again."""
    with Running([models / "binary"], tmp_path, "--durability", "request") as running:
        ask(running)
        with full_disk(running):
            refused = ask(running, 3)
            assert {each.status_code for each in refused} == {503}
            assert {each.headers["retry-after"] for each in refused} == {"1"}
            assert metric(running, "mlwright_record_dropped") >= 3
        assert ids(ask(running)) <= recorded(tmp_path)


def test_a_locked_record_stops_no_answers(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path) as running:
        ids(ask(running))
        time.sleep(0.5)
        with locked(tmp_path / "record.db"):
            found = ids(ask(running, 20))
            [keyed] = ask(running, **{"idempotency-key": "locked"})
            assert keyed.status_code == 503
            assert keyed.json()["type"].endswith("not-recorded")
        assert running.stop() == 0
    assert found <= recorded(tmp_path)


def test_a_record_that_is_no_database_stops_no_answers(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path) as running:
        ids(ask(running))
        time.sleep(0.5)
        for file in tmp_path.glob("record.db*"):
            file.write_bytes(b"no database" * 1000)
        ids(ask(running, 20))
        [keyed] = ask(running, **{"idempotency-key": "broken"})
        assert keyed.status_code == 503


@pytest.fixture
def registered(loaded: dict[str, Model], tmp_path: Path) -> Workspace:
    """A workspace with two versions of a model."""
    workspace = Workspace(tmp_path)
    workspace.add(loaded[MODEL], MODEL)
    workspace.add(loaded[MODEL], MODEL)
    workspace.promote(MODEL, 1)
    return workspace


def version(running: Running) -> int:
    """Return which version answers."""
    [answer] = ask(running)
    found: int = answer.json()["model"]["version"]
    return found


def test_a_registry_that_is_gone_or_broken_changes_nothing(registered: Workspace, tmp_path: Path) -> None:
    files = {file: file.read_bytes() for file in tmp_path.glob("registry.db*")}
    with Running([MODEL], tmp_path, settings=FAST) as running:
        for content in (b"no database" * 1000, None):
            for file in tmp_path.glob("registry.db*"):
                file.unlink()
            if content is not None:
                (tmp_path / "registry.db").write_bytes(content)
            if content is not None:
                until(lambda: metric(running, "mlwright_registry_fault") == 1)
            else:
                time.sleep(0.5)
            assert version(running) == 1
        assert any("registry cannot be followed" in line for line in running.said)
        for file in tmp_path.glob("registry.db*"):
            file.unlink()
        for file, content in files.items():
            file.write_bytes(content)
        until(lambda: metric(running, "mlwright_registry_fault") == 0)
        Workspace(tmp_path).promote(MODEL, 2)
        until(lambda: version(running) == 2)


def test_files_of_the_served_version_may_go(registered: Workspace, tmp_path: Path) -> None:
    """It is in memory. A version whose files are gone is not swapped to, and that is said."""
    with Running([MODEL], tmp_path, settings=FAST) as running:
        assert version(running) == 1
        for each in (1, 2):
            shutil.rmtree(tmp_path / "models" / MODEL / str(each))
        assert version(running) == 1
        with sqlite3.connect(tmp_path / "registry.db") as connection:
            connection.execute("update aliases set version = 2")
        connection.close()
        time.sleep(0.5)
        assert version(running) == 1


def test_50_at_once_with_one_key_get_one_answer(models: Path, tmp_path: Path) -> None:
    """Those who come while it is made are told to ask again, or wait; whoever gets an answer gets the same."""
    rows = rows_of(MODEL, 1)
    with Running([models / "binary"], tmp_path) as running:
        together = threading.Barrier(50)

        def send(_: int) -> httpx.Response:
            together.wait(60)
            for _ in range(50):
                header = {"idempotency-key": "once"}
                answer = httpx.post(running.address + PATH, json={"rows": rows}, headers=header, timeout=30)
                if answer.status_code != 409:
                    return answer
                assert answer.headers["retry-after"]
                time.sleep(0.1)
            return answer

        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(send, range(50)))
        assert {each.status_code for each in found} == {200}
        assert len({each.content for each in found}) == 1
        assert sum("idempotency-replayed" not in each.headers for each in found) == 1
        assert running.stop() == 0
    assert len(recorded(tmp_path)) == 1
