"""What is particular to the Explainable Boosting Machine; what holds of all learners is in tests/checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.base import Effort, Floats, Problem
from mlwright.learn.learners import ebm
from mlwright.learn.learners.ebm import Ebm, _edges, _Grid, _Sums
from mlwright.learn.links import LINKS, NATURAL

pytest.importorskip("interpret")

SETTINGS = {"rate": 0.1, "leaves": 3, "bins": 16, "pairs": 4, "pair_rounds": 30}


def crossed(objective: str, rows: int = 400, seed: int = 0) -> Problem:
    """Two columns whose product matters, one of categories, one with gaps, one that says nothing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 5))
    X[:, 2] = rng.integers(0, 4, rows)
    X[rng.random(rows) < 0.2, 3] = np.nan
    z = 2 * X[:, 0] * X[:, 1] + (X[:, 2] == 1) + np.isnan(X[:, 3]) + 0.2 * rng.normal(size=rows)
    y = {"binary": z > 0.3, "multiclass": np.digitize(z, [-0.5, 1.0]), "regression": (z - z.mean()) / z.std()}
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[objective]
    return Problem(X, y[objective].astype(float), objective, classes, None, (False, False, True, False, False))


@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression"])
def test_it_says_what_interpretml_says(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stretch of rounds is a model of InterpretML: together they say what the tables say."""
    models: list[tuple[Any, tuple[int, ...], bool, _Grid]] = []
    add = _Sums.add

    def noted(self: _Sums, model: Any, features: tuple[int, ...], *, pairs: bool) -> None:
        models.append((model, features, pairs, self.grid))
        add(self, model, features, pairs=pairs)

    monkeypatch.setattr(_Sums, "add", noted)
    given, fresh = crossed(objective), crossed(objective, seed=1).X
    fitted = Ebm().fit(given, SETTINGS, None, Effort(rounds=120))
    total: Floats | float = 0.0
    for model, features, pairs, grid in models:
        codes = grid.bins(fresh)
        if pairs:
            codes = np.stack([part[own] for part, own in zip(grid.coarse, codes.T, strict=True)], axis=1)
        read = codes[:, features].astype(np.float64)
        total = total + (model.decision_function(read) if given.classes else model.predict(read))
    assert len(models) >= 2
    assert any(pairs for _, _, pairs, _ in models) is (objective != "multiclass")
    expected = LINKS[NATURAL[objective]](np.asarray(total).reshape(len(fresh), -1))
    np.testing.assert_allclose(fitted.pack().predict(fresh), expected, rtol=0, atol=1e-12)


def test_terms_go_by_the_columns_they_read() -> None:
    predictor = Ebm().fit(crossed("regression"), SETTINGS, None, Effort(rounds=60)).pack()
    assert isinstance(predictor, AdditivePredictor)
    assert predictor.terms[:5] == [(0,), (1,), (2,), (3,), (4,)]
    assert (0, 1) in predictor.terms[5:]


def test_the_validation_rows_decide_on_pairs() -> None:
    given, valid = crossed("regression"), crossed("regression", seed=1)
    learner, settings = Ebm(), {**SETTINGS, "pair_rounds": None}
    product = learner.fit(given, settings, valid, Effort())
    assert product.configuration["pair_rounds"] > 0
    assert ((product.predict(valid.X)[:, 0] - valid.y) ** 2).mean() < 0.5
    noise = np.random.default_rng(0).normal(size=(2, len(given.y)))
    plain = learner.fit(replace(given, y=noise[0]), settings, replace(valid, y=noise[1]), Effort())
    assert plain.configuration["pair_rounds"] == 0


def test_what_was_never_seen_says_nothing() -> None:
    """A column's curve is centred: where nothing is known of its number, it adds and takes nothing."""
    given = crossed("regression")
    predictor = Ebm().fit(given, {**SETTINGS, "pairs": 0}, None, Effort(rounds=40)).pack()
    odd = np.repeat(np.nanmedian(given.X, axis=0)[None], 4, axis=0)
    odd[:, 2] = [np.nan, -1, 4, 1e9]
    answers = predictor.predict(odd)
    np.testing.assert_array_equal(answers, np.repeat(answers[:1], 4, axis=0))


def test_it_is_told_to_stop_between_stretches() -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 3

    fitted = Ebm().fit(crossed("binary"), SETTINGS, None, Effort(rounds=4000, stop=stop))
    assert len(asked) == 3
    assert not fitted.complete
    assert fitted.rounds < 1000


def test_stretches_are_shorter_where_rounds_are_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ebm, "_CELLS", 1)
    asked: list[int] = []
    fitted = Ebm().fit(
        crossed("binary"), {**SETTINGS, "pairs": 0}, None, Effort(rounds=30, stop=lambda: bool(asked.append(1)))
    )
    assert (fitted.rounds, len(asked)) == (30, 3)


def test_edges_lie_between_values() -> None:
    np.testing.assert_array_equal(_edges(np.array([1.0, 3.0, np.nan, 3.0, 2.0]), 9), [1.5, 2.5])
    assert len(_edges(np.arange(1000.0), 9)) == 9
    assert np.isfinite(_edges(np.array([-np.inf, np.inf, 1e308]), 9)).all()
    assert not len(_edges(np.array([np.nan, 4.0]), 9))
