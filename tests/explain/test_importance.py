"""Importance: the columns that matter come first, and those that do not are near zero."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.importance import importance
from mlwright.tasks.base import Target
from mlwright.tasks.metrics import BINARY, REGRESSION


def linear(rows=800, seed=0):
    """Return columns, held-out rows and a predictor of 3 a + b, plus noise nobody can predict."""
    random = np.random.default_rng(seed)
    data = {name: random.standard_normal(rows) for name in ("noise", "b", "a")}
    y = 3 * data["a"] + data["b"] + random.standard_normal(rows)
    return Columns(data, rows), HeldOut(Target(y)), lambda columns: (3 * columns["a"] + columns["b"])[:, None]


@pytest.mark.parametrize("name", ["rmse", "mae", "r2", "median_absolute_error"])
def test_largest_first_with_intervals(name):
    columns, held_out, predict = linear()
    found = importance(predict, columns, list(columns), held_out, REGRESSION[name])
    assert [entry["column"] for entry in found] == ["a", "b", "noise"]
    for entry in found[:2]:
        low, high = entry["interval"]
        assert 0 < low < entry["value"] < high
    assert found[2]["value"] == 0.0
    assert found[2]["interval"] == [0.0, 0.0]


def test_agrees_with_scikit_learn():
    columns, held_out, _ = linear()
    X = np.column_stack([columns[name] for name in columns])
    model = LinearRegression().fit(X, held_out.y)
    theirs = permutation_importance(
        model, X, held_out.y, scoring="neg_root_mean_squared_error", n_repeats=20, random_state=0
    )
    ours = importance(
        lambda given: model.predict(np.column_stack([given[name] for name in given]))[:, None],
        columns,
        list(columns),
        held_out,
        REGRESSION["rmse"],
    )
    expected = dict(zip(columns, theirs.importances_mean, strict=True))
    for entry in ours:
        assert entry["value"] == pytest.approx(expected[entry["column"]], rel=0.05, abs=0.01)


@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_interval_covers_what_very_many_rows_say(name):
    # y - 3 a' - b has the variance of 3 a - 3 a' and of the noise: 18 + 1.
    truth, hits = math.sqrt(19) - 1, 0
    for seed in range(100):
        columns, held_out, predict = linear(rows=150, seed=seed)
        entry = importance(predict, columns, ["a"], held_out, REGRESSION[name], seed=seed)[0]
        hits += (
            entry["interval"][0]
            <= (truth if name == "rmse" else math.sqrt(2 / math.pi) * truth)
            <= entry["interval"][1]
        )
    assert hits >= 88


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy", "f1"])
def test_categories_are_shuffled_too(name):
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, 600).astype(np.int32)
    columns = Columns({"colour": Coded(codes, ("red", "green", "blue")), "size": random.random(600)}, 600)
    y = (random.random(600) < np.array([0.1, 0.5, 0.9])[codes]).astype(float)

    def predict(given):
        p = np.array([0.1, 0.5, 0.9])[given["colour"].codes]
        return np.column_stack([1 - p, p])

    found = importance(predict, columns, list(columns), HeldOut(Target(y)), BINARY[name])
    assert found[0]["column"] == "colour"
    assert found[0]["interval"][0] > 0
    assert columns["colour"].codes is codes


def test_at_most_two_thousand_rows_and_five_shuffles():
    columns, held_out, predict = linear(rows=5_000)
    asked = []

    def counting(given):
        asked.append(given.rows)
        return predict(given)

    importance(counting, columns, ["a", "b"], held_out, REGRESSION["rmse"])
    assert asked == [2_000] * 11


def test_rare_cases_are_all_there():
    random = np.random.default_rng(0)
    x, y = random.standard_normal(50_000), np.zeros(50_000)
    y[:150] = 1.0
    x[:150] += 0.5
    columns, held_out = Columns({"x": x, "noise": random.random(50_000)}, 50_000), HeldOut(Target(y, ("no", "yes")))

    def predict(given):
        p = 1 / (1 + np.exp(-given["x"] - 0.01 * given["noise"]))
        return np.column_stack([1 - p, p])

    found = importance(predict, columns, list(columns), held_out, BINARY["roc_auc"])
    assert found[0]["column"] == "x"
    assert found[0]["interval"][0] > 0


def test_stops_between_columns_and_keeps_what_it_has():
    columns, held_out, predict = linear()
    calls = iter([False, False, False, False, False, True, True, True])
    found = importance(predict, columns, ["a", "b"], held_out, REGRESSION["rmse"], stop=lambda: next(calls))
    assert [entry["column"] for entry in found] == ["a"]


def test_little_time_means_fewer_shuffles_and_rows():
    columns, held_out, predict = linear(rows=2_000)
    asked = []

    def counting(given):
        asked.append(given.rows)
        return predict(given)

    found = importance(counting, columns, list(columns), held_out, REGRESSION["rmse"], seconds=0.0)
    assert len(found) == 3
    assert asked[1:] == [200] * 4


def test_the_same_twice_and_nothing_for_nothing():
    columns, held_out, predict = linear()
    one, two = (importance(predict, columns, list(columns), held_out, REGRESSION["mae"], seed=4) for _ in range(2))
    assert one == two
    assert importance(predict, columns, [], held_out, REGRESSION["mae"]) == []
