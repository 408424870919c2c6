"""The runner: one job at a time for a whole workspace, in a process of its own, by whichever worker comes first.

Who holds the lock runs the jobs. It is a transaction of an SQLite file, which no process that has ended can hold on to.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from mlwright.serve.jobs.folder import Job, Jobs, Progress
from mlwright.serve.settings import Settings

logger = logging.getLogger("mlwright.serve")
LOOK_S = 1.0
"""So often it is looked for jobs of other workers."""
WATCH_S = 0.2
SWEEP_S = 600.0
MOST_ATTEMPTS = 3
END_S = 5.0


class Runner:
    """Answers the jobs of a workspace on a thread of its own, until it is closed."""

    def __init__(self, workspace: Path, settings: Settings) -> None:
        self.jobs = Jobs(workspace / "jobs")
        told = {"logs": settings.logs, "workspace": str(workspace)}
        self._told = msgspec.json.encode(told) + b"\n"
        self._wake, self._ends = threading.Event(), False
        self._swept = 0.0
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is a job."""
        self._wake.set()

    def close(self) -> None:
        """End; a job that is running is begun again when the service is back."""
        self._ends = True
        self._wake.set()
        self._thread.join(2 * END_S)

    def _run(self) -> None:
        while not self._ends:
            try:
                self._look()
            except Exception:
                logger.exception("jobs")
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def _look(self) -> None:
        """Run all jobs there are, unless another worker does."""
        now = time.time()
        if not self.jobs.folder.is_dir() or not (now - self._swept > SWEEP_S or any(self.jobs.open())):
            return
        with closing(sqlite3.connect(self.jobs.folder / "lock.db", timeout=0, isolation_level=None)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                return
            self._swept = now
            self.jobs.sweep(now)
            while not self._ends and (found := next(self.jobs.open(), None)) is not None:
                self._answer(*found)

    def _answer(self, job: Job, progress: Progress) -> None:
        """Run one job to its end. Where one is running already, whoever ran it has ended: it is begun again."""
        if progress.attempts >= MOST_ATTEMPTS:
            said = f"The service ended {progress.attempts} times while the job was running."
            self.jobs.note(job.id, progress.failed(said, "it may be the file that ends it: send it in parts."))
            return
        begun = Progress(state="running", started=time.time(), attempts=progress.attempts + 1)
        self.jobs.note(job.id, begun)
        place = self.jobs.place(job.id)
        command = [sys.executable, "-m", "mlwright.serve.jobs.work", str(place)]
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as process:
            assert process.stdin is not None  # noqa: S101  a pipe was asked for
            with suppress(OSError):
                process.stdin.write(self._told)
                process.stdin.flush()
            is_watched = self._watch(process, place)
            process.kill()
            code = process.wait(END_S)
        if self._ends and not is_watched:  # that the service was asked to stop says nothing against the job
            self.jobs.note(job.id, Progress(attempts=progress.attempts))
        elif is_watched and self.jobs.progress(job.id).state == "running" and place.exists():
            said = f"The process that answered the job ended with {code}; perhaps there was not enough memory."
            self.jobs.note(job.id, self.jobs.progress(job.id).failed(said, "send the file in parts."))

    def _watch(self, process: subprocess.Popen[bytes], place: Path) -> bool:
        """Wait until a job has ended by itself; False where it is not wanted any more, or the service ends."""
        while process.poll() is None:
            if self._ends or not place.exists():
                return False
            self._wake.wait(WATCH_S)
            if not self._ends:
                self._wake.clear()
        return True
