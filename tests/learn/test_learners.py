"""What is particular to single learners; what holds of all is in tests/checks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mlwright.errors import MissingExtraError
from mlwright.learn.base import Effort, Floats, Problem
from mlwright.learn.learners import LEARNERS, available, packages
from mlwright.learn.learners.early import Watch
from mlwright.learn.learners.linear import Linear
from mlwright.learn.learners.teaching import teaching


def simple(rows: int = 300, columns: int = 4, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return Problem(X, (X[:, 0] + 0.5 * rng.normal(size=rows) > 0).astype(float), "binary", 2)


def test_the_registry_imports_no_library() -> None:
    heavy = ("scipy", "sklearn", "polars", "pandas", "lightgbm", "xgboost", "catboost", "interpret")
    code = f"import sys, mlwright.learn.learners; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["xgboost", "catboost", "ebm"])
def test_a_missing_package_names_its_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda _: None)
    learner = LEARNERS[name]
    assert not available(learner)
    with pytest.raises(MissingExtraError, match=rf"{learner.label} needs an optional package.*'mlwright\[{name}\]'"):
        learner.fit(simple(), learner.configurations["binary"][0], None, Effort())


def lightgbm_says(data: bytes, X: Floats) -> Floats:
    import lightgbm

    return np.asarray(lightgbm.Booster(model_str=data.decode()).predict(X))


def xgboost_says(data: bytes, X: Floats) -> Floats:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(data))
    return np.asarray(booster.predict(xgboost.DMatrix(X)), dtype=np.float64)


def catboost_says(data: bytes, X: Floats) -> Floats:
    import catboost

    loaded = catboost.CatBoost().load_model(blob=data)
    return np.asarray(loaded.predict(X, prediction_type="Probability"))[:, 1]


@pytest.mark.parametrize(
    ("file", "says"),
    [("lightgbm.txt", lightgbm_says), ("xgboost.ubj", xgboost_says), ("catboost.cbm", catboost_says)],
    ids=["lightgbm", "xgboost", "catboost"],
)
def test_other_programs_read_the_files(file: str, says: Callable[[bytes, Floats], Floats]) -> None:
    """Nobody is locked in: a booster's library, without us, reads the file and says what the packed model says."""
    learner = LEARNERS[file.partition(".")[0]]
    if not available(learner):
        pytest.skip(f"wants {learner.package}")
    given = simple()
    fitted = learner.fit(given, learner.configurations["binary"][0], None, Effort(rounds=10))
    files = fitted.files()
    assert list(files) == [file]
    np.testing.assert_allclose(says(files[file], given.X), fitted.pack().predict(given.X)[:, 1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_boosters_are_silent(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    learner = LEARNERS[name]
    if not available(learner):
        pytest.skip(f"wants {learner.package}")
    fitted = learner.fit(simple(40), learner.configurations["binary"][0], simple(40, seed=1), Effort(rounds=30))
    fitted.predict(simple(5).X)
    fitted.files()
    heard = capfd.readouterr()
    assert heard.out + heard.err == ""


def test_linear_chooses_a_strong_penalty_where_all_is_noise() -> None:
    rng = np.random.default_rng(0)
    noise = [Problem(rng.normal(size=(150, 40)), rng.normal(size=150), "regression") for _ in range(2)]
    clear = simple(400)
    penalties = [
        Linear().fit(teach, {"penalty": None}, judge, Effort()).configuration["penalty"]
        for teach, judge in (noise, (clear, simple(400, seed=1)))
    ]
    assert penalties[0] >= 300 > penalties[1]


@pytest.mark.parametrize("columns", [5, 200])
def test_ridge_is_exact_in_both_shapes(columns: int) -> None:
    """Against the normal equations, more rows than columns and fewer, with weights."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(60, columns)), rng.uniform(0.5, 2, 60)
    y = X[:, 0] + rng.normal(size=60)
    fitted = Linear().fit(Problem(X, y, "regression", 0, weight), {"penalty": 2.0}, None, Effort())
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    w = weight / weight.mean()
    A = np.column_stack([Z, np.ones(60)])
    penalty = 2.0 * np.diag([1.0] * columns + [0.0])
    line = np.linalg.solve(A.T @ (A * w[:, None]) + penalty, A.T @ (w * y))
    np.testing.assert_allclose(fitted.predict(X)[:, 0], A @ line, atol=1e-8)


def test_logistic_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    given = simple()
    fitted = Linear().fit(given, {"penalty": 0.5}, None, Effort())
    Z = (given.X - given.X.mean(axis=0)) / given.X.std(axis=0)
    peer = LogisticRegression(C=2.0, tol=1e-10, max_iter=1000).fit(Z, given.y)
    np.testing.assert_allclose(fitted.predict(given.X), peer.predict_proba(Z), atol=1e-4)


def test_a_mistyped_number_does_not_outweigh_the_rest() -> None:
    given = simple()
    fitted = Linear().fit(given, {"penalty": 1.0}, None, Effort())
    row = given.X[:1].copy()
    row[0, 3] = 1e12
    assert abs(fitted.predict(row) - fitted.predict(given.X[:1])).max() < 0.3


def test_teaching_rows_keep_what_has_a_say() -> None:
    given = simple(4)
    weight = np.array([0.0, 2.0, 4.0, 0.0])
    kept = teaching(Problem(given.X, given.y, "binary", 2, weight))
    np.testing.assert_array_equal(kept.X, given.X[1:3])
    assert kept.weight is not None
    np.testing.assert_allclose(kept.weight, [2 / 3, 4 / 3])


def test_watch_keeps_the_best_round() -> None:
    watch = Watch(most=100, patience=3)
    ended = [watch.ends(done, loss) for done, loss in enumerate([5.0, 4.0, 4.5, 4.1, 6.0], start=1)]
    assert ended == [False, False, False, False, True]
    assert watch.best_round == 2


def test_patience_falls_with_rows_and_rises_with_slow_rates() -> None:
    def patience(rate: float, rows: int) -> int:
        return Watch.of(Effort(), rate=rate, rows=rows, valid=True).patience

    assert patience(0.02, 1000) > patience(0.1, 1000) >= patience(0.1, 500_000) >= 20
