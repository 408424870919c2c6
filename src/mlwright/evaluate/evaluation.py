"""Evaluation: how good a model is on rows no decision was made on, and whether that is better than a simple rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlwright.evaluate import wording
from mlwright.evaluate.comparison import Answer, answer_of, compare
from mlwright.evaluate.decided import answered, scored_by
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.tasks.base import Metric, RowTask


@dataclass(frozen=True, slots=True)
class Baseline:
    """A simple rule on the same rows, and how much better the model is (positive: the model is better)."""

    name: str
    label: str
    score: Scored
    difference: Scored

    def to_dict(self) -> dict[str, Any]:
        """Return the baseline as it stands in the evidence."""
        return {
            "name": self.name,
            "label": self.label,
            "score": plain(self.score.value),
            "interval": self.score.interval,
            "difference": [plain(self.difference.value), *self.difference.interval],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model beats the best simple rule, and that in one plain sentence."""

    beats_baseline: Answer
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as it stands in the evidence."""
        return {"beats_baseline": self.beats_baseline, "sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that is known about how good a model is. `baselines` are the best first."""

    metric: Metric
    score: Scored
    rows: int
    method: str
    verdict: Verdict
    noun: str = "row"
    """What a row is called."""
    baselines: tuple[Baseline, ...] = ()
    metrics: Mapping[str, tuple[Metric, Scored]] = field(default_factory=dict)
    curves: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys "verdict", "score", "baselines", "metrics" and "curves" of the evidence."""
        return {
            "verdict": self.verdict.to_dict(),
            "score": {
                "metric": self.metric.name,
                "value": plain(self.score.value),
                "interval": self.score.interval,
                "method": self.method,
                "rows": self.rows,
                "noun": self.noun,
            },
            "baselines": [baseline.to_dict() for baseline in self.baselines],
            "metrics": {name: measured(metric, value) for name, (metric, value) in self.metrics.items()},
            "curves": dict(self.curves),
        }


def evaluate_holdout(
    task: RowTask,
    metric: Metric,
    held_out: HeldOut,
    P: Floats,
    *,
    baselines: Mapping[str, tuple[str, Floats]],
    decision: Mapping[str, Any],
    method: str,
    seed: int = 0,
) -> Evaluation:
    """Score predictions on held-out rows, with intervals, against simple rules given as {name: (label, P)}.

    `metric` is the one the model was chosen by; all of the task's metrics are reported. `method` is the sentence that
    says how the rows were held out.
    """

    def read(each: Metric, said: Floats) -> Floats:
        return scored_by(each, said, answered(task.answer(said, decision, held_out.target.classes)))

    own = read(metric, P)
    rivals = [
        Baseline(
            name,
            label,
            score(metric, held_out, read(metric, other), seed=seed),
            compare(metric, held_out, own, read(metric, other), seed=seed),
        )
        for name, (label, other) in baselines.items()
    ]
    metrics = {metric.name: metric, **task.metrics}
    measured = {name: (each, score(each, held_out, read(each, P), seed=seed)) for name, each in metrics.items()}
    return conclude(
        metric,
        held_out,
        measured=measured,
        baselines=rivals,
        curves=task.curves(held_out.target, P, decision),
        method=method,
        noun="held-out row",
    )


def conclude(
    metric: Metric,
    held_out: HeldOut,
    *,
    measured: Mapping[str, tuple[Metric, Scored]],
    baselines: Sequence[Baseline],
    curves: Mapping[str, Any],
    method: str,
    noun: str = "row",
) -> Evaluation:
    """Put the verdict on top of what was measured; leave out what these rows cannot tell.

    `noun` is what a row is called where `held_out` does not say.
    """
    value = measured[metric.name][1]
    ordered = _best_first(metric, baselines)
    return Evaluation(
        metric=metric,
        score=value,
        rows=len(held_out),
        method=method,
        verdict=_verdict(metric, wording.count(len(held_out), held_out.noun or noun), value, ordered),
        noun=held_out.noun or "row",
        baselines=ordered,
        metrics={name: pair for name, pair in measured.items() if math.isfinite(pair[1].value)},
        curves=curves,
    )


def _best_first(metric: Metric, baselines: Sequence[Baseline]) -> tuple[Baseline, ...]:
    """Return the baselines in order, those without a score last."""
    sign = -1.0 if metric.greater_is_better else 1.0

    def key(baseline: Baseline) -> float:
        value = baseline.score.value
        return sign * value if math.isfinite(value) else math.inf

    return tuple(sorted(baselines, key=key))


def _verdict(metric: Metric, rows: str, value: Scored, baselines: Sequence[Baseline]) -> Verdict:
    """Say in one sentence how good the model is and whether the best simple rule does as well."""
    if not math.isfinite(value.value):
        return Verdict(
            "unclear", f"{rows} cannot tell how good the model is: its {wording.named(metric)} has no value."
        )
    said = f"On {rows} the model {wording.clause(metric, value)}"
    if not baselines:
        return Verdict("unclear", f"{said}; there was no simple rule to compare it with.")
    best = baselines[0]
    answer = answer_of(best.difference)
    reaches = "reaches" if metric.greater_is_better else "comes to"
    named = best.label if "'" in best.label else f"'{best.label}'"
    rival = f"the best simple rule, {named}, {reaches} {wording.short(metric, best.score.value)}"
    return Verdict(answer, f"{said}; {rival}: {_ending(answer, best.difference)}.")


def _ending(answer: Answer, difference: Scored) -> str:
    """Return what the comparison means for somebody who has to decide."""
    if answer == "yes":
        return "the model is clearly better"
    if answer == "unclear":
        return "the difference is within the noise, so the rule may do just as well"
    return "the model adds nothing to it" if difference.value == 0.0 else "the model is worse, so use the rule"


def measured(metric: Metric, value: Scored) -> dict[str, Any]:
    """Return a metric's score as it stands in the evidence."""
    return {
        "label": wording.named(metric),
        "score": plain(value.value),
        "interval": value.interval,
        "meaning": metric.meaning,
        "percent": metric.percent,
        "greater_is_better": metric.greater_is_better,
    }
