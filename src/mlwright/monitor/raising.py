"""From what the watchers know to alarms: what happened, since when, in which columns, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlwright.evaluate import wording
from mlwright.monitor.alarm import Alarm, Level
from mlwright.monitor.deployment import Deployment
from mlwright.monitor.effects import causes, expected
from mlwright.monitor.forms import Change
from mlwright.monitor.history import Since
from mlwright.monitor.periods import Mean, mean_of
from mlwright.monitor.verdict import ALPHA, NOTICE_ROWS, PARTS, TOLERANCE, drifted, named, page_threshold
from mlwright.monitor.watchers import Watch

if TYPE_CHECKING:
    from mlwright.monitor.estimate import Estimate
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

MINOR = 0.1
"""A column with less than this share of what the worst one has is not named."""
NAMED = 5
"""So many columns are named in a sentence."""
LEARNED = frozenset({"losses", "groups", "calibration"})
MEND_FIRST = "mend the broken rows first, of which another alarm tells; then see whether this is over."


@dataclass(frozen=True, slots=True)
class Risen:
    """One stream whose values have risen: the mean now, with its interval, beside what it was."""

    stream: int
    name: str
    before: float
    now: Mean
    since: Since

    @property
    def is_much(self) -> bool:
        """Whether it has risen by more than nobody cares about."""
        return self.now.value - self.before > TOLERANCE * abs(self.before)


class Latest(Protocol):
    """Gives the latest rows of a deployment, or none."""

    def __call__(self, *, known: bool) -> Events | None:
        """Return them; `known`: of those that have an outcome, with it."""


def alarms(deployment: Deployment, *, now: datetime, alpha: float = ALPHA) -> list[Alarm]:
    """Return the alarms that the evidence so far is enough for, one for each kind and level.

    A page for what is watched within the budget (see `verdict`), a notice for all else. What has been raised before is
    raised again with the same id, so that it is kept once.
    """
    found: list[Alarm] = []
    for kind, watch in deployment.watches.items():
        if kind in PARTS:
            found += _risen(deployment, kind, watch, now, alpha)
        elif places := _worth_telling(deployment, kind, watch, alpha):
            found.append(_drifted(deployment, kind, watch, places, now, alpha))
    beside = {column for alarm in found for column in alarm.columns}
    again = deployment.subject.watching.learn_again(deployment.subject.model.name, beside)
    found = [replace(alarm, action=again) if alarm.kind == "losses" else alarm for alarm in found]
    if any(alarm.kind == "contract" and alarm.level == "page" for alarm in found):
        found = [replace(alarm, action=MEND_FIRST) if alarm.kind in LEARNED else alarm for alarm in found]
        found.sort(key=lambda alarm: alarm.kind != "contract")
    return found


def renewed(found: Sequence[Alarm], known: Sequence[Alarm], deployment: Deployment, latest: Latest) -> list[Alarm]:
    """Return those alarms that tell something new, looked into: what a loss comes from, what other inputs do to it.

    `known` are those that were raised before. One of them is raised again, under a new id, where what it is about began
    surely after it was raised: another change has come.
    """
    new = []
    for alarm in found:
        before = [each for each in known if each.id == alarm.id or each.id.startswith(f"{alarm.id}/")]
        if before and not all(_is_later(alarm, each) for each in before):
            continue
        told = replace(alarm, id=f"{alarm.id}/{len(before) + 1}") if before else alarm
        new.append(_looked_into(told, deployment.subject, latest))
    return new


def _is_later(alarm: Alarm, before: Alarm) -> bool:
    """Tell whether what an alarm is about began surely after another one had been raised."""
    if alarm.since_interval is None:
        return False
    return datetime.fromisoformat(alarm.since_interval[0]) > datetime.fromisoformat(before.at)


def _looked_into(alarm: Alarm, subject: Subject, latest: Latest) -> Alarm:
    """Return an alarm with what its loss comes from, or with what other inputs are expected to do to the loss."""
    if alarm.kind == "losses" and (rows := latest(known=True)) is not None:
        return replace(alarm, causes=causes(subject, rows))
    if alarm.kind != "columns" or (rows := latest(known=False)) is None or np.isfinite(rows.y).any():
        return alarm  # of rows whose outcome is known the losses tell
    if (effect := expected(subject, rows)) is None:
        return alarm
    evidence = {**alarm.evidence, "estimate": effect.to_dict()}
    return replace(alarm, message=f"{alarm.message} {_of_effect(effect)}", evidence=evidence)


def _of_effect(effect: Estimate) -> str:
    if not effect.trusted:
        why = effect.why.removeprefix("No estimate: ")
        return f"What that does to the answers cannot be told: {why}"
    ends, usual = f"{wording.number(effect.low)} to {wording.number(effect.high)}", wording.number(effect.reference)
    if effect.low > effect.reference:
        return f"The loss is expected to be {wording.number(effect.value)} ({ends}), not {usual}."
    return f"No effect on the answers is expected: a loss of {ends}, where {usual} is usual."


def _risen(deployment: Deployment, kind: str, watch: Watch, now: datetime, alpha: float) -> Iterator[Alarm]:
    """Give the page or the notice of a watcher of what can rise."""
    evidence, threshold = watch.evidence, page_threshold(kind, alpha)
    paged = evidence.most_mixed >= threshold
    noticed = np.flatnonzero(evidence.detector >= NOTICE_ROWS).tolist()
    if not paged and not noticed:
        return
    places = (named(evidence.capital, alpha) or [int(evidence.largest.argmax())]) if paged else noticed
    risen = [each for place in sorted(places) if (each := measured(watch, place)) is not None and each.is_much]
    if not risen:
        return
    first = max(risen, key=lambda each: each.now.value - each.before) if kind == "groups" else risen[0]
    told = {
        "e_value": float(evidence.most_mixed if paged else evidence.detector.max()),
        "threshold": threshold if paged else float(NOTICE_ROWS),
        "reference": first.before,
        "now": first.now.value,
        "interval": [first.now.lower, first.now.upper],
        "rows": first.now.rows,
        "measure": first.name,
    }
    message, columns, action = _SENTENCES[kind](deployment, risen)
    said = _Said(message, columns, told, action)
    yield _alarm(deployment, kind, "page" if paged else "notice", first.since, now, said)


def measured(watch: Watch, stream: int) -> Risen | None:
    """Return what a stream was and what it is since it changed; None where it has no values or no row."""
    since = watch.since(stream)
    if since is None or watch.means is None:
        return None
    count, mean, variance = watch.evidence.history.sums(stream, since.rows)
    now = mean_of(count, count * mean, count * (variance + mean * mean)) if count else None
    return None if now is None else Risen(stream, watch.names[stream], float(watch.means[stream]), now, since)


def _of_losses(deployment: Deployment, risen: Sequence[Risen]) -> tuple[str, tuple[str, ...], str]:
    first, subject = risen[0], deployment.subject
    what, is_share = subject.watching.loss_risen(subject.metric_named(first.name))
    action = subject.watching.learn_again(subject.model.name, ())
    return f"{what} has risen from {_from_to(first, share=is_share)}.", (), action


def _of_groups(_: Deployment, risen: Sequence[Risen]) -> tuple[str, tuple[str, ...], str]:
    worst = max(risen, key=lambda each: each.now.value - each.before)
    more = f", and for {wording.count(len(risen) - 1, 'other group')}" if len(risen) > 1 else ""
    message = f"Answers about {worst.name} are wrong more often: {_from_to(worst, share=True)}{more}."
    columns = tuple(sorted({each.name.partition(" = ")[0] for each in risen}))
    return message, columns, "see what changed for them, and learn again from newer rows of theirs."


def _of_contract(deployment: Deployment, risen: Sequence[Risen]) -> tuple[str, tuple[str, ...], str]:
    first = risen[0]
    broken = deployment.broken(first.since.at)[:NAMED]
    columns = [(name, share) for name, share in broken if share >= MINOR * broken[0][1]]
    names = tuple(name for name, _ in columns)
    change = Change(wording.percent(first.now.value), wording.percent(first.before), names)
    message, action = deployment.subject.watching.contract_broken(change)
    return message, names, action


_SENTENCES = {"losses": _of_losses, "groups": _of_groups, "contract": _of_contract}


def _from_to(risen: Risen, *, share: bool) -> str:
    words = wording.percent if share else wording.number
    now = risen.now
    return f"{words(risen.before)} to {words(now.value)} (95 % interval {words(now.lower)} to {words(now.upper)})"


def _worth_telling(deployment: Deployment, kind: str, watch: Watch, alpha: float) -> list[int]:
    """Return the streams that have changed in a way that matters."""
    matters = deployment.subject.watching.matters
    changed = drifted(watch.evidence.capital, watch.evidence.largest, alpha)
    return [place for place in changed if matters(kind, watch, place)]


def _drifted(
    deployment: Deployment, kind: str, watch: Watch, places: Sequence[int], now: datetime, alpha: float
) -> Alarm:
    """Return the notice that streams lie elsewhere than they did."""
    capital = watch.evidence.largest
    order = sorted(places, key=lambda place: -capital[place])
    first = watch.since(order[0])
    names = [watch.names[place] for place in order]
    told = {
        "e_value": float(capital[order[0]]),
        "threshold": 2.0 * len(watch.names) / alpha,
        "rows": watch.evidence.rows,
        "columns": [{"name": watch.names[place], "e_value": float(capital[place])} for place in order],
    }
    message, action = deployment.subject.watching.drifted(kind, deployment.subject, watch, order)
    columns = tuple(names) if kind == "columns" else ()
    return _alarm(deployment, kind, "notice", first, now, _Said(message, columns, told, action))


@dataclass(frozen=True, slots=True)
class _Said:
    """What an alarm says."""

    message: str
    columns: tuple[str, ...]
    evidence: dict[str, Any]
    action: str


def _alarm(deployment: Deployment, kind: str, level: Level, since: Since | None, now: datetime, said: _Said) -> Alarm:
    model, told = deployment.subject.model, deployment.moment
    version = model.version or 0
    epoch = deployment.epoch + deployment.epochs.get(kind, 0)
    return Alarm(
        id=f"{model.name}@{version}-{kind}-{level}" + (f"-{epoch}" if epoch else ""),
        kind=kind,
        level=level,
        model=model.name,
        version=version,
        at=now.isoformat(),
        since=None if since is None else told(since.at),
        since_interval=None if since is None else (told(since.earliest), told(since.latest)),
        message=said.message,
        columns=said.columns,
        evidence=said.evidence,
        action=said.action,
    )
