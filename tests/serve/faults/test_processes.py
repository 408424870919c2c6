"""Processes that are killed, or asked to stop while they work."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.serve.conftest import Running
from tests.serve.faults.load import Load, recorded, until
from tests.serve.faults.wire import GOOD, PATH

from mlwright.serve.metrics import SHARED

WINDOW_S = 0.2


def workers(running: Running) -> list[int]:
    """Return the process ids of the workers."""
    return workers_of(running.pid)


def workers_of(starter: int) -> list[int]:
    found = Path(f"/proc/{starter}/task/{starter}/children").read_text().split()
    return [int(pid) for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process, other than as a memory of one that ended."""
    try:
        return not re.search(r"State:\s+Z", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return False


def post(running: Running) -> int:
    """Ask once over a connection of its own; return the status, or 0 where there was no answer."""
    try:
        kind = {"content-type": "application/json"}
        return httpx.post(running.address + PATH, content=GOOD, headers=kind, timeout=20).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("count", [1, 2])
def test_stopping_under_load_loses_no_request_and_no_record(
    models: Path, tmp_path: Path, signalled: int, count: int
) -> None:
    with Running([models / "binary"], tmp_path, "--workers", str(count)) as running:
        if count > 1:
            until(lambda: len(workers(running)) == count and all(post(running) == 200 for _ in range(5)))
        with Load(running) as load:
            time.sleep(1.0)
            code = running.stop(signalled)
            load.join()
        assert code in {0, 130}
        assert load.lost == 0
        assert load.statuses == {200}
        assert len(load.answered) > 100
        assert set(load.answered) <= recorded(tmp_path)


def test_a_killed_process_loses_at_most_the_window(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path) as running:
        with Load(running, 4) as load:
            time.sleep(1.0)
            early = list(load.answered)
            time.sleep(3 * WINDOW_S)  # the window, and what one transaction takes on a busy machine
            running.kill()
        assert len(early) > 10
        assert set(early) <= recorded(tmp_path)


def test_what_was_promised_is_there_after_a_kill(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path, "--durability", "request") as running:
        with Load(running, 8) as load:
            time.sleep(1.0)
            running.kill()
        assert len(load.answered) > 5
        assert set(load.answered) <= recorded(tmp_path)


def test_a_killed_worker_is_replaced_and_the_others_answer(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path, "--workers", "2") as running:
        until(lambda: len(workers(running)) == 2 and all(post(running) == 200 for _ in range(5)))
        first, second = workers(running)
        os.kill(first, signal.SIGKILL)
        found = [post(running) for _ in range(20)]
        assert found.count(200) >= 18  # what it had accepted at that moment went with it
        until(lambda: len(workers(running)) == 2 and first not in workers(running))
        assert second in workers(running)
        until(lambda: all(post(running) == 200 for _ in range(5)))
        assert any(json.loads(line).get("worker") == first for line in running.said if line.startswith("{"))
        assert running.stop() == 0


def test_a_worker_that_cannot_be_replaced_does_not_end_the_others(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "models" / "binary"
    shutil.copytree(models / "binary", copy)
    with Running([copy], tmp_path / "workspace", "--workers", "2") as running:
        until(lambda: len(workers(running)) == 2 and all(post(running) == 200 for _ in range(5)))
        time.sleep(1.0)  # the one that watches sees that they are ready
        shutil.move(copy, tmp_path / "away")
        first, second = workers(running)
        os.kill(first, signal.SIGKILL)
        until(lambda: any("cannot" in line or "failed" in line or "ended" in line for line in running.said))
        time.sleep(3.0)
        assert second in workers(running)
        assert post(running) == 200
        shutil.move(tmp_path / "away", copy)
        until(lambda: len(workers(running)) == 2 and all(post(running) == 200 for _ in range(5)), 40)


def counted_in(pid: int) -> Path:
    """Return the folder in which a worker counts together with the others."""
    variables = dict(each.partition("=")[::2] for each in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    return Path(variables[SHARED])


def test_workers_that_are_still_starting_end_with_it_too(models: Path, tmp_path: Path) -> None:
    """They look who started them when they have started: it may be gone by then, and another be their parent."""
    given = Running([models / "binary"], tmp_path, "--workers", "2")
    command = [sys.executable, "-m", "mlwright", "serve", *given.arguments]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=given.environment, start_new_session=True) as service:
        try:
            until(lambda: len(workers_of(service.pid)) == 2, 60)
            both = workers_of(service.pid)
            time.sleep(0.2)  # until they know what they are to do, which they are told through a pipe
            service.kill()
            service.wait(20)
            until(lambda: not any(is_alive(pid) for pid in both), 90)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(service.pid, signal.SIGKILL)


def test_a_service_that_is_killed_is_gone_with_its_workers(models: Path, tmp_path: Path) -> None:
    """Also where they would not end: the pipe that they hold is read to its end."""
    with Running([models / "binary"], tmp_path, "--workers", "2") as running:
        until(lambda: len(workers(running)) == 2)
        both = workers(running)
        for pid in both:
            os.kill(pid, signal.SIGSTOP)
        running.kill()
        until(lambda: not any(is_alive(pid) for pid in both))


def test_workers_end_with_the_one_that_watches_over_them(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path, "--workers", "2") as running:
        until(lambda: len(workers(running)) == 2 and post(running) == 200)
        both = workers(running)
        counts = counted_in(both[0])
        assert counts.is_dir()
        try:
            running.process.kill()
            until(lambda: not any(is_alive(pid) for pid in both))
            assert not counts.exists()
        finally:
            for pid in filter(is_alive, both):
                os.kill(pid, signal.SIGKILL)
