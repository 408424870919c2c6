r"""The way of a challenger, as steps that may be cut off anywhere and made again.

    waiting -> chosen -> built -> replayed -> shadow -> canary 5, 25, 100 % -> promoted -> ended
                                                  \-> asking, where a person promotes -/

Each step reads where an adaptation stands and what is recorded, changes the registry (which does no harm when it is
done twice), and only then writes down that it was made, all at once. So whoever comes after a crash makes the same step
again, from the same rows, with the same end. Everything ends in one verdict: promoted, refused, rolled back, cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlwright.adapt import traffic
from mlwright.adapt.forms import learning
from mlwright.adapt.kept import Act, Adaptation, Line, Verdict
from mlwright.adapt.material import Material
from mlwright.adapt.proof import Rivals, restored, sentences
from mlwright.adapt.retrain import retrain
from mlwright.adapt.step import Next, Step, World
from mlwright.adapt.trial import PairedTrial
from mlwright.errors import InputError, ModelError
from mlwright.evaluate.wording import count
from mlwright.serve.record import microseconds


def advance(world: World, name: str, now: datetime) -> Act | None:
    """Make one step of the adaptation of a model; None where there is none, or where nothing is worth telling.

    Raises InputError where the registry, the record or the rows cannot be read, and LeaseLostError where another
    process has taken over before something was changed: nothing has changed then.
    """
    adaptation = world.kept.current(name)
    if adaptation is None:
        return None
    step = Step(world, adaptation, microseconds(now))
    found = step.overtaken() or _promoted_by_a_person(step) or _STEPS[adaptation.stage](step)
    return _written(world, adaptation, found, now)


def cancel(world: World, name: str, now: datetime, *, who: str) -> Act | None:
    """End the adaptation of a model; None where there is none. What is promoted stays, all else is as before."""
    adaptation = world.kept.current(name)
    if adaptation is None:
        return None
    step = Step(world, adaptation, microseconds(now))
    stays = step.is_promoted
    said = f"{who} has ended it" + (f"; {name}@{step.challenger} stays champion." if stays else ".")
    return _written(world, adaptation, step.ended("promoted" if stays else "cancelled", "cancel", said), now, who=who)


def _written(world: World, adaptation: Adaptation, found: Next, now: datetime, who: str = traffic.WHO) -> Act | None:
    """Write a step down, and return what is told of it."""
    is_new = found.stage != adaptation.stage or found.sentence != adaptation.reason or found.verdict is not None
    moved = found.stage != adaptation.stage or bool(found.changes.get("since"))
    at = now.astimezone(UTC).isoformat()
    state = {**adaptation.state, **found.changes}
    if moved and "since" not in found.changes:
        state["since"] = microseconds(now)
    after = replace(
        adaptation,
        stage=found.stage,
        state=state,
        challenger=found.challenger or adaptation.challenger,
        changed=at,
        ended=at if found.verdict else None,
        verdict=found.verdict,
        reason=found.sentence,
        step=adaptation.step + 1,
    )
    if not is_new and state == adaptation.state:
        return None
    lines = [Line(at=at, who=who, what=f"{found.what}: {found.sentence}", evidence=found.evidence)] if moved else []
    if not world.kept.move(after, lines, fence=world.fence):
        return None  # another process was faster, and made the same step
    if not is_new:
        return None
    return Act(
        name=adaptation.name,
        what=found.what,
        sentence=found.sentence,
        adaptation=adaptation.id,
        stage=found.stage,
        evidence=found.evidence,
    )


def _waiting(step: Step) -> Next:
    """Choose the rows that teach, or wait for them."""
    source = step.state.get("source")
    try:
        champion = step.champion
        found = learning(champion).gather(step.world.workspace, step.world.record, champion, step.plan(step.until))
    except InputError as error:
        if source is None:
            raise
        said = f"The rows that were brought cannot teach: {error.message}"
        return step.ended("refused", "refuse", said, {"error": str(error)})
    if isinstance(found, Material):
        said = f"{count(found.frame.height, 'row')} teach, {len(found.held):,} are kept back. {' '.join(found.notes)}"
        changes = {"until": step.until, "material": found.to_dict()}
        return Next(stage="chosen", what="choose", sentence=said, changes=changes, evidence=found.to_dict())
    may_come = found.kind in {"labels", "one class"} and source is None
    if may_come and step.lasts() <= step.policy.us("longest"):
        return Next(stage="waiting", what="wait", sentence=found.sentence, evidence=found.to_dict())
    return step.ended("refused", "refuse", found.sentence, found.to_dict())


def _chosen(step: Step) -> Next:
    """Build the challenger."""
    plan, champion = step.plan(int(step.state["until"])), step.champion
    found = learning(champion).gather(step.world.workspace, step.world.record, champion, plan)
    if not isinstance(found, Material):  # rows were forgotten since
        return step.ended("refused", "refuse", found.sentence, found.to_dict())
    why = str(step.adaptation.trigger.get("sentence", "")) or "asked for"
    try:
        version = retrain(step.world.workspace, champion, plan, found, why)
    except InputError as error:
        return step.ended("refused", "refuse", f"No challenger can be built: {error.message}", {"error": str(error)})
    said = f"{step.name}@{version} is built from {count(found.frame.height, 'row')}."
    return Next(
        stage="built",
        what="learn",
        sentence=said,
        evidence=found.to_dict(),
        changes={"material": found.to_dict()},
        challenger=version,
    )


def _built(step: Step) -> Next:
    """Compare both on the rows that were kept back."""
    rivals = step.rivals()
    held, taught = step.held_back(rivals.champion)
    try:
        trial = PairedTrial(rivals.terms("promotion", taught))
        rivals.feed(trial, held)
    except InputError as error:
        return step.ended("refused", "refuse", f"The two cannot be compared: {error.message}", {"error": str(error)})
    decision = trial.decision()
    changes = {"trial": trial.to_dict(), "cursor": int(step.state["until"])}
    if decision.verdict == "refuse":
        return step.ended("refused", "refuse", decision.sentence, decision.to_dict())
    return Next(
        stage="replayed", what="replay", sentence=decision.sentence, changes=changes, evidence=decision.to_dict()
    )


def _replayed(step: Step) -> Next:
    """Let the challenger answer unheard; where nothing is recorded, decide by what there is."""
    if not step.is_served():
        rivals, trial = step.rivals(), restored(step.state["trial"])
        if trial.decision().verdict != "promote":
            said = f"The rows that were brought do not prove it better. {trial.decision().sentence}"
            return step.ended("refused", "refuse", said, trial.decision().to_dict())
        return _proven(step, rivals, trial)
    traffic.put(step.world.workspace, step.name, traffic.shadowed(step.before, step.challenger))
    said = f"{step.name}@{step.challenger} answers every row, unheard."
    return Next(stage="shadow", what="shadow", sentence=said)


def _opened(step: Step, stage: str) -> Rivals | Next:
    """Return both versions; where one of them is damaged, the end: nobody answers whom nobody can judge."""
    try:
        return step.rivals()
    except ModelError as error:
        verdict: Verdict = "rolled back" if stage == "canary" else "refused"
        what = "roll back" if stage == "canary" else "refuse"
        return step.ended(verdict, what, f"The two cannot be opened: {error.message}", {"error": str(error)})


def _shadow(step: Step) -> Next:
    """Go on with the trial as outcomes mature, until it is decided."""
    trial = restored(step.state["trial"])
    if step.lasts() > step.policy.us("longest"):
        decision = trial.decision()
        said = f"It is not proven better within {step.policy.longest}. {decision.sentence}"
        return step.ended("refused", "refuse", said, decision.to_dict())
    rivals = _opened(step, "shadow")
    if isinstance(rivals, Next):
        return rivals
    rivals.feed(trial, step.new_rows(int(step.state["cursor"]), step.until))
    changes = {"trial": trial.to_dict(), "cursor": max(step.until, int(step.state["cursor"]))}
    decision = trial.decision()
    _, asked, failing = rivals.failing(int(step.state["since"]), step.now)
    if failing is not None:
        return step.ended("refused", "refuse", failing, {"shadowed": asked})
    if decision.verdict == "refuse":
        return step.ended("refused", "refuse", decision.sentence, decision.to_dict())
    if decision.verdict == "promote" and asked >= step.policy.step_rows:
        found = _proven(step, rivals, trial)
        return replace(found, changes={**changes, **found.changes})
    traffic.put(step.world.workspace, step.name, traffic.shadowed(step.before, step.challenger))
    said = decision.sentence
    if decision.verdict == "promote":
        said = f"It is proven better; it has answered {asked:,} of {step.policy.step_rows:,} rows unheard."
    return Next(stage="shadow", what="wait", sentence=said, changes=changes, evidence=decision.to_dict())


def _proven(step: Step, rivals: Rivals, trial: PairedTrial) -> Next:
    """Ask the gates about a challenger that is better on the whole; then let it answer, or ask a person."""
    held, taught = step.held_back(rivals.champion)
    later = step.new_rows(int(step.state["until"]), step.until)
    decision = trial.decision()
    against = rivals.against(later if len(later) > len(held) else held)
    evidence = {**decision.to_dict(), "reasons": [reason.to_dict() for reason in against]}
    cannot_tell = [reason for reason in against if reason.kind == "rows"]
    if against and len(cannot_tell) < len(against):
        return step.ended("refused", "refuse", sentences(against), evidence)
    if cannot_tell or step.policy.action != "retrain and promote":
        said = f"{decision.sentence} {sentences(cannot_tell)}".strip()
        said = (
            f"{said} `mlwright promote {step.name}@{step.challenger}` promotes it; `mlwright adapt --cancel` ends this."
        )
        return Next(stage="asking", what="ask", sentence=said, evidence=evidence)
    mirror = PairedTrial(rivals.terms("rollback", taught)).to_dict()
    changes: dict[str, Any] = {"mirror": mirror, "cursor": max(step.until, int(step.state["cursor"])), "canary": 0}
    if not step.is_served():
        return _promoted_now(step, decision.sentence, evidence, changes)
    return _canary_at(step, 0, decision.sentence, changes, evidence)


def _canary_at(step: Step, place: int, why: str, changes: Mapping[str, Any], evidence: Mapping[str, Any]) -> Next:
    """Let the challenger answer the share of a canary step."""
    percent = step.policy.canary[place]
    by = traffic.sticky(step.before, step.policy, step.champion)
    rivals = (step.adaptation.champion, step.challenger)
    traffic.put(step.world.workspace, step.name, traffic.split(step.before, by, rivals, percent))
    said = f"{step.name}@{step.challenger} answers {percent:g} % of the requests. {why}".strip()
    return Next(
        stage="canary",
        what="canary",
        sentence=said,
        evidence={**evidence, "percent": percent},
        changes={**changes, "canary": place, "since": step.now},
    )


def _promoted_now(step: Step, why: str, evidence: Mapping[str, Any], changes: Mapping[str, Any]) -> Next:
    traffic.promote(step.world.workspace, step.name, step.challenger, step.adaptation.champion, why)
    traffic.put(step.world.workspace, step.name, traffic.afterwards(step.before, step.adaptation.champion))
    said = f"{step.name}@{step.challenger} is champion now, instead of {step.name}@{step.adaptation.champion}. {why}"
    # That of the canary may have ended, because all was well: the new champion is watched by one of its own.
    mirror = PairedTrial(restored(changes["mirror"]).terms).to_dict()
    changes = {**changes, "mirror": mirror}
    return Next(stage="promoted", what="promote", sentence=said.strip(), evidence=evidence, changes=changes)


def _promoted_by_a_person(step: Step) -> Next | None:
    """Go on with what a person has promoted before it was this program's turn."""
    if step.adaptation.stage in {"canary", "promoted"} or not (step.is_promoted and step.by_a_person):
        return None
    rivals = step.rivals()
    _, taught = step.held_back(rivals.champion)
    mirror = PairedTrial(rivals.terms("rollback", taught)).to_dict()
    cursor = max(step.until, int(step.state.get("cursor", step.until)))
    return _promoted_now(step, "A person has promoted it.", {}, {"mirror": mirror, "cursor": cursor})


def _asking(step: Step) -> Next:
    """Wait for a person."""
    if step.lasts() > step.policy.us("longest"):
        return step.ended("refused", "refuse", f"Nobody has promoted it within {step.policy.longest}.")
    return Next(stage="asking", what="wait", sentence=step.adaptation.reason)


def _mirrored(step: Step, rivals: Rivals) -> tuple[PairedTrial, dict[str, Any]]:
    """Return the mirrored trial with what has matured since, and the changes of the state."""
    mirror = restored(step.state["mirror"])
    rivals.feed(mirror, step.new_rows(int(step.state["cursor"]), step.until))
    return mirror, {"mirror": mirror.to_dict(), "cursor": max(step.until, int(step.state["cursor"]))}


def _canary(step: Step) -> Next:
    """Look how the challenger does, and let it answer more, or nothing."""
    place, policy = int(step.state["canary"]), step.policy
    if step.lasts() > policy.us("longest"):
        said = f"Too few rows were answered within {policy.longest} to go on."
        return step.ended("refused", "refuse", said, restored(step.state["mirror"]).decision().to_dict())
    rivals = _opened(step, "canary")
    if isinstance(rivals, Next):
        return rivals
    mirror, changes = _mirrored(step, rivals)
    decision = mirror.decision()
    answered, asked, failing = rivals.failing(int(step.state["since"]), step.now)
    if failing is not None or decision.verdict == "roll back":
        found = {**decision.to_dict(), "answered": answered, "shadowed": asked}
        return step.ended("rolled back", "roll back", failing or decision.sentence, found)
    if step.lasts() < policy.us("step") or answered < policy.step_rows:
        said = step.adaptation.reason
        return Next(stage="canary", what="wait", sentence=said, changes=changes)
    evidence = {"answered": answered, "mirror": decision.to_dict()}
    if place + 1 < len(policy.canary):
        return _canary_at(step, place + 1, f"It has answered {count(answered, 'row')} before.", changes, evidence)
    proof = restored(step.state["trial"]).decision().sentence
    return _promoted_now(step, proof, evidence, changes)


def _promoted(step: Step) -> Next:
    """Look whether the former champion, which goes on unheard, is better after all."""
    mirror, changes = _mirrored(step, step.rivals())
    decision = mirror.decision()
    if decision.verdict == "roll back":
        return step.ended("rolled back", "roll back", decision.sentence, decision.to_dict())
    if not step.is_promoted:
        said = f"{step.name}@{step.adaptation.champion} is champion again: a person has rolled it back."
        return step.ended("rolled back", "roll back", said, decision.to_dict())
    long = step.lasts() > step.policy.us("longest")
    if decision.verdict == "keep" or long or not step.is_served():
        said = f"{step.name}@{step.challenger} stays champion. {decision.sentence if mirror.decision().counted else ''}"
        return step.ended("promoted", "settle", said.strip(), decision.to_dict())
    return Next(stage="promoted", what="wait", sentence=step.adaptation.reason, changes=changes)


_STEPS: Mapping[str, Callable[[Step], Next]] = {
    "waiting": _waiting,
    "chosen": _chosen,
    "built": _built,
    "replayed": _replayed,
    "shadow": _shadow,
    "asking": _asking,
    "canary": _canary,
    "promoted": _promoted,
}
