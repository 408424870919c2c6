"""What is known of a model, measured again with the answers that thresholds by group give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.evaluate.evaluation import measured
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import score
from mlwright.fairness.audit import audit
from mlwright.fairness.mitigation.fit import Mitigated
from mlwright.model.parts import RowParts
from mlwright.tasks import TASKS
from mlwright.tasks import curves as drawn
from mlwright.tasks.base import Prediction, Target

Said = Mapping[str, Any]
OPENING = "Thresholds by group were set after the model was judged"


def afterwards(parts: RowParts, made: Mitigated) -> dict[str, Any]:
    """Return the evidence of a model's answers and groups, as the answers are with thresholds by group.

    Each row is answered by thresholds that it had no part in finding. What does not hang on answers (the order of rows,
    probabilities) stays as it was judged, and the limits say so.
    """
    rows, evidence = made.rows, parts.evidence
    held = HeldOut(Target(rows.y, parts.classes), weight=rows.weight, groups=rows.units)
    yes = made.after.astype(np.intp)
    given = np.eye(2)[yes]
    again: dict[str, Any] = {}
    known = evidence.get("metrics")
    if isinstance(known, Mapping):
        metrics = {name: metric for name, metric in TASKS[parts.task].metrics.items() if metric.decided}
        told = {name: measured(metric, score(metric, held, given)) for name, metric in metrics.items() if name in known}
        again["metrics"] = {**known, **told}
        again |= _score(evidence, told, len(rows))
    if isinstance(curves := evidence.get("curves"), Mapping):
        curves_kept = {name: curve for name, curve in curves.items() if name != "threshold"}
        if "confusion" in curves_kept:
            curves_kept["confusion"] = drawn.confusions(rows.y, yes, parts.classes)
        again["curves"] = curves_kept
    again |= _people(parts, made, held, yes)
    if isinstance(limits := evidence.get("limits"), list):
        kept = [limit for limit in limits if not str(limit).startswith(OPENING)]
        again["limits"] = [*kept, _limit(len(rows))]
    return again


def _score(evidence: Said, told: Said, rows: int) -> dict[str, Any]:
    """Return the score that decides, where it is one of answers."""
    built = evidence.get("score")
    if not isinstance(built, Mapping) or built.get("metric") not in told:
        return {}
    new = told[built["metric"]]
    return {"score": {**built, "value": new["score"], "interval": new["interval"], "rows": rows}}


def _people(parts: RowParts, made: Mitigated, held: HeldOut, yes: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return how the groups fare that were compared when the model was judged, and those that have thresholds."""
    before = parts.evidence.get("fairness") or []
    names = dict.fromkeys([*made.wanted.columns, *(str(group["column"]) for group in before)])
    there = [name for name in names if name in made.rows.columns]
    scores = made.rows.score
    answers = Prediction(np.array(parts.classes)[yes], classes=parts.classes)
    named = [name for name in there if name in made.wanted.columns or parts.schema[name].role == "sensitive"]
    # What was only proposed is looked at one by one, as in the build.
    alone = [[name] for name in there if name not in named]
    found = [
        audit(
            made.rows.columns,
            list(made.rows.described),
            held,
            np.column_stack([1.0 - scores, scores]),
            answered=answers,
            classes=parts.classes,
            names=names,
        )
        for names in (named, *alone)
    ]
    people = parts.evidence.get("people") or {}
    gaps = [gap for each in found for gap in each["gaps"]]
    return {
        "fairness": [group for each in found for group in each["groups"]],
        "people": {**people, "gaps": gaps, "sentence": found[0]["sentence"]},
    }


def _limit(rows: int) -> str:
    return (
        f"{OPENING}. What is said of right and wrong answers and of groups"
        f" of people is measured with them, on {rows:,} rows, each answered by thresholds that other rows gave; what is"
        " said of probabilities, of the order of rows and of kinds of rows describes the model as it was judged."
    )
