"""The estimators pass scikit-learn's own checks; each expected failure has a written reason."""

from __future__ import annotations

from unittest import SkipTest

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mlwright import Classifier, DataError, Regressor, load

WEIGHTS = "the folds that choose settings are drawn from rows, and a row repeated is two rows where its weight is one"
EXPECTED: dict[str, dict[str, str]] = {
    "Classifier": {"check_sample_weight_equivalence_on_dense_data": WEIGHTS},
    "Regressor": {
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
        "check_pipeline_consistency": "every column of its X equals y, and a copy of the target is not learned from",
    },
}


@parametrize_with_checks(
    [Classifier(trials=1, threads=1), Regressor(trials=1, threads=1)],
    expected_failed_checks=lambda estimator: EXPECTED[type(estimator).__name__],
)
def test_scikit_learn_checks(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:  # what scikit-learn itself does not check without an opt-in is not ours to check
        assert "SCIPY_ARRAY_API" in str(reason)  # noqa: PT017


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    rows = 200
    city = random.choice(["Rome", "Oslo", "Lima"], rows)
    age = random.normal(40, 10, rows)
    y = np.where((city == "Rome") ^ (age > 45), "stay", "leave")
    return pd.DataFrame({"city": city, "age": age}), y


def test_words_and_numbers_in_a_pandas_frame(frame):
    X, y = frame
    fitted = Classifier(trials=2).fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert fitted.predict(X).tolist() == [fitted.classes_[i] for i in fitted.predict_proba(X).argmax(axis=1)]


def test_polars_and_pandas_give_the_same_answers(frame):
    X, y = frame
    by_pandas = Classifier(trials=1).fit(X, y).predict_proba(X)
    by_polars = Classifier(trials=1).fit(pl.from_pandas(X), y).predict_proba(pl.from_pandas(X))
    np.testing.assert_allclose(by_pandas, by_polars, atol=1e-12)


def test_in_pipelines_grids_and_cross_validation():
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 4))
    y = X[:, 0] * 2 + random.normal(size=120) * 0.1
    pipeline = make_pipeline(StandardScaler(), Regressor(trials=1))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.5
    grid = GridSearchCV(Regressor(trials=1), {"trials": [1, 2]}, cv=2).fit(X, y)
    assert clone(grid.best_estimator_).trials in {1, 2}


def test_one_class_is_refused():
    with pytest.raises(DataError, match="only one class"):
        Classifier(trials=1).fit(np.ones((20, 2)) * np.arange(20)[:, None], np.zeros(20))


def test_sample_weight_must_be_one_per_row():
    with pytest.raises(ValueError, match="sample_weight"):
        Regressor(trials=1).fit(np.arange(40.0).reshape(20, 2), np.arange(20.0), sample_weight=[1.0])


def test_what_a_classifier_saves_answers_with_its_labels(frame, tmp_path):
    X, y = frame
    fitted = Classifier(trials=1).fit(X, pd.Series(y, name="decision"))
    fitted.model_.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert (loaded.target, loaded.classes_.tolist()) == ("decision", ["leave", "stay"])
    assert loaded.predict(X).tolist() == fitted.predict(X).tolist()
    assert loaded.evaluate(X.assign(decision=y))["metrics"]["roc_auc"]["score"] > 0.5
