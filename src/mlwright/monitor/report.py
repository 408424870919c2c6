"""What a monitor tells: one word, the alarms, how good the answers were, and what each column looks like now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlwright.monitor.classic import classic
from mlwright.monitor.estimate import CONDITION
from mlwright.monitor.periods import mean_of

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm
    from mlwright.monitor.deployment import Deployment
    from mlwright.monitor.store import Point
    from mlwright.monitor.watchers import Watch
    from mlwright.tasks.base import Metric

Status = Literal["ok", "notice", "page", "unknown"]


@dataclass(frozen=True, slots=True)
class Report:
    """One look at one version of a model."""

    model: str
    version: int
    status: Status
    """"unknown" before any row was answered."""
    sentence: str
    alarms: tuple[Alarm, ...]
    """Those that are open, pages first."""
    performance: dict[str, Any]
    """By metric: the mean loss of all matured rows with its 95 % interval, beside what it was when judged."""
    records: int
    matured: int
    latest: str | None
    """The moment of the newest row."""
    watched: dict[str, Any] = field(default_factory=dict)
    """By kind of watcher, each stream: its evidence, and for columns the classic statistics, which never alarm."""
    missing: dict[str, str] = field(default_factory=dict)
    """What could not be watched, and why."""
    estimate: dict[str, Any] | None = None
    """The mean loss that is expected of the latest rows, before outcomes are known, and on which condition."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "model": {"name": self.model, "version": self.version},
            "status": self.status,
            "sentence": self.sentence,
            "alarms": [alarm.to_dict() for alarm in self.alarms],
            "performance": self.performance,
            "records": self.records,
            "matured": self.matured,
            "latest": self.latest,
            "watched": self.watched,
            "missing": self.missing,
            "estimate": self.estimate,
        }


def report(deployment: Deployment, alarms: tuple[Alarm, ...], *, estimate: Point | None = None) -> Report:
    """Return what is to be told of a deployment with these open alarms, and the loss that was estimated last."""
    pages = [alarm for alarm in alarms if alarm.level == "page"]
    status: Status = "page" if pages else "notice" if alarms else "ok" if deployment.answered else "unknown"
    model = deployment.subject.model
    ordered = (*pages, *(alarm for alarm in alarms if alarm.level != "page"))
    return Report(
        model=model.name,
        version=model.version or 0,
        status=status,
        sentence=_sentence(status, ordered, deployment),
        alarms=ordered,
        performance=_performance(deployment),
        records=deployment.answered,
        matured=deployment.matured,
        latest=deployment.moment(deployment.latest) if deployment.latest else None,
        watched={kind: _streams(kind, watch) for kind, watch in deployment.watches.items()},
        missing=deployment.missing,
        estimate=None if estimate is None else _estimate(estimate),
    )


def _sentence(status: Status, alarms: tuple[Alarm, ...], deployment: Deployment) -> str:
    if status == "unknown":
        return "Nothing that was answered is older than a minute, which is how long is waited for what still comes."
    if alarms:
        return alarms[0].message
    seen = deployment.subject.watching.answered(f"{deployment.answered:,}")
    if not deployment.matured:
        return f"Nothing speaks for a change: {seen}; of none is known yet what came of it."
    return f"Nothing speaks for a change: {seen}, and what came of {deployment.matured:,} of them is known."


def _performance(deployment: Deployment) -> dict[str, Any]:
    if (watch := deployment.watches.get("losses")) is None:
        return {}
    found = {}
    for stream, name in enumerate(watch.names):
        count, mean, variance = watch.evidence.history.sums(stream)
        now = mean_of(count, count * mean, count * (variance + mean * mean)) if count else None
        means, metric = watch.means, deployment.subject.metric_named(name)
        found[name] = {
            "label": _label(deployment, metric),
            "loss": None if now is None else now.value,
            "interval": None if now is None else [now.lower, now.upper],
            "rows": int(count),
            "judged": None if means is None else float(means[stream]),
        }
    return found


def _estimate(found: Point) -> dict[str, Any]:
    return {
        "loss": found.value,
        "interval": [found.lower, found.upper],
        "rows": found.rows,
        "at": found.at,
        "condition": CONDITION,
    }


def _label(deployment: Deployment, metric: Metric) -> str:
    """Return what a loss is called."""
    reference = deployment.subject.reference
    bounds = [each.bound for each in reference.losses if each.metric == metric.name]
    return deployment.subject.watching.loss_label(metric, np.inf if reference.classes else bounds[0])


def _streams(kind: str, watch: Watch) -> list[dict[str, Any]]:
    capital, recent = watch.evidence.largest, watch.recent()
    found = []
    for stream, name in enumerate(watch.names):
        told: dict[str, Any] = {"name": name, "e_value": float(capital[stream])}
        if kind in {"columns", "predictions", "labels"}:
            told |= classic(watch.before[stream].astype(np.float64), recent[stream])
        found.append(told)
    return found
