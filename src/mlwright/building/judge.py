"""The judgement of what was found, on rows that no decision saw, and the fit on all rows that follows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.find import EVALUATION_SHARE, Found
from mlwright.building.options import Options
from mlwright.evaluate.baselines import best_single_column, constant
from mlwright.evaluate.evaluation import Evaluation, evaluate_holdout
from mlwright.evaluate.held_out import HeldOut, time_blocks
from mlwright.evaluate.selection import Selection, evaluate_selection
from mlwright.learn.base import Problem
from mlwright.learn.budget import Budget
from mlwright.learn.choose import candidates, chooser
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.portfolio import FLOOR
from mlwright.learn.refit import Chosen, Refit, from_fold, refit
from mlwright.learn.trials import Trial
from mlwright.tasks.base import Floats

RESAMPLES = 100
"""How often the choice is made again on small data, to see what choosing alone gains."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement, and the twin it was made with: the same members, fitted without the rows that judge."""

    evaluation: Evaluation
    twin: Ensemble
    complete: bool
    seconds: float
    """Seconds that fitting the twin took."""


def judge(found: Found, asked: Asked, options: Options, budget: Budget) -> Judged:
    """Score what was found: on the rows set aside, or by corrected cross-validation where there are too few rows."""
    before = budget.spent
    small = found.judging.rows == 0
    twin, problems, complete = _twin(found, options, budget, small=small)
    seconds = budget.spent - before
    if small:
        evaluation = _by_selection(found, asked, options, budget)
    else:
        evaluation = _on_held_out(found, asked, options, budget, twin=twin, problems=problems)
    return Judged(evaluation, _without_idle(twin), complete, seconds)


def fit_on_all(
    found: Found, judged: Judged | None, asked: Asked, options: Options, budget: Budget
) -> tuple[Ensemble, bool]:
    """Fit the members on all rows; where there is no time for that, the twin that was judged is the model.

    Returns the ensemble, and whether it learned from all rows.
    """
    growth = asked.material.rows / max(1, found.material.rows)
    known = judged is not None and found.judging.rows > 0
    needed = 1.2 * growth * (judged.seconds if judged is not None and known else found.seconds)
    reserve = 0.5 * EVALUATION_SHARE * (budget.seconds or 0.0)
    enough = not budget.cancelled and budget.left >= needed + reserve
    if judged is None or enough:
        stop = budget.stop_at(reserve)
        again = refit(asked.material, found.chosen, seed=options.seed, threads=options.workers, stop=stop)
        if judged is None or again.complete:
            return again.ensemble, True
    return judged.twin, False


def _twin(found: Found, options: Options, budget: Budget, *, small: bool) -> tuple[Ensemble, dict[str, Problem], bool]:
    """Fit the chosen without the rows that judge; on small data, without the first fold, to give reasons only."""
    best = found.chosen[0].trial if len(found.chosen) == 1 else next(t for t in _kept(found.trials))
    prepared = found.folds.prepare(0, best.entry.learner.variant)
    fallback = from_fold(best, prepared, len(found.material.target.classes)) if best.results else None
    problems = {best.entry.learner.variant: prepared.train}
    rows = found.folds.folds[0][0] if small else found.order.strata
    growth = len(rows) / max(1, prepared.train.X.shape[0])
    reserve = EVALUATION_SHARE * (budget.seconds or 0.0)
    late = budget.left < growth * found.seconds + reserve
    if (budget.cancelled or late) and fallback is not None:
        return fallback, problems, True
    chosen = list(found.chosen)
    if found.linear is not None and all(one.trial is not found.linear for one in chosen):
        chosen.append(Chosen(found.linear, 0.0))
    material = found.folds.material.take(found.folds.folds[0][0]) if small else found.material
    made: Refit = refit(material, chosen, seed=options.seed, threads=options.workers, stop=budget.stop_at(reserve))
    if not made.complete and fallback is not None:
        return fallback, problems, True
    return made.ensemble, made.problems, made.complete


def _kept(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that still hold what they fitted on the folds: the best one."""
    kept = [trial for trial in trials if trial.usable and trial.results]
    return kept or [trial for trial in trials if trial.usable]


def _without_idle(ensemble: Ensemble) -> Ensemble:
    """Return the ensemble without members of weight 0 and recipes that nobody reads."""
    members = tuple(member for member in ensemble.members if member.weight > 0)
    read = {member.variant for member in members}
    recipes = {variant: recipe for variant, recipe in ensemble.recipes.items() if variant in read}
    return replace(ensemble, members=members, recipes=recipes)


def _alone(ensemble: Ensemble, learner: str) -> Ensemble | None:
    """Return the first member of that learner as an ensemble of one."""
    for member in ensemble.members:
        if member.learner == learner:
            return _without_idle(replace(ensemble, members=(replace(member, weight=1.0),)))
    return None


def _on_held_out(
    found: Found, asked: Asked, options: Options, budget: Budget, *, twin: Ensemble, problems: dict[str, Problem]
) -> Evaluation:
    """Judge on the rows set aside, which are touched here for the first time."""
    held, learned = found.judging, found.material
    prior = asked.task.prior(learned.target, learned.weight)
    baselines: dict[str, tuple[str, Floats]] = {"prior": (prior_label(asked), constant(prior, held.rows))}
    variant, recipe = next(iter(twin.recipes.items()))
    sources = [feature.source for feature in recipe.features]
    stop = budget.stop_at(0.5 * EVALUATION_SHARE * (budget.seconds or 0.0))
    X = recipe.transform(held.columns)
    name, alone = best_single_column(problems[variant], sources, X, seed=options.seed, stop=stop)
    baselines["single column"] = (f"{name!r} alone", alone * twin.scale + twin.center)
    linear = _alone(twin, FLOOR)
    if linear is not None:
        baselines["linear"] = ("regularised linear model", linear.predict(held.columns))
    return evaluate_holdout(
        asked.task,
        asked.metric,
        held_out(found),
        _without_idle(twin).predict(held.columns),
        baselines=baselines,
        decision=found.decision,
        method=_method(found, asked),
        seed=options.seed,
    )


def held_out(found: Found) -> HeldOut:
    """Return the rows set aside; of one entity, or neighbours in time, they are one piece of evidence."""
    order = found.judging_order
    groups = order.groups if order.time is None else time_blocks(order.time)
    return HeldOut(found.judging.target, weight=found.judging.weight, groups=groups)


def _by_selection(found: Found, asked: Asked, options: Options, budget: Budget) -> Evaluation:
    """Judge by cross-validation with the effect of choosing among trials removed."""
    material = found.folds.material
    scored = np.flatnonzero(found.folds.scored)
    rows = material.take(scored)
    groups = None if asked.order.groups is None else asked.order.groups[scored]
    stop = budget.stop_at(EVALUATION_SHARE * (budget.seconds or 0.0))
    pool = [trial.repeated[:, scored] for trial in candidates(found.trials, material) if trial.repeated is not None]
    baselines = _baselines_out_of_fold(found, asked, options, budget)
    return evaluate_selection(
        asked.task,
        asked.metric,
        HeldOut(rows.target, weight=rows.weight, groups=groups, noun="row"),
        Selection(pool, chooser(material), RESAMPLES, stop),
        baselines={name: (label, P[..., scored, :]) for name, (label, P) in baselines.items()},
        decision=found.decision,
        method=_method(found, asked),
        seed=options.seed,
    )


def _baselines_out_of_fold(
    found: Found, asked: Asked, options: Options, budget: Budget
) -> dict[str, tuple[str, Floats]]:
    """Return what the simple rules predict for rows they did not learn from."""
    material = found.folds.material
    width = found.predictions.shape[1]
    prior, single = np.full((material.rows, width), np.nan), np.full((material.rows, width), np.nan)
    names: Counter[str] = Counter()
    variant = found.chosen[0].trial.entry.learner.variant
    stop = budget.stop_at(0.0)
    for fold, (teach, valid) in enumerate(found.folds.folds):
        if not np.isnan(prior[valid]).any():
            continue  # a later repeat: the rules are scored on the first
        learned = material.take(teach)
        prior[valid] = asked.task.prior(learned.target, learned.weight)
        prepared = found.folds.prepare(fold, variant)
        sources = [feature.source for feature in prepared.recipe.features]
        name, alone = best_single_column(prepared.train, sources, prepared.valid.X, seed=options.seed, stop=stop)
        names[name] += 1
        single[valid] = alone * prepared.scale + prepared.center
    rules = {
        "prior": (prior_label(asked), prior),
        "single column": (f"{names.most_common(1)[0][0]!r} alone", single),
    }
    if found.linear is not None and found.linear.repeated is not None:
        rules["linear"] = ("regularised linear model", found.linear.repeated)
    return rules


def prior_label(asked: Asked) -> str:
    """Return what somebody says who sees no column."""
    return "always the same shares" if asked.material.target.classes else "always the average"


def _method(found: Found, asked: Asked) -> str:
    """Return one sentence on how the score was measured."""
    held, learned = found.judging.rows, found.material.rows
    if held == 0:
        repeats = found.folds.repeats
        often = f", repeated {repeats} times" if repeats > 1 else ""
        return (
            f"Cross-validation in {len(found.folds.folds) // repeats} parts{often} over {learned:,} rows, with"
            " the effect of choosing among models removed (bootstrap bias correction)."
        )
    how = {
        "random": "picked at random before anything was learned",
        "time": f"the latest by {asked.split.column!r}",
        "group": f"of values of {asked.split.column!r} that were never learned from",
    }[asked.split.kind]
    return f"Scored once on {held:,} held-out rows, {how}; learned from the other {learned:,}."
