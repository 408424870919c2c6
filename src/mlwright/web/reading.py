"""Reads what the dashboard shows: from the monitor's store, the registry, and what the service serves now."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mlwright.adapt.kept import STAGES
from mlwright.errors import MlwrightError
from mlwright.registry import Workspace
from mlwright.report import format as words
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.service import Service
from mlwright.web.facts import Board, Health, Part, Period, Series, Status, Step, Story

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm
    from mlwright.monitor.store import Acknowledged, Adaptation, Point, Store, TrailEntry
    from mlwright.registry.aliases import Move
    from mlwright.tasks.base import Metric

logger = logging.getLogger("mlwright.web")
MOST_ALARMS = 50
"""So many open alarms are on a page; how many there are in all is told."""
MOST_COUNTED = 5_000
"""So many open alarms are counted."""
MOST_ENDED = 20
MOST_PERIODS = 400
MOST_SERIES = 6
MOST_STORIES, MOST_STEPS, MOST_MOVES = 10, 50, 30
UNREAD = (MlwrightError, ValueError, TypeError, KeyError)
"""What a database raises that is gone, or holds what nobody wrote."""
_READINGS: WeakKeyDictionary[Service, Reading] = WeakKeyDictionary()


ESTIMATE = "estimate"
"""The series of what is expected before outcomes are known: no performance, and never shown as if it were."""


class Reading:
    """What is known of the models of one workspace. It computes nothing, and may be used by many threads."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store

    @classmethod
    def of(cls, service: Service) -> Reading:
        """Return the reading of a service; it is made once."""
        from mlwright.monitor.store import Store

        found = _READINGS.get(service)
        if found is None:
            workspace = Workspace(service.settings.workspace)
            found = _READINGS[service] = cls(workspace, Store.of(workspace))
        return found

    def health(self, endpoint: Endpoint) -> Health:
        """Return how a model is doing, in short; what cannot be read is logged, and said to be unknown."""
        try:
            return self._health(endpoint, self._open(endpoint.name), self._series(endpoint))
        except UNREAD as error:
            return _unknown(endpoint, error)

    def board(self, endpoint: Endpoint) -> Board:
        """Return all that the page of a model shows; where some of it cannot be read, the rest."""
        name = endpoint.name
        try:
            alarms, series = self._open(name), self._series(endpoint)
            health = self._health(endpoint, alarms, series)
            ended = self._ended(name)
            stories, seen = self._stories(name), self._store.acknowledged(name)
        except UNREAD as error:
            health, alarms, ended, series, stories, seen = _unknown(endpoint, error), [], [], [], [], {}
        return Board(
            health=health,
            alarms=alarms[:MOST_ALARMS],
            ended=ended[:MOST_ENDED],
            series=series[:MOST_SERIES],
            parts=parts_of(endpoint),
            moves=self._moves(name),
            stories=stories,
            seen={alarm: _seen(each) for alarm, each in seen.items()},
        )

    def plain(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return what a program is told of a model."""
        board = self.board(endpoint)
        health = board.health
        return {
            "name": health.name,
            "version": health.version,
            "status": health.status,
            "alarms": [each.to_dict() for each in board.alarms],
            "pages": health.pages,
            "notices": health.notices,
            "performance": {
                each.name: [
                    {"at": one.at, "value": one.value, "interval": [one.lower, one.upper], "rows": one.rows}
                    for one in each.periods
                ]
                for each in board.series
            },
        }

    def _open(self, name: str) -> list[Alarm]:
        """Return the open alarms, the gravest and of these the newest first."""
        return sorted(
            self._store.alarms(name, open_only=True, limit=MOST_COUNTED), key=lambda each: each.level != "page"
        )

    def _health(self, endpoint: Endpoint, alarms: Sequence[Alarm], series: Sequence[Series]) -> Health:
        name, version = endpoint.name, endpoint.main.version
        pages = sum(each.level == "page" for each in alarms)
        saved = self._store.load(name, version)
        status: Status = "ok" if series or saved is not None else "unwatched"
        if alarms:
            status = "page" if pages else "notice"
        return Health(
            name=name,
            version=version,
            status=status,
            pages=pages,
            notices=len(alarms) - pages,
            newest=alarms[0] if alarms else None,
            performance=next((each for each in series if each.name != ESTIMATE), None),
            taken=None if saved is None else saved.saved,
        )

    def _series(self, endpoint: Endpoint) -> list[Series]:
        """Return what was measured over time of the version that answers; what its answers are judged by is first."""
        version, found = endpoint.main.version, dict[str, list[Period]]()
        limit = MOST_PERIODS * MOST_SERIES
        for point in self._store.points(endpoint.name, version=version, limit=limit):
            found.setdefault(point.series, []).append(_period(point))
        metrics = endpoint.main.model.task.metrics
        series = []
        for name, periods in found.items():
            metric = metrics.get(name)
            kept = tuple(sorted(periods, key=lambda each: each.at)[-MOST_PERIODS:])
            series.append(
                (_rank(metric), Series(name=name, title=_title(name, metric), periods=kept, percent=_is_share(metric)))
            )
        return [each for _, each in sorted(series, key=lambda pair: (pair[0], pair[1].name))]

    def _stories(self, name: str) -> list[Story]:
        """Return the newest adaptations, each with its trail."""
        return [_story(each, self._store.trail(each.id)) for each in self._store.adaptations(name)[:MOST_STORIES]]

    def _ended(self, name: str) -> list[Alarm]:
        """Return the alarms that ended, the newest first."""
        return [each for each in self._store.alarms(name, limit=MOST_ALARMS) if each.ended is not None]

    def _moves(self, name: str) -> list[Step]:
        """Return how the aliases of a model were moved, the newest first; none for one that has no registry."""
        try:
            return [_move(each) for each in self._workspace.history(name)[:MOST_MOVES]]
        except MlwrightError:
            return []


def _unknown(endpoint: Endpoint, error: Exception) -> Health:
    """Return what is told where nothing can be read; the log of the service says why."""
    said = str(error) if isinstance(error, MlwrightError) else f"{type(error).__name__}: {error}"
    logger.error("How a model is doing cannot be read. %s", said, extra={"model": endpoint.name})
    return Health(name=endpoint.name, version=endpoint.main.version, status="unknown")


def _rank(metric: Metric | None) -> int:
    return 2 if metric is None else 0 if metric.decided else 1


def _is_share(metric: Metric | None) -> bool:
    return metric is not None and metric.decided and metric.percent


def _title(name: str, metric: Metric | None) -> str:
    """Return what a series is called on the page."""
    if name == ESTIMATE:
        return "The loss that is expected, before outcomes are known"
    if metric is None:
        return words.clipped(name, 80)
    return "The share of wrong answers" if metric.decided else f"The mean loss ({metric.label or metric.name})"


def parts_of(endpoint: Endpoint) -> list[Part]:
    """Return the versions that get requests of a model, the one that gets most first."""
    main, canaries = endpoint.main.version, endpoint.canaries
    rest = max(0.0, 1.0 - sum(each.share for each in canaries))
    named: dict[int, list[str]] = {version: [] for version in (main, *(each.served.version for each in canaries))}
    for alias, version in endpoint.aliases.items():
        named.setdefault(version, []).append(alias)
    parts = [Part(version=main, share=rest, role=", ".join(sorted(named[main])) or "answers")]
    parts += [
        Part(version=each.served.version, share=each.share, role=_role("canary", named[each.served.version]))
        for each in canaries
    ]
    parts.sort(key=lambda each: -each.share)
    shadows = [
        Part(
            version=each.version,
            share=0.0,
            role=_role("shadow: answers, and is not heard", named.get(each.version, [])),
        )
        for each in endpoint.shadows
    ]
    return parts + shadows


def _role(what: str, aliases: Sequence[str]) -> str:
    return f"{what} ({', '.join(sorted(aliases))})" if aliases else what


def _period(point: Point) -> Period:
    return Period(_seconds(point.at), point.value, point.lower, point.upper, point.rows)


def _seconds(moment: str) -> float:
    """Return a moment as seconds since 1970."""
    when = datetime.fromisoformat(moment)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _story(found: Adaptation, trail: Sequence[TrailEntry]) -> Story:
    """Return an adaptation as the page shows it, the newest step of its trail first."""
    return Story(
        id=found.id,
        stage=STAGES.get(found.stage) or words.clipped(found.stage, 80),
        champion=found.champion,
        challenger=found.challenger,
        begun=found.begun,
        ended=found.ended,
        verdict=words.clipped(found.verdict, 80) if found.verdict else "",
        reason=words.clipped(found.reason, 600) if found.reason else "",
        steps=tuple(_step(each) for each in reversed(trail[-MOST_STEPS:])),
    )


def _seen(found: Acknowledged) -> str:
    """Return who has taken note of an alarm, when and why."""
    why = f": {words.clipped(found.why, 300)}" if found.why else ""
    return f"{words.clipped(found.who, 80)}, {words.moment(found.at)}{why}"


def _step(entry: TrailEntry) -> Step:
    return Step(
        at=words.moment(entry.at),
        who=words.clipped(entry.who, 80),
        what=words.clipped(entry.what, 300),
        why=evidence_of(entry.evidence),
    )


def evidence_of(found: Mapping[str, Any]) -> str:
    """Return what a decision stands on, in a line.

    >>> evidence_of({"rows": 12000, "lower_bound": 0.0123, "columns": ["a", "b"]})
    'rows 12,000; lower bound 0.0123; columns a, b'
    """
    told = (f"{words.clipped(name.replace('_', ' '), 60)} {_plain(value)}" for name, value in found.items())
    return words.clipped("; ".join(told), 600) if found else ""


def _plain(value: Any) -> str:
    """Return a value of JSON as people read it."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return words.listed(value)
    if isinstance(value, str):
        return words.clipped(value, 200)
    return words.number(value) if words.known(value) is not None else words.clipped(json.dumps(value), 200)


def _move(move: Move) -> Step:
    before = "none" if move.before is None else f"version {move.before}"
    return Step(
        at=words.moment(move.at),
        who=words.clipped(move.who, 80),
        what=words.clipped(f"{move.action} {move.alias}: {before} → version {move.after}", 200),
        why=words.clipped(move.why, 600) if move.why else "",
    )
