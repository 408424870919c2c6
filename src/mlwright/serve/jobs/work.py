"""python -m mlwright.serve.jobs.work FOLDER: answer one job. Started by the runner, and ended with it.

The first line of standard input says what the service's settings are. It is kept open as long as the service lives:
when it ends, so does this process, whatever ended the service.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlwright.errors import MlwrightError, ModelError
from mlwright.serve import logs
from mlwright.serve.answers import Answer
from mlwright.serve.checking import Flag
from mlwright.serve.forms import in_service
from mlwright.serve.jobs.folder import Job, Jobs
from mlwright.serve.jobs.results import writer
from mlwright.serve.jobs.rows import rows_in
from mlwright.serve.jobs.spool import Spool
from mlwright.serve.jobs.subjects import Subjects
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.record import Record, record_place
from mlwright.serve.recording import private_of
from mlwright.serve.serving import Serving, filled, users_of
from mlwright.serve.settings import Logs
from mlwright.serve.shapes import Rows

logger = logging.getLogger("mlwright.serve")
SAID_S = 0.5
"""How far the job is, is said so often at most."""


class Told(msgspec.Struct):
    """What the runner says."""

    logs: Logs
    workspace: str


def main(folder: Path, told: int) -> int:
    """Answer the job of a folder; return the exit code. `told`: the file descriptor by which the runner speaks."""
    said = msgspec.json.decode(_line(told), type=Told)
    threading.Thread(target=_end_with, args=(told,), daemon=True).start()
    logs.configure(said.logs)
    os.umask(0o077)  # rows and answers are about people
    jobs = Jobs(folder.parent)
    job = jobs.job(folder.name)
    if job is None:
        return 2
    work = Work(job, jobs, said)
    try:
        work.run()
    except Problem as problem:
        work.fail(problem.detail, problem.hint, tuple(problem.errors))
    except MlwrightError as error:
        work.fail(error.message, error.hint)
    except OSError as error:
        work.fail(f"The answers cannot be written: {error.strerror or error}.", "is the disk full?")
    except MemoryError:
        work.fail("There is not enough memory for this file.", "send it in parts.")
    except Exception:
        logger.exception("a job", extra={"job": job.id})
        work.fail("This is a fault of the service.", f"its log tells of the job {job.id}.")
    return 0


def _line(told: int) -> bytes:
    """Return the first line, read without a buffer: a thread that waits for one would hold up the end of Python."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(told, 1 << 16)):
        line += more
    return line


def _end_with(told: int) -> None:
    """End this process where the service has ended."""
    while os.read(told, 1 << 16):
        pass
    os._exit(1)


class Work:
    """One job, from its rows to its result."""

    def __init__(self, job: Job, jobs: Jobs, told: Told) -> None:
        self.job, self.jobs, self.told = job, jobs, told
        self.progress = jobs.progress(job.id)
        self._said = 0.0

    def run(self) -> None:
        """Answer all rows. Raises Problem, MlwrightError, OSError where that cannot be."""
        job, place = self.job, self.jobs.place(self.job.id)
        served = self._served()
        spool, subject = self._spool(), job.policy.subject
        subjects = None if subject is None else Subjects(place, subject)
        part = place / "result.part"
        out = writer(job.gives, part, served, explain=job.explain)
        rows = referred = 0
        for chunk in rows_in(place / "rows", job.sent, served.columns, served.shape):
            ids = [f"{job.id}-{rows + number}" for number in range(len(chunk))]
            if subjects is not None:
                subjects.add(chunk)
            chunk = self._with_histories(served, chunk)  # noqa: PLW2901
            answers = self._answers(served, chunk, ids, is_first=rows == 0)
            if spool is not None:
                spool.add(served, chunk, answers)
            out.write(answers)
            rows += len(chunk)
            referred += sum(answer.action == "refer" for answer in answers)
            self._say(rows, referred)
        if not rows:
            raise Problem("malformed-request", "The file holds no rows.")
        out.close()
        part.replace(place / "result")
        if subjects is not None:
            subjects.close()
        if spool is not None:
            spool.bring()
        done = msgspec.structs.replace(
            self.progress, state="done", rows=rows, referred=referred, ended=time.time(), detail=None, hint=None
        )
        self.jobs.note(job.id, done)

    def fail(self, detail: str, hint: str | None = None, errors: tuple[RowError, ...] = ()) -> None:
        """Say why there will be no result."""
        self.jobs.note(self.job.id, self.progress.failed(detail, hint, errors))

    def _served(self) -> Serving:
        from mlwright.model import load
        from mlwright.registry import Workspace
        from mlwright.registry.version import digest_of

        job = self.job
        if job.digest and digest_of(Path(job.source)) != job.digest:
            raise ModelError(f"The model {job.model!r} is not the one any more that the job was given to.")
        model = load(job.source) if job.digest else Workspace(self.told.workspace).open(job.source)
        return in_service(model, job.model, job.version, job.policy)

    def _spool(self) -> Spool | None:
        job = self.job
        if job.record.durability == "off" or not job.recorded:
            return None
        return Spool(self.jobs.place(job.id) / "record.part", job, Path(self.told.workspace))

    def _with_histories(self, served: Serving, rows: Rows) -> Rows:
        """Return the rows with the histories that the service keeps. Raises OutputError."""
        if "events" not in served.ways or not (wanted := users_of(served, rows)):
            return rows
        workspace = Path(self.told.workspace)
        private = private_of({self.job.model: self.job.policy}, workspace)
        record = Record(record_place(workspace, self.job.record.place), private=private)
        try:
            return filled(served, rows, record.histories(served.name, wanted))
        finally:
            record.close()

    def _answers(self, served: Serving, rows: Rows, ids: Sequence[str], *, is_first: bool) -> list[Answer]:
        """Return the answers to rows; one with a value that is refused goes to a person, and says why.

        Raises Problem where all of the first rows are refused: then it is the file that is wrong.
        """
        refused: dict[int, list[RowError]] = {}
        by_place: dict[int, Answer] = {}
        while left := [place for place in range(len(rows)) if place not in refused]:
            own, names = [rows[at] for at in left], [ids[at] for at in left]
            try:
                found = served.answer(own, names, explain=self.job.explain)
            except Problem as problem:
                if not problem.errors:
                    raise
                for error in problem.errors:
                    refused.setdefault(left[error.row or 0], []).append(error)
                if is_first and len(refused) == len(rows):
                    said = f"No row of the file can be answered. {problem.errors[0].message}"
                    raise Problem("invalid-rows", said, errors=problem.errors) from problem
                continue
            by_place = dict(zip(left, found, strict=True))
            break
        return [
            by_place[at] if at in by_place else Answer(ids[at], None, [_flag(each) for each in refused[at]], "refer")
            for at in range(len(rows))
        ]

    def _say(self, rows: int, referred: int) -> None:
        if (now := time.monotonic()) - self._said >= SAID_S:
            self._said = now
            self.progress = msgspec.structs.replace(self.progress, rows=rows, referred=referred)
            self.jobs.note(self.job.id, self.progress)


def _flag(error: RowError) -> Flag:
    return Flag(error.kind, error.message, error.column, error.value, error.nearest)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.stdin.fileno()))
