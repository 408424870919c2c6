"""A watcher: one thing that is watched, as declarations and two small functions; the evidence is the same for all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from mlwright.monitor.bets import Anywhere, Rising, halved
from mlwright.monitor.betting import BLOCK, Evidence
from mlwright.monitor.history import Since
from mlwright.monitor.ranks import Bins, Counts, Floats
from mlwright.monitor.verdict import shares

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

Clock = Literal["answers", "outcomes"]
LEAST = 50
"""Rows that a reference must have, so that it is worth comparing with."""
RECENT = 4_096.0
"""After so many rows a row counts half in what is shown of a column's values now."""


@dataclass(frozen=True)
class Streams:
    """What a watcher watches side by side: names, and the counts (s, b) of the reference by bin."""

    names: tuple[str, ...]
    counts: Counts
    means: Floats | None = None
    """(s,): the mean of each stream's values in the reference, where values are told."""


@dataclass(frozen=True)
class Seen:
    """A block as a watcher sees it: bins (n, s), -1 where a row is not for a stream, and values (n, s)."""

    bins: Bins
    values: Floats | None = None


class Watcher(Protocol):
    """One thing that is watched. It holds no state."""

    kind: ClassVar[str]
    clock: ClassVar[Clock]
    """Whether it looks at rows as they are answered, or as their outcomes become known."""
    rising: ClassVar[bool]
    """Whether only larger values are a change, or any others."""
    meaning: ClassVar[str]
    """What is watched, as a clause: "how often the model is wrong"."""

    def streams(self, subject: Subject) -> Streams | None:
        """Return what there is to watch, or None where the model's reference has nothing of it."""

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return a block as bins."""


class Watch:
    """One watcher at work on one deployment."""

    def __init__(self, watcher: Watcher, streams: Streams, *, seed: int) -> None:
        self.watcher, self.names, self.means = watcher, streams.names, streams.means
        self.shares = shares(len(streams.names), first=watcher.kind == "losses")
        self.seed = seed
        own = seed ^ zlib.crc32(watcher.kind.encode())
        if watcher.rising:
            bag, tails = halved(streams.counts, seed=own)
            self.evidence = Evidence(bag, Rising(tails), seed=own)
        else:
            self.evidence = Evidence(streams.counts, Anywhere(len(streams.names)), seed=own)
        self.before = streams.counts
        self._recent = np.zeros(streams.counts.shape)
        self._folded = self.evidence.bag.copy()

    def take(self, seen: Seen, at: Counts) -> None:
        """Take in a block as the watcher saw it, with the moments (n,) of its rows in microseconds."""
        start, rows = 0, len(seen.bins)
        while start < rows:
            part = slice(start, start + BLOCK - self.evidence.rows % BLOCK)
            values = None if seen.values is None else seen.values[part]
            self.evidence.add(seen.bins[part], at[part], values=values, shares=self.shares)
            if self.evidence.rows % BLOCK == 0:
                new = self.evidence.bag - self._folded
                self._recent = self._recent * 0.5 ** (BLOCK / RECENT) + new
                self._folded = self.evidence.bag.copy()
            start = part.stop

    def since(self, stream: int) -> Since | None:
        """Return when the change of a stream most likely began."""
        return self.evidence.history.since(stream)

    def recent(self) -> Floats:
        """Return (s, b) how many of about the last RECENT rows of each stream lie in each bin."""
        found: Floats = self._recent + (self.evidence.bag - self._folded)
        return found

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, for JSON."""
        return {
            "names": list(self.names),
            "evidence": self.evidence.state(),
            "recent": self._recent.tolist(),
            "folded": self._folded.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ModelError where it is another deployment's."""
        self.evidence.restore(state["evidence"])
        self._recent = np.array(state["recent"], dtype=np.float64).reshape(self._recent.shape)
        self._folded = np.array(state["folded"], dtype=np.int64).reshape(self._folded.shape)
