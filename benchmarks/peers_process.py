"""A process that is watched: how long it takes, what memory it and its children hold, and that it ends in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LOOK = 0.2
SAMPLE = 1.0
ANSWERING = 300.0
"""Seconds that answering may take after the fit."""
DYING = 10.0
"""Seconds that those who were killed may take to go, with all their memory."""


@dataclass(frozen=True)
class Outcome:
    """How a process went."""

    seconds: float
    code: int
    killed: str | None
    """What it was doing when its time was up, or None."""
    tree_mb: float
    """The most memory it held together with its children while it fitted; 0 where it had none, or none was seen."""


def watched(command: list[str], *, environment: dict[str, str], folder: Path, limit: float) -> Outcome:
    """Run a command in a folder until it ends or its time is up.

    It says that it has fitted by a file named "fitted" in the folder; until then it has `limit` seconds.
    """
    begun = time.monotonic()
    known: dict[int, str] = {}
    most, killed, sampled = 0.0, None, 0.0
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            fitted = 0.0
            while process.poll() is None:
                time.sleep(LOOK)
                now = time.monotonic()
                if not fitted and (folder / "fitted").exists():
                    fitted = now
                if now - sampled >= SAMPLE:
                    sampled = now
                    tree = descendants(process.pid)
                    known |= tree
                    if len(tree) > 1 and not fitted:
                        most = max(most, sum(proportional_mb(each) for each in tree))
                if (now - fitted > ANSWERING) if fitted else (now - begun > limit):
                    killed = "answering" if fitted else "fitting"
                    break
        finally:
            _end(process, known | descendants(process.pid))
    return Outcome(time.monotonic() - begun, process.returncode, killed, most)


def _end(process: subprocess.Popen[bytes], known: dict[int, str]) -> None:
    """End the process and what it started, some of which may have left its session, and see them gone."""
    for each, started in known.items():
        if _runs(each, started):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    late = time.monotonic() + DYING
    while time.monotonic() < late and any(_runs(each, started) for each, started in known.items()):
        time.sleep(LOOK)


def descendants(root: int) -> dict[int, str]:
    """Return the process and all that descend from it, each with the moment it started (numbers are used again)."""
    parents = {int(each.name): _facts(int(each.name)) for each in PROC.glob("[0-9]*")}
    found = {root: parents[root][1]} if parents.get(root, (0, ""))[1] else {}
    grew = True
    while grew:
        more = {each: started for each, (parent, started) in parents.items() if parent in found and each not in found}
        found |= more
        grew = bool(more)
    return found


def _runs(process: int, started: str) -> bool:
    """Tell whether a process is still the one that it was, and not only waiting to be collected."""
    return _facts(process)[1] == started


def _facts(process: int) -> tuple[int, str]:
    """Return the parent and the start of a process; 0 and "" where it is gone or has ended."""
    try:
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, ""
    return (0, "") if fields[0] == "Z" else (int(fields[1]), fields[19])


def proportional_mb(process: int) -> float:
    """Return the memory a process holds, where what it shares with others counts in part."""
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
