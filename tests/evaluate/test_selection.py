"""Selection: the best of many looks better than it is, and the correction takes that away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.selection import Replay, Selection, evaluate_selection, summary
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs, Target
from mlwright.tasks.metrics import BINARY, REGRESSION

AUC = BINARY["roc_auc"]


def best_by(metric):
    """Return the choice of the one best candidate."""

    def choose(predictions, y, weight):
        losses = [metric.loss(y, P, weight) for P in predictions]
        return np.eye(len(predictions))[int(np.argmin(losses))]

    return choose


def noise(rows=200, count=200, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows).astype(float)
    candidates = [np.column_stack([1 - p, p]) for p in random.random((count, rows))]
    return HeldOut(Target(y, ("no", "yes")), noun="row"), candidates


def evaluated(held_out, candidates, baselines=None, metric=AUC, resamples=200):
    task = ROW_TASKS["binary"]
    decision = task.decide(held_out.target, candidates[0][0] if candidates[0].ndim == 3 else candidates[0], Costs())
    constant = np.tile([0.5, 0.5], (len(held_out), 1))
    return evaluate_selection(
        task,
        metric,
        held_out,
        Selection(candidates, best_by(metric), resamples),
        baselines=baselines or {"prior": ("always the same shares", constant)},
        decision=decision,
        method="Cross-validation.",
    )


def test_pure_noise_scores_as_noise():
    held_out, candidates = noise()
    best = max(AUC.score(held_out.y, P, None) for P in candidates)
    evaluation = evaluated(held_out, candidates, resamples=60)
    assert best > 0.58
    assert evaluation.score.value == pytest.approx(0.5, abs=0.04)
    assert evaluation.score.low < 0.5 < evaluation.score.high
    assert evaluation.verdict.beats_baseline == "unclear"
    plain = evaluation.to_dict()
    assert plain["score"]["rows"] == 200
    assert set(plain) == {"verdict", "score", "baselines", "metrics", "curves"}


def test_a_single_candidate_keeps_its_score():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 300).astype(float)
    p = 1 / (1 + np.exp(-(2 * y - 1 + random.standard_normal(300))))
    P = np.column_stack([1 - p, p])
    evaluation = evaluated(HeldOut(Target(y, ("no", "yes"))), [P])
    assert evaluation.score.value == pytest.approx(AUC.score(y, P, None), abs=0.01)
    assert evaluation.verdict.beats_baseline == "yes"
    assert {"roc_auc", "log_loss", "accuracy"} <= set(evaluation.metrics)


def test_repeats_are_read_in_turn_and_not_averaged():
    held_out, candidates = noise(count=3)
    repeated = [np.stack([P, P[:, ::-1]]) for P in candidates]
    replay = Replay(held_out, Selection(repeated, best_by(AUC), 40), 0)
    first = Replay(held_out, Selection(candidates, best_by(AUC), 40), 0)
    scores, plain = replay.scores(AUC), first.scores(AUC)
    assert scores[0::2] == pytest.approx(plain[0::2])
    assert not np.allclose(scores[1::2], plain[1::2])


def test_baselines_are_paired_on_the_same_rows():
    held_out, candidates = noise(count=1)
    same = {"same": ("the same thing", candidates[0])}
    difference = evaluated(held_out, candidates, same).baselines[0].difference
    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_whole_groups_are_left_out():
    held_out, candidates = noise(rows=60, count=2)
    groups = np.repeat(np.arange(12), 5)
    replay = Replay(HeldOut(held_out.target, groups=groups), Selection(candidates, best_by(AUC), 20), 0)
    for outside in replay.outside:
        assert len(outside) == 5 * len(set(groups[outside]))


def test_rare_classes_and_single_groups_are_survived():
    random = np.random.default_rng(0)
    y = np.array([1.0, 1.0] + [0.0] * 58)
    p = random.random(60)
    P = np.column_stack([1 - p, p])
    evaluation = evaluated(HeldOut(Target(y, ("no", "yes"))), [P, P[::-1]])
    assert math.isfinite(evaluation.score.value)
    one_group = HeldOut(Target(y, ("no", "yes")), groups=np.zeros(60))
    assert evaluated(one_group, [P]).verdict.beats_baseline == "unclear"


def test_summary_leaves_out_what_has_no_value():
    assert summary(np.array([1.0, 1.0, np.nan])).value == 1.0
    assert math.isnan(summary(np.array([1.0, np.nan, np.nan])).value)


def test_covers_the_true_score_of_what_was_chosen():
    """Learn for real: five penalties, the best by cross-validation, its true score on very many rows."""
    metric, held, repeats, bias = BINARY["log_loss"], 0, 25, []

    def rows(count, random):
        X = random.standard_normal((count, 5))
        return X, (X[:, 0] + 0.5 * X[:, 1] + random.logistic(size=count) > 0).astype(float)

    X_many, y_many = rows(20_000, np.random.default_rng(99))
    for seed in range(repeats):
        X, y = rows(150, np.random.default_rng(seed))
        models = [LogisticRegression(C=strength) for strength in (0.001, 0.01, 0.1, 1.0, 10.0)]
        candidates = [cross_val_predict(model, X, y, cv=5, method="predict_proba") for model in models]
        replay = Replay(HeldOut(Target(y)), Selection(candidates, best_by(metric), 100), seed)
        value = summary(replay.scores(metric))
        chosen = models[int(np.argmax(best_by(metric)(candidates, y, None)))].fit(X, y)
        truth = metric.score(y_many, chosen.predict_proba(X_many), None)
        held += value.low <= truth <= value.high
        bias.append(value.value - truth)
    assert held / repeats >= 0.84
    assert abs(np.mean(bias)) < 0.03


def test_stops_after_a_few_resamples():
    held_out, candidates = noise(count=2)
    replay = Replay(held_out, Selection(candidates, best_by(AUC), stop=lambda: True), 0)
    assert len(replay.outside) == 20
    value = summary(replay.scores(AUC))
    assert value.low < value.value < value.high


def test_numbers_work_as_well():
    random = np.random.default_rng(0)
    y = random.standard_normal(120)
    good = (y + 0.3 * random.standard_normal(120))[:, None]
    held_out, task = HeldOut(Target(y)), ROW_TASKS["regression"]
    evaluation = evaluate_selection(
        task,
        REGRESSION["rmse"],
        held_out,
        Selection([good, np.zeros((120, 1))], best_by(REGRESSION["rmse"])),
        baselines={"prior": ("always the average", np.zeros((120, 1)))},
        decision=task.decide(held_out.target, good, Costs()),
        method="Cross-validation.",
    )
    assert evaluation.score.value == pytest.approx(0.3, rel=0.2)
    assert evaluation.baselines[0].difference.low > 0.0


def test_the_last_step_is_taken_before_anything_is_scored():
    random = np.random.default_rng(0)
    y = np.maximum(random.normal(size=200), 0.0)
    candidates = [(y + random.normal(size=200) * spread)[:, None] for spread in (0.5, 2.0)]
    metric = REGRESSION["rmse"]
    held_out = HeldOut(Target(y))
    plain = Replay(held_out, Selection(candidates, best_by(metric), 50), 0)
    floored = Replay(held_out, Selection(candidates, best_by(metric), 50, finish=lambda P: np.maximum(P, 0.0)), 0)
    assert plain.P.min() < 0.0 <= floored.P.min()
    assert (floored.scores(metric) < plain.scores(metric)).all()
