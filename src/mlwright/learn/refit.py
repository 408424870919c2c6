"""After the search: the chosen trials, fitted again on more rows, become the members of an Ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mlwright.features.recipe import Memo, Recipe
from mlwright.learn.base import Effort, Fitted, Problem, Stop
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.material import Material, Prepared, standard
from mlwright.learn.trials import Trial, configuration_facts
from mlwright.tasks.base import Floats


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


def refit(material: Material, chosen: Sequence[Chosen], *, seed: int, threads: int, stop: Stop) -> Refit:
    """Fit recipes and members on all rows of `material`, side by side, in the order chosen."""
    center, scale = standard(material.target, material.weight)
    recipes: dict[str, Recipe] = {}
    memo: Memo = {}
    problems: dict[str, Problem] = {}

    def prepare(variant: str) -> tuple[Recipe, Floats]:
        return material.fit_recipe(variant, seed, memo)

    def fit(one: Chosen) -> Fitted:
        learned = one.trial.learned
        if learned is None:
            raise RuntimeError(f"{one.trial.name} was never scored")
        effort = Effort(seed=seed + 1_000 * one.trial.number, threads=1, stop=stop, rounds=learned.rounds)
        learner = one.trial.entry.learner
        return learner.fit(problems[learner.variant], learned.configuration, None, effort)

    with ThreadPoolExecutor(threads, thread_name_prefix="mlwright-refit") as pool:
        variants = list(dict.fromkeys(one.trial.entry.learner.variant for one in chosen))
        for variant, (recipe, X) in zip(variants, pool.map(prepare, variants), strict=True):
            recipes[variant] = recipe
            problems[variant] = material.problem(X, recipe, center, scale)
        fitted = list(pool.map(fit, chosen))
    members = tuple(_member(one, each) for one, each in zip(chosen, fitted, strict=True))
    ensemble = Ensemble(recipes, members, len(material.target.classes), center, scale)
    return Refit(ensemble, all(each.complete for each in fitted), problems)


def from_fold(trial: Trial, prepared: Prepared, classes: int) -> Ensemble:
    """Return what a trial fitted on its first fold as an ensemble of one, for when there is time for no other."""
    member = _member(Chosen(trial, 1.0), trial.results[0].fitted)
    recipes = {trial.entry.learner.variant: prepared.recipe}
    return Ensemble(recipes, (member,), classes, prepared.center, prepared.scale)


def _member(one: Chosen, fitted: Fitted) -> Member:
    learner = one.trial.entry.learner
    return Member(
        learner=learner.name,
        label=learner.label,
        configuration=configuration_facts(fitted.configuration),
        variant=learner.variant,
        weight=one.weight,
        predictor=fitted.pack(),
        native=fitted.files(),
    )


def refit_seconds(trials: Sequence[Trial], prepare: Callable[[str], float], threads: int) -> float:
    """Return the seconds that fitting trials once more on as many rows takes, with the recipes they read.

    `prepare` gives the seconds that a variant's recipe takes; recipes work in Python and do not speed up with threads.
    """
    recipes = sum(prepare(variant) for variant in {trial.entry.learner.variant for trial in trials})
    slowest = max((trial.seconds_per_fit for trial in trials), default=0.0)
    return recipes + max(slowest, sum(trial.seconds_per_fit for trial in trials) / threads)


def affordable(
    chosen: Sequence[Chosen], seconds: float, growth: float, cost: Callable[[Sequence[Trial]], float]
) -> list[Chosen]:
    """Drop the members that give least weight per second until the refits fit into the seconds; one always stays."""
    kept = list(chosen)
    while len(kept) > 1 and 1.2 * growth * cost([one.trial for one in kept]) > seconds:
        kept.remove(min(kept, key=lambda one: one.weight / max(one.trial.seconds_per_fit, 1e-6)))
    total = float(np.sum([one.weight for one in kept]))
    return [Chosen(one.trial, one.weight / total) for one in kept]
