"""What is particular to Perpetual; what holds of all learners is in tests/checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlwright.errors import MissingExtraError
from mlwright.learn.base import Effort, Floats, Problem
from mlwright.learn.learners import packages
from mlwright.learn.learners.perpetual import Perpetual, PerpetualFitted

FIRST = {"budget": 0.5}


@pytest.fixture(autouse=True)
def wants_perpetual(request: pytest.FixtureRequest) -> None:
    if "missing" not in request.node.name:
        pytest.importorskip("perpetual")


def problem(objective: str, rows: int = 500, *, weighted: bool = True, seed: int = 0) -> Problem:
    """Gaps in a tenth of the cells, and two columns that matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    z = 2 * X[:, 0] + X[:, 1] ** 2 + 0.5 * rng.normal(size=rows)
    X[rng.random(X.shape) < 0.1] = np.nan
    targets = {"binary": z > 1, "multiclass": np.digitize(z, [0.0, 2.0]), "regression": (z - z.mean()) / z.std()}
    weight = rng.uniform(0.2, 3, rows) if weighted else None
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[objective]
    return Problem(X, targets[objective].astype(float), objective, classes, weight)


def fit(given: Problem, rounds: int | None = None) -> PerpetualFitted:
    fitted = Perpetual().fit(given, FIRST, None, Effort(rounds=rounds))
    assert isinstance(fitted, PerpetualFitted)
    return fitted


def own_answer(given: Problem, X: Floats) -> Floats:
    """What Perpetual says of itself, asked as its documentation asks it."""
    from perpetual import PerpetualBooster

    objective = "LogLoss" if given.classes else "SquaredLoss"
    model = PerpetualBooster(objective=objective, budget=0.5, num_threads=1, memory_limit=0.14)
    model.fit(given.X, given.y, sample_weight=given.weight)
    return np.asarray(model.predict_proba(X) if given.classes else model.predict(X)[:, None])


@pytest.mark.parametrize("objective", sorted(Perpetual.objectives))
def test_it_learns_what_perpetual_learns_at_once(objective: str) -> None:
    """Trees grown a few at a time, and stopped by our count, are those of one call; and they are read right."""
    given = problem(objective)
    assert given.weight is not None
    given = Problem(given.X, given.y, objective, given.classes, given.weight / given.weight.mean())
    fresh = problem(objective, seed=1).X
    said, peer = fit(given).pack().predict(fresh), own_answer(given, fresh)
    # A sum taken up again is rounded elsewhere, so that a split may fall otherwise late in the fit.
    assert np.sqrt(np.mean((said - peer) ** 2)) < 0.1 * np.std(peer)


@pytest.mark.parametrize("objective", sorted(Perpetual.objectives))
@pytest.mark.parametrize("weighted", [False, True])
def test_its_file_says_the_same_to_perpetual(objective: str, weighted: bool, tmp_path: Path) -> None:
    from perpetual import PerpetualBooster

    given = problem(objective, weighted=weighted)
    fitted = fit(given)
    path = tmp_path / "perpetual.json"
    path.write_bytes(fitted.files()["perpetual.json"])
    loaded = PerpetualBooster.load_booster(str(path))
    X = np.concatenate([problem(objective, seed=1).X, np.full((1, 4), np.nan), np.zeros((1, 4))])
    own = np.asarray(loaded.predict_proba(X) if given.classes else loaded.predict(X)[:, None])
    np.testing.assert_allclose(fitted.pack().predict(X), own, rtol=0, atol=1e-6)
    np.testing.assert_allclose(fitted.predict(X), own, rtol=0, atol=1e-12)


def test_thresholds_and_gaps_go_its_way() -> None:
    """At every threshold, a hair's breadth beside it, and where nothing is known."""
    fitted = fit(problem("regression"), rounds=20)
    splits = [
        (node["split_feature"], node["split_value"])
        for tree in fitted.boosters[0]["trees"]
        for node in tree["nodes"].values()
        if not node["is_leaf"]
    ]
    rows = np.full((3 * len(splits), 4), np.nan)
    for place, (feature, value) in enumerate(splits):
        rows[3 * place : 3 * place + 3, feature] = value, np.nextafter(value, -np.inf), np.nextafter(value, np.inf)
    np.testing.assert_allclose(fitted.pack().predict(rows), fitted.predict(rows), rtol=0, atol=1e-12)


def test_it_ends_by_itself_wherever_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    given = problem("regression", rows=800)
    rounds = []
    for chunk in (7, 20, 1000):
        monkeypatch.setattr("mlwright.learn.learners.perpetual._CHUNK", chunk)
        fitted = fit(given)
        assert fitted.complete
        rounds.append(fitted.rounds)
    assert max(rounds) < 2 * min(rounds)
    assert max(rounds) < 200


def test_it_asks_whether_to_stop_after_the_first_tree() -> None:
    fitted = Perpetual().fit(problem("binary"), FIRST, None, Effort(stop=lambda: True))
    assert (fitted.rounds, fitted.complete) == (1, False)


def test_classes_whose_turn_never_came_say_what_their_shares_say() -> None:
    given = problem("multiclass")
    fitted = Perpetual().fit(given, FIRST, None, Effort(stop=lambda: True))
    assert isinstance(fitted, PerpetualFitted)
    assert [len(each["trees"]) for each in fitted.boosters] == [1, 0, 0]
    P = fitted.pack().predict(given.X)
    np.testing.assert_allclose(P, fitted.predict(given.X), rtol=0, atol=1e-12)
    assert abs(P.mean(axis=0) - np.bincount(given.y.astype(int)) / len(given.y)).max() < 0.1


def test_more_budget_grows_more_trees() -> None:
    given = problem("regression", rows=800)
    few, many = (Perpetual().fit(given, {"budget": budget}, None, Effort()).rounds for budget in (0.25, 1.5))
    assert many > few


def test_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"Perpetual needs an optional package.*'mlwright\[perpetual\]'"):
        Perpetual().fit(problem("binary"), FIRST, None, Effort())
