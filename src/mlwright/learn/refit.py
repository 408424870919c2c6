"""After the search: the chosen trials, fitted again on more rows, become the members of an Ensemble.

Where there is time, each is fitted more than once, with other seeds, and the copies share its weight: what a learner
draws at random (rows, columns, first weights) then matters less (Breiman, "Bagging predictors", Machine Learning 24,
1996, here without drawing rows anew).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from mlwright.features.recipe import Memo, Recipe
from mlwright.learn.base import Configuration, Effort, Fitted, Problem, Stop
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.material import Folds, Material, standard
from mlwright.learn.trials import Trial, configuration_facts
from mlwright.tasks.base import Floats

COPY_SEED = 100_003
"""Seeds of one copy and the next are so far apart."""
COMPARED_ROWS = 200
"""Copies that answer these rows alike are the same: the learner draws nothing, and no more are made."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A trial and its weight in the ensemble."""

    trial: Trial
    weight: float


@dataclass(frozen=True, slots=True)
class Refit:
    """An ensemble, and whether every member got the rounds it wanted."""

    ensemble: Ensemble
    complete: bool
    problems: dict[str, Problem]
    """What was learned from, by recipe variant."""


def refit(
    material: Material,
    chosen: Sequence[Chosen],
    *,
    seed: int,
    threads: int,
    stop: Stop,
    copies: int = 1,
    spare: Callable[[float], bool] = lambda _: True,
) -> Refit:
    """Fit recipes and members on all rows of `material`, side by side, in the order chosen.

    Up to `copies` of each member are fitted, as long as `spare` tells that there are the seconds for another of each.
    """
    center, scale = standard(material.target, material.weight)
    recipes: dict[str, Recipe] = {}
    memo: Memo = {}
    weight = material.trusted(memo)
    problems: dict[str, Problem] = {}

    def prepare(variant: str) -> tuple[Recipe, Floats]:
        return material.fit_recipe(variant, seed, memo)

    def fit(one: Chosen, copy: int) -> Fitted:
        learned = one.trial.learned
        if learned is None:
            raise RuntimeError(f"{one.trial.name} was never scored")
        own = seed + 1_000 * one.trial.number + COPY_SEED * copy
        effort = Effort(seed=own, threads=1, stop=stop, rounds=learned.rounds)
        entry = one.trial.entry
        return _fit(one, problems[entry.variant], learned.configuration, effort)

    with ThreadPoolExecutor(threads, thread_name_prefix="mlwright-refit") as pool:
        variants = list(dict.fromkeys(one.trial.entry.variant for one in chosen))
        for variant, (recipe, X) in zip(variants, pool.map(prepare, variants), strict=True):
            recipes[variant] = recipe
            problems[variant] = material.problem(X, recipe, center, scale, weight=weight)
        begun = perf_counter()
        fitted = [[each] for each in pool.map(fit, chosen, [0] * len(chosen))]
        seconds = perf_counter() - begun
        complete = all(each.complete for (each,) in fitted)
        for copy in range(1, copies if complete else 1):
            again = [place for place, each in enumerate(fitted) if len(each) == copy]
            if not again or not spare(seconds):
                break
            made = list(pool.map(fit, [chosen[place] for place in again], [copy] * len(again)))
            if not all(each.complete for each in made):
                break
            for place, other in zip(again, made, strict=True):
                if not _alike(other, fitted[place][0], problems[chosen[place].trial.entry.variant]):
                    fitted[place].append(other)
    members = tuple(
        _member(replace(one, weight=one.weight / len(each)), copy)
        for one, each in zip(chosen, fitted, strict=True)
        for copy in each
    )
    ensemble = Ensemble(recipes, members, len(material.target.classes), center, scale)
    return Refit(ensemble, complete, problems)


def _fit(one: Chosen, problem: Problem, configuration: Configuration, effort: Effort) -> Fitted:
    """Fit a learner; it may fail, but not end the process that called it."""
    try:
        return one.trial.entry.learner.fit(problem, configuration, None, effort)
    except (SystemExit, GeneratorExit) as error:
        raise RuntimeError(f"{one.trial.name} raised {type(error).__name__} when it was fitted again") from error


def _alike(one: Fitted, other: Fitted, problem: Problem) -> bool:
    X = problem.X[:COMPARED_ROWS]
    return np.array_equal(one.predict(X), other.predict(X))


def from_fold(chosen: Sequence[Chosen], folds: Folds, fold: int) -> Ensemble:
    """Return what trials fitted on one of their folds as an ensemble, for when there is time for no other."""
    prepared = {one.trial.entry.variant: folds.prepare(fold, one.trial.entry.variant) for one in chosen}
    members = tuple(_member(one, one.trial.results[fold].fitted) for one in chosen)
    recipes = {variant: each.recipe for variant, each in prepared.items()}
    first = next(iter(prepared.values()))
    return Ensemble(recipes, members, len(folds.material.target.classes), first.center, first.scale)


def _member(one: Chosen, fitted: Fitted) -> Member:
    learner = one.trial.entry.learner
    return Member(
        learner=learner.name,
        label=learner.label,
        configuration=configuration_facts(fitted.configuration),
        variant=one.trial.entry.variant,
        weight=one.weight,
        predictor=fitted.pack(),
        native=fitted.files(),
    )


def refit_seconds(trials: Sequence[Trial], prepare: Callable[[str], float], threads: int) -> float:
    """Return the seconds that fitting trials once more on as many rows takes, with the recipes they read.

    `prepare` gives the seconds that a variant's recipe takes; recipes work in Python and do not speed up with threads.
    """
    recipes = sum(prepare(variant) for variant in {trial.entry.variant for trial in trials})
    slowest = max((trial.seconds_per_fit for trial in trials), default=0.0)
    return recipes + max(slowest, sum(trial.seconds_per_fit for trial in trials) / threads)
