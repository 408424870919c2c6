"""A deployment under watch: all watchers of one version of a model, fed in order, small enough to be saved often."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.errors import ModelError
from mlwright.monitor.once import Once
from mlwright.monitor.periods import DAY, Periods, moment
from mlwright.monitor.watchers import WATCHERS, Watch

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.ranks import Counts
    from mlwright.monitor.subject import Subject

BROKEN_DAYS = 30
"""For so many days it is known which columns broke the contract."""


class Deployment:
    """What is known of one version since it answers: a function of the rows and outcomes it was given, in order.

    `epoch`: how often it was started anew.
    """

    def __init__(self, subject: Subject, *, epoch: int = 0) -> None:
        self.subject, self.epoch = subject, epoch
        seed = zlib.crc32(f"{subject.model.name}@{subject.model.version}".encode())
        self.watches: dict[str, Watch] = {}
        self.epochs: dict[str, int] = {}
        """How often a watcher alone was started anew."""
        self.missing: dict[str, str] = {}
        """What cannot be watched, and why."""
        for kind, watcher in WATCHERS.items():
            if (streams := watcher.streams(subject)) is not None:
                self.watches[kind] = Watch(watcher, streams, seed=seed)
            else:
                self.missing[kind] = f"The model keeps nothing by which to tell {watcher.meaning}."
        losses = self.watches.get("losses")
        self.periods = Periods(losses.names if losses else ())
        self.moment: Callable[[int], str] = moment
        """How a moment in microseconds is told."""
        self.answered, self.matured, self.latest = 0, 0, 0
        """Rows taken in, outcomes taken in, and the moment of the newest row."""
        self._broken: dict[int, Counts] = {}
        self._once = {clock: Once() for clock in ("answers", "outcomes")} if subject.watching.once else {}

    def take(self, events: Events, clock: str) -> None:
        """Take in rows as they were answered ("answers"), or as their outcomes became known ("outcomes")."""
        if not len(events.at):
            return
        counting = self._counting(events, clock)
        for watch in self.watches.values():
            if watch.watcher.clock == clock and len(counting.at):
                seen = watch.watcher.see(counting, self.subject)
                watch.take(seen, counting.at)
                if watch.watcher.kind == "losses" and seen.values is not None:
                    self.periods.add(counting.at, seen.values, seen.bins >= 0)
        if clock == "answers":
            self.answered += len(events.at)
            self.latest = max(self.latest, int(events.at.max()))
            self._count_broken(events)
        else:
            self.matured += int(np.isfinite(events.y).sum())

    def _counting(self, events: Events, clock: str) -> Events:
        """Return the rows that evidence is gathered from: all, or nobody's too often."""
        if clock not in self._once:
            return events
        flags = events.counting
        if flags is None:
            flags = self._once[clock].counting(events.subjects, events.ids, events.at)
        return events.take(np.flatnonzero(flags).astype(np.intp))

    def broken(self, since: int) -> list[tuple[str, float]]:
        """Return the columns with broken values since a moment, most first, with the share of rows."""
        found = [counts for day, counts in self._broken.items() if (day + 1) * DAY > since]
        if not found:
            return []
        *counts, rows = np.sum(found, axis=0).tolist()
        names = [column.name for column in self.subject.columns]
        return sorted(((name, count / rows) for name, count in zip(names, counts, strict=True) if count), key=_most)

    def _count_broken(self, events: Events) -> None:
        cells = self.subject.broken(events.columns)
        counted = np.column_stack([cells, np.ones(len(events.at), dtype=np.bool_)])
        days = events.at // DAY
        for day in np.unique(days).tolist():
            self._broken[day] = self._broken.get(day, 0) + counted[days == day].sum(axis=0)
        for day in sorted(self._broken)[:-BROKEN_DAYS]:
            del self._broken[day]

    def restart(self, kind: str) -> None:
        """Let a watcher forget what it has gathered, because somebody has seen to it: its budget begins anew, too."""
        if (watch := self.watches.get(kind)) is None:
            return
        self.epochs[kind] = self.epochs.get(kind, 0) + 1
        streams = watch.watcher.streams(self.subject)
        if streams is not None:
            self.watches[kind] = Watch(watch.watcher, streams, seed=watch.seed + 1)

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, for JSON."""
        return {
            "epoch": self.epoch,
            "epochs": self.epochs,
            "restart": [],
            "watches": {kind: watch.state() for kind, watch in self.watches.items()},
            "periods": self.periods.state(),
            "counts": [self.answered, self.matured, self.latest],
            "broken": {str(day): counts.tolist() for day, counts in self._broken.items()},
            **({"once": {clock: once.state() for clock, once in self._once.items()}} if self._once else {}),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ModelError where it is another deployment's."""
        try:
            self.epoch = int(state["epoch"])
            for kind, times in state["epochs"].items():
                for _ in range(int(times)):
                    self.restart(kind)
            for kind, watch in self.watches.items():
                watch.restore(state["watches"][kind])
            for kind in state["restart"]:
                self.restart(kind)
            self.periods.restore(state["periods"])
            self.answered, self.matured, self.latest = map(int, state["counts"])
            self._broken = {int(day): np.array(each, dtype=np.int64) for day, each in state["broken"].items()}
            for clock, once in self._once.items():
                once.restore(state["once"][clock])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The monitor's state cannot be read: {error}.", hint="start it anew.") from error


def _most(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]
