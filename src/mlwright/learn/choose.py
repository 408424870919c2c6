"""Which trials become the model, and with what weight: greedy selection on out-of-fold predictions, never stacking.

Stacking leaks on about a quarter of real tables; a weighted average of what was predicted for rows no member saw does
not (Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.ensemble import greedy_weights
from mlwright.learn.material import Material
from mlwright.learn.preferences import Members, Policy, combine, row_losses
from mlwright.learn.refit import Chosen
from mlwright.learn.trials import Trial, best_first
from mlwright.tasks.base import Floats, Metric

ROUNDS, PATIENCE = 30, 5
"""How long members are added: evaluation repeats the choice a hundred times on small data, so it has to be quick."""
Choose = Callable[[Sequence[Floats], Floats, Floats | None], Floats]


def chooser(trials: Sequence[Trial], material: Material, policy: Policy) -> Choose:
    """Return the function that weighs these trials by the task's metric; evaluation repeats it on resampled rows."""
    if policy.preference.readable:
        return partial(_best_alone, material.metric)
    losses = row_losses(material.task, material.metric)

    def choose(predictions: Sequence[Floats], y: Floats, weight: Floats | None) -> Floats:
        weights = greedy_weights(
            y, predictions, lambda true, P: material.metric.loss(true, P, weight), rounds=ROUNDS, patience=PATIENCE
        )
        return policy.pruned(weights, Members(trials, predictions, y, weight, losses))

    return choose


def _best_alone(metric: Metric, predictions: Sequence[Floats], y: Floats, weight: Floats | None) -> Floats:
    """Weigh the best one alone: an average of models that can be read cannot be read."""
    weights = np.zeros(len(predictions))
    weights[int(np.argmin([metric.loss(y, P, weight) for P in predictions]))] = 1.0
    return weights


def candidates(trials: Sequence[Trial], material: Material, policy: Policy) -> list[Trial]:
    """Return the best trials that may become members and answer in time, best first."""
    best = best_first(policy.eligible(trials), greater_is_better=material.metric.greater_is_better)
    return policy.allowed(best)[: policy.preference.candidates]


def choose_members(
    trials: Sequence[Trial], material: Material, scored: NDArray[np.bool_], policy: Policy
) -> tuple[list[Chosen], Floats]:
    """Return the members of the ensemble with its out-of-fold predictions of the scored rows."""
    predictions = [trial.predictions[scored] for trial in trials if trial.predictions is not None]
    weight = None if material.weight is None else material.weight[scored]
    weights = chooser(trials, material, policy)(predictions, material.target.y[scored], weight)
    chosen = [Chosen(trial, float(share)) for trial, share in zip(trials, weights, strict=True) if share > 0]
    return chosen, combine(predictions, weights)


def choose_affordable(
    trials: Sequence[Trial],
    material: Material,
    scored: NDArray[np.bool_],
    *,
    policy: Policy,
    seconds: float,
    cost: Callable[[Sequence[Trial]], float],
) -> tuple[list[Chosen], Floats]:
    """Choose members that can be refitted in the seconds: again and again without the dearest, until they can.

    Where not even one can, or what can scores worse than the best trial by itself, that trial stands alone: it has been
    fitted on the folds, which costs nothing more. `trials` come best first.
    """
    pool = list(trials)
    chosen, predictions = choose_members(pool, material, scored, policy)
    while cost(members := [one.trial for one in chosen]) > seconds:
        pool.remove(max(members, key=lambda trial: cost([trial])))
        if not pool:
            return choose_members(trials[:1], material, scored, policy)
        chosen, predictions = choose_members(pool, material, scored, policy)
    if any(trial is trials[0] for trial in members):
        return chosen, predictions
    alone, own = choose_members(trials[:1], material, scored, policy)
    weight = None if material.weight is None else material.weight[scored]
    y, metric = material.target.y[scored], material.metric
    better = metric.loss(y, own, weight) < metric.loss(y, predictions, weight)
    return (alone, own) if better else (chosen, predictions)
