"""Whom the rows of jobs are about: found and deleted, when a person is to be forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlwright.serve.jobs.folder import Job, Jobs
from mlwright.serve.jobs.rows import rows_in
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import ANY, Rows
from mlwright.values import as_text

FILE = "subjects"
_LENGTH = 16


class Subjects:
    """Writes down whom the rows of a job are about, as hashes. Raises OSError."""

    def __init__(self, place: Path, field: str) -> None:
        self._file, self._field = (place / FILE).open("wb"), field

    def add(self, rows: Rows) -> None:
        """Take rows, before they are answered."""
        self._file.write(b"".join(map(_mark, _named(rows, self._field))))

    def close(self) -> None:
        """End the file."""
        self._file.close()


def forget_in_jobs(jobs: Jobs, subject: str) -> tuple[int, list[str]]:
    """Delete the jobs that have ended and hold a subject; return how many, and the ids of those that wait or run.

    These are not touched: they hold rows about others, too, whose answers somebody waits for.
    """
    deleted, waiting = 0, []
    for name in jobs.names():
        job = jobs.job(name)
        if job is None or job.policy.subject is None:
            continue
        if jobs.progress(name).ended is None:
            with suppress(FileNotFoundError):  # it has ended meanwhile
                if _waits(jobs.place(name) / "rows", job, subject):
                    waiting.append(name)
                continue
        if _is_marked(jobs.place(name) / FILE, subject):
            jobs.delete(name)
            deleted += 1
    return deleted, waiting


def _waits(path: Path, job: Job, subject: str) -> bool:
    if not path.exists():  # not every reader says so
        raise FileNotFoundError(path)
    try:
        return any(subject in _named(rows, job.policy.subject or "") for rows in rows_in(path, job.sent, shape=ANY))
    except Problem:  # what cannot be read will not be answered
        return False


def _named(rows: Rows, field: str) -> Iterable[str]:
    return (text for row in rows if (text := as_text(row.get(field))) is not None)


def _mark(subject: str) -> bytes:
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()[:_LENGTH]


def _is_marked(path: Path, subject: str) -> bool:
    wanted = _mark(subject)
    try:
        with path.open("rb") as file:
            while part := file.read(_LENGTH << 16):
                if wanted in part and any(
                    part[start : start + _LENGTH] == wanted for start in range(0, len(part), _LENGTH)
                ):
                    return True
    except OSError:
        return False
    return False
