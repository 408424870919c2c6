"""Answers that may not go out before they are in the database."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from mlwright.errors import OutputError
from mlwright.serve.record.answered import Line


@dataclass(frozen=True, eq=False)
class Awaited:
    """Lines, and the future of whoever waits for them."""

    lines: Sequence[Line]
    future: Future[None]

    def tell(self, error: OutputError | None) -> None:
        """Say that they are written, or why not."""
        if not self.future.set_running_or_notify_cancel():
            return  # whoever waited has gone
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


class Urgent:
    """What is waited for, put by any thread and taken by one."""

    def __init__(self) -> None:
        self._queue: deque[Awaited] = deque()
        self._lock, self._over = threading.Lock(), False

    def __bool__(self) -> bool:
        """Tell whether anybody waits."""
        return bool(self._queue)

    def add(self, lines: Sequence[Line]) -> Future[None]:
        """Take lines; return the future that is told."""
        awaited = Awaited(lines, Future())
        with self._lock:
            if not self._over:
                self._queue.append(awaited)
                return awaited.future
        awaited.tell(OutputError("The record is closed."))
        return awaited.future

    def take(self, most: int) -> list[Awaited]:
        """Take out the oldest, until they have so many lines."""
        taken: list[Awaited] = []
        lines = 0
        while self._queue and lines < most:
            taken.append(self._queue.popleft())
            lines += len(taken[-1].lines)
        return taken

    def end(self) -> int:
        """Take nothing any more, and tell all that wait; return how many lines that were."""
        with self._lock:
            self._over = True
        lost = self.take(2**62)
        for each in lost:
            each.tell(OutputError("The record is closed."))
        return sum(len(each.lines) for each in lost)
