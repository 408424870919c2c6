"""The folder of jobs: what was asked for, and how far it is. It is all that workers know of each other's jobs.

In jobs/ID/ there is job.json (what was asked for; it never changes), progress.json (how far it is; put in the place of
the one before, so that nobody reads half of one), rows (the file as it was sent, until the job has ended), subjects (a
hash of each that the rows are about, where the policy says which field tells) and result (the answers, when all are
there). jobs/ID.new/ holds a file that is still arriving. All of it is its owner's alone.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlwright.serve.policy import ModelPolicy
from mlwright.serve.problems import MOST_ERRORS, Problem, RowError
from mlwright.serve.record import new_ids
from mlwright.serve.settings import RecordSettings

State = Literal["queued", "running", "done", "failed"]
NEW, GONE = ".new", ".gone"
KEPT_S = 86_400.0
"""So long a job is kept after its end."""
ABANDONED_S = 3_600.0
"""A file of which nothing more has arrived for so long is not going to be whole."""
_KEPT: Mapping[State, frozenset[str]] = {
    "done": frozenset({"job.json", "progress.json", "subjects", "result"}),
    "failed": frozenset({"job.json", "progress.json", "subjects"}),
}
"""What is kept of a job that has ended."""
_ID = re.compile(r"[0-9a-f]{27}")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. Which version answers was decided when the job was given."""

    id: str
    model: str
    version: int
    source: str
    """Where the version is: name@version, or a path."""
    digest: str
    """Of the model at the path; empty where the registry knows it."""
    sent: str
    """What kind of content the rows are."""
    gives: str
    """What kind of content the answers will be."""
    explain: bool
    recorded: bool
    key: str | None
    """The label of the key that gave the job."""
    submitted: float
    policy: ModelPolicy
    """Of the service that took the job: another one on the same workspace may run it."""
    record: RecordSettings
    """Where and how that service records."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a job is. Times are in seconds since 1970."""

    state: State = "queued"
    rows: int = 0
    """Rows that were answered."""
    referred: int = 0
    """Those of them that got no answer, because a value is refused or a person has to decide."""
    attempts: int = 0
    """How often it was begun: a service that is stopped begins again when it is back."""
    started: float | None = None
    ended: float | None = None
    detail: str | None = None
    hint: str | None = None
    errors: tuple[RowError, ...] = ()

    def failed(self, detail: str, hint: str | None = None, errors: tuple[RowError, ...] = ()) -> Progress:
        """Return that the job has failed, and why."""
        return msgspec.structs.replace(
            self, state="failed", ended=time.time(), detail=detail, hint=hint, errors=errors[:MOST_ERRORS]
        )


_job, _progress = msgspec.json.Decoder(Job), msgspec.json.Decoder(Progress)


class Jobs:
    """The jobs of a workspace. Every process may use it; who answers them is the runner's business."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ended: set[str] = set()
        """Jobs whose end is known: what does not change any more is not read again and again."""

    def begin(self) -> tuple[str, Path]:
        """Return the id of a new job, and the file into which its rows are to be written. Raises OSError."""
        made = new_ids()[0]
        place = self.folder / f"{made}{NEW}"
        self.folder.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=0o700)
        _write(place / "rows", b"")
        return made, place / "rows"

    def submit(self, job: Job) -> None:
        """Let a job wait for its turn: its rows are there. Raises OSError."""
        place = self.folder / f"{job.id}{NEW}"
        _write(place / "job.json", msgspec.json.encode(job))
        _write(place / "progress.json", msgspec.json.encode(Progress()))
        place.rename(self.folder / job.id)

    def give_up(self, name: str) -> None:
        """Forget a job whose rows did not arrive."""
        shutil.rmtree(self.folder / f"{name}{NEW}", ignore_errors=True)

    def place(self, name: str) -> Path:
        """Return the folder of a job, whether there is one or not."""
        return self.folder / name

    def job(self, name: str) -> Job | None:
        """Return a job, or None where there is none."""
        if not _ID.fullmatch(name):
            return None
        try:
            return _job.decode((self.folder / name / "job.json").read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None

    def progress(self, name: str) -> Progress:
        """Return how far a job is."""
        try:
            return _progress.decode((self.folder / name / "progress.json").read_bytes())
        except (OSError, msgspec.MsgspecError):
            return Progress().failed("What is known of the job was lost.", "give it again.")

    def note(self, name: str, progress: Progress) -> None:
        """Keep how far a job is; where its folder is gone, nobody wants to know. Raises OSError where it is full.

        When it has ended, its rows go, and where it failed, what there is of its answers.
        """
        place = self.folder / name
        beside = place / "progress.part"
        try:
            _write(beside, msgspec.json.encode(progress))
            beside.replace(place / "progress.json")
        except FileNotFoundError:
            return
        if progress.ended is not None:
            for each in place.iterdir():
                if each.name not in _KEPT[progress.state]:
                    shutil.rmtree(each, ignore_errors=True)
                    each.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Delete a job; the runner ends it where it is running."""
        gone = self.folder / f"{name}{GONE}"
        with suppress(OSError):
            (self.folder / name).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def names(self) -> list[str]:
        """Return all jobs, the oldest first."""
        try:
            return sorted(each.name for each in self.folder.iterdir() if _ID.fullmatch(each.name))
        except OSError:
            return []

    def open(self) -> Iterator[tuple[Job, Progress]]:
        """Yield the jobs that wait or run, the oldest first."""
        names = self.names()
        self._ended &= set(names)
        for name in names:
            if name in self._ended:
                continue
            job, progress = self.job(name), self.progress(name)
            if job is not None and progress.state in {"queued", "running"}:
                yield job, progress
            elif progress.state in {"done", "failed"}:
                self._ended.add(name)

    def sweep(self, now: float) -> None:
        """Delete what ended a day ago, and files that never became whole."""
        for name in self.names():
            ended = self.progress(name).ended
            if ended is not None and ended < now - KEPT_S:
                self.delete(name)
        with suppress(OSError):
            for each in self.folder.iterdir():
                is_odd = each.name.endswith((NEW, GONE))
                if is_odd and max(file.stat().st_mtime for file in [each, *each.iterdir()]) < now - ABANDONED_S:
                    shutil.rmtree(each, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def told(job: Job, progress: Progress) -> dict[str, Any]:
    """Return what a client is told of a job."""
    facts: dict[str, Any] = {
        "id": job.id,
        "model": {"name": job.model, "version": job.version},
        "state": progress.state,
        "rows": progress.rows,
        "referred": progress.referred,
        "submitted": _moment(job.submitted),
        "started": _moment(progress.started),
        "ended": _moment(progress.ended),
        "result": f"/v1/jobs/{job.id}/result" if progress.state == "done" else None,
    }
    if progress.state == "failed":
        facts |= {"detail": progress.detail, "hint": progress.hint, "errors": list(progress.errors)}
    return facts


def not_done(progress: Progress) -> Problem:
    """Return what is said to whoever wants the result of a job that has none."""
    if progress.state == "failed":
        errors = progress.errors
        return Problem("not-done", f"The job failed. {progress.detail}", hint=progress.hint, errors=errors)
    said = f"The job is {progress.state}; {progress.rows:,} rows are answered."
    return Problem("not-done", said, hint="come again.", retry_after=2)


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
