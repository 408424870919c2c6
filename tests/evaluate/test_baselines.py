"""Baselines: the best column alone is found, whatever it holds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mlwright.evaluate.baselines import best_single_column, constant
from mlwright.learn.base import Problem


def problem(rows=600, columns=6, seed=0, **more):
    random = np.random.default_rng(seed)
    X = random.standard_normal((rows, columns))
    y = (X[:, 2] + 0.5 * random.standard_normal(rows) > 0).astype(float)
    return Problem(X, y, more.pop("objective", "binary"), **{"classes": 2, **more})


def names(problem):
    return [f"column {position}" for position in range(problem.X.shape[1])]


def test_finds_the_column_that_says_most():
    train, other = problem(), problem(seed=1)
    name, P = best_single_column(train, names(train), other.X)
    assert name == "column 2"
    assert P.shape == (600, 2)
    assert P.sum(axis=1) == pytest.approx(1.0)
    assert roc_auc_score(other.y, P[:, 1]) > 0.88


def test_numbers_and_many_classes():
    train = problem()
    numbers = Problem(train.X, np.sin(3 * train.X[:, 4]), "regression")
    name, P = best_single_column(numbers, names(train), train.X)
    assert (name, P.shape) == ("column 4", (600, 1))
    many = Problem(train.X, np.digitize(train.X[:, 1], [-1, 0, 1]).astype(float), "multiclass", classes=5)
    name, P = best_single_column(many, names(train), train.X)
    assert (name, P.shape) == ("column 1", (600, 5))
    assert not P[:, 4].any()


def test_features_of_one_raw_column_are_taken_together():
    random = np.random.default_rng(0)
    X = random.standard_normal((800, 4))
    # Neither part alone says anything; together they do, as hour and weekday of one date may.
    train = Problem(X, (X[:, 0] > 0.5).astype(float) + (X[:, 1] > 0.5) >= 1, "binary", classes=2)
    train = Problem(X, np.asarray(train.y, dtype=float), "binary", classes=2)
    name, _ = best_single_column(train, ["date", "date", "other", "more"], X)
    assert name == "date"


def test_codes_of_categories_are_no_numbers():
    random = np.random.default_rng(0)
    codes = random.integers(0, 100, 3_000).astype(float)
    positive = np.random.default_rng(1).random(100) > 0.5
    X = np.column_stack([random.standard_normal(3_000), codes])
    y = positive[codes.astype(int)].astype(float)
    train = Problem(X[:2_000], y[:2_000], "binary", classes=2, categorical=(False, True))
    name, P = best_single_column(train, ["noise", "code"], X[2_000:])
    assert name == "code"
    assert roc_auc_score(y[2_000:], P[:, 1]) > 0.95
    unseen = np.array([[0.0, 500.0], [0.0, -1.0], [0.0, np.nan]])
    assert np.isfinite(best_single_column(train, ["noise", "code"], unseen)[1]).all()


def test_missing_infinite_and_huge_values_are_survived():
    train = problem()
    X = train.X.copy()
    X[::3, 2] = np.nan
    X[0, 0], X[1, 0], X[2, 0] = np.inf, -np.inf, 1e300
    name, P = best_single_column(Problem(X, train.y, "binary", classes=2), names(train), X)
    assert name == "column 2"
    assert np.isfinite(P).all()


def test_weights_decide():
    random = np.random.default_rng(0)
    X, y = random.standard_normal((400, 2)), np.empty(400)
    y[:200], y[200:] = X[:200, 0] > 0, X[200:, 1] > 0
    for heavy, expected in ((slice(0, 200), "a"), (slice(200, 400), "b")):
        weight = np.full(400, 0.01)
        weight[heavy] = 1.0
        assert best_single_column(Problem(X, y, "binary", classes=2, weight=weight), ["a", "b"], X)[0] == expected


def test_very_many_columns_are_screened():
    wide = problem(rows=300, columns=700, seed=3)
    assert best_single_column(wide, names(wide), wide.X)[0] == "column 2"


def test_stops_with_what_it_has():
    train = problem()
    name, P = best_single_column(train, names(train), train.X, stop=lambda: True)
    assert name == "column 0"
    assert P.shape == (600, 2)


def test_the_same_twice():
    train = problem()
    first, second = (best_single_column(train, names(train), train.X, seed=5) for _ in range(2))
    assert first[0] == second[0]
    assert np.array_equal(first[1], second[1])


def test_constant_repeats_the_prior():
    assert constant(np.array([0.25, 0.75]), 3).shape == (3, 2)
