"""Why the model answers as it does, and whether more rows would help: what is known while there is time left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged, held_out
from mlwright.building.options import Options
from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.learning_curve import learning_curve
from mlwright.explain.effects import effects
from mlwright.explain.importance import Predict, importance
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.material import standard
from mlwright.learn.splits import Index
from mlwright.learn.trials import Trial
from mlwright.tasks.base import Floats, Target

TOP = 5
MOST_COLUMNS = 200
"""Of more columns than these, importance is measured for those that go together most with the predictions."""
MOST_ENCODED = 200_000
"""Columns shuffled x columns encoded for each shuffle: of very wide tables fewer columns are shuffled."""
CURVE_LEARNERS = ("lightgbm", "linear")
CURVE_FITS = 2.1
"""What a quarter, half and all of the rows take together, in fits on all, with a fifth to spare."""
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
    rows = found.judging if found.judging.rows else found.folds.material.take(found.folds.folds[found.widest][1])
    stop = budget.stop_at(SHARE * (budget.seconds or 0.0))
    judging = held_out(found) if found.judging.rows else HeldOut(rows.target, weight=rows.weight)
    predict = judged.twin.predict
    seconds = 0.4 * budget.left if budget.seconds else None
    sources = _most_telling(rows.columns, judged.twin.sources, predict)
    ranked = importance(
        predict, rows.columns, sources, judging, asked.metric, seed=options.seed, seconds=seconds, stop=stop
    )
    top = [asked.schema[entry["column"]] for entry in ranked[:TOP]]
    shown = shown_class(asked.material.target)
    drawn = effects(
        predict,
        rows.columns,
        top,
        readout=lambda P: P[:, shown],
        y_label=answer_label(asked, shown),
        percent=bool(asked.material.target.classes),
        seed=options.seed,
        stop=stop,
    )
    curve = None if stop() or not found.judging.rows else _curve(found, asked, options, budget)
    return Reasons(ranked, drawn, curve)


def _most_telling(columns: Columns, sources: Sequence[str], predict: Predict) -> Sequence[str]:
    """Return the columns worth shuffling: all, or of very many those that go together most with the predictions."""
    if len(sources) <= MOST_COLUMNS:
        return sources
    predicted = predict(columns)[:, 0]
    spread = predicted - predicted.mean()

    def together(name: str) -> float:
        values = columns[name]
        if isinstance(values, Coded):
            level, counts = values.codes + 1, np.bincount(values.codes + 1)
            sums = np.bincount(level, weights=spread)
            return float(np.sum(np.divide(sums**2, counts, where=counts > 0, out=np.zeros_like(sums))))
        known = np.where(np.isfinite(values), values, 0.0)
        length = float(np.linalg.norm(known - known.mean()))
        return float(np.dot(known - known.mean(), spread) / length) ** 2 if length > 0 else 0.0

    return sorted(sources, key=together, reverse=True)[: min(MOST_COLUMNS, MOST_ENCODED // len(sources))]


def shown_class(target: Target) -> int:
    """Return the position of the class whose probability is drawn: the positive or the commonest; 0 for numbers."""
    if len(target.classes) <= 2:
        return len(target.classes) // 2
    return int(np.argmax(np.bincount(target.y.astype(np.intp))))


def answer_label(asked: Asked, shown: int) -> str:
    """Return what the answer is called: the probability of a class, or the target."""
    classes = asked.material.target.classes
    return f"probability of {classes[shown]!s}" if classes else asked.target_name


def _curve(found: Found, asked: Asked, options: Options, budget: Budget) -> dict[str, Any] | None:
    """Learn from a quarter, half and all of the rows with one quick trial, scored on the rows that judge."""
    trial = _quick(found)
    learned = found.material
    if trial is None or trial.learned is None:
        return None
    ratio = learned.rows / max(1, len(found.folds.folds[0][0]))
    if budget.left < CURVE_FITS * ratio * trial.seconds_per_fit + 2 * SHARE * (budget.seconds or 0.0):
        return None
    settled = trial.learned

    def predictions(index: Index) -> Floats:
        part = learned.take(index)
        recipe, X = part.fit_recipe(trial.entry.variant, options.seed)
        center, scale = standard(part.target, part.weight)
        effort = Effort(seed=options.seed, threads=1, rounds=settled.rounds)
        problem = part.problem(X, recipe, center, scale)
        fitted = trial.entry.learner.fit(problem, settled.configuration, None, effort)
        held: Columns = found.judging.columns
        return fitted.predict(recipe.transform(held)) * scale + center

    newest_first = None if found.order.time is None else np.argsort(-found.order.time, kind="stable")
    stop = budget.stop_at(SHARE * (budget.seconds or 0.0))
    rows = learned.rows if newest_first is None else newest_first
    return learning_curve(predictions, rows, held_out(found), asked.metric, seed=options.seed, stop=stop)


def _quick(found: Found) -> Trial | None:
    for name in CURVE_LEARNERS:
        for trial in found.trials:
            if trial.usable and trial.entry.learner.name == name:
                return trial
    return None
