"""The monitor: goes through what was answered since it last looked, saves where it stands, and tells what it found."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.errors import ModelError, OptionError
from mlwright.monitor.deployment import Deployment
from mlwright.monitor.effects import LATEST, expected
from mlwright.monitor.events import SECOND, Cursor, Events, RecordSource
from mlwright.monitor.periods import moment
from mlwright.monitor.raising import alarms, renewed
from mlwright.monitor.report import Report, report
from mlwright.monitor.store import Point, Store
from mlwright.monitor.subject import Subject
from mlwright.monitor.verdict import ALPHA

if TYPE_CHECKING:
    from mlwright.model import Model
    from mlwright.monitor.alarm import Alarm
    from mlwright.registry import Workspace
    from mlwright.serve.record import Record

SAVED_ROWS = 50_000
ESTIMATED_ROWS = 1_000
"""After so many rows the loss is estimated anew, before outcomes are known."""
ESTIMATE = "estimate"
"""The series of what is estimated."""
"""After so many rows it is written down where the monitor stands."""
FORMAT = 1
CLOCKS = ("answers", "outcomes")
FOREVER = 1e10


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is watched."""

    delay: float | None = None
    """Seconds after an answer by which its outcome is known; 0: it counts when it comes. None: as begun, or 0."""
    alpha: float = ALPHA
    """The probability that a deployment in which nothing changes is ever paged for."""

    def check(self) -> None:
        """Raise OptionError where it cannot be."""
        if not 0 < self.alpha < 1:
            raise OptionError(f"The budget of false pages is {self.alpha:g}; it lies between 0 and 1.")
        if self.delay is not None and not 0 <= self.delay < FOREVER:
            raise OptionError(f"Outcomes cannot be known {self.delay:g} seconds after an answer.")


@dataclass(frozen=True, slots=True)
class Watched:
    """A deployment with the places in the record up to which it was fed, and how often it was saved."""

    deployment: Deployment
    cursors: dict[str, Cursor]
    delay: float
    step: int
    estimated: list[int]
    """How many rows had been answered when the loss was estimated last."""


class Monitor:
    """Watches the version of a model that answers now.

    Everything it knows is a function of the record. It may be stopped and started anywhere, also by several processes
    at once: what one has saved, another does not count again.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        *,
        record: Record,
        store: Store | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._workspace, self._name, self._record = workspace, name, record
        self._store = store or Store.of(workspace)
        self._settings = settings or Settings()
        self._settings.check()
        self._opened: tuple[tuple[int, str], Subject] | None = None

    def run(self, now: datetime | None = None) -> Report:
        """Go through what is new, save, and return what there is to tell of the version that answers now.

        Raises ModelError where there is no such model, or it keeps nothing to compare with; OutputError where a
        database cannot be used.
        """
        from threadpoolctl import threadpool_limits

        moment_now = datetime.now(UTC) if now is None else now
        with threadpool_limits(1):  # matrices are small: several threads would wait for one another
            while True:
                subject = self._subject()
                watched = self._load(subject, round(moment_now.timestamp() * 1e6))
                if self._fed(watched, moment_now):
                    break
        version = subject.model.version or 0
        found = self._store.alarms(self._name, open_only=True)
        for alarm in found:
            if alarm.version != version:  # of a version that answers no longer
                self.end(alarm)
        estimates = self._store.points(self._name, version=version, series=ESTIMATE, limit=1)
        own = tuple(alarm for alarm in found if alarm.version == version)
        return report(watched.deployment, own, estimate=estimates[-1] if estimates else None)

    def end(self, alarm: Alarm, *, why: str | None = None) -> None:
        """End an alarm: somebody has seen to it, says `why`, and what raised it begins to gather evidence anew.

        What is still so is raised again, under a new id. Raises OptionError where another process watches it now.
        """
        saved = self._store.load(alarm.model, alarm.version)
        if saved is not None:
            state = unpacked(saved.state)
            state["restart"] = [*state["restart"], alarm.kind]
            if not self._store.save(
                alarm.model, alarm.version, after=saved.step, state=packed(state), cursor=saved.cursor
            ):
                raise OptionError(f"{alarm.model} is being watched by another process just now.", hint="try again.")
        if why is not None:
            self._store.acknowledge(alarm.id, why=why)
        self._store.end_alarm(alarm.id)

    def start_anew(self) -> None:
        """Let the next run go through the whole record of the version that answers now. Its open alarms are over.

        What is still so is raised again. Raises OptionError where another process watches it at the same time.
        """
        subject = self._subject()
        saved = self._store.load(self._name, subject.model.version or 0)
        if saved is None:
            return
        deployment = Deployment(subject, epoch=int(unpacked(saved.state)["epoch"]) + 1)
        delay = self._settings.delay
        places = _places(float(saved.cursor["delay"]) if delay is None else delay, dict.fromkeys(CLOCKS, Cursor()), 0)
        version = subject.model.version or 0
        if not self._store.save(self._name, version, after=saved.step, state=packed(deployment.state()), cursor=places):
            raise OptionError(f"{self._name} is being watched by another process just now.", hint="try again.")
        for alarm in self._store.alarms(self._name, version=version, open_only=True):
            self._store.end_alarm(alarm.id)

    def _subject(self) -> Subject:
        """Return the version that answers now; the one that was looked at last is not read again."""
        version = self._workspace.find(self._name)
        key = version.version, version.digest
        if self._opened is None or self._opened[0] != key:
            self._opened = key, Subject(self._workspace.open(f"{version.name}@{version.version}"))
        return self._opened[1]

    def _load(self, subject: Subject, until: int) -> Watched:
        deployment = Deployment(subject)
        saved, asked = self._store.load(self._name, subject.model.version or 0), self._settings.delay
        if saved is None:
            return Watched(deployment, dict.fromkeys(CLOCKS, Cursor()), asked or 0.0, 0, [0])
        places = dict(saved.cursor)
        delay, estimated = float(places.pop("delay")), int(places.pop("estimated"))
        if asked is not None and asked != delay:
            raise OptionError(
                f"The monitor of {self._name}@{subject.model.version} was begun with outcomes {_days(delay)} after an "
                f"answer, and cannot go on with {_days(asked)}.",
                hint=f"leave the delay away, or let it start anew: mlwright monitor {self._name} --anew.",
            )
        state = unpacked(saved.state)
        if int(places["answers"]["moment"]) > until:  # the clock was ahead, and rows answered since lie behind it
            anew = Deployment(subject, epoch=int(state["epoch"]) + 1)
            return Watched(anew, dict.fromkeys(CLOCKS, Cursor()), delay, saved.step, [0])
        deployment.restore(state)
        cursors = {clock: Cursor.from_dict(each) for clock, each in places.items()}
        return Watched(deployment, cursors, delay, saved.step, [estimated])

    def _fed(self, watched: Watched, now: datetime) -> bool:
        """Take in all that is new; False where another process was faster, so that all begins anew."""
        step, fed = watched.step, 0
        for clock, events, cursor in self._blocks(watched, now):
            watched.deployment.take(events, clock)
            watched.cursors[clock] = cursor
            fed += max(len(events), 1)
            if fed >= SAVED_ROWS:
                if not self._save(watched, step, now):
                    return False
                step, fed = step + 1, 0
        return not fed or self._save(watched, step, now)

    def _blocks(self, watched: Watched, now: datetime) -> Iterator[tuple[str, Events, Cursor]]:
        source, until = self._source(watched), round(now.timestamp() * 1e6)
        for events, cursor in source.blocks(watched.cursors["answers"], now=until):
            yield "answers", events, cursor
        for events, cursor in source.matured(watched.cursors["outcomes"], now=until):
            yield "outcomes", events, cursor

    def _source(self, watched: Watched) -> RecordSource:
        model = watched.deployment.subject.model
        return RecordSource(self._record, self._name, model.version or 0, model, delay=watched.delay)

    def _save(self, watched: Watched, step: int, now: datetime) -> bool:
        deployment = watched.deployment
        version = deployment.subject.model.version or 0
        points = [
            Point(
                name=self._name,
                version=version,
                series=series,
                at=moment(at),
                value=mean.value,
                lower=mean.lower,
                upper=mean.upper,
                rows=mean.rows,
            )
            for series, at, mean in deployment.periods.points()
        ]
        source, until = self._source(watched), round(now.timestamp() * 1e6)

        def latest(*, known: bool) -> Events | None:
            return source.latest(LATEST, until, known=known)

        if deployment.answered - watched.estimated[0] >= ESTIMATED_ROWS:
            watched.estimated[0] = deployment.answered
            if (effect := expected(deployment.subject, source.latest(LATEST, until))) is not None and effect.trusted:
                at, seen = moment(deployment.latest), len(effect.positions)
                points.append(
                    Point(
                        name=self._name,
                        version=version,
                        series=ESTIMATE,
                        at=at,
                        value=effect.value,
                        lower=effect.low,
                        upper=effect.high,
                        rows=seen,
                    )
                )
        known = self._store.alarms(self._name, version=version)
        return self._store.save(
            self._name,
            version,
            after=step,
            state=packed(deployment.state()),
            cursor=_places(watched.delay, watched.cursors, watched.estimated[0]),
            alarms=renewed(alarms(deployment, now=now, alpha=self._settings.alpha), known, deployment, latest),
            points=points,
        )


def monitor_file(
    model: Model, source: object, *, time: str | None = None, query: str | None = None, alpha: float = ALPHA
) -> Report:
    """Return what a monitor would have told of rows of a file, had the model answered them one after another.

    Where the file has the target, each row's outcome counts at once. Without a column of `time`, moments are the
    numbers of rows, counted from 0. Raises what `collect` and `Subject` raise.
    """
    deployment = Deployment(Subject(model))
    rows = deployment.subject.watching.file(model, source, time=time, query=query)
    if not rows.has_moments:
        deployment.moment = lambda microseconds: f"row {microseconds // SECOND:,}"
    seen: list[Events] = []
    for events, _ in rows.blocks():
        seen = [*seen[-1:], events]
        deployment.take(events, "answers")
        if rows.has_outcomes:
            deployment.take(events, "outcomes")
    latest = datetime.fromtimestamp(deployment.latest / 1e6, UTC)

    def last(*, known: bool) -> Events | None:
        return _last(seen) if rows.has_outcomes or not known else None

    found = renewed(alarms(deployment, now=latest, alpha=alpha), (), deployment, last)
    return report(deployment, tuple(found))


def _last(seen: list[Events]) -> Events | None:
    """Return the latest rows of the last blocks; the last one alone may hold hardly any."""
    found = max(reversed(seen), key=lambda each: min(len(each), LATEST), default=None)
    return None if found is None else found.take(np.arange(max(len(found) - LATEST, 0), len(found)))


def _days(seconds: float) -> str:
    """Return a time in the largest unit of which there is one.

    >>> _days(1_209_600.0), _days(5_400.0), _days(0.0)
    ('14 days', '1.5 hours', '0 seconds')
    """
    for unit, length in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= length:
            return _counted(seconds / length, unit)
    return _counted(seconds, "seconds")


def _counted(number: float, unit: str) -> str:
    return f"{number:g} {unit.removesuffix('s') if number == 1 else unit}"


def _places(delay: float, cursors: Mapping[str, Cursor], estimated: int) -> dict[str, Any]:
    return {"delay": delay, "estimated": estimated, **{clock: cursor.to_dict() for clock, cursor in cursors.items()}}


def packed(state: Mapping[str, Any]) -> bytes:
    """Return a state as bytes: JSON, compressed. Numbers are the same to the last bit when they are read back."""
    text = json.dumps({"format": FORMAT, "state": state}, allow_nan=False, separators=(",", ":"))
    return zlib.compress(text.encode(), level=1)


def unpacked(data: bytes) -> dict[str, Any]:
    """Return the state that `packed` wrote. Raises ModelError where it wrote no such thing."""
    try:
        found = json.loads(zlib.decompress(data))
        if found["format"] != FORMAT:
            raise ValueError("it is of another version of mlwright")
        state: dict[str, Any] = found["state"]
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The monitor's state cannot be read: {error}.", hint="start it anew.") from error
    return state
