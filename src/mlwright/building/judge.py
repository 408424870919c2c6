"""The judgement of what was found, on rows that no decision saw, and the fit on all rows that follows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.building.ask import Asked
from mlwright.building.find import EVALUATION_SHARE, Found
from mlwright.building.finish import Finish, finish
from mlwright.building.options import Options
from mlwright.evaluate.baselines import best_single_column, constant
from mlwright.evaluate.evaluation import Evaluation, evaluate_holdout
from mlwright.evaluate.held_out import HeldOut, time_blocks
from mlwright.evaluate.selection import Selection, evaluate_selection
from mlwright.learn.base import Problem, Stop, never
from mlwright.learn.budget import Budget
from mlwright.learn.choose import candidates, chooser
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.portfolio import FLOOR
from mlwright.learn.refit import Chosen, from_fold, refit
from mlwright.learn.splits import Order
from mlwright.tasks.base import Floats

WORTH_FITTING = 1.5
"""By what the rows of a fold must be exceeded for another fit, where there is no time to fit on all rows that teach."""
RESAMPLES = 100
"""How often the choice is made again on small data, to see what choosing alone gains."""


@dataclass(frozen=True, slots=True)
class Twin:
    """What is judged: the chosen, fitted without the rows that judge, or what the folds left where time was short."""

    ensemble: Ensemble
    """Its members, and the linear model with weight 0 where that is not one of them: it is one of the simple rules."""
    finish: Finish
    chosen: list[Chosen]
    problems: dict[str, Problem]
    """What was learned from, by recipe variant."""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement, and the twin it was made with."""

    evaluation: Evaluation
    twin: Ensemble
    finish: Finish
    """The twin's last steps, its own where it is not made of the chosen."""
    chosen: list[Chosen]
    rows: int
    """The rows that the twin learned from."""
    complete: bool
    seconds: float
    """Seconds that fitting the twin took."""


def judge(found: Found, asked: Asked, options: Options, budget: Budget) -> Judged:
    """Score what was found: on the rows set aside, or by corrected cross-validation where there are too few rows."""
    before = budget.spent
    small = found.judging.rows == 0
    twin = _twin(found, options, budget, small=small)
    seconds = budget.spent - before
    evaluation = _by_selection(found, asked, options) if small else _on_held_out(found, asked, options, twin)
    rows = len(next(iter(twin.problems.values())).y)
    return Judged(evaluation, _without_idle(twin.ensemble), twin.finish, twin.chosen, rows, twin.complete, seconds)


def fit_on_all(
    found: Found, judged: Judged | None, asked: Asked, options: Options, budget: Budget
) -> tuple[Ensemble, bool]:
    """Fit the members on all rows; where there is no time for that, the twin that was judged is the model.

    Returns the ensemble, and whether it learned from all rows.
    """
    if judged is None or seconds_on_all(found, judged, asked, budget) is not None:
        reserve = _reserve_on_all(budget)
        stop = budget.stop_at(reserve)
        again = refit(
            found.decided.on(asked.material),
            found.chosen,
            seed=options.seed,
            threads=options.workers,
            stop=stop,
            copies=options.policy.copies([one.trial for one in found.chosen]),
            spare=lambda seconds: not budget.cancelled and budget.left >= 1.2 * seconds + reserve,
        )
        if judged is None or again.complete:
            return found.finish.of(again.ensemble), True
    return judged.twin, False


def seconds_on_all(found: Found, judged: Judged, asked: Asked, budget: Budget) -> float | None:
    """Return the seconds that a fit on all rows is expected to take; None where it is not worth it, or too long."""
    if not found.again or budget.cancelled:
        return None
    needed = found.planned(asked.material.rows)
    if judged.rows > len(found.folds.folds[found.widest][0]):
        # A twin was fitted: what that took is known best.
        needed = 1.2 * asked.material.rows / max(1, judged.rows) * judged.seconds
    return needed if budget.left >= needed + _reserve_on_all(budget) else None


def _reserve_on_all(budget: Budget) -> float:
    return 0.5 * EVALUATION_SHARE * (budget.seconds or 0.0)


def _twin(found: Found, options: Options, budget: Budget, *, small: bool) -> Twin:
    """Fit the chosen without the rows that judge; on small data, without one fold, to give reasons only."""
    fold = found.widest
    teach = found.folds.folds[fold][0]
    material = found.folds.material.take(teach) if small else found.material
    reserve = EVALUATION_SHARE * (budget.seconds or 0.0)
    affordable = _affordable_rows(found, budget, material.rows, reserve)
    if budget.cancelled or (affordable < material.rows and affordable < WORTH_FITTING * len(teach)):
        return _from_folds(found, options, fold)
    if affordable < material.rows:
        random = np.random.default_rng(options.seed)
        material = material.take(np.sort(random.permutation(material.rows)[:affordable]))
    chosen = list(found.chosen)
    if found.linear is not None and all(one.trial is not found.linear for one in chosen):
        chosen.append(Chosen(found.linear, 0.0))
    made = refit(material, chosen, seed=options.seed, threads=options.workers, stop=budget.stop_at(reserve))
    if not made.complete:
        return _from_folds(found, options, fold)
    return Twin(found.finish.of(made.ensemble), found.finish, found.chosen, made.problems)


def _affordable_rows(found: Found, budget: Budget, rows: int, reserve: float) -> int:
    """Return on how many of so many rows the chosen can be fitted in the time left."""
    if budget.seconds is None:
        return rows
    share = max(0.0, budget.left - reserve) / max(found.planned(rows), 1e-9)
    # A fit on all rows is tried where the plan is a little too long: plans are careful, and it is stopped if need be.
    return rows if 1.2 * share >= 1 else int(share * rows)


def _from_folds(found: Found, options: Options, fold: int) -> Twin:
    """Return the best trial as it was fitted on a fold, with the linear model: what there is without more time."""
    kept = [trial for trial in found.trials if trial.usable and trial.results]
    chosen = [one.trial for one in found.chosen if one.trial in kept]
    alone = len(chosen) == 1 == len(found.chosen)
    best = chosen[0] if alone else candidates(kept, found.material, options.policy)[0]
    members = [Chosen(best, 1.0)]
    if found.linear is not None and found.linear.results and found.linear is not best:
        members.append(Chosen(found.linear, 0.0))
    problems = {one.trial.entry.variant: found.folds.prepare(fold, one.trial.entry.variant).train for one in members}
    # The steps that suit an average need not suit one of its members alone.
    last = (
        found.finish
        if alone
        else finish(found.folds, members[:1], None, costs=options.costs, seed=options.seed, stop=never)
    )
    return Twin(last.of(from_fold(members, found.folds, fold)), last, members[:1], problems)


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
            return _without_idle(replace(ensemble, members=(replace(member, weight=1.0),), calibration=None))
    return None


def _on_held_out(found: Found, asked: Asked, options: Options, twin: Twin) -> Evaluation:
    """Judge on the rows set aside, which are touched here for the first time."""
    held, learned, ensemble = found.judging, found.material, twin.ensemble
    prior = asked.task.prior(learned.target, learned.weight)
    baselines: dict[str, tuple[str, Floats]] = {"prior": (prior_label(asked), constant(prior, held.rows))}
    variant, recipe = next(iter(ensemble.recipes.items()))
    sources = [feature.only_source for feature in recipe.features]
    X = recipe.transform(held.columns)
    stop = _grace(options)
    name, alone = best_single_column(twin.problems[variant], sources, X, seed=options.seed, stop=stop)
    baselines["single column"] = (f"{name!r} alone", alone * ensemble.scale + ensemble.center)
    linear = _alone(ensemble, FLOOR)
    if linear is not None and not _linear_alone(twin.chosen, found):
        baselines["linear"] = ("regularised linear model", linear.predict(held.columns))
    return evaluate_holdout(
        asked.task,
        asked.metric,
        held_out(found),
        _without_idle(ensemble).predict(held.columns),
        baselines=baselines,
        decision=twin.finish.decision,
        method=_method(found, asked, len(twin.problems[variant].y)),
        seed=options.seed,
    )


def _grace(options: Options) -> Stop:
    """Return what ends a part of the scoring: it may take a second whatever is left, for a verdict needs its rules."""
    if options.trials is not None or options.seconds is None:
        return never
    return Budget(max(1.0, EVALUATION_SHARE * options.seconds)).stop_at()


def held_out(found: Found) -> HeldOut:
    """Return the rows set aside; of one entity, or neighbours in time, they are one piece of evidence."""
    return HeldOut(found.judging.target, weight=found.judging.weight, groups=together(found.judging_order))


def together(order: Order) -> NDArray[np.intp] | None:
    """Return which rows are one piece of evidence: of one entity, neighbours in time, copies of one row."""
    if order.time is not None:
        return time_blocks(order.time)
    return order.groups if order.groups is not None else order.copies


def _by_selection(found: Found, asked: Asked, options: Options) -> Evaluation:
    """Judge by cross-validation with the effect of choosing among trials removed."""
    material = found.folds.material
    scored = np.flatnonzero(found.folds.scored)
    rows = material.take(scored)
    groups = together(found.order.take(scored))
    stop = _grace(options)
    best = candidates(found.trials, material, options.policy)
    pool = [trial.repeated[:, scored] for trial in best if trial.repeated is not None]
    baselines = _baselines_out_of_fold(found, asked, options)
    return evaluate_selection(
        asked.task,
        asked.metric,
        HeldOut(rows.target, weight=rows.weight, groups=groups, noun="row"),
        Selection(pool, chooser(best, material, options.policy), RESAMPLES, stop, found.finish.floored),
        baselines={name: (label, P[..., scored, :]) for name, (label, P) in baselines.items()},
        decision=found.decision,
        method=_method(found, asked),
        seed=options.seed,
    )


def _baselines_out_of_fold(found: Found, asked: Asked, options: Options) -> dict[str, tuple[str, Floats]]:
    """Return what the simple rules predict for rows they did not learn from."""
    material = found.folds.material
    width = found.predictions.shape[1]
    # One answer to all rows: shares that differ from fold to fold would order rows by their folds, against the truth.
    prior = constant(asked.task.prior(material.target, material.weight), material.rows)
    single = np.full((material.rows, width), np.nan)
    names: Counter[str] = Counter()
    variant = found.chosen[0].trial.entry.variant
    stop = _grace(options)
    for fold, (_, valid) in enumerate(found.folds.folds):
        if not np.isnan(single[valid]).any():
            continue  # a later repeat: the rules are scored on the first
        prepared = found.folds.prepare(fold, variant)
        sources = [feature.only_source for feature in prepared.recipe.features]
        name, alone = best_single_column(prepared.train, sources, prepared.valid.X, seed=options.seed, stop=stop)
        names[name] += 1
        single[valid] = alone * prepared.scale + prepared.center
    rules = {
        "prior": (prior_label(asked), prior),
        "single column": (f"{names.most_common(1)[0][0]!r} alone", single),
    }
    if found.linear is not None and found.linear.repeated is not None and not _linear_alone(found.chosen, found):
        rules["linear"] = ("regularised linear model", found.finish.floored(found.linear.repeated))
    return rules


def _linear_alone(chosen: Sequence[Chosen], found: Found) -> bool:
    """Whether the model is the linear one, which is then no rule to compare it with."""
    return all(one.trial is found.linear for one in chosen)


def prior_label(asked: Asked) -> str:
    """Return what somebody says who sees no column."""
    return "always the same shares" if asked.material.target.classes else "always the average"


def _method(found: Found, asked: Asked, rows: int | None = None) -> str:
    """Return one sentence on how the score was measured."""
    held, learned = found.judging.rows, rows or found.material.rows
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
    return f"Scored once on {held:,} held-out rows, {how}; learned from {learned:,} others."
