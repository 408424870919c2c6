"""Rows whose target is probably wrong teach less, and are scored like all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building.ask import ask
from mlwright.building.options import Options
from mlwright.learn.base import never
from mlwright.learn.doubt import Doubter
from mlwright.learn.material import Folds, Material
from mlwright.learn.quick import learn_quickly
from mlwright.learn.splits import folds
from mlwright.table import Table

ROWS, WRONG = 1_200, 0.15


def noisy(rows: int = ROWS, seed: int = 3) -> tuple[pl.DataFrame, np.ndarray]:
    """Two numbers decide with certainty; of some rows the answer is then turned round."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    truth = X[:, 0] + X[:, 1] > 0
    wrong = rng.random(rows) < WRONG
    frame = pl.DataFrame({f"x{place}": X[:, place] for place in range(4)})
    return frame.with_columns(y=pl.Series(np.where(truth ^ wrong, "yes", "no"))), wrong


@pytest.fixture(scope="module")
def asked() -> tuple[Material, Doubter, np.ndarray]:
    frame, wrong = noisy()
    question = ask(Table(frame), Options(target="y", trials=1))
    return question.material, Doubter(question.table, question.schema), wrong


def test_wrong_targets_are_trusted_less(asked: tuple[Material, Doubter, np.ndarray]) -> None:
    material, doubter, wrong = asked
    trust = doubter.trust(material)
    assert trust.shape == (ROWS,)
    assert ((trust >= 0.0) & (trust <= 1.0)).all()
    doubted = trust < 0.2
    assert wrong[doubted].mean() > 0.75
    assert doubted[wrong].mean() > 0.6
    assert trust[~wrong].mean() > 0.9


def test_numbers_far_from_what_is_expected_are_trusted_less() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 10, 800)
    wrong = rng.random(800) < 0.05
    y = np.where(wrong, 10.0, 1.0) * (5 + x + rng.normal(0, 0.3, 800))
    question = ask(Table(pl.DataFrame({"x": x, "z": rng.normal(size=800), "y": y})), Options(target="y", trials=1))
    trust = Doubter(question.table, question.schema).trust(question.material)
    assert trust[wrong].mean() < 0.1
    assert trust[~wrong].mean() > 0.9


def test_doubt_weighs_what_teaches_and_not_what_is_scored(asked: tuple[Material, Doubter, np.ndarray]) -> None:
    material, doubter, _ = asked
    order = ask(Table(noisy()[0]), Options(target="y", trials=1)).order
    held = Folds(replace(material, doubter=doubter), folds(order, 3, 1, 0), seed=0)
    prepared = held.prepare(0, "codes")
    assert prepared.train.weight is not None
    assert prepared.train.weight.min() < 1.0
    assert prepared.valid.weight is None


def test_doubt_multiplies_the_weights_that_rows_have(asked: tuple[Material, Doubter, np.ndarray]) -> None:
    material, doubter, _ = asked
    weighed = replace(material, weight=np.full(ROWS, 2.0), doubter=doubter)
    trusted = weighed.trusted()
    assert trusted is not None
    assert trusted.max() == 2.0
    assert np.allclose(trusted / 2.0, doubter.trust(weighed))


def test_the_same_rows_are_doubted_again(asked: tuple[Material, Doubter, np.ndarray]) -> None:
    material, doubter, _ = asked
    part = material.take(np.arange(0, ROWS, 2))
    assert np.array_equal(doubter.trust(part), doubter.trust(part))


def test_a_quick_learner_that_is_stopped_says_nothing(asked: tuple[Material, Doubter, np.ndarray]) -> None:
    material, doubter, _ = asked
    order = ask(Table(noisy()[0]), Options(target="y", trials=1)).order
    parts = folds(order, 3, 1, 0)
    assert learn_quickly(material, parts, seed=0, threads=1, stop=lambda: True) is None
    said = learn_quickly(material, parts, seed=0, threads=1, stop=never)
    assert said is not None
    assert np.isfinite(said.P).all()
    assert np.isfinite(said.losses).all()
    assert (replace(doubter, stop=lambda: True).trust(material) == 1.0).all()


def test_a_build_tells_what_doubting_was_worth() -> None:
    frame, wrong = noisy(2_000)
    model = mw.build(frame, target="y", trials=2, learners=["lightgbm"])
    (told,) = [each for each in model.evaluation["findings"] if each["kind"] == "label_errors"]
    assert told["effect"]["metric"] == "ROC AUC"
    assert wrong[list(told["rows"])].mean() > 0.7
    assert told["effect"]["value"] > 0 or not told["applied"]
