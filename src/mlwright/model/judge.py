"""Scoring a finished model on labelled rows that somebody brings, and the gates it has to pass there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlwright.columns import Coded, read_frame
from mlwright.errors import ColumnError, DataError
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut, mean_one
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.learn.base import Floats
from mlwright.model.evidence import number
from mlwright.model.parts import Parts
from mlwright.model.rows import require
from mlwright.tasks import TASKS
from mlwright.tasks.base import Metric, Target

if TYPE_CHECKING:
    import polars as pl

Answer = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A claim about a model, what was measured for it, and whether that bears it out. Positive statistics are good."""

    claim: str
    statistic: Scored
    threshold: float
    verdict: Answer
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the gate as it stands in JSON."""
        return {
            "claim": self.claim,
            "verdict": self.verdict,
            "statistic": plain(self.statistic.value),
            "interval": self.statistic.interval,
            "threshold": self.threshold,
            "sentence": self.sentence,
        }


def evaluate(parts: Parts, source: object, *, query: str | None = None) -> dict[str, Any]:
    """Return scores on labelled rows with intervals, the baseline's, and the gates' verdicts, as JSON."""
    from mlwright.collect import collect

    table = collect(source, query=query) if query is not None else collect(source)
    held, P, left_out = _held_out(parts, table.frame)
    task = TASKS[parts.task]
    measured = {name: score(metric, held, P) for name, metric in task.metrics.items()}
    metric = _main_metric(parts)
    prior = np.tile(np.asarray(parts.prior), (len(held), 1))
    gates = [_beats_baseline(metric, held, P, prior), _as_good_as_built(metric, measured[metric.name], parts.evidence)]
    return {
        "rows": len(held),
        "rows_without_target": left_out,
        "metric": metric.name,
        "metrics": {
            name: {
                "score": plain(value.value),
                "interval": value.interval,
                "label": task.metrics[name].label,
                "meaning": task.metrics[name].meaning,
                "percent": task.metrics[name].percent,
                "greater_is_better": task.metrics[name].greater_is_better,
            }
            for name, value in measured.items()
        },
        "baseline": {"name": "prior", "metric": metric.name, "score": plain(score(metric, held, prior).value)},
        "gates": [gate.to_dict() for gate in gates],
        "verdict": overall([gate.verdict for gate in gates]),
        "fairness": [],
        "slices": [],
    }


def overall(verdicts: list[Answer]) -> Answer:
    """Return "fail" where any gate fails, "pass" where all pass, else "unknown".

    >>> overall(["pass", "unknown"]), overall(["pass", "fail"]), overall(["pass"])
    ('unknown', 'fail', 'pass')
    """
    if "fail" in verdicts:
        return "fail"
    return "pass" if all(verdict == "pass" for verdict in verdicts) else "unknown"


def _held_out(parts: Parts, frame: pl.DataFrame) -> tuple[HeldOut, Floats, int]:
    """Return the rows with a known target, what the model predicts for them, and how many were left out."""
    column = parts.schema[parts.target]
    if column.name not in frame.columns:
        raise ColumnError.missing(column.name, frame.columns, what="target column")
    require(parts.columns, frame.columns)
    y = TASKS[parts.task].encode_known(frame[column.name].to_list(), column, parts.classes)
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        raise DataError(
            f"None of the {len(y):,} rows has a {column.name!r} that the model knows, so there is nothing to score.",
            hint=f"it knows: {', '.join(map(str, parts.classes[:12]))}." if parts.classes else None,
        )
    kept = frame if len(known) == len(y) else frame[known]
    P = parts.ensemble.predict(read_frame(kept, parts.columns))
    held = HeldOut(Target(y[known], parts.classes), _weight(parts, kept), _groups(parts, kept), noun="labelled row")
    return held, P, len(y) - len(known)


def _weight(parts: Parts, frame: pl.DataFrame) -> Floats | None:
    column = parts.schema.only("weight")
    if column is None or column.name not in frame.columns:
        return None
    weight = read_frame(frame.select(column.name), [column])[column.name]
    if isinstance(weight, Coded) or not (weight >= 0).all() or not weight.max(initial=0.0) > 0:
        raise DataError(f"The weight column {column.name!r} holds values that are not numbers of 0 or more.")
    return mean_one(weight)


def _groups(parts: Parts, frame: pl.DataFrame) -> np.typing.NDArray[Any] | None:
    column = parts.schema.only("group")
    if column is None or column.name not in frame.columns:
        return None
    return np.array([str(value) for value in frame[column.name].to_list()])


def _main_metric(parts: Parts) -> Metric:
    """Return the metric the model was chosen by, else the task's own."""
    metrics = TASKS[parts.task].metrics
    built = parts.evidence.get("score")
    name = built.get("metric") if isinstance(built, Mapping) else None
    return metrics.get(str(name)) or next(iter(metrics.values()))


def _beats_baseline(metric: Metric, held: HeldOut, P: Floats, prior: Floats) -> Gate:
    """Judge whether the model is better than what somebody says who sees no column."""
    difference = compare(metric, held, P, prior)
    verdict: Answer = "unknown"
    if difference.low > 0:
        verdict = "pass"
    elif difference.high <= 0:
        verdict = "fail"
    said = {
        "pass": "The model is better than always giving the same answer",
        "fail": "The model is no better than always giving the same answer",
        "unknown": "These rows are too few to tell whether the model beats always giving the same answer",
    }[verdict]
    return Gate(
        "better than always giving the same answer", difference, 0.0, verdict, f"{said} ({_told(metric, difference)})."
    )


def _as_good_as_built(metric: Metric, now: Scored, evidence: Mapping[str, Any]) -> Gate:
    """Judge whether the score still is what it was when the model was built.

    The difference of the two scores has the interval of Zou and Donner (2008, "Construction of confidence limits about
    effect measures", Statistics in Medicine 27). It fails where the score is surely lower; it passes where it is surely
    not lower by more than the width of the interval that was stated at the build.
    """
    claim = "as good as when it was built"
    built = evidence.get("score")
    value, ends = (built.get("value"), built.get("interval")) if isinstance(built, Mapping) else (None, None)
    numbers = (value, *(ends or (None, None)))
    if not all(isinstance(each, (int, float)) and math.isfinite(each) for each in numbers):
        nothing = Scored(math.nan, math.nan, math.nan)
        return Gate(claim, nothing, 0.0, "unknown", "The model does not hold a score from when it was built.")
    then = Scored(*map(float, numbers))
    difference = _difference(now, then, 1.0 if metric.greater_is_better else -1.0)
    threshold = -(then.high - then.low)
    verdict: Answer = "unknown"
    if difference.high < 0:
        verdict = "fail"
    elif difference.low >= threshold:
        verdict = "pass"
    said = {
        "pass": "The model is as good as when it was built",
        "fail": "The model is worse than when it was built",
        "unknown": f"{_blame(now, then)} to tell whether the model is as good as when it was built",
    }[verdict]
    scores = f"{metric.label or metric.name} {number(now.value)} now, {number(then.value)} then"
    return Gate(claim, difference, threshold, verdict, f"{said} ({scores}).")


def _blame(now: Scored, then: Scored) -> str:
    """Say which of two scores is known less well."""
    if then.high - then.low > now.high - now.low:
        return "The score of the build is known too roughly, from the rows there were then,"
    return "These rows are too few, or differ too much,"


def _difference(now: Scored, then: Scored, sign: float) -> Scored:
    """Return how much better the first of two independent scores is, with its interval."""
    value = sign * (now.value - then.value)
    below = (now.value - now.low, then.high - then.value) if sign > 0 else (now.high - now.value, then.value - then.low)
    above = (now.high - now.value, then.value - then.low) if sign > 0 else (now.value - now.low, then.high - then.value)
    return Scored(value, value - math.hypot(*below), value + math.hypot(*above))


def _told(metric: Metric, difference: Scored) -> str:
    name = metric.label or metric.name
    if not math.isfinite(difference.low):
        return f"{name} cannot be compared"
    ends = f"{number(difference.low)} to {number(difference.high)}"
    return f"{name} better by {number(difference.value)}, 95 % interval {ends}"
