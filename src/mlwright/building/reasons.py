"""Why the model answers as it does, and whether more rows would help: what is known while there is time left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged
from mlwright.building.options import Options
from mlwright.columns import Columns
from mlwright.evaluate.learning_curve import learning_curve
from mlwright.explain.effects import effects
from mlwright.explain.importance import importance
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.splits import Index
from mlwright.learn.trials import Trial
from mlwright.tasks.base import Floats

TOP = 5
CURVE_LEARNERS = ("lightgbm", "linear")
SHARE = 0.04
"""Share of the budget kept for writing when reasons are looked for."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What the report shows of the model's reasons; empty where there was no time."""

    importance: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    learning_curve: dict[str, Any] | None = None


def reasons(found: Found, judged: Judged, asked: Asked, options: Options, budget: Budget) -> Reasons:
    """Measure reasons with the twin on rows it did not learn from."""
    if budget.cancelled:
        return Reasons()
    rows = found.judging if found.judging.rows else found.folds.material.take(found.folds.folds[0][1])
    stop = budget.stop_at(SHARE * (budget.seconds or 0.0))
    ranked = importance(
        judged.twin.predict,
        rows.columns,
        judged.twin.sources,
        rows.target.y,
        asked.metric,
        seed=options.seed,
        weight=rows.weight,
        stop=stop,
    )
    top = [entry["column"] for entry in ranked[:TOP]]
    readout, label = _readout(asked)
    drawn = effects(
        judged.twin.predict, rows.columns, top, readout=readout, y_label=label, stop=stop, seed=options.seed
    )
    curve = None if stop() or not found.judging.rows else _curve(found, asked, options, budget)
    return Reasons(ranked, drawn, curve)


def _readout(asked: Asked) -> tuple[Callable[[Floats], Floats], str]:
    """Return what is drawn of a prediction: the positive or the commonest class's probability, or a number."""
    classes = asked.material.target.classes
    if not classes:
        return (lambda P: P[:, 0]), asked.target_name
    shown = 1 if len(classes) == 2 else int(np.argmax(np.bincount(asked.material.target.y.astype(int))))
    return (lambda P: P[:, shown]), f"probability of {classes[shown]!s}"


def _curve(found: Found, asked: Asked, options: Options, budget: Budget) -> dict[str, Any] | None:
    """Learn from a quarter, half and all of the rows with one quick trial, scored on the rows that judge."""
    trial = _quick(found)
    learned = found.material
    if trial is None or trial.learned is None:
        return None
    ratio = learned.rows / max(1, len(found.folds.folds[0][0]))
    if budget.left < 3 * ratio * trial.seconds_per_fit + 2 * SHARE * (budget.seconds or 0.0):
        return None
    settled = trial.learned

    def predictions(index: Index) -> Floats:
        part = learned.take(index)
        recipe, X = part.fit_recipe(trial.entry.learner.variant, options.seed)
        from mlwright.learn.material import standard

        center, scale = standard(part.target, part.weight)
        effort = Effort(seed=options.seed, threads=1, rounds=settled.rounds)
        problem = part.problem(X, recipe, center, scale)
        fitted = trial.entry.learner.fit(problem, settled.configuration, None, effort)
        held: Columns = found.judging.columns
        return fitted.predict(recipe.transform(held)) * scale + center

    return learning_curve(
        predictions, learned.rows, found.judging.target.y, asked.metric, weight=found.judging.weight, seed=options.seed
    )


def _quick(found: Found) -> Trial | None:
    for name in CURVE_LEARNERS:
        for trial in found.trials:
            if trial.usable and trial.entry.learner.name == name:
                return trial
    return None
