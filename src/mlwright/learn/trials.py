"""A Trial: one learner with one configuration, scored on the same folds as all others."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Learner, Predictor, Problem, Stop, take_problem
from mlwright.learn.learners import LEARNERS
from mlwright.learn.material import Folds, Prepared
from mlwright.learn.order import TOLERANCE, largest_break
from mlwright.learn.plugins import require_registered
from mlwright.learn.portfolio import Entry
from mlwright.tasks.base import Floats

WEIGHED_ROWS = 15
PACKED_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class FoldResult:
    """What one fit on one fold gave."""

    fitted: Fitted
    predictions: Floats
    seconds: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What the folds of a trial say a refit should do."""

    rounds: int
    configuration: Configuration
    complete: bool


@dataclass(slots=True)
class Trial:
    """A learner and its configuration with what became of it. `predictions` are out-of-fold, NaN where never scored."""

    number: int
    entry: Entry
    baseline: bool = False
    """Whether it is only there to be compared with: it is the floor, and other learners were asked for."""
    results: dict[int, FoldResult] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    """By fold, as its fits arrive."""
    failure: str | None = None
    cut: bool = False
    """Whether it was given up after its first folds, being clearly worse than the best."""
    interrupted: bool = False
    """Whether a fit of it ended early because a person ended the build."""
    predictions: Floats | None = None
    repeated: Floats | None = None
    """The out-of-fold predictions (repeats, n, k) of each repeat of the folds by itself."""
    score: float | None = None
    learned: Learned | None = None
    fits: int = 0
    seconds: float = 0.0
    memory_mb: float = 0.0
    trees: int = 0
    """How many trees it follows for one row: what answering costs, told the same on every machine."""
    bytes: int = 0
    row_seconds: float = 0.0
    recipe_seconds: float = 0.0
    """What it weighs, and what it and its recipe take for one row; 0 where nobody asked."""

    @property
    def name(self) -> str:
        """A name that tells trials of one learner apart: "lightgbm 3"."""
        return f"{self.entry.learner.name} {self.number}"

    @property
    def seconds_per_fit(self) -> float:
        """Seconds of its average fit."""
        return self.seconds / max(1, self.fits)

    @property
    def usable(self) -> bool:
        """Whether it was scored on all folds."""
        return self.predictions is not None

    @property
    def status(self) -> str:
        """How it ended: "done", "cut" for being worse, "stopped" by the budget, "interrupted", or "failed: why"."""
        if self.failure is not None:
            return f"failed: {self.failure}"
        if self.cut:
            return "cut"
        if self.learned is not None and self.learned.complete:
            return "done"
        return "interrupted" if self.interrupted else "stopped"

    def note(self, fold: int, result: FoldResult, folds: Folds) -> None:
        """Keep what one fit gave, and what it lost."""
        material, valid = folds.material, folds.folds[fold][1]
        weight = None if material.weight is None else material.weight[valid]
        self.results[fold] = result
        self.losses[fold] = material.metric.loss(material.target.y[valid], result.predictions, weight)

    def finish(self, folds: Folds, *, weigh: bool = False) -> None:
        """Put the folds' predictions together and score them; a trial without all folds is left unscored."""
        if self.failure is not None or len(self.results) < len(folds.folds):
            return
        material = folds.material
        width = self.results[0].predictions.shape[1]
        self.repeated = np.full((folds.repeats, material.rows, width), np.nan)
        for fold, (_, valid) in enumerate(folds.folds):
            self.repeated[fold * folds.repeats // len(folds.folds), valid] = self.results[fold].predictions
        predictions = self.repeated.mean(axis=0)
        scored = folds.scored
        weight = None if material.weight is None else material.weight[scored]
        self.score = float(material.metric.score(material.target.y[scored], predictions[scored], weight))
        self.predictions = predictions
        self.learned = _learned([self.results[fold].fitted for fold in sorted(self.results)])
        self.fits, self.seconds = len(self.results), sum(result.seconds for result in self.results.values())
        self.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.trees = self.learned.rounds * max(1, len(material.target.classes) * (len(material.target.classes) > 2))
        if weigh:
            self._weigh(folds)

    def _weigh(self, folds: Folds) -> None:
        """See what it weighs and how long it takes for one row, as it was fitted on the first fold."""
        prepared = folds.prepare(0, self.entry.variant)
        predictor = self.results[0].fitted.pack()
        self.bytes = sum(array.nbytes for array in predictor.state()[1].values())
        places = folds.folds[0][1][:WEIGHED_ROWS].tolist()
        rows = [folds.material.columns.row(place) for place in places]
        self.recipe_seconds = _median_seconds(prepared.recipe.transform_row, rows)
        self.row_seconds = _median_seconds(predictor.predict, [prepared.valid.X[:1] for _ in rows])

    def forget(self) -> None:
        """Let go of what was fitted on the folds: the scores and the predictions stay."""
        self.results.clear()


def _median_seconds(work: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    taken = []
    for one in inputs:
        start = time.perf_counter()
        work(one)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _learned(fitted: Sequence[Fitted]) -> Learned:
    """Return the average rounds and, of each setting that a learner chose for itself, the middle of the choices."""
    chosen = [each.configuration for each in fitted]
    return Learned(
        rounds=max(1, round(statistics.fmean(each.rounds for each in fitted))),
        configuration={key: _middle([each[key] for each in chosen if key in each]) for key in chosen[0]},
        complete=all(each.complete for each in fitted),
    )


def run_fold(trial: Trial, fold: int, folds: Folds, *, seed: int, stop: Stop) -> FoldResult:
    """Fit a trial's learner on one fold and predict the rows it is scored on, in the target's own units."""
    learner = trial.entry.learner
    prepared = folds.prepare(fold, trial.entry.variant)
    start = time.perf_counter()
    effort = Effort(seed=seed, threads=1, stop=stop)
    fitted = (
        _fit_apart(learner, trial.entry.configuration, prepared, effort)
        if folds.judging
        else learner.fit(prepared.train, trial.entry.configuration, prepared.valid, effort)
    )
    said = fitted.predict(prepared.valid.X)
    if said.shape != (len(prepared.valid.y), prepared.valid.classes or 1):
        raise ValueError(f"its predictions have the shape {said.shape}")
    predictions = said * prepared.scale + prepared.center
    if not np.isfinite(predictions).all():
        raise FloatingPointError("its predictions are not finite")
    if fold == 0 and any(prepared.train.signs):
        _check_order(fitted.pack(), prepared.valid)
    if fold == 0 and learner.name not in LEARNERS:
        _check_packed(fitted.pack(), said, prepared.valid.X)
    return FoldResult(fitted, predictions, time.perf_counter() - start)


def _check_order(predictor: Predictor, valid: Problem) -> None:
    """Raise where answers do not keep the order that was asked for: what is promised of a model holds for each part."""
    if (largest := largest_break(predictor.predict, valid.X, valid.signs)) > TOLERANCE:
        raise ValueError(f"its answers go against the order that was asked for, by up to {largest:.3g}")


def _check_packed(predictor: Predictor, said: Floats, X: Floats) -> None:
    """Raise where what a plug-in packs could not be kept, or says something else: better now than when all is done."""
    require_registered(predictor)
    predictor.state()
    if not np.allclose(predictor.predict(X), said, rtol=0, atol=PACKED_TOLERANCE):
        raise ValueError("its packed predictor says something else than it does")


def _fit_apart(learner: Learner, configuration: Configuration, prepared: Prepared, effort: Effort) -> Fitted:
    """Choose rounds and penalties on an inner part of the rows that teach, then fit on all of them.

    Stopping early on the very rows that are scored flatters the score: by 0.06 ROC AUC on 400 rows of noise.
    """
    teach, choose = (take_problem(prepared.train, part) for part in prepared.inner)
    first = learner.fit(teach, configuration, choose, effort)
    if not first.complete:
        return first
    return learner.fit(prepared.train, first.configuration, None, replace(effort, rounds=first.rounds))


def _middle(values: Sequence[Any]) -> Any:
    """Return the middle of numbers, the first of anything else."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return sorted(values)[(len(values) - 1) // 2]
    return values[0]


def eligible(trials: Sequence[Trial]) -> list[Trial]:
    """Return the usable trials that may become members; where there are none, the baselines: something must answer."""
    usable = [trial for trial in trials if trial.usable]
    return [trial for trial in usable if not trial.baseline] or usable


def best_first(trials: Sequence[Trial], *, greater_is_better: bool) -> list[Trial]:
    """Return the usable trials, best score first; ties keep their order."""
    sign = -1.0 if greater_is_better else 1.0
    usable = [trial for trial in trials if trial.usable]
    return sorted(usable, key=lambda trial: sign * (trial.score or 0.0))


def configuration_facts(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as JSON takes it."""
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in configuration.items()}
