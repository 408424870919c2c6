"""What a stream was like, part by part: fine for what is recent, coarser the older it is, and small at any length.

Parts double in size as they age, and there are at most 2 * KEPT of each size (Datar, Gionis, Indyk and Motwani,
Maintaining stream statistics over sliding windows, 2002): a moment that lies d rows back is known to about d / KEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.monitor.ranks import Counts, Floats

MOST = 1e100
"""No value counts for more, so that sums of squares stay numbers."""
KEPT = 12
"""Parts of each size, before two of them become one of the next size."""
CREDIBLE = 0.9
"""How sure the interval of a beginning is."""


@dataclass(frozen=True, slots=True)
class Since:
    """When a change began: the likeliest moment and an interval, in microseconds; and how many rows ago."""

    at: int
    earliest: int
    latest: int
    rows: int


@dataclass(slots=True)
class Part:
    """Neighbouring rows: how often they were folded, their moments, and sums over them."""

    size: int
    start: int
    end: int
    clock: int
    logs: Floats
    """(s, k): the sum of the logarithms of what each bet multiplied by."""
    sums: Floats
    """(3, s): the number of values, their sum and the sum of their squares."""

    def plus(self, later: Part) -> Part:
        """Return this and its neighbour as one."""
        start = min(self.start, later.start)
        end, clock = max(self.end, later.end), self.clock + later.clock
        return Part(self.size + 1, start, end, clock, self.logs + later.logs, self.sums + later.sums)


class History:
    """The parts of s streams with k bets each, oldest first; the last one is still being filled."""

    def __init__(self, streams: int, bets: int) -> None:
        self._shape = streams, bets
        self.parts: list[Part] = []
        self._open: Part | None = None

    def add(self, logs: Floats, at: Counts, values: Floats | None, there: Any) -> None:
        """Add rows: their moments (n,), values (n, s) if there are any, and for which streams they are there (n, s).

        `logs` (s, k) are the logarithms of what each bet has multiplied by since the part was begun.
        """
        if not len(at):
            return
        now = self._open or Part(0, int(at[0]), int(at[0]), 0, logs, np.zeros((3, self._shape[0])))
        now.logs = logs
        if values is None:
            now.sums[0] += there.sum(axis=0)
        else:
            known = np.clip(np.where(there, values, 0.0), -MOST, MOST)
            new = np.stack([there.astype(np.float64), known, known * known], axis=1)
            now.sums = np.concatenate([now.sums[None], new]).cumsum(axis=0)[-1]  # in order, in whatever portions
        now.start, now.end = min(now.start, int(at.min())), max(now.end, int(at.max()))
        now.clock += len(at)
        self._open = now

    def close(self) -> None:
        """Begin the next part, and fold the oldest ones of each size of which there are too many."""
        if self._open is None:
            return
        self.parts.append(self._open)
        self._open = None
        size = 0
        while True:
            same = [place for place, part in enumerate(self.parts) if part.size == size]
            if len(same) <= 2 * KEPT:
                return
            for place in same[:KEPT:2]:
                self.parts[place] = self.parts[place].plus(self.parts[place + 1])
            for place in reversed(same[:KEPT:2]):
                del self.parts[place + 1]
            size += 1

    def all_parts(self) -> list[Part]:
        """Return all parts, with the one that is being filled."""
        return [*self.parts, self._open] if self._open is not None else list(self.parts)

    def since(self, stream: int) -> Since | None:
        """Return when the change of a stream most likely began, given that there was one; None before any row.

        Each part may be where it began: its probability is the share that bets begun there have in the capital.
        """
        parts = self.all_parts()
        if not parts:
            return None
        logs = np.array([part.logs[stream] for part in parts])
        suffix = logs[::-1].cumsum(axis=0)[::-1]
        clock = np.array([part.clock for part in parts])
        worth = np.logaddexp.reduce(suffix, axis=1) + np.log(clock)
        chance = np.exp(worth - worth.max())
        best, beginnings = int(chance.argmax()), chance.cumsum() / chance.sum()
        low = int(np.searchsorted(beginnings, (1 - CREDIBLE) / 2))
        high = min(int(np.searchsorted(beginnings, (1 + CREDIBLE) / 2)), len(parts) - 1)
        # A change within a part shows in the next one. Rows of one moment are not told apart: those before are let out.
        before = parts[best - 1].end if best else parts[0].start - 1
        at = next((part.start for part in parts[best:] if part.start > before), parts[best].start)
        return Since(at, parts[max(low - 1, 0)].start, parts[high].end, int(clock[best:].sum()))

    def sums(self, stream: int, rows: int | None = None) -> tuple[float, float, float]:
        """Return number, mean and variance of the values of a stream, of about the last so many rows or of all."""
        parts, clock = [], 0
        for part in reversed(self.all_parts()):
            if rows is not None and clock >= rows:
                break
            parts.append(part.sums[:, stream])
            clock += part.clock
        count, total, squares = np.sum(parts, axis=0) if parts else np.zeros(3)
        if not count:
            return 0.0, float("nan"), float("nan")
        mean = total / count
        return float(count), float(mean), float(max(squares / count - mean * mean, 0.0))

    def state(self) -> list[Any]:
        """Return it for JSON."""
        return [
            [part.size, part.start, part.end, part.clock, part.logs.tolist(), part.sums.tolist()]
            for part in self.all_parts()
        ] + [self._open is not None]

    def restore(self, state: list[Any]) -> None:
        """Go on from a state. Raises TypeError, ValueError where it is none."""
        *given, is_open = state
        streams, bets = self._shape
        parts = [
            Part(
                int(size),
                int(start),
                int(end),
                int(clock),
                np.array(logs, dtype=np.float64).reshape(streams, bets),
                np.array(sums, dtype=np.float64).reshape(3, streams),
            )
            for size, start, end, clock, logs, sums in given
        ]
        self._open = parts.pop() if is_open else None
        self.parts = parts


def as_mapping(since: Since | None) -> Mapping[str, int] | None:
    """Return a beginning for JSON."""
    return None if since is None else {"at": since.at, "earliest": since.earliest, "latest": since.latest}
