"""Cleaning as a choice: what is wrong with the rows, and which repairs the model is better for.

Every repair that a detector proposes is a trial: the same quick learner on the same folds, with the repair fitted
inside each fold and without it. Over-eager cleaning harms (Li et al., "CleanML", ICDE 2021), so a repair that is only
probably right has to help by more than its own noise, and one that is surely right may not harm by more than that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.options import Options
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors import DETECTORS
from mlwright.clean.mender import Mender, Step
from mlwright.evaluate.comparison import compare_folds
from mlwright.evaluate.intervals import Scored
from mlwright.findings import Effect, Finding
from mlwright.learn.base import Effort, Stop
from mlwright.learn.budget import Budget
from mlwright.learn.learners import LEARNERS
from mlwright.learn.material import Folds, Material
from mlwright.learn.splits import Order, folds
from mlwright.table import Table
from mlwright.tasks.base import Floats

LOOK_SHARE, TRY_SHARE = 0.05, 0.08
"""Shares of the budget that looking for errors and trying repairs may take."""
LOOKED_AT_CELLS = 4_000_000
"""Larger tables are looked at in so many of their cells, in rows spread evenly."""
TRIED_ROWS = 20_000
"""A repair is tried on at most so many rows, spread evenly over those that teach."""
FOLDS = 5
MOST_STEPS = 20
SURE = 0.95
"""A repair of this confidence is kept unless it harms."""
STUDENT = 2.776
"""The 95 % interval of five folds in standard errors."""
QUICK = {
    "learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.8,
    "extra_trees": False, "cat_smooth": 10.0, "cat_l2": 1.0, "lambda_l2": 1.0,
}  # fmt: skip
QUICK_ROUNDS = 80


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
    findings: tuple[Finding, ...]


def look(asked: Asked, options: Options, stop: Stop, *, without: Sequence[str] = ()) -> list[Looked]:
    """Return what the detectors find in the table, one after the other until time is up."""
    table, rows = asked.table, None
    step = -(-table.rows * max(len(asked.schema), 1) // LOOKED_AT_CELLS)
    if step > 1:
        rows = np.arange(0, table.rows, step)
        table = Table(table.frame[rows], table.name, table.origin)
    context = Context(table, asked.schema, seed=options.seed, stop=stop)
    found: list[Looked] = []
    for name, detector in DETECTORS.items():
        if stop():
            break
        if name not in without:
            found += [Looked(name, detection) for detection in detector.detect(table, context)]
    if rows is None:
        return found
    return [
        replace(one, detection=replace(one.detection, finding=_among(one.detection.finding, rows))) for one in found
    ]


def _among(finding: Finding, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Finding:
    """Return a finding about some rows as one about the table."""
    message = f"Among {len(rows):,} rows spread over the table: {finding.message}"
    return replace(finding, message=message, rows=tuple(int(rows[row]) for row in finding.rows))


def decide(
    asked: Asked, looked: Sequence[Looked], material: Material, order: Order, options: Options, stop: Stop
) -> Decided:
    """Try the repairs that were proposed, on rows that may teach, and keep those the model is better for."""
    proposed = _proposed(looked, material)
    if not proposed:
        return Decided(None, tuple(one.detection.finding for one in looked))
    if material.rows > TRIED_ROWS:
        rows = np.linspace(0, material.rows - 1, TRIED_ROWS).astype(np.intp)
        material, order = material.take(rows), order.take(rows)
    trying = _Trying(material, folds(order, FOLDS, 1, options.seed), options, stop)
    mender = Mender(asked.table, asked.schema, (), options.seed)
    effects = trying.effects({step: mender.only([step]) for step in proposed})
    kept = [step for step, effect in effects.items() if _keeps(effect, proposed[step])]
    if len(kept) > 1:
        kept = _together(kept, effects, trying, mender)
    told = tuple(_told(one, effects, kept, asked) for one in looked)
    return Decided(mender.only(kept) if kept else None, told)


def _proposed(looked: Sequence[Looked], material: Material) -> dict[Step, float]:
    """Return the steps that mend what the model may look at, with how sure each is, the surest first."""
    features = {column.name for column in material.features}
    steps: dict[Step, float] = {}
    for one in looked:
        if (step := one.step) is not None and step.column in features:
            steps[step] = max(steps.get(step, 0.0), one.detection.finding.confidence)
    return dict(sorted(steps.items(), key=lambda item: -item[1])[:MOST_STEPS])


def _keeps(effect: Scored, confidence: float) -> bool:
    """Whether a repair is kept: a sure one unless it harms by more than its standard error, another if it helps so."""
    if not math.isfinite(effect.low):
        return False
    error = (effect.high - effect.low) / 2 / STUDENT
    return effect.value >= -error if confidence >= SURE else effect.value > error > 0


def _together(kept: list[Step], effects: dict[Step, Scored], trying: _Trying, mender: Mender) -> list[Step]:
    """Return the steps that are kept where several are: all, if all together are not worse than the best alone."""
    best = max(kept, key=lambda step: effects[step].value)
    joint = trying.effect(mender.only(kept))
    if joint is None or not math.isfinite(joint.low):
        return [best]
    error = (joint.high - joint.low) / 2 / STUDENT
    return kept if joint.value >= effects[best].value - error else [best]


def _told(one: Looked, effects: dict[Step, Scored], kept: Sequence[Step], asked: Asked) -> Finding:
    """Return the finding with what the repair was worth, and whether it was made."""
    finding, step = one.detection.finding, one.step
    if step is None or step not in effects:
        return finding
    effect = effects[step]
    if not math.isfinite(effect.low):
        return finding
    name = asked.metric.label or asked.metric.name
    told = Effect(metric=name, value=effect.value, low=effect.low, high=effect.high)
    return replace(finding, applied=step in kept, effect=told)


class _Trying:
    """The quick learner on the folds, without repairs and with some."""

    def __init__(
        self, material: Material, parts: list[tuple[np.ndarray, np.ndarray]], options: Options, stop: Stop
    ) -> None:
        self.material, self.parts, self.options, self.stop = material, parts, options, stop
        self.test_share = len(parts[0][1]) / max(1, len(parts[0][0]))
        self._plain: Floats | None = None

    def effects(self, menders: dict[Step, Mender]) -> dict[Step, Scored]:
        """Return what each is worth, as far as there is time."""
        found: dict[Step, Scored] = {}
        for step, mender in menders.items():
            effect = self.effect(mender)
            if effect is None:
                break
            found[step] = effect
        return found

    def effect(self, mender: Mender) -> Scored | None:
        """Return by how much the losses fall with these repairs; None where there was no time to see."""
        if self._plain is None:
            self._plain = self._losses(self.material)
        mended = self._losses(replace(self.material, mender=mender))
        if self._plain is None or mended is None:
            return None
        return compare_folds(mended, self._plain, test_share=self.test_share)

    def _losses(self, material: Material) -> Floats | None:
        """Return the loss on each fold; None where time was up before the last."""
        held = Folds(material, self.parts, self.options.seed)
        with ThreadPoolExecutor(self.options.workers, thread_name_prefix="mlwright-clean") as pool:
            losses = list(pool.map(lambda fold: self._loss(held, fold), range(len(self.parts))))
        return None if any(loss is None for loss in losses) else np.array(losses, dtype=np.float64)

    def _loss(self, held: Folds, fold: int) -> float | None:
        if self.stop():
            return None
        prepared = held.prepare(fold, "codes")
        effort = Effort(seed=self.options.seed + fold, threads=1, stop=self.stop, rounds=QUICK_ROUNDS)
        fitted = LEARNERS["lightgbm"].fit(prepared.train, QUICK, None, effort)
        if self.stop():
            return None
        valid = self.parts[fold][1]
        P = fitted.predict(prepared.valid.X) * prepared.scale + prepared.center
        weight = None if self.material.weight is None else self.material.weight[valid]
        return self.material.metric.loss(self.material.target.y[valid], P, weight)


def looking(budget: Budget) -> Stop:
    """Return what ends the looking: its share of the budget; a number of trials knows no clock."""
    return budget.stop_at(_left_after(LOOK_SHARE, budget))


def trying(budget: Budget) -> Stop:
    """Return what ends the trying of repairs."""
    return budget.stop_at(_left_after(TRY_SHARE, budget))


def _left_after(share: float, budget: Budget) -> float:
    return 0.0 if budget.seconds is None else max(0.0, budget.left - share * budget.seconds)
