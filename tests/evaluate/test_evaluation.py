"""Evaluation: everything the report needs, as JSON, with a sentence that people understand."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from mlwright.evaluate.evaluation import evaluate_holdout
from mlwright.evaluate.held_out import HeldOut
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs, Target


def made(kind, rows=400, seed=0):
    """Return a task, held-out rows, a good model's predictions and a poor one's."""
    random = np.random.default_rng(seed)
    if kind == "regression":
        y = random.lognormal(3, 0.5, rows)
        predictions = [(y + size * random.standard_normal(rows))[:, None] for size in (2.0, 8.0)]
        return ROW_TASKS[kind], HeldOut(Target(y)), *predictions
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c", "d")}[kind]
    y = random.integers(0, len(classes), rows).astype(float)
    predictions = []
    for strength in (2.0, 0.7):
        P = np.exp(strength * np.eye(len(classes))[y.astype(int)] + random.standard_normal((rows, len(classes))))
        predictions.append(P / P.sum(axis=1, keepdims=True))
    return ROW_TASKS[kind], HeldOut(Target(y, classes)), *predictions


def evaluated(kind, *, model=None, rival=None, metric=None, rows=400):
    task, held_out, good, bad = made(kind, rows)
    return evaluate_holdout(
        task,
        metric or next(iter(task.metrics.values())),
        held_out,
        good if model is None else model,
        baselines={"poor": ("a poor rule", bad), "rival": ("a rival", bad if rival is None else rival)},
        decision=task.decide(held_out.target, good, Costs()),
        method="Scored once on rows set aside.",
    )


@pytest.mark.parametrize("kind", ROW_TASKS)
def test_evidence_is_complete_and_json(kind):
    plain = evaluated(kind).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["verdict"]["beats_baseline"] == "yes"
    assert plain["score"]["interval"][0] < plain["score"]["value"] < plain["score"]["interval"][1]
    assert plain["score"]["metric"] in plain["metrics"]
    for baseline in plain["baselines"]:
        assert set(baseline) == {"name", "label", "score", "interval", "difference"}
        assert len(baseline["difference"]) == 3
    for name, measured in plain["metrics"].items():
        assert set(measured) == {"label", "score", "interval", "meaning", "percent", "greater_is_better"}
        assert measured["meaning"], name
    assert plain["curves"]


def test_sentence_says_score_rival_and_what_follows():
    sentence = evaluated("binary").verdict.sentence
    assert sentence.startswith("On 400 held-out rows the model tells ")
    assert "of 100 pairs (95 % interval " in sentence
    assert "; the best simple rule, 'a poor rule', reaches " in sentence
    assert sentence.endswith(": the model is clearly better.")


def test_a_label_with_quotes_gets_no_more():
    task, held_out, good, bad = made("binary")
    sentence = evaluate_holdout(
        task,
        task.metrics["roc_auc"],
        held_out,
        good,
        baselines={"single column": ("'tenure' alone", bad)},
        decision=task.decide(held_out.target, good, Costs()),
        method="Scored once.",
    ).verdict.sentence
    assert "the best simple rule, 'tenure' alone, reaches" in sentence


def test_sentence_of_a_metric_without_one_uses_its_name():
    task = ROW_TASKS["binary"]
    silent = dataclasses.replace(task.metrics["log_loss"], verdict="")
    sentence = evaluated("binary", metric=silent).verdict.sentence
    assert "the model comes to 0." in sentence
    assert " in log loss (95 % interval 0." in sentence
    assert "'a poor rule', comes to 0." in sentence


def test_best_baseline_comes_first_and_decides():
    _, _, good, bad = made("binary")
    same = evaluated("binary", rival=good)
    assert [each.name for each in same.baselines] == ["rival", "poor"]
    assert same.verdict.beats_baseline == "no"
    assert same.verdict.sentence.endswith(": the model adds nothing to it.")
    worse = evaluated("binary", model=bad, rival=good)
    assert worse.verdict.beats_baseline == "no"
    assert worse.verdict.sentence.endswith(": the model is worse, so use the rule.")


def test_noise_is_called_noise():
    _, _, good, _ = made("regression")
    nearly = good + 0.05 * np.random.default_rng(1).standard_normal(good.shape)
    verdict = evaluated("regression", rival=nearly).verdict
    assert verdict.beats_baseline == "unclear"
    assert verdict.sentence.endswith(": the difference is within the noise, so the rule may do just as well.")


def test_rows_that_cannot_tell_are_said_to():
    task = ROW_TASKS["binary"]
    target, P = Target(np.zeros(30), ("no", "yes")), np.full((30, 2), 0.5)
    evaluation = evaluate_holdout(
        task,
        task.metrics["roc_auc"],
        HeldOut(target),
        P,
        baselines={},
        decision=task.decide(Target(np.arange(30.0) % 2, ("no", "yes")), P, Costs()),
        method="Scored once.",
    )
    assert evaluation.verdict.beats_baseline == "unclear"
    assert "cannot tell" in evaluation.verdict.sentence
    assert "roc_auc" not in evaluation.metrics
    json.dumps(evaluation.to_dict(), allow_nan=False)


def test_a_model_can_read_evaluations_with_numpy_alone():
    code = (
        "import sys, mlwright.evaluate.evaluation, mlwright.evaluate.comparison, mlwright.explain.importance;"
        "heavy = {'scipy', 'sklearn', 'polars', 'pandas', 'lightgbm'} & set(sys.modules);"
        "print(heavy); sys.exit(len(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
