"""Processes whose truth is known, and the evaluations made of what they draw: what gates.py judges gates on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from intervals import true_log_loss
from scipy import stats

from mlwright.columns import Coded, Columns
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.gates.measured import Side
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.evaluate.slices import worst_slices
from mlwright.evaluate.stated import share_of, stated
from mlwright.fairness.audit import audit
from mlwright.model.measures import since_built
from mlwright.schema import Column
from mlwright.tasks.base import Metric, Prediction, Target
from mlwright.tasks.metrics import BINARY, REGRESSION

Random = np.random.Generator
Sample = dict[str, np.ndarray]
LABELS = ("no", "yes")
SHARE, GAP = 0.3, 1.0
"""The share of cases, and how far apart the classes are: the ROC AUC is Phi(GAP)."""


@dataclass(frozen=True)
class Process:
    """A gate, how rows are drawn for it, and what is true of them."""

    name: str
    statistic: str
    side: Side
    truth: float
    draw: Callable[[Random, int], Sample]
    result: Callable[[Sample, Any], dict[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    then: Callable[[Random, int], Any] | None = None
    """What is drawn once: the evidence of the build, which more rows do not change."""
    rows: tuple[int, ...] = ()
    only_limit: bool = False
    share: float = 1.0
    """The share of the runs that are made, where one takes long."""


# --- rows ------------------------------------------------------------------------------------------------------------


def yes_no(random: Random, rows: int, gap: float = GAP) -> Sample:
    """Draw rows whose log-odds are normal around -gap / sqrt(2) and gap / sqrt(2)."""
    y = (random.random(rows) < SHARE).astype(float)
    return {"y": y, "p": 1 / (1 + np.exp(-(gap * (y - 0.5) * math.sqrt(2) + random.standard_normal(rows))))}


def two_models(random: Random, rows: int, worse: float) -> Sample:
    """Draw rows with two models' probabilities, made of one signal and noise of their own."""
    y = (random.random(rows) < SHARE).astype(float)
    signal = 2 * y - 1 + random.standard_normal(rows)
    p, other = (1 / (1 + np.exp(-(signal + noise * random.standard_normal(rows)))) for noise in (0.5 + worse, 0.5))
    return {"y": y, "p": p, "other": other}


def numbers(random: Random, rows: int, freedom: float = 5) -> Sample:
    """Draw numbers predicted with errors of Student's t: heavy tails, or normal ones with infinite freedom."""
    y = random.standard_normal(rows)
    errors = random.standard_t(freedom, rows) if math.isfinite(freedom) else random.standard_normal(rows)
    return {"y": y, "p": y + errors}


def no_better(random: Random, rows: int) -> Sample:
    """Draw numbers of mean 0 and deviation 1, predicted as badly as by their mean: half of each, and noise."""
    y = random.standard_normal(rows)
    return {"y": y, "p": 0.5 * y + math.sqrt(0.75) * random.standard_normal(rows)}


def overstated(random: Random, rows: int) -> Sample:
    """Draw rows with right probabilities, but for the highest quarter, which happen 10 points less often."""
    p = random.uniform(0.1, 0.9, rows)
    happens = np.where(p > 0.7, p - 0.1, p)
    return {"y": (random.random(rows) < happens).astype(float), "p": p}


def covered(random: Random, rows: int) -> Sample:
    """Draw numbers of which 80 % lie within intervals that are stated to hold 90 %."""
    return {"y": random.standard_normal(rows), "p": np.zeros(rows), "half": np.full(rows, stats.norm.ppf(0.9))}


def groups(random: Random, rows: int, shares: Sequence[float], given: Sequence[float]) -> Sample:
    """Draw people of groups of these shares, of whom a known share of each is given the answer "yes"."""
    group = random.choice(len(shares), rows, p=shares)
    yes = random.random(rows) < np.asarray(given)[group]
    y = (random.random(rows) < 0.4).astype(float)
    return {"y": y, "p": np.where(yes, 0.9, 0.1), "group": group}


def sliced(random: Random, rows: int) -> Sample:
    """Draw numbers with normal errors, half as large again on a fifth of the rows, and columns that say nothing."""
    kind, y = random.integers(0, 5, rows), random.standard_normal(rows)
    error = random.standard_normal(rows) * np.where(kind == 0, 1.5, 1.0)
    return {"y": y, "p": y + error, "kind": kind, **{name: random.standard_normal(rows) for name in "abcd"}}


# --- evaluations -----------------------------------------------------------------------------------------------------


def held_of(sample: Sample, metric: Metric) -> tuple[HeldOut, np.ndarray]:
    """Return the target and the predictions (n, k) of a sample."""
    classes = LABELS if metric.name in BINARY else ()
    return HeldOut(Target(sample["y"], classes)), _columns(sample["p"], metric)


def _columns(p: np.ndarray, metric: Metric) -> np.ndarray:
    return np.column_stack([1 - p, p]) if metric.name in BINARY else p[:, None]


def facts(metric: Metric, found: Scored) -> dict[str, Any]:
    """Return a metric as an evaluation holds it."""
    return {
        "score": plain(found.value),
        "interval": found.interval,
        "label": metric.label,
        "percent": metric.percent,
        "greater_is_better": metric.greater_is_better,
    }


def whole(sample: Sample, metric: Metric, found: Scored, **more: Any) -> dict[str, Any]:
    return {"rows": len(sample["y"]), "metric": metric.name, "metrics": {metric.name: facts(metric, found)}, **more}


def scored(sample: Sample, _: Any, *, metric: Metric) -> dict[str, Any]:
    return whole(sample, metric, score(metric, *held_of(sample, metric)))


UNKNOWN = Scored(math.nan, math.nan, math.nan)


def over_baseline(sample: Sample, _: Any, *, metric: Metric) -> dict[str, Any]:
    held, P = held_of(sample, metric)
    prior = np.full(len(held), SHARE if metric.name in BINARY else 0.0)
    gain = compare(metric, held, P, _columns(prior, metric))
    return whole(sample, metric, UNKNOWN, baseline={"difference": {"value": gain.value, "interval": gain.interval}})


def over_other(sample: Sample, _: Any, *, metric: Metric) -> dict[str, Any]:
    held, P = held_of(sample, metric)
    gain = compare(metric, held, P, _columns(sample["other"], metric))
    told = {"name": "other", "difference": {"value": gain.value, "interval": gain.interval}}
    return whole(sample, metric, UNKNOWN, against=told)


def evidence(random: Random, rows: int, *, metric: Metric, share: float) -> dict[str, Any]:
    """Return the score of a build on so many times the rows that judge later."""
    draw = yes_no if metric.name in BINARY else numbers
    found = score(metric, *held_of(draw(random, round(share * rows)), metric))
    return {"score": {"metric": metric.name, "value": found.value, "interval": found.interval}}


def over_build(sample: Sample, then: Any, *, metric: Metric) -> dict[str, Any]:
    found = score(metric, *held_of(sample, metric))
    return whole(sample, metric, found, built=since_built(metric, found, then))


def honest(sample: Sample, _: Any) -> dict[str, Any]:
    """Return an evaluation of what is stated: probabilities, or intervals of numbers."""
    metric = REGRESSION["rmse"] if "half" in sample else BINARY["log_loss"]
    held, P = held_of(sample, metric)
    answered = Prediction(P, probabilities=P, classes=LABELS)
    if "half" in sample:
        answered = Prediction(sample["p"], lower=sample["p"] - sample["half"], upper=sample["p"] + sample["half"])
    return whole(sample, metric, UNKNOWN, calibration=stated(held, answered, {"level": 0.9}))


def audited(sample: Sample, _: Any) -> dict[str, Any]:
    metric = BINARY["roc_auc"]
    held, P = held_of(sample, metric)
    column = Column(name="group", kind="category", role="sensitive")
    columns = Columns({"group": Coded(sample["group"].astype(np.int32), ("a", "b", "c", "d"))}, len(held))
    answered = Prediction(np.where(sample["p"] > 0.5, "yes", "no"), probabilities=P, classes=LABELS)
    found = audit(columns, [column], held, P, answered=answered, classes=LABELS, names=["group"])
    return whole(sample, metric, UNKNOWN, fairness=found["groups"], gaps=found["gaps"], sensitive=["group"])


def unlike(sample: Sample, _: Any) -> dict[str, Any]:
    found = share_of(HeldOut(Target(sample["y"])), sample["y"])
    return whole(sample, BINARY["roc_auc"], UNKNOWN, unlike={"share": found.value, "interval": found.interval})


def searched(sample: Sample, _: Any) -> dict[str, Any]:
    metric = REGRESSION["rmse"]
    held, P = held_of(sample, metric)
    described = [Column(name="kind", kind="category"), *(Column(name=name, kind="number") for name in "abcd")]
    kinds = Coded(sample["kind"].astype(np.int32), tuple("vwxyz"))
    columns = Columns({"kind": kinds, **{name: sample[name] for name in "abcd"}}, len(held))
    found = worst_slices(columns, described, held, P, metric)
    return whole(sample, metric, score(metric, held, P), slices=found)


# --- what is tried ---------------------------------------------------------------------------------------------------


def _scores() -> list[Process]:
    auc, accuracy, f1 = BINARY["roc_auc"], BINARY["accuracy"], BINARY["f1"]
    log_loss, rmse, mae = BINARY["log_loss"], REGRESSION["rmse"], REGRESSION["mae"]
    right = stats.norm.cdf(GAP / math.sqrt(2))
    found, false, missed = SHARE * right, (1 - SHARE) * (1 - right), SHARE * (1 - right)
    off = float(stats.t(5).expect(abs))
    make = partial(Process, statistic="score", draw=yes_no)
    return [
        make("score: ROC AUC", side="at_least", truth=stats.norm.cdf(GAP), result=partial(scored, metric=auc)),
        make("score: accuracy", side="at_least", truth=right, result=partial(scored, metric=accuracy)),
        make("score: log loss", side="at_most", truth=true_log_loss(SHARE, GAP),
             result=partial(scored, metric=log_loss)),
        make("score: F1", side="at_least", truth=2 * found / (2 * found + false + missed),
             result=partial(scored, metric=f1), share=0.3),
        make("score: RMSE, normal errors", side="at_most", truth=1.0, draw=partial(numbers, freedom=math.inf),
             result=partial(scored, metric=rmse)),
        make("score: RMSE, heavy tails", side="at_most", truth=math.sqrt(5 / 3), draw=numbers,
             result=partial(scored, metric=rmse)),
        make("score: MAE", side="at_most", truth=off, draw=numbers, result=partial(scored, metric=mae)),
    ]  # fmt: skip


def _gains() -> list[Process]:
    auc, log_loss, accuracy = BINARY["roc_auc"], BINARY["log_loss"], BINARY["accuracy"]
    rmse = REGRESSION["rmse"]
    prior_loss = -(SHARE * math.log(SHARE) + (1 - SHARE) * math.log(1 - SHARE))
    base = partial(Process, statistic="better_than_baseline", side="at_least")
    other = partial(
        Process, statistic="better_than_other", side="at_least", truth=0.0, draw=partial(two_models, worse=0)
    )
    built = partial(Process, statistic="as_good_as_built", side="at_least", truth=0.0)
    return [
        base("baseline: ROC AUC", truth=stats.norm.cdf(GAP) - 0.5, draw=yes_no,
             result=partial(over_baseline, metric=auc)),
        base("baseline: ROC AUC, no signal", truth=0.0, draw=partial(yes_no, gap=0.0),
             result=partial(over_baseline, metric=auc), only_limit=True),
        base("baseline: log loss", truth=prior_loss - true_log_loss(SHARE, GAP), draw=yes_no,
             result=partial(over_baseline, metric=log_loss)),
        base("baseline: RMSE, no better", truth=0.0, draw=no_better, result=partial(over_baseline, metric=rmse)),
        other("other: ROC AUC", result=partial(over_other, metric=auc)),
        other("other: log loss", result=partial(over_other, metric=log_loss)),
        other("other: accuracy", result=partial(over_other, metric=accuracy)),
        built("built: ROC AUC, as many rows", draw=yes_no, result=partial(over_build, metric=auc),
              then=partial(evidence, metric=auc, share=1.0)),
        built("built: ROC AUC, a quarter", draw=yes_no, result=partial(over_build, metric=auc),
              then=partial(evidence, metric=auc, share=0.25)),
        built("built: RMSE, four times", draw=numbers, result=partial(over_build, metric=rmse),
              then=partial(evidence, metric=rmse, share=4.0)),
    ]  # fmt: skip


def _others() -> list[Process]:
    gap = partial(Process, statistic="group_gap", side="at_most", result=audited)
    group = partial(Process, statistic="group_score", side="at_least", result=audited)
    selected = {"metric": "selection_rate"}
    return [
        Process("calibration: probabilities", "calibration", "at_most", 0.1, overstated, honest),
        Process("calibration: intervals", "calibration", "at_most", 0.1, covered, honest),
        gap("group gap: two groups", truth=0.1, options=selected,
            draw=partial(groups, shares=(0.5, 0.5), given=(0.3, 0.4))),
        gap("group gap: a small third", truth=0.2, options=selected,
            draw=partial(groups, shares=(0.48, 0.48, 0.04), given=(0.3, 0.36, 0.5)), rows=(1_000, 4_000)),
        gap("group gap: four alike", truth=0.1, options=selected,
            draw=partial(groups, shares=(0.25,) * 4, given=(0.3, 0.4, 0.3, 0.4))),
        group("group score: two groups", truth=0.7, options={"metric": "true_positive_rate"},
              draw=partial(groups, shares=(0.5, 0.5), given=(0.8, 0.7))),
        group("group score: a small third", truth=0.7, options={"metric": "true_positive_rate"},
              draw=partial(groups, shares=(0.48, 0.48, 0.04), given=(0.8, 0.75, 0.7)), rows=(1_000, 4_000)),
        Process("unlike rows", "unlike_rows", "at_most", 0.05,
                lambda random, rows: {"y": (random.random(rows) < 0.05).astype(float)}, unlike),
        Process("worst slice: a fifth of the rows", "worst_slice", "at_most", 0.5, sliced, searched,
                rows=(100, 1_000, 4_000), share=0.4, only_limit=True),
    ]  # fmt: skip


PROCESSES = (*_scores(), *_gains(), *_others())
