"""From what is asked to what was found: rows set aside to judge, trials on the others, the members chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.cleaning import Decided, Looked, decide, trying
from mlwright.building.directions import able
from mlwright.building.finish import Finish, finish
from mlwright.building.options import Options
from mlwright.errors import DataError, OptionError
from mlwright.findings import Finding
from mlwright.learn import plugins
from mlwright.learn.base import Learner, is_readable
from mlwright.learn.budget import Budget
from mlwright.learn.choose import candidates, choose_affordable
from mlwright.learn.learners import LEARNERS, available
from mlwright.learn.learners.packages import require
from mlwright.learn.material import Folds, Material
from mlwright.learn.plan import Plan, make_plan
from mlwright.learn.portfolio import FLOOR
from mlwright.learn.refit import Chosen
from mlwright.learn.search import Search
from mlwright.learn.splits import Order, enough_to_judge, folds, no_judge, set_aside
from mlwright.learn.trials import Trial
from mlwright.progress import Progress
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Floats, RowTask

EBM = "ebm"
"""The learner whose models are curves: the best of those that can be read."""
WORTH_ANOTHER_FIT = 0.05
"""Share of the rows that have to have judged for a fit on all rows to follow: fewer would not change the model."""
EVALUATION_SHARE = 0.07
"""Share of the budget that stays for scoring, reasons and writing when the refits begin."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the search found on the rows that may teach."""

    material: Material
    judging: Material
    """The rows that judge; empty on small data."""
    order: Order
    """What the split of the rows that may teach respects."""
    judging_order: Order
    folds: Folds
    trials: list[Trial]
    chosen: list[Chosen]
    predictions: Floats
    """Out-of-fold predictions of the chosen, for the scored rows."""
    finish: Finish
    """The steps from what the chosen say to answers."""
    seconds: float
    """Seconds that fitting the chosen once more on as many rows as a fold has takes."""
    sampled: int
    """Rows the trials were scored on."""
    findings: tuple[Finding, ...]
    """What is worth knowing of the learners."""
    decided: Decided
    """What was found wrong with the rows, and the repairs that were chosen."""
    again: bool
    """Whether a fit on all rows follows the judgement; where few rows of very many judge, the judged is the model."""

    @property
    def widest(self) -> int:
        """The fold that taught most rows: with time, the latest one."""
        sizes = [len(teach) for teach, _ in self.folds.folds]
        return sizes.index(max(sizes))

    def planned(self, rows: int) -> float:
        """Return the seconds that fitting the chosen on so many rows is expected to take."""
        return 1.2 * rows / max(1, len(self.folds.folds[self.widest][0])) * self.seconds

    @property
    def decision(self) -> dict[str, Any]:
        """The step from predictions to answers."""
        return self.finish.decision

    @property
    def linear(self) -> Trial | None:
        """The regularised linear model: one of the simple rules a model has to beat."""
        return next((t for t in self.trials if t.usable and t.entry.learner.name == FLOOR), None)


def find(asked: Asked, looked: Sequence[Looked], options: Options, budget: Budget, progress: Progress) -> Found:
    """Set rows aside to judge, then choose repairs, search on the others and choose the members."""
    learners, findings = known_learners(options, asked.task)
    learners, unable = able(learners, options.learners, asked.schema)
    most, policy = enough_to_judge(asked.material.width), options.policy
    teach, judge = set_aside(asked.order, options.seed, most) if options.judge else no_judge(asked.order)
    material, teaching = asked.material.take(teach), asked.order.take(teach)
    decided = decide(asked, looked, material, teaching, options, trying(budget))
    material = decided.on(material)
    plan = make_plan(
        len(teach),
        round(material.width * max(1.0, len(material.target.classes) / 4)),
        seconds=math.inf if budget.seconds is None else budget.left,
        threads=options.workers,
        trials=options.trials,
        judged=len(judge) > 0,
        patient=policy.preference.patience,
    )
    prepared, order = _prepared(material, teaching, plan, options, judging=len(judge) == 0 and options.judge)
    searched = prepared.material
    again = len(judge) == 0 or len(judge) >= WORTH_ANOTHER_FIT * asked.material.rows
    fold_rows = max(1, min(len(train) for train, _ in prepared.folds))
    growth = (len(teach) + (again and len(judge) > 0) * asked.material.rows) / fold_rows
    search = Search(prepared, plan, budget, threads=options.workers, seed=options.seed, growth=growth, policy=policy)
    trials = search.run(learners, progress, members=options.learners)
    best = candidates(trials, searched, policy)
    seconds = budget.left - EVALUATION_SHARE * (budget.seconds or 0.0)

    def cost(members: Sequence[Trial]) -> float:
        return 1.2 * growth * search.refit_seconds(members)

    while True:
        chosen, predictions = choose_affordable(
            best, searched, prepared.scored, policy=policy, seconds=seconds, cost=cost
        )
        needed = cost([one.trial for one in chosen])
        if needed <= seconds or growth * fold_rows <= searched.rows:
            break
        growth /= 2  # fewer rows teach the chosen then: still more than the sample that chose them
    reserve = needed + budget.left - seconds
    last = finish(prepared, chosen, order, costs=options.costs, seed=options.seed, stop=budget.stop_at(reserve))
    return Found(
        material=material,
        judging=asked.material.take(judge),
        order=teaching,
        judging_order=asked.order.take(judge),
        folds=prepared,
        trials=trials,
        chosen=chosen,
        predictions=predictions,
        finish=last,
        seconds=search.refit_seconds([one.trial for one in chosen]),
        sampled=searched.rows,
        findings=(*findings, *unable, *_only_the_floor(trials, options, budget), *_only_a_line(trials, options)),
        decided=decided,
        again=again,
    )


def _prepared(material: Material, order: Order, plan: Plan, options: Options, *, judging: bool) -> tuple[Folds, Order]:
    """Return the folds that score all trials, of as many rows as the plan has, and what their split respects."""
    if plan.rows < material.rows:
        sample = np.sort(np.random.default_rng(options.seed).permutation(material.rows)[: plan.rows])
        material, order = material.take(sample), order.take(sample)
    made = folds(order, plan.folds, plan.repeats, options.seed)
    repeats = 1 if order.time is not None else plan.repeats
    return Folds(material, made, options.seed, repeats=repeats, judging=judging), order


def known_learners(options: Options, task: RowTask) -> tuple[Mapping[str, Learner], tuple[Finding, ...]]:
    """Return the learners to try, the floor and those of plug-ins among them, and what was left out.

    Raises OptionError or MissingExtraError where a learner that was asked for by name cannot be used.
    """
    known = plugins.known_learners(LEARNERS)
    if options.learners and options.policy.preference.readable:
        _require_readable(options.learners, known.learners)
    for name in options.learners:
        if name not in known.learners:
            raise OptionError(known.left_out[plugins.LEARNER_GROUP, name])
        _require_able(known.learners[name], task)
        require(known.learners[name])
    findings = tuple(_left_out(sentence) for sentence in known.left_out.values())
    wanted = (FLOOR, *options.learners) if options.learners else tuple(known.learners)
    return {name: learner for name, learner in known.learners.items() if name in wanted}, findings


def _require_readable(names: Sequence[str], known: Mapping[str, Learner]) -> None:
    """Raise OptionError where none of the learners that were asked for makes a model that can be read."""
    if not any(name in known and is_readable(known[name]) for name in names):
        able = " or ".join(name for name, learner in known.items() if is_readable(learner))
        raise OptionError(
            f"--prefer readable needs a learner whose models can be read; --learners names {', '.join(names)}.",
            hint=f"add {able} to --learners, or leave it away to try all.",
        )


def _require_able(learner: Learner, task: RowTask) -> None:
    """Raise OptionError where the learner, asked for by name, cannot learn what the task asks for."""
    if task.objective in learner.objectives:
        return
    able = [each.name for each in ROW_TASKS.values() if each.objective in learner.objectives]
    raise OptionError(
        f"The learner {learner.name!r} cannot learn this task, {task.name}; it can learn {' and '.join(able)}.",
        hint=f"leave {learner.name!r} out of --learners.",
    )


def _only_the_floor(trials: Sequence[Trial], options: Options, budget: Budget) -> tuple[Finding, ...]:
    """Return a finding where no learner that was asked for could be fitted, so that the floor is the model."""
    if not options.learners or any(trial.usable and not trial.baseline for trial in trials):
        return ()
    failures = sorted({trial.failure for trial in trials if trial.failure is not None})
    why = "Ctrl-C ended it before" if budget.cancelled else "there was no time, or there are too many rows and columns"
    return (
        Finding(
            kind="only_the_floor",
            message=f"No learner that was asked for ({', '.join(options.learners)}) could be fitted"
            f" ({'; '.join(failures) or why}): the model is the regularised linear model, which is always tried.",
            severity="warning",
            repair="Give a longer --budget, or ask for other --learners.",
        ),
    )


def _only_a_line(trials: Sequence[Trial], options: Options) -> tuple[Finding, ...]:
    """Return a finding where a model to be read was asked for and only the linear one could be made."""
    if not options.policy.preference.readable or (options.learners and EBM not in options.learners):
        return ()
    read = [trial for trial in trials if trial.usable and is_readable(trial.entry.learner)]
    if any(trial.entry.learner.name != FLOOR for trial in read):
        return ()
    learner = LEARNERS[EBM]
    missing = not available(learner)
    failures = sorted({trial.failure for trial in trials if trial.entry.learner.name == EBM and trial.failure})
    why = (
        "is not installed"
        if missing
        else f"could not be made ({'; '.join(failures) or 'too little time, or too many rows and columns'})"
    )
    return (
        Finding(
            kind="readable_only_linear",
            message=f"The model can be read, but it is a line for each column: the {learner.label}, which draws curves,"
            f" {why}.",
            severity="warning",
            repair=f"pip install 'mlwright[{learner.extra}]', then build again."
            if missing
            else "Give a longer --budget, or leave out columns.",
        ),
    )


def _left_out(sentence: str) -> Finding:
    return Finding(
        kind="plugin_left_out",
        message=sentence,
        severity="warning",
        repair="Upgrade or remove the package, or tell the people who make it.",
    )


def require_rows(asked: Asked) -> None:
    """Raise DataError where there are too few rows to teach and to score."""
    if asked.material.rows < 10:
        raise DataError(
            f"There are {asked.material.rows} rows with a target: too few to learn from and to check what was learned.",
            where=asked.table.origin,
            hint="bring at least 10 rows; a few hundred make a useful model.",
        )
