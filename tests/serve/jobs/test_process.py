"""A job and the service that runs it: large files, a service that is killed and comes back, a job that is deleted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.serve.conftest import Running, rows_of

NDJSON = "application/x-ndjson"
HEADERS = {"content-type": NDJSON}
LIMITS = "[limits]\nfile_mb = 60\nseconds = 1"


def lines(megabytes: int) -> Iterator[bytes]:
    """Yield a file of rows, piece by piece."""
    piece = b"".join(json.dumps(row).encode() + b"\n" for row in rows_of("binary", 400))
    for _ in range(megabytes * 1_000_000 // len(piece)):
        yield piece


def slowly(piece: bytes, pause_s: float, count: int) -> Iterator[bytes]:
    """Yield a piece again and again."""
    for _ in range(count):
        yield piece
        time.sleep(pause_s)


def memory(pid: int) -> int:
    """Return how many bytes of memory a process has needed at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def workers(pid: int) -> list[int]:
    """Return the processes that answer jobs."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in children.read_text().split()]
    return [each for each in found if b"jobs.work" in Path(f"/proc/{each}/cmdline").read_bytes()]


def wait(running: Running, path: str, *states: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        told = running.client.get(path).json()
        if told["state"] in states:
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def test_a_large_file_is_never_in_memory_and_a_job_outlives_its_service(models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path, settings=LIMITS) as running:
        post = running.client.post
        post("/v1/models/binary/jobs", content=next(lines(1)), headers=HEADERS)
        before = memory(running.pid)
        given = post("/v1/models/binary/jobs?record=false", content=lines(40), headers=HEADERS)
        assert given.status_code == 202
        assert memory(running.pid) - before < 20_000_000
        refused = post("/v1/models/binary/jobs", content=lines(70), headers=HEADERS)
        assert refused.status_code == 413
        steady = slowly(next(lines(1)), 0.2, 12)  # takes longer than a body may, but is on its way
        assert post("/v1/models/binary/jobs", content=steady, headers=HEADERS).status_code == 202
        assert post("/v1/models/binary/jobs", content=slowly(b" ", 0.2, 12), headers=HEADERS).status_code == 408
        path = given.headers["location"]
        wait(running, path, "running")
        (child,) = workers(running.pid)
        running.kill()
        until = time.monotonic() + 10
        while Path(f"/proc/{child}").exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert not Path(f"/proc/{child}").exists()
    with Running([models / "binary"], tmp_path, settings=LIMITS) as running:
        told = wait(running, path, "running")
        (child,) = workers(running.pid)
        small = running.client.post("/v1/models/binary/jobs", content=next(lines(1)), headers=HEADERS)
        assert running.client.get(small.headers["location"]).json()["state"] == "queued"  # one at a time
        assert running.client.get(f"{path}/result").status_code == 409
        assert running.client.delete(path).status_code == 200
        told = wait(running, small.headers["location"], "done")
        assert told["rows"] == 400
        assert not Path(f"/proc/{child}").exists()
        with running.client.stream("GET", told["result"]) as response:
            assert sum(1 for _ in response.iter_lines()) == 400
        running.stop()
        assert workers_left(tmp_path) == []


def workers_left(workspace: Path) -> list[str]:
    """Return the command lines of all processes that answer jobs of a workspace."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = each.read_bytes()
        except OSError:
            continue
        if b"jobs.work" in command and str(workspace).encode() in command:
            found.append(command.decode())
    return found
