"""The whole model explained: what moves its answers, its rules in short, its pairs, its curves, while there is time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.building import readable
from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged, held_out, together
from mlwright.building.options import Options
from mlwright.building.reasons import Reasons, answer_label, shown_class
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.contributions import Explainer
from mlwright.explain.contributions.explainer import BACKGROUND
from mlwright.explain.whole.glass import terms, total
from mlwright.explain.whole.moves import moves, notes
from mlwright.explain.whole.pairs import interactions
from mlwright.explain.whole.rules import rules
from mlwright.learn.base import Stop
from mlwright.learn.budget import Budget
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.material import Material
from mlwright.schema import Column

SHARE = 0.03
"""Share of the budget kept for what follows; of what is left, half is kept too."""
MOST_COLUMNS = 2_000
"""Of wider tables contributions are not worked out: those of one row alone would take too long."""
TAUGHT, IMITATED = 3_000, 1_000
"""Rows that rules are made from, and on which they are judged."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """The rows that taught the judged twin, and those that judge it."""

    taught: Material
    judging: Material
    held: HeldOut


def whole(
    ensemble: Ensemble, found: Found, judged: Judged, why: Reasons, asked: Asked, options: Options, budget: Budget
) -> dict[str, Any]:
    """Return the evidence "contributions", "readable", "rules" and "interactions", as far as there was time.

    What is measured is measured with the judged twin on rows that it did not learn from; the curves are those of the
    model itself. Nothing at all is told where Ctrl-C ended the build.
    """
    if budget.cancelled:
        return {}
    stop = budget.stop_at(max(SHARE * (budget.seconds or 0.0), 0.5 * budget.left if budget.seconds else 0.0))
    sides = _sides(found)
    rows, described, shown = sides.taught.columns, _described(asked), shown_class(asked.material.target)
    curves, left_out = terms(ensemble, rows, described, shown, stop=stop)
    beats = judged.evaluation.verdict.beats_baseline == "yes"
    read = readable.facts(found, asked, options, curves, left_out, beats=beats, stop=stop)
    if read is not None:
        read["total"] = total(ensemble, rows, described, shown, curves)
    told: dict[str, Any] = {"readable": read}
    told["contributions"] = _contributions(sides, judged, why, asked, options, stop)
    told["rules"] = _rules(sides, judged, asked, options, stop)
    told["interactions"] = _interactions(sides, judged, told["contributions"], asked, options, stop)
    return {name: each for name, each in told.items() if each is not None}


def _sides(found: Found) -> _Sides:
    if found.judging.rows:
        return _Sides(found.material, found.judging, held_out(found))
    # On few rows the twin learned from the widest fold; what is scored on it judges.
    teach, judge = found.folds.folds[found.widest]
    rows = found.folds.material.take(judge)
    held = HeldOut(rows.target, weight=rows.weight, groups=together(found.order.take(judge)))
    return _Sides(found.folds.material.take(teach), rows, held)


def _described(asked: Asked) -> Mapping[str, Column]:
    return {column.name: column for column in asked.schema}


def _contributions(
    sides: _Sides, judged: Judged, why: Reasons, asked: Asked, options: Options, stop: Stop
) -> dict[str, Any] | None:
    """Return how far each column moves answers, with why that may differ from what is lost without it."""
    if stop() or len(judged.twin.sources) > MOST_COLUMNS:
        return None
    rows = sides.taught.rows
    drawn = np.sort(np.random.default_rng(options.seed).permutation(rows)[:BACKGROUND]).astype(np.intp)
    explainer = Explainer(judged.twin, sides.taught.columns.take(drawn))
    told = moves(explainer, sides.judging.columns, sides.held, _described(asked), seed=options.seed, stop=stop)
    if told is None:
        return None
    classes, shown = asked.material.target.classes, shown_class(asked.material.target)
    of = None if len(classes) != 2 else classes[shown]
    return {**told, "of": of, "notes": notes(told, why.importance, asked.target_name)}


def _rules(sides: _Sides, judged: Judged, asked: Asked, options: Options, stop: Stop) -> dict[str, Any] | None:
    """Return the rules that imitate the model."""
    if stop():
        return None
    random = np.random.default_rng(options.seed)
    taught = np.sort(random.permutation(sides.taught.rows)[:TAUGHT]).astype(np.intp)
    judging = np.sort(random.permutation(sides.judging.rows)[:IMITATED]).astype(np.intp)
    columns = sides.taught.columns.take(taught), sides.judging.columns.take(judging)
    answers = judged.twin.predict(columns[0]), judged.twin.predict(columns[1])
    read = [asked.schema[name] for name in judged.twin.sources]
    classes = asked.material.target.classes
    return rules(answers, columns, sides.held.take(judging), read, classes=classes, seed=options.seed, stop=stop)


def _interactions(
    sides: _Sides,
    judged: Judged,
    contributions: Mapping[str, Any] | None,
    asked: Asked,
    options: Options,
    stop: Stop,
) -> dict[str, Any] | None:
    """Return the pairs that work together, looked for among the columns that move answers most."""
    if stop() or contributions is None:
        return None
    moving: Sequence[Mapping[str, Any]] = [entry for entry in contributions["columns"] if entry["value"]]
    first = [asked.schema[entry["column"]] for entry in moving]
    columns, shown = (sides.taught.columns, sides.judging.columns), shown_class(asked.material.target)
    return interactions(
        judged.twin.predict,
        columns,
        sides.held,
        first,
        shown=shown,
        y_label=answer_label(asked, shown),
        seed=options.seed,
        stop=stop,
    )
