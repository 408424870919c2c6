"""Retention in a running service: what is older than it may be kept is deleted once an hour, a little at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mlwright.serve.record.forgetting import prune_steps
from mlwright.serve.record.record import Record

EVERY_S = 3600.0


class Sweep:
    """Deletes what is older than `keep_s` seconds; nothing where that is None."""

    def __init__(self, record: Record, keep_s: float | None) -> None:
        self._record, self._keep_s = record, keep_s
        self._due = time.monotonic()
        self._steps: Iterator[dict[str, int]] | None = None

    @property
    def busy(self) -> bool:
        """Whether there is more to delete at once."""
        return self._steps is not None

    def step(self) -> None:
        """Run one small transaction, where it is time to. Raises OutputError; it is tried again an hour later."""
        if self._keep_s is None or (self._steps is None and time.monotonic() < self._due):
            return
        try:
            if self._steps is None:
                self._due = time.monotonic() + EVERY_S
                before = time.time_ns() // 1000 - round(self._keep_s * 1e6)
                self._steps = prune_steps(self._record.engine, before, None)
            if next(self._steps, None) is None:
                self._steps = None
        except Exception:
            self._steps = None
            raise
