"""The last steps of a build: calibration, floor and decision are fitted once, judged, and given to people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building import finish as steps
from mlwright.building import judge as judging
from mlwright.learn.calibrated import Calibrated
from mlwright.learn.calibration import Powers
from mlwright.learn.refit import refit
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.scores import log_loss, roc_auc
from tests.building.conftest import make_table

STRONG = Powers(np.array([3.0, 3.0]), np.array([0.5, 1.0]))


@pytest.fixture
def calibrated(monkeypatch):
    """Make every build take one calibration, and one that is easily seen."""
    found = Calibrated(STRONG, "beta", "beta calibration", 0.05, 0.01, "better", 0.5)
    monkeypatch.setattr(steps, "choose_calibration", lambda *_, **__: found)


@pytest.mark.usefixtures("calibrated")
def test_what_is_judged_is_what_people_get(large_table, monkeypatch, tmp_path):
    seen = {}
    real = judging.evaluate_holdout

    def spy(task, metric, held_out, P, *, baselines, **more):
        seen.update(held_out=held_out, P=P, rules=set(baselines))
        return real(task, metric, held_out, P, baselines=baselines, **more)

    monkeypatch.setattr(judging, "evaluate_holdout", spy)
    table = large_table.drop("plan", "spent")
    model = mw.build(table, target="left", trials=1, out=tmp_path / "model")
    assert model.parts.ensemble.calibration is STRONG
    # With one trial the ensemble is the linear model, which is then no rule to compare it with.
    assert seen["rules"] == {"prior", "single column"}
    assert any("regularised linear model itself" in sentence for sentence in model.evaluation["limits"])
    told = model.evaluation["metrics"]["log_loss"]["score"]
    assert told == pytest.approx(log_loss(seen["held_out"].y, seen["P"]))
    assert model.evaluation["calibration"]["method"] == "beta"
    assert "beta calibration" in model.evaluation["calibration"]["sentence"]
    loaded = mw.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(table), model.predict_proba(table), atol=1e-12)
    one = [loaded.predict_proba(row)[0] for row in table.head(40).to_dicts()]
    np.testing.assert_allclose(one, model.predict_proba(table.head(40)), atol=1e-9)
    model.report(tmp_path / "r.html")
    assert "The probabilities were calibrated (beta calibration)" in (tmp_path / "r.md").read_text()


@pytest.mark.usefixtures("calibrated")
def test_sets_and_thresholds_are_those_of_calibrated_probabilities(large_table, monkeypatch):
    seen = {}
    real = type(ROW_TASKS["binary"]).decide

    def spy(self, target, predictions, costs, weight=None):
        seen.update(y=target.y, P=predictions, weight=weight)
        return real(self, target, predictions, costs, weight)

    monkeypatch.setattr(type(ROW_TASKS["binary"]), "decide", spy)
    model = mw.build(large_table.drop("plan", "spent"), target="left", trials=1, cost_fn=3)
    assert seen["weight"] is None
    raw = np.power(seen["P"][0] / STRONG.factors, 1 / 3)
    raw /= raw.sum(axis=1, keepdims=True)
    assert roc_auc(seen["y"], raw) == pytest.approx(roc_auc(seen["y"], seen["P"][0]))
    assert log_loss(seen["y"], raw) < log_loss(seen["y"], seen["P"][0])
    assert model.parts.decision == real(ROW_TASKS["binary"], *decided(seen, model))
    sets = model.answer(large_table.head(5)).sets
    assert sets is not None
    assert all(set(labels) <= {"no", "yes"} for labels in sets)


def decided(seen, model):
    from mlwright.tasks.base import Costs, Target

    return Target(seen["y"], model.parts.classes), seen["P"], Costs(1.0, 3.0, stated=True)


def test_weights_reach_the_decision(monkeypatch):
    seen = {}
    real = type(ROW_TASKS["regression"]).decide

    def spy(self, target, predictions, costs, weight=None):
        seen.update(y=target.y, weight=weight)
        return real(self, target, predictions, costs, weight)

    monkeypatch.setattr(type(ROW_TASKS["regression"]), "decide", spy)
    table = make_table(1200).with_columns(w=pl.when(pl.col("city") == "Rome").then(4.0).otherwise(1.0))
    mw.build(table.drop("plan", "left"), target="spent", weight="w", split="random", trials=1)
    light, heavy = sorted(set(seen["weight"].tolist()))
    assert heavy == pytest.approx(4 * light)
    weight_of = dict(zip(table["spent"], table["w"], strict=True))
    assert [weight_of[value] for value in seen["y"].tolist()] == pytest.approx((seen["weight"] / light).tolist())


def test_where_no_rows_judge_nothing_is_calibrated(table, monkeypatch):
    monkeypatch.setattr(steps, "choose_calibration", lambda *_, **__: pytest.fail("tried"))
    model = mw.build(table, target="left", trials=2)
    assert model.parts.ensemble.calibration is None
    assert "too few rows" in model.evaluation["calibration"]["sentence"]


@pytest.mark.parametrize("rows", [400, 1500])
def test_amounts_are_never_answered_below_zero_and_never_judged_so(rows, monkeypatch):
    judged = []
    for name in ("evaluate_holdout", "evaluate_selection"):
        real = getattr(judging, name)
        monkeypatch.setattr(judging, name, lambda *a, real=real, **k: judged.append((a, k)) or real(*a, **k))
    random = np.random.default_rng(0)
    x = random.normal(size=rows)
    table = pl.DataFrame(
        {"x": x, "u": random.normal(size=rows), "amount": np.maximum(20 * x + random.normal(size=rows), 0)}
    )
    model = mw.build(table, target="amount", trials=1)
    assert model.parts.ensemble.floor == 0.0
    answered = model.answer(table)
    assert answered.values.min() == 0.0
    assert answered.lower.min() == 0.0
    assert model.evaluation["calibration"] is None
    drawn = model.evaluation["curves"]["residuals"]
    assert min(drawn["predicted"]) >= 0.0
    assert min(P.min() for _, P in judged[0][1]["baselines"].values()) >= -1e-9
    debts = table.with_columns(amount=pl.col("amount") - 0.5)
    other = mw.build(debts, target="amount", trials=1)
    assert other.parts.ensemble.floor is None
    assert other.predict(table).min() < -1.0


@pytest.mark.usefixtures("calibrated")
def test_a_member_that_stands_alone_gets_steps_of_its_own(monkeypatch):
    """Where time runs out, the model is one trial as a fold left it: an average's calibration does not suit it."""
    monkeypatch.setattr(judging, "refit", lambda *a, **k: replace(refit(*a, **k), complete=False))
    random = np.random.default_rng(0)
    X = random.normal(size=(1500, 4))
    pull = X[:, 0] * X[:, 1] + X[:, 2]
    table = pl.DataFrame({f"x{place}": X[:, place] for place in range(4)}).with_columns(
        y=pl.Series(np.where(pull + random.logistic(size=1500) > 0, "yes", "no"))
    )
    model = mw.build(table, target="y", trials=4)
    assert len(model.parts.ensemble.members) == 1
    assert model.parts.ensemble.calibration is None
    assert "no time" in model.evaluation["calibration"]["sentence"]
