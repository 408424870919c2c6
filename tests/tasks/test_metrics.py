"""Every metric equals scikit-learn's function, with and without weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peers

from mlwright.tasks import ROW_TASKS
from mlwright.tasks.metrics import BINARY, MULTICLASS, REGRESSION

ROWS = 400


def yes_no(seed: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.3).astype(float)
    y[:2] = 0.0, 1.0
    # Rounding makes ties, which is where ranks go wrong.
    p = np.round(np.clip(0.3 * y + rng.random(rows) * 0.7, 0, 1), 1 + seed % 3)
    return y, np.column_stack([1 - p, p]), rng.integers(0, 4, rows).astype(float) + 0.25


BINARY_PEERS: dict[str, Callable] = {
    "roc_auc": lambda y, P, w: peers.roc_auc_score(y, P[:, 1], sample_weight=w),
    "log_loss": lambda y, P, w: peers.log_loss(y, y_proba=P, sample_weight=w),
    "brier": lambda y, P, w: peers.brier_score_loss(y, P[:, 1], sample_weight=w),
    "accuracy": lambda y, P, w: peers.accuracy_score(y, P[:, 1] >= 0.5, sample_weight=w),
    "balanced_accuracy": lambda y, P, w: peers.balanced_accuracy_score(y, P[:, 1] >= 0.5, sample_weight=w),
    "f1": lambda y, P, w: peers.f1_score(y, P[:, 1] >= 0.5, sample_weight=w, zero_division=0),
    "precision": lambda y, P, w: peers.precision_score(y, P[:, 1] >= 0.5, sample_weight=w, zero_division=0),
    "recall": lambda y, P, w: peers.recall_score(y, P[:, 1] >= 0.5, sample_weight=w, zero_division=0),
    "average_precision": lambda y, P, w: peers.average_precision_score(y, P[:, 1], sample_weight=w),
}
MULTICLASS_PEERS: dict[str, Callable] = {
    "log_loss": lambda y, P, w: peers.log_loss(y, y_proba=P, sample_weight=w, labels=range(P.shape[1])),
    "accuracy": lambda y, P, w: peers.accuracy_score(y, P.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, P, w: peers.balanced_accuracy_score(y, P.argmax(1), sample_weight=w),
    "macro_f1": lambda y, P, w: peers.f1_score(y, P.argmax(1), sample_weight=w, average="macro", zero_division=0),
    "top_3_accuracy": lambda y, P, w: peers.top_k_accuracy_score(y, P, k=3, sample_weight=w, labels=range(P.shape[1])),
}
REGRESSION_PEERS: dict[str, Callable] = {
    "rmse": lambda y, P, w: peers.root_mean_squared_error(y, P[:, 0], sample_weight=w),
    "mae": lambda y, P, w: peers.mean_absolute_error(y, P[:, 0], sample_weight=w),
    "median_absolute_error": lambda y, P, w: peers.median_absolute_error(y, P[:, 0], sample_weight=w),
    "r2": lambda y, P, w: peers.r2_score(y, P[:, 0], sample_weight=w),
    "mape": lambda y, P, w: peers.mean_absolute_percentage_error(y, P[:, 0], sample_weight=w),
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_binary_metrics_equal_scikit_learn(name: str, weighted: bool, seed: int) -> None:
    y, P, weight = yes_no(seed)
    weight = weight if weighted else None
    assert BINARY[name].score(y, P, weight) == pytest.approx(BINARY_PEERS[name](y, P, weight), abs=1e-12)


@pytest.mark.parametrize("name", MULTICLASS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [4, 9])
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_multiclass_metrics_equal_scikit_learn(name: str, weighted: bool, classes: int) -> None:
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, ROWS).astype(float)
    y[y == classes - 1] = 0  # a class that the model knows and these rows do not have
    P = rng.dirichlet(np.ones(classes), ROWS)
    P[np.arange(ROWS), y.astype(int)] += 0.3
    P /= P.sum(1, keepdims=True)
    weight = rng.random(ROWS) + 0.1 if weighted else None
    assert MULTICLASS[name].score(y, P, weight) == pytest.approx(MULTICLASS_PEERS[name](y, P, weight), abs=1e-12)


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [7, ROWS])
def test_regression_metrics_equal_scikit_learn(name: str, weighted: bool, rows: int) -> None:
    rng = np.random.default_rng(3)
    y = rng.gamma(2.0, 10.0, rows) + 0.5
    P = (y + rng.normal(0, 3, rows))[:, None]
    weight = rng.integers(1, 5, rows).astype(float) if weighted else None
    assert REGRESSION[name].score(y, P, weight) == pytest.approx(REGRESSION_PEERS[name](y, P, weight), rel=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_roc_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int, int]]) -> None:
    y, p, w = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    score = BINARY["roc_auc"].score(y, np.column_stack([1 - p / 5, p / 5]), w)
    pairs = [
        (w[i] * w[j], 1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0)
        for i in range(len(y))
        for j in range(len(y))
        if y[i] == 1 and y[j] == 0
    ]
    total = sum(weight for weight, _ in pairs)
    if total == 0:
        assert math.isnan(score)
    else:
        assert score == pytest.approx(sum(weight * wins for weight, wins in pairs) / total)


def test_losses_order_models_as_their_score_does() -> None:
    rng = np.random.default_rng(0)
    for task in ROW_TASKS.values():
        for metric in task.metrics.values():
            if metric.losses is None:
                continue
            scores, losses = [], []
            for model in range(6):
                noise = np.random.default_rng(model)
                if task.name == "regression":
                    y = np.random.default_rng(9).gamma(2, 5, ROWS)
                    P = (y + noise.normal(0, 1 + model, ROWS))[:, None]
                else:
                    classes = 2 if task.name == "binary" else 5
                    y = np.random.default_rng(9).integers(0, classes, ROWS).astype(float)
                    P = noise.dirichlet(np.ones(classes), ROWS)
                    P[np.arange(ROWS), y.astype(int)] += 1 / (1 + model)
                    P /= P.sum(1, keepdims=True)
                weight = rng.random(ROWS)
                weight = np.ones(ROWS) if metric.name in {"mape", "r2"} else weight
                rng = np.random.default_rng(0)
                scores.append(metric.loss(y, P, weight))
                losses.append(np.average(metric.losses(y, P), weights=weight))
                assert metric.losses(y, P).shape == (ROWS,)
            assert np.argsort(scores).tolist() == np.argsort(losses).tolist(), metric.name


def test_metrics_that_say_nothing_of_the_rows_are_nan() -> None:
    one_class = np.ones(5)
    P = np.column_stack([np.full(5, 0.4), np.full(5, 0.6)])
    assert math.isnan(BINARY["roc_auc"].score(one_class, P, None))
    assert math.isnan(BINARY["average_precision"].score(np.zeros(5), P, None))
    assert math.isnan(MULTICLASS["top_3_accuracy"].score(one_class, np.full((5, 3), 1 / 3), None))
    assert math.isnan(REGRESSION["mape"].score(np.zeros(5), np.ones((5, 1)), None))
    assert math.isnan(BINARY["accuracy"].score(one_class, P, np.zeros(5)))


def test_every_metric_says_what_it_means() -> None:
    for task in ROW_TASKS.values():
        for name, metric in task.metrics.items():
            assert metric.name == name
            assert metric.label
            assert metric.meaning.endswith(".")
            # The clause takes exactly the values that the verdict fills in.
            metric.verdict.format(score="1", low="1", high="1", score_100="1", low_100="1", high_100="1")


def test_the_default_metric_comes_first() -> None:
    assert [next(iter(task.metrics)) for task in ROW_TASKS.values()] == ["roc_auc", "log_loss", "rmse"]
