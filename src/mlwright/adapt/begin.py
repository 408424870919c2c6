"""What begins an adaptation: an alarm, the calendar, new outcomes, or a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from mlwright.adapt import traffic
from mlwright.adapt.forms import learning
from mlwright.adapt.kept import Act, Adaptation, LeaseLostError, Line
from mlwright.adapt.material import Material, Plan, first_answer
from mlwright.adapt.policy import Policy
from mlwright.adapt.possible import check_possible
from mlwright.adapt.rows import count_matured
from mlwright.adapt.step import MARGIN, World
from mlwright.adapt.window import Reach, reach
from mlwright.errors import OptionError
from mlwright.evaluate.wording import count
from mlwright.model import Model
from mlwright.serve.record import microseconds

NOTHING_TO_LEARN = frozenset({"contract", "health"})
"""Kinds of alarms that no new model answers: what they are about has to be mended."""


class Raised(Protocol):
    """What is read of an alarm."""

    @property
    def id(self) -> str:
        """Names it."""

    @property
    def kind(self) -> str:
        """What it is about."""

    @property
    def level(self) -> str:
        """Notice or page."""

    @property
    def version(self) -> int:
        """Of which version."""

    @property
    def message(self) -> str:
        """What it says, in one sentence."""

    @property
    def since(self) -> str | None:
        """When what it is about began."""

    @property
    def causes(self) -> Mapping[str, float]:
        """Where a loss comes from."""

    @property
    def ended(self) -> str | None:
        """When it was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why a model is to learn again."""

    kind: str
    """alarm, schedule, labels or manual"""
    sentence: str
    key: str
    """The same for the same reason."""
    change: int | None = None
    """When what is new began, in microseconds since 1970."""
    causes: Mapping[str, float] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    """All that were open and asked for it: where it is cancelled, none of them asks again."""
    who: str = traffic.WHO
    source: str | None = None
    """A file of labelled rows that a person brings."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "key": self.key,
            "change": self.change,
            "causes": dict(self.causes),
            "alarms": list(self.alarms),
            "who": self.who,
        }


def due(world: World, name: str, policy: Policy, alarms: Sequence[Raised], now: datetime) -> Trigger | None:
    """Return why a model is to learn again now.

    None where nothing asks for it, where it was refused a moment ago, or where nothing has come since it was. An alarm
    whose adaptation a person has cancelled asks no more.
    """
    moment = microseconds(now)
    before = world.kept.adaptations(name)
    last = next(iter(before), None)
    if last is not None and last.ended is None:
        return None
    if last is not None and last.ended is not None and moment < microseconds(last.ended) + policy.us("retry"):
        return None
    version = traffic.champion_of(world.workspace, name)
    if last is not None and _is_as_refused(world, policy, last, version, moment):
        return None
    settled = {alarm for each in before if each.verdict == "cancelled" for alarm in each.trigger.get("alarms", ())}
    pages = [
        alarm
        for alarm in alarms
        if alarm.level == "page"
        and alarm.ended is None
        and alarm.version == version
        and alarm.kind not in NOTHING_TO_LEARN
        and alarm.id not in settled
    ]
    if policy.on_page and pages:
        first = min(pages, key=lambda alarm: (alarm.since or "", alarm.id))
        change = None if first.since is None else microseconds(first.since)
        return Trigger(
            kind="alarm",
            sentence=first.message,
            key=first.id,
            change=change,
            causes=first.causes,
            alarms=tuple(alarm.id for alarm in pages),
        )
    if world.record is None:
        return None
    return _by_time(world, name, policy, last, moment) or _by_labels(world, name, policy, last, moment)


def _is_as_refused(world: World, policy: Policy, last: Adaptation, version: int, now: int) -> bool:
    """Tell whether the champion's last challenger was refused, and no outcome has come since that could change it."""
    if last.verdict != "refused" or last.champion != version or world.record is None:
        return False
    after = int(last.state.get("until", microseconds(last.begun) - MARGIN))
    return not count_matured(world.record, last.name, delay=policy.us("delay"), after=after, until=now - MARGIN)


def _by_time(world: World, name: str, policy: Policy, last: Adaptation | None, now: int) -> Trigger | None:
    if policy.every is None or world.record is None:
        return None
    version = traffic.champion_of(world.workspace, name)
    since = microseconds(last.begun) if last is not None else first_answer(world.record, name, version)
    if since is None or now < since + policy.us("every"):
        return None
    return Trigger(kind="schedule", sentence=f"It learns again every {policy.every}.", key=f"since {since}")


def _by_labels(world: World, name: str, policy: Policy, last: Adaptation | None, now: int) -> Trigger | None:
    if policy.new_labels is None or world.record is None:
        return None
    version = traffic.champion_of(world.workspace, name)
    after = microseconds(last.begun) - MARGIN if last is not None else first_answer(world.record, name, version)
    if after is None:
        return None
    delay = policy.us("delay")
    found = count_matured(world.record, name, delay=delay, after=after, until=now - MARGIN)
    if found < policy.new_labels:
        return None
    said = f"{count(found, 'outcome')} came since it learned; {policy.new_labels:,} were asked for."
    return Trigger(kind="labels", sentence=said, key=f"after {after}")


def begin(world: World, name: str, policy: Policy, trigger: Trigger, now: datetime) -> Act | None:
    """Begin an adaptation; None where another process was faster.

    Raises OptionError where it cannot begin, and InputError where the champion, what the policy names or the rows that
    are brought are not there: nothing has changed then.

    The version that the name means becomes its champion by alias, where it was not: else the challenger would take its
    place by being newer.
    """
    running = world.workspace.traffic(name)
    if running.weights:
        raise OptionError(
            f"The requests of {name!r} are shared among versions already.",
            hint=f"`mlwright traffic {name} --clear` ends that.",
        )
    moment, at = microseconds(now), now.astimezone(UTC).isoformat()
    opened = _opened(world, name, policy, moment)
    if trigger.source is not None:
        learning(opened).check_brought(opened, trigger.source, moment)
    before = world.kept.adaptations(name)
    try:
        champion = traffic.pin(world.workspace, name)
    except LeaseLostError:
        return None
    own = json.dumps([name, champion, trigger.key, len(before)])
    adaptation = Adaptation(
        id=f"{name}-{hashlib.sha256(own.encode()).hexdigest()[:10]}",
        name=name,
        stage="waiting",
        champion=champion,
        trigger=trigger.to_dict(),
        state={
            "policy": policy.to_dict(),
            "traffic": running.to_dict(),
            "reach": _reach(policy, trigger, moment).to_dict(),
            "source": trigger.source,
            "since": moment,
            **_learned(before, champion),
        },
        begun=at,
        changed=at,
        reason=trigger.sentence,
    )
    line = Line(at=at, who=trigger.who, what=f"begin: {trigger.sentence}", evidence=trigger.to_dict())
    if not world.kept.begin(adaptation, [line], fence=world.fence):
        return None
    return Act(
        name=name,
        what="begin",
        sentence=trigger.sentence,
        adaptation=adaptation.id,
        stage="waiting",
        evidence=trigger.to_dict(),
    )


def foreseen(world: World, name: str, policy: Policy, trigger: Trigger, now: datetime) -> Act:
    """Return what `begin` and the step after it would come to; nothing is changed. Raises InputError."""
    moment = microseconds(now)
    champion = traffic.champion_of(world.workspace, name)
    opened = _opened(world, name, policy, moment)
    learned = _learned(world.kept.adaptations(name), champion)
    plan = Plan(
        id="dry run",
        name=name,
        policy=policy,
        reach=_reach(policy, trigger, moment),
        until=moment - MARGIN,
        learned=learned["learned"],
        source=trigger.source,
        before=tuple(learned["before"]),
    )
    found = learning(opened).gather(world.workspace, world.record, opened, plan)
    if isinstance(found, Material):
        said = f"A challenger would learn from {count(found.frame.height, 'row')}. {' '.join(found.notes)}"
        return Act(name=name, what="begin", sentence=said, evidence=found.to_dict(), dry_run=True)
    return Act(name=name, what="refuse", sentence=found.sentence, evidence=found.to_dict(), dry_run=True)


def _opened(world: World, name: str, policy: Policy, now: int) -> Model:
    """Return the champion. Raises InputError where it is damaged, or the policy cannot be that of it."""
    champion = world.workspace.open(f"{name}@{traffic.champion_of(world.workspace, name)}")
    check_possible(policy, champion, name, world.record, until=now - MARGIN)
    return champion


def _reach(policy: Policy, trigger: Trigger, now: int) -> Reach:
    return reach(policy, until=now - MARGIN, change=trigger.change, causes=trigger.causes)


def _learned(before: Sequence[Adaptation], champion: int) -> dict[str, Any]:
    """Return until when rows taught the champion, and what challengers learned from that were refused."""
    made = next((each for each in before if each.challenger == champion), None)
    refused = [each for each in before if each.verdict == "refused" and each.champion == champion]
    digests = [each.state.get("material", {}).get("digest") for each in refused]
    return {
        "learned": None if made is None else made.state.get("until"),
        "before": [digest for digest in digests if digest],
    }
