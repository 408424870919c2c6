"""The ensemble's average, its paths to the same answer, and the choice of its weights."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.columns import Columns
from mlwright.errors import ColumnError
from mlwright.features.base import Encoder, Feature
from mlwright.features.recipe import Recipe
from mlwright.learn.ensemble import Ensemble, Member, greedy_weights
from mlwright.learn.network import NetworkPredictor
from mlwright.schema import Column

COLUMNS = (Column(name="a", kind="number"), Column(name="b", kind="number"))


class Half:
    """An encoder that halves a number, and counts how often it was asked for a column."""

    kind = "half"
    reads = "floats"

    def __init__(self, name: str) -> None:
        self.features = (Feature(name, name),)
        self.calls = 0

    def encode(self, values: np.ndarray) -> np.ndarray:
        self.calls += 1
        return values[:, None] / 2

    def encode_one(self, value: float) -> tuple[float]:
        return (value / 2,)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {}, {}


def halves(*sources: str) -> Recipe:
    return Recipe("codes", [(name, cast("Encoder", Half(name))) for name in sources])


def calls(recipe: Recipe) -> list[int]:
    return [cast("Half", part.encoder).calls for part in recipe.parts]


class Sums:
    """A predictor that adds up a row; with classes, as a share of 10."""

    kind = "sums"

    def __init__(self, classes: int = 0, factor: float = 1.0) -> None:
        self.classes, self.factor = classes, factor

    def predict(self, X: np.ndarray) -> np.ndarray:
        value = self.factor * X.sum(axis=1, keepdims=True)
        return np.concatenate([1 - value / 10, value / 10], axis=1) if self.classes else value


def ensemble(classes: int = 0, **options: Any) -> tuple[Ensemble, dict[str, Recipe]]:
    recipes = {"one": halves("a"), "both": halves("a", "b"), "idle": halves("c")}
    members = (
        Member("x", "X", {}, "both", 0.5, Sums(classes)),
        Member("x", "X", {}, "one", 0.25, Sums(classes)),
        Member("x", "X", {}, "both", 0.25, Sums(classes, 2.0)),
        Member("x", "X", {}, "idle", 0.0, Sums(classes)),
    )
    return Ensemble(recipes, members, classes, **options), recipes


COLUMNS_OF = Columns({"a": np.array([2.0, 4.0]), "b": np.array([4.0, 0.0])}, 2)


def test_numbers_are_averaged_and_brought_back_to_their_unit() -> None:
    made, recipes = ensemble(center=100.0, scale=10.0)
    np.testing.assert_allclose(made.predict(COLUMNS_OF), [[132.5], [125.0]])
    assert [calls(recipe) for recipe in recipes.values()] == [[0], [1, 1], [0]]
    assert made.sources == ("a", "b")


def test_probabilities_are_averaged() -> None:
    made, _ = ensemble(classes=2)
    P = made.predict(COLUMNS_OF)
    np.testing.assert_allclose(P, [[0.675, 0.325], [0.75, 0.25]])
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=0, atol=1e-15)


def test_rows_agree_with_columns() -> None:
    for classes in (0, 2):
        made, _ = ensemble(classes=classes, center=1.0, scale=3.0)
        rows = [{"a": 2.0, "b": 4.0}, {"a": 4.0, "b": 0.0}]
        np.testing.assert_array_equal(made.predict_rows(rows), made.predict(COLUMNS_OF))
        np.testing.assert_array_equal(made.predict_rows(rows[1:]), made.predict(COLUMNS_OF)[1:])


def test_no_rows_at_all() -> None:
    made, _ = ensemble(classes=2)
    assert made.predict(Columns({}, 0)).shape == (0, 2)
    assert made.predict_rows([]).shape == (0, 2)


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("rows", [511, 4096, 4097, 9000])
def test_large_batches_are_answered_in_blocks_with_the_same_bits(
    rows: int, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    made, _ = ensemble(center=1.0, scale=3.0)
    found = made.predict(Columns({"b": b, "a": a}, rows))
    some = zip(a[::50].tolist(), b[::50].tolist(), strict=True)
    one_by_one = [made.predict_rows([{"a": x, "b": y}])[0] for x, y in some]
    np.testing.assert_array_equal(found[::50], one_by_one)


def test_blocks_are_whole_multiples_of_what_networks_multiply_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = ensemble()
    assert made._block_rows == 2048
    arrays = {name: np.ones((1, 1, 1)) if name == "weight0" else np.ones(1) for name in ("weight0", "fill", "ends")}
    arrays |= {name: np.ones(1) for name in ("spread", "low", "high")} | {"bias0": np.ones((1, 1)), "ends": np.ones(2)}
    arrays |= {"wave": np.zeros(0, dtype=int), "frequency": np.zeros(0), "phase": np.zeros(0)}
    network = NetworkPredictor("identity", arrays)
    for step, rows in ((582, 1746), (5000, 5000)):
        monkeypatch.setattr(network, "step", step)
        with_network = replace(made, members=(*made.members, Member("n", "N", {}, "one", 0.5, network)))
        assert with_network._block_rows == rows


def test_a_missing_column_of_a_large_batch_is_named() -> None:
    made, _ = ensemble()
    with pytest.raises(ColumnError, match="'b'"):
        made.predict(Columns({"a": np.zeros(9000)}, 9000))


def squared(y: np.ndarray, P: np.ndarray) -> float:
    return float(np.mean((P[:, 0] - y) ** 2))


def test_weights_beat_the_best_single_model() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    predictions = [(y + rng.normal(size=400) * spread)[:, None] for spread in (0.5, 0.6, 0.7, 5.0)]
    weights = greedy_weights(y, predictions, squared)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[3] == 0.0
    mixed = sum(weight * P for weight, P in zip(weights, predictions, strict=True))
    assert squared(y, np.asarray(mixed)) < min(squared(y, P) for P in predictions)


def test_a_perfect_model_stands_alone() -> None:
    y = np.arange(10.0)
    assert greedy_weights(y, [y[:, None] + 1, y[:, None], y[:, None] - 2], squared).tolist() == [0.0, 1.0, 0.0]


def test_ties_go_to_the_earlier() -> None:
    y = np.arange(10.0)
    same = y[:, None] + 1
    assert greedy_weights(y, [same, same.copy(), same.copy()], squared).tolist() == [1.0, 0.0, 0.0]


def test_one_model_and_models_without_a_score() -> None:
    y = np.arange(4.0)
    assert greedy_weights(y, [y[:, None]], squared).tolist() == [1.0]
    broken = np.full((4, 1), np.nan)
    assert greedy_weights(y, [broken, y[:, None] + 1], squared).tolist() == [0.0, 1.0]
    assert greedy_weights(y, [broken, broken], squared).tolist() == [1.0, 0.0]


@given(seed=st.integers(0, 10_000), models=st.integers(2, 8))
@settings(max_examples=30, deadline=None)
def test_weights_are_shares_and_never_worse(seed: int, models: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=60)
    predictions = [(y * rng.uniform(0, 1) + rng.normal(size=60) * rng.uniform(0.1, 2))[:, None] for _ in range(models)]
    weights = greedy_weights(y, predictions, squared)
    np.testing.assert_array_equal(weights, greedy_weights(y, predictions, squared))
    assert weights.sum() == pytest.approx(1.0)
    assert ((weights == 0) | (weights >= 0.015)).all()
    mixed = sum(weight * P for weight, P in zip(weights, predictions, strict=True))
    best = min(squared(y, P) for P in predictions)
    # Dropping members below 1.5 % may cost a little of what they brought.
    assert squared(y, np.asarray(mixed)) <= best * 1.01


def area(y: np.ndarray, P: np.ndarray) -> float:
    order = np.argsort(P[:, 1])
    ranks = np.empty(len(y))
    ranks[order] = np.arange(len(y))
    positive = y > 0
    pairs = positive.sum() * (~positive).sum()
    return -float((ranks[positive].sum() - positive.sum() * (positive.sum() - 1) / 2) / pairs)


@pytest.mark.parametrize(("rows", "rate"), [(50_000, 0.3), (120_000, 0.3), (60_000, 0.0005)])
def test_many_rows_are_fast(rows: int, rate: float) -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=rows)
    y = (signal + rng.normal(size=rows) > np.quantile(signal, 1 - rate) * 1.4).astype(float)
    predictions = []
    for model in range(20):
        score = 1 / (1 + np.exp(-signal - rng.normal(size=rows) * (0.4 + 0.05 * model)))
        predictions.append(np.stack([1 - score, score], axis=1))
    start = time.process_time()
    weights = greedy_weights(y, predictions, area)
    assert time.process_time() - start < 8  # 1 to 2 s alone on a core; the tests share theirs
    mixed = sum(weight * P for weight, P in zip(weights, predictions, strict=True))
    assert area(y, np.asarray(mixed)) < min(area(y, P) for P in predictions)
