"""How the service does: how long answers take, and how often the model's answer is not given."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

EDGES = 100.0 * 2.0 ** (np.arange(39) / 2.0)
"""Microseconds, from 0.1 ms to 52 s: each bin is 1.4 times as long as the one before."""


class Health:
    """The latency of requests, and withheld answers (0 or 1). They are ranked among the first rows answered."""

    kind: ClassVar[str] = "health"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how the service does"

    def streams(self, subject: Subject) -> Streams | None:
        """Return latency and withheld answers; what they were before nobody knows."""
        del subject
        return Streams(("latency", "withheld answers"), np.zeros((2, len(EDGES) + 1), dtype=np.int64))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the bins of both."""
        del subject
        known = np.isfinite(events.latency)
        latency = np.where(known, np.searchsorted(EDGES, np.where(known, events.latency, 0.0), side="right"), -1)
        withheld = (~events.given).astype(np.intp)
        return Seen(np.stack([latency, withheld], axis=1).astype(np.intp))
