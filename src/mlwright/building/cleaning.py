"""Cleaning as a choice: what is wrong with the rows, and which repairs the model is better for.

Every repair that a detector proposes is a trial: the same quick learner on the same folds, with the repair fitted
inside each fold and without it. Over-eager cleaning harms (Li et al., "CleanML", ICDE 2021), so a repair that is only
probably right has to help by more than its own noise, and one that is surely right may not harm by more than that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mlwright.building.ask import TOLD_BY_THE_TASK, Asked
from mlwright.building.options import Options
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors import DETECTORS, detect
from mlwright.clean.mender import Mender, Step, breaks_order
from mlwright.clean.spread import Spread, placed
from mlwright.evaluate.comparison import compare_folds
from mlwright.evaluate.intervals import Scored
from mlwright.findings import Effect, Finding
from mlwright.learn.base import Stop
from mlwright.learn.budget import Budget
from mlwright.learn.doubt import Doubter
from mlwright.learn.material import Material
from mlwright.learn.quick import Quick, learn_quickly
from mlwright.learn.splits import Fold, Order, folds

LOOK_SHARE, TRY_SHARE = 0.05, 0.08
"""Shares of the budget that looking for errors and trying repairs may take."""
SHORT_SHARE, LOOK_SECONDS, TRY_SECONDS = 0.15, 2.0, 3.0
"""Of a short budget each may take this share, up to so many seconds: errors harm a short build no less."""
SLOW = ("near_duplicates", "functional_dependencies", "outliers", "unit_errors")
"""Detectors that come last, for they take longest."""
LOOKED_AT_CELLS = 4_000_000
"""Larger tables are looked at in so many of their cells at most, in rows spread evenly."""
TRIED_ROWS = 20_000
"""A repair is tried on at most so many rows, spread evenly over those that teach."""
TRIED_CELLS = 4_000_000
FEWEST_ROWS = 100
"""Of fewer rows nobody can tell whether a repair helps: none is made."""
FOLDS = 5
MOST_STEPS = 20
SURE = 0.95
"""A repair of this confidence is kept unless it harms."""
STUDENT = 2.776
"""The 95 % interval of five folds in standard errors."""
FEWEST_DOUBTED = 0.005
"""Of fewer rows with a doubtful target it is only told."""
DOUBTED = "label_errors"
"""The detector that has to know what a model says; it is asked on its own."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one detector found."""

    detector: str
    detection: Detection

    @property
    def step(self) -> Step | None:
        """The step that mends it, where a rule does."""
        return Step.of(self.detector, self.detection)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was found out about cleaning: the steps that are taken, and the findings, each with what mending it did."""

    mender: Mender | None
    doubter: Doubter | None
    findings: tuple[Finding, ...]

    def on(self, material: Material) -> Material:
        """Return the rows with what was decided of them."""
        return replace(material, mender=self.mender, doubter=self.doubter)


def look(asked: Asked, options: Options, stop: Stop, *, without: Sequence[str] = ()) -> list[Looked]:
    """Return what the detectors find in the table, one after the other until time is up."""
    part = Spread.of(asked.table, most_cells=LOOKED_AT_CELLS, seed=options.seed)
    context = Context(part.table, asked.schema, seed=options.seed, places=part.rows, stop=stop)
    names = [name for name in DETECTORS if name not in {*without, DOUBTED, *TOLD_BY_THE_TASK}]
    found: list[Looked] = []
    left_out: list[str] = []
    for name in sorted(names, key=lambda each: SLOW.index(each) if each in SLOW else -1):
        if stop():
            left_out.append(name)
        else:
            found += [Looked(name, each) for each in detect(part.table, context, only=(name,))]
    told = [replace(one, detection=replace(one.detection, finding=part.placed(one.detection.finding))) for one in found]
    return [*told, *_not_looked_for(left_out)]


def _not_looked_for(names: Sequence[str]) -> list[Looked]:
    """Return the finding that there was no time for these detectors."""
    if not names:
        return []
    listed = ", ".join(name.replace("_", " ") for name in names)
    finding = Finding(
        kind="not_looked_for",
        message=f"There was no time to look for all that can be wrong: not for {listed}.",
        repair="Give a longer --budget, or look with `mlwright profile`.",
    )
    return [Looked("", Detection(finding=finding))]


def decide(
    asked: Asked, looked: Sequence[Looked], material: Material, order: Order, options: Options, stop: Stop
) -> Decided:
    """Try what was proposed, on rows that may teach, and keep what the model is better for."""
    if not options.clean:
        return Decided(None, None, ())
    mender = Mender(asked.table, asked.schema, (), options.seed)
    doubter = Doubter(asked.table, asked.schema, options.seed)
    # Taking text apart would cost more than all the rest, and its words have no repairs to try.
    material = replace(material, features=tuple(each for each in material.features if each.kind != "text"))
    most = min(TRIED_ROWS, TRIED_CELLS // max(1, len(material.features)))
    if not material.features or min(material.rows, most) < FEWEST_ROWS:
        return Decided(None, None, tuple(one.detection.finding for one in looked))
    if whole := material.rows <= most:
        rows = np.arange(material.rows)
    else:
        rows = np.linspace(0, material.rows - 1, most).astype(np.intp)
    material, order = material.take(rows), order.take(rows)
    trying = _Trying(material, folds(order, FOLDS, 1, options.seed), options, stop)
    proposed = _proposed(looked, material, asked)
    effects = trying.effects({step: mender.only([step]) for step in proposed})
    kept = [step for step, effect in effects.items() if _keeps(effect, proposed[step])]
    if len(kept) > 1:
        kept = _together(kept, effects, trying, mender)
    told = [_told(one, proposed, effects, kept, asked) for one in looked]
    doubted, doubts = _doubted(asked, trying, doubter, worth_a_trial=whole)
    return Decided(mender.only(kept) if kept else None, doubter if doubted else None, (*told, *doubts))


def _doubted(asked: Asked, trying: _Trying, doubter: Doubter, *, worth_a_trial: bool) -> tuple[bool, list[Finding]]:
    """Return whether rows with doubtful targets are to teach less, and what was found of them."""
    material, plain = trying.material, trying.plain
    if plain is None or material.places is None:
        return False, []
    detections = doubter.doubts(material, plain.P)
    findings = [placed(detection.finding, material.places, asked.table.rows) for detection in detections]
    if not worth_a_trial or sum(each.size for each in detections) < FEWEST_DOUBTED * material.rows:
        return False, findings
    effect = trying.effect(doubter=doubter)
    if effect is None or not math.isfinite(effect.low):
        return False, findings
    better = effect.low > 0.0  # of a rare class that is hard to tell, most rows are doubtful, and to lose them is dear
    return better, [replace(each, applied=better, effect=_effect(effect, asked)) for each in findings]


def _breaks(one: Looked, asked: Asked) -> str | None:
    """Return the column whose order the repair of what was found may break, or None."""
    repair = one.detection.repair
    return None if repair is None else breaks_order(repair, asked.schema)


def _proposed(looked: Sequence[Looked], material: Material, asked: Asked) -> dict[Step, float]:
    """Return the steps that mend what the model may look at, with how sure each is; what concerns most cells first."""
    features = {column.name for column in material.features}
    steps: dict[Step, float] = {}
    cells: Counter[Step] = Counter()
    for one in looked:
        if (step := one.step) is not None and step.column in features and _breaks(one, asked) is None:
            steps[step] = max(steps.get(step, 0.0), one.detection.finding.confidence)
            cells[step] += one.detection.size
    return {step: steps[step] for step, _ in cells.most_common(MOST_STEPS)}


def _keeps(effect: Scored, confidence: float) -> bool:
    """Whether a repair is kept: a sure one unless it harms by more than its standard error, another if it helps so."""
    if not math.isfinite(effect.low):
        return False
    error = _error(effect)
    return effect.value >= -error if confidence >= SURE else effect.value > error > 0


def _together(kept: list[Step], effects: dict[Step, Scored], trying: _Trying, mender: Mender) -> list[Step]:
    """Return the steps that are kept where several are: all, if all together are not worse than the best alone."""
    best = max(kept, key=lambda step: effects[step].value)
    joint = trying.effect(mender=mender.only(kept))
    if joint is None or not math.isfinite(joint.low):
        return [best]
    return kept if joint.value >= effects[best].value - _error(joint) else [best]


def _error(effect: Scored) -> float:
    """Return the standard error of which the interval was made."""
    return (effect.high - effect.low) / 2 / STUDENT


def _told(
    one: Looked, proposed: Collection[Step], effects: dict[Step, Scored], kept: Sequence[Step], asked: Asked
) -> Finding:
    """Return the finding with what the repair was worth, and whether it was made."""
    finding, step = one.detection.finding, one.step
    if (ordered := _breaks(one, asked)) is not None:
        return replace(finding, repair=f"{finding.repair} (not made: the answer has to keep the order of {ordered!r})")
    if step is None or step not in proposed:
        return finding
    if step not in effects:
        return replace(finding, repair=f"{finding.repair} (not tried: there was no time)")
    if not math.isfinite(effects[step].low):
        return finding
    return replace(finding, applied=step in kept, effect=_effect(effects[step], asked))


def _effect(effect: Scored, asked: Asked) -> Effect:
    name = asked.metric.label or asked.metric.name
    return Effect(metric=name, value=effect.value, low=effect.low, high=effect.high)


class _Trying:
    """The quick learner on the folds, with the rows as they are and otherwise."""

    def __init__(self, material: Material, parts: list[Fold], options: Options, stop: Stop) -> None:
        self.material, self.parts, self.options, self.stop = material, parts, options, stop
        self.test_share = len(parts[0][1]) / max(1, len(parts[0][0]))

    @cached_property
    def plain(self) -> Quick | None:
        """What is said of the rows as they are; None where there was no time to see."""
        return self._learn(self.material)

    def effects(self, menders: dict[Step, Mender]) -> dict[Step, Scored]:
        """Return what each is worth, as far as there is time."""
        found: dict[Step, Scored] = {}
        for step, mender in menders.items():
            effect = self.effect(mender=mender)
            if effect is None:
                break
            found[step] = effect
        return found

    def effect(self, *, mender: Mender | None = None, doubter: Doubter | None = None) -> Scored | None:
        """Return by how much the losses fall with repairs, or with doubt; None where there was no time to see."""
        if self.plain is None:
            return None
        other = self._learn(replace(self.material, mender=mender, doubter=doubter))
        return None if other is None else compare_folds(other.losses, self.plain.losses, test_share=self.test_share)

    def _learn(self, material: Material) -> Quick | None:
        options = self.options
        return learn_quickly(material, self.parts, seed=options.seed, threads=options.workers, stop=self.stop)


def looking(budget: Budget) -> Stop:
    """Return what ends the looking: its share of the budget; a number of trials knows no clock."""
    return budget.stop_at(_left_after(LOOK_SHARE, LOOK_SECONDS, budget))


def trying(budget: Budget) -> Stop:
    """Return what ends the trying of repairs."""
    return budget.stop_at(_left_after(TRY_SHARE, TRY_SECONDS, budget))


def _left_after(share: float, seconds: float, budget: Budget) -> float:
    if budget.seconds is None:
        return 0.0
    return max(0.0, budget.left - max(share * budget.seconds, min(seconds, SHORT_SHARE * budget.seconds)))
