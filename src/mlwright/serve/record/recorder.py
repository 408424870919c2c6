"""The recorder of a service: answers go into a buffer, and one thread brings them to the database.

    put ──> waiting (objects) ──> backlog (lines, bounded in bytes) ──> one transaction for up to 1,000

Whoever puts never waits. Where the database is gone or the disk full, the backlog grows to its bound, and what comes
then is dropped and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Literal

from mlwright.errors import OptionError, OutputError
from mlwright.registry.database import Synchronous
from mlwright.serve.record.answered import Answered, Line, line, weight
from mlwright.serve.record.backlog import Backlog
from mlwright.serve.record.private import Private
from mlwright.serve.record.record import Record
from mlwright.serve.record.sweep import Sweep
from mlwright.serve.record.urgent import Urgent
from mlwright.serve.record.writer import Writer

Durability = Literal["off", "batch", "request"]
WINDOW_S = 0.1
"""So long an answer waits at most before it is on its way to the database: half of what is promised."""
BATCH = 1000
"""Answers in one transaction at most."""
MOST_BYTES = 64 * 2**20
MOST_ROWS = 100_000
UNTOUCHED = 4000
"""So many answers may wait as the objects they are, whose size nobody knows; more are made into lines at once."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
WAIT_S = 2.0
"""So long it is waited for another process that writes to the SQLite file, before it is told as a problem."""
SWEEP_STEP_S = 0.02
REFUSED = "The database refuses an answer for what it is."
STEP, BREATH_S = 20, 0.0001
"""After so many lines the writing thread lets go of the interpreter, for a moment that the event loop can use."""


class Recorder:
    """Records what a service answers. One for each process, made in that process.

    Parameters
    ----------
    place
        The path of an SQLite file, or a URL (PostgreSQL).
    durability
        "off": nothing is kept. "batch": a process that is killed loses at most what was answered in the last 200 ms
        and what one transaction takes. "request": `put_now` says when answers are safe, also from a loss of power.
    private
        What to hash or leave out.
    most_bytes, most_rows
        How much may wait while the database cannot be used.
    keep_s
        Once an hour, delete what is older than so many seconds.
    """

    def __init__(
        self,
        place: str | Path,
        *,
        durability: Durability = "batch",
        private: Private | None = None,
        most_bytes: int = MOST_BYTES,
        most_rows: int = MOST_ROWS,
        keep_s: float | None = None,
    ) -> None:
        if durability not in {"off", "batch", "request"}:
            raise OptionError.unknown("--durability", str(durability), ["off", "batch", "request"])
        self.durability, self._private = durability, private or Private()
        synchronous: Synchronous = "FULL" if durability == "request" else "NORMAL"
        self.record = Record(place, private=private, synchronous=synchronous, wait_s=WAIT_S)
        self.problem: str | None = None
        self._waiting: deque[Answered | Line] = deque()
        self._urgent = Urgent()
        self._backlog, self._writer = Backlog(most_bytes, most_rows), Writer(self.record)
        self._made, self._refused = _Count(), _Count()
        # These are written by the writing thread alone, and read by any.
        self._taken = self._done = self._lost = self._written = self._made_taken = 0
        self._wake, self._moved = threading.Event(), threading.Condition()
        self._shut, self._flushing, self._until = durability == "off", 0, float("inf")
        self._failures, self._retry_at = 0, 0.0
        self._sweep = Sweep(self.record, keep_s)
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        if durability != "off":
            self._thread.start()

    def put(self, answered: Answered) -> None:
        """Take an answer to be written soon; never waits, never raises. Any thread may call it.

        What there is no room for is dropped and counted in `drops`.
        """
        waiting = self._waiting
        if self._shut:
            self._refused.add(self.durability != "off")
            return
        if len(waiting) < UNTOUCHED:
            waiting.append(answered)
        else:
            self._put_made(answered)
        if len(waiting) >= BATCH:
            self._wake.set()

    def put_now(self, answers: Sequence[Answered], timeout: float = 30.0) -> None:
        """Return when the answers are in the database. Raises OutputError where they cannot be written.

        Not for the event loop's thread: there, `await asyncio.wrap_future(recorder.promised(answers))`.
        """
        try:
            self.promised(answers).result(timeout)
        except TimeoutError as error:
            raise OutputError(f"The record was not written within {timeout:g} seconds.") from error

    def promised(self, answers: Sequence[Answered]) -> Future[None]:
        """Return a future that is done when the answers are in the database; many who wait share one transaction.

        It fails with OutputError where they cannot be written; they are then dropped, and counted.
        """
        if self.durability == "off":
            nothing: Future[None] = Future()
            nothing.set_result(None)
            return nothing
        future = self._urgent.add([line(each, self._private) for each in answers])
        self._wake.set()
        return future

    @property
    def drops(self) -> int:
        """How many answers were lost: there was no room, or the database refused them for what they are."""
        return self._refused.number + self._lost

    @property
    def written(self) -> int:
        """How many answers this recorder has brought to the database."""
        return self._written

    @property
    def pending(self) -> int:
        """How many answers wait to be written."""
        return len(self._waiting) + self._backlog.rows

    def flush(self, timeout: float) -> bool:
        """Wait until all is written (or dropped) that was put before; return False where so many seconds pass first."""
        if self.durability == "off":
            return True
        target, until = self._put_so_far(), time.monotonic() + timeout
        with self._moved:
            self._flushing += 1
            try:
                while self._done < target and self._thread.is_alive():
                    self._wake.set()
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._moved.wait(min(left, WINDOW_S))
                return self._done >= target
            finally:
                self._flushing -= 1

    def close(self, timeout: float) -> bool:
        """Write all there is, and end; return False where so many seconds pass first: `pending` says what is missing.

        What is put afterwards is dropped and counted.
        """
        self._shut, self._until = True, time.monotonic() + timeout
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout + WINDOW_S)
        return not self._thread.is_alive() and not self.pending

    def _put_so_far(self) -> int:
        """Return how many answers were ever let in; asked until the writing thread took none meanwhile."""
        while True:
            taken = self._taken
            total = taken + len(self._waiting)
            if taken == self._taken:
                return total

    def _put_made(self, answered: Answered) -> None:
        """Take an answer as the line it will be, whose bytes are known, so that many cannot take all memory."""
        try:
            made = line(answered, self._private)
        except Exception as error:  # noqa: BLE001  an answer goes out, whatever is wrong with its record
            self.problem = _not_written(error)
            self._refused.add(1)
            return
        held = self._made.number - self._made_taken + self._backlog.bytes
        if held + weight(made) > self._backlog.most_bytes or self.pending >= self._backlog.most_rows:
            self._refused.add(1)
            return
        self._made.add(weight(made))
        self._waiting.append(made)

    def _run(self) -> None:
        while True:
            self._wake.wait(SWEEP_STEP_S if self._sweep.busy else WINDOW_S)
            self._wake.clear()
            closing = self._shut
            self._write_urgent()
            self._write()  # what is left makes room first, where the database is back
            self._gather()
            self._write()
            self._tidy()
            if closing and (not self.pending or time.monotonic() > self._until):
                break
        self._lose(self._urgent.end(), None, put=False)
        self.record.close()

    def _gather(self) -> None:
        """Make lines of what waits, in small steps: between them the event loop may have the interpreter."""
        for place in range(len(self._waiting)):
            if place % STEP == STEP - 1:
                time.sleep(BREATH_S)
            taken = self._waiting.popleft()
            self._taken += 1
            try:
                made = line(taken, self._private) if isinstance(taken, Answered) else taken
            except Exception as error:  # noqa: BLE001  one odd answer must not end the thread
                self._lose(1, _not_written(error))
                continue
            if made is taken:
                self._made_taken += weight(made)
            if not self._backlog.add(made):
                self._lose(1, None)

    def _write(self) -> None:
        """Bring the backlog to the database; where that fails, try again after a pause that grows."""
        if time.monotonic() < self._retry_at and not self._flushing and not self._shut:
            return
        while batch := self._backlog.first(BATCH):
            try:
                refused = self._writer.write(batch)
            except Exception as error:  # noqa: BLE001  this thread lives as long as the service
                self.problem = str(error)
                pause = min(FIRST_PAUSE_S * 2**self._failures, LONGEST_PAUSE_S)
                self._failures, self._retry_at = self._failures + 1, time.monotonic() + pause
                return
            self._failures, self._retry_at, self.problem = 0, 0.0, None
            self._backlog.drop(len(batch))
            self._count(len(batch) - len(refused))
            if refused:
                self._lose(len(refused), REFUSED)
            self._write_urgent()

    def _write_urgent(self) -> None:
        """Bring what is waited for to the database, in one transaction for all who wait."""
        while taken := self._urgent.take(BATCH):
            lines = [line for each in taken for line in each.lines]
            try:
                refused = self._writer.write(lines)
            except Exception as error:  # noqa: BLE001  this thread lives as long as the service
                self._lose(len(lines), str(error), put=False)
                failed = error if isinstance(error, OutputError) else OutputError(_not_written(error))
                for each in taken:
                    each.tell(failed)
                continue
            self._count(len(lines) - len(refused), put=False)
            self.problem = None
            if refused:
                self._lose(len(refused), REFUSED, put=False)
            for each in taken:
                each.tell(OutputError(REFUSED) if any(line in refused for line in each.lines) else None)

    def _tidy(self) -> None:
        try:
            self._sweep.step()
        except Exception as error:  # noqa: BLE001  this thread lives as long as the service
            self.problem = str(error)

    def _count(self, written: int, *, put: bool = True) -> None:
        with self._moved:
            self._written += written
            self._done += written if put else 0
            self._moved.notify_all()

    def _lose(self, count: int, problem: str | None, *, put: bool = True) -> None:
        with self._moved:
            self.problem = problem or self.problem
            self._lost += count
            self._done += count if put else 0
            self._moved.notify_all()


class _Count:
    """A number that any thread may add to."""

    def __init__(self) -> None:
        self.number, self._lock = 0, threading.Lock()

    def add(self, more: int) -> None:
        with self._lock:
            self.number += more


def _not_written(error: Exception) -> str:
    return f"An answer cannot be written ({type(error).__name__}: {error})."
