from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.features.strategies import coded, row, table

import mlwright.features.recipe as recipes
from mlwright.columns import Columns
from mlwright.features import VARIANTS, Recipe
from mlwright.features.engineering import MOST_MADE
from mlwright.features.screen import ranges, ranked
from mlwright.learn.base import Effort, Problem
from mlwright.learn.learners import LEARNERS
from mlwright.schema import Column

RICH = sorted(name for name, variant in VARIANTS.items() if variant.engineered)


def mixed(rows: int, seed: int = 0) -> tuple[Columns, list[Column]]:
    """Return numbers, groups and codes that have nothing to do with one another."""
    rng = np.random.default_rng(seed)
    data = {
        "a": rng.lognormal(0, 1, rows),
        "b": rng.lognormal(0, 1, rows),
        "c": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
        "few": rng.integers(0, 5, rows).astype(float),
        "zip": rng.integers(1000, 1000 + rows // 25, rows).astype(float),
        "town": coded([f"town {town}" for town in rng.integers(0, 8, rows)]),
        "shop": coded([f"shop {shop}" for shop in rng.integers(0, 6, rows)]),
    }
    kinds = {"few": "integer", "zip": "integer", "town": "category", "shop": "category"}
    described = [Column(name=name, kind=kinds.get(name, "number")) for name in data]  # type: ignore[arg-type]
    return Columns(data, rows), described


def made_of(columns: Columns, described: list[Column], signal: Any, variant: str = "rich_codes") -> list[str]:
    recipe, _ = Recipe.fit(columns, described, np.asarray(signal, dtype=float), variant=variant, seed=0)
    return [encoder.feature.name for encoder in recipe.crossed]


def test_what_two_columns_say_together_is_found() -> None:
    columns, described = mixed(3000)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=3000)
    a, b, town, shop = (columns[name] for name in ("a", "b", "town", "shop"))
    assert "a / b" in made_of(columns, described, np.log(a / b) + 0.3 * noise)  # type: ignore[operator]
    assert "a - b" in made_of(columns, described, np.tanh(a - b) + 0.3 * noise)  # type: ignore[operator]
    usual = rng.normal(size=8) * 3
    within = Columns({**columns, "a": a + usual[town.codes]}, 3000)  # type: ignore[union-attr]
    assert "a within town" in made_of(within, described, np.tanh(a - 1) + 0.2 * noise)
    effect = rng.normal(size=(8, 6))
    crossed = effect[town.codes, shop.codes] + 0.5 * noise  # type: ignore[union-attr]
    assert {"town × shop target", "shop × town target"} & set(made_of(columns, described, crossed))
    day = 86_400.0
    sent = 1.6e9 + rng.integers(0, 900, 3000) * day
    dated = Columns({"sent": sent, "came": sent + rng.integers(1, 30, 3000) * day, **columns}, 3000)
    dates = [Column(name=name, kind="datetime") for name in ("sent", "came")]
    assert "sent - came" in made_of(dated, [*dates, *described], (dated["came"] - sent) / day + noise)  # type: ignore[operator]
    district = rng.normal(size=5000)[columns["zip"].astype(int)]  # type: ignore[union-attr]
    assert "zip target" in made_of(columns, described, district + 0.5 * noise)


@pytest.mark.parametrize("variant", RICH)
@pytest.mark.parametrize("signals", [1, 3, 12])
def test_a_row_is_what_the_batch_says(variant: str, signals: int) -> None:
    columns, described = mixed(600)
    y = np.stack([(columns["a"] / columns["b"] > 1 + place / 9) * 1.0 for place in range(signals)], axis=1)  # type: ignore[operator]
    recipe, X = Recipe.fit(columns, described, y, variant=variant, seed=0)
    assert recipe.crossed
    assert X.shape == (600, len(recipe.features))
    assert len({feature.name for feature in recipe.features}) == len(recipe.features)
    new, _ = mixed(80, 5)
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())), recipe.arrays())
    Z = recipe.transform(new)
    np.testing.assert_array_equal(again.transform(new), Z)
    for place in range(80):
        np.testing.assert_allclose(again.transform_row(row(new, place)), Z[place], rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", RICH)
def test_a_rich_recipe_is_the_plain_one_with_more(variant: str) -> None:
    columns, described, signals = table(400, 2)
    plain, X = Recipe.fit(columns, described, signals, variant=variant.removeprefix("rich_"), seed=0)
    rich, Z = Recipe.fit(columns, described, signals, variant=variant, seed=0)
    assert rich.features[: len(plain.features)] == plain.features
    assert len(rich.features) - len(plain.features) <= MOST_MADE
    assert set(rich.sources) == set(plain.sources)
    np.testing.assert_array_equal(Z[:, : X.shape[1]], X)


@pytest.mark.parametrize("variant", RICH)
def test_a_model_of_noise_with_rich_features_knows_nothing(variant: str) -> None:
    areas = []
    for seed in range(4):
        columns, described = mixed(1200, seed)
        y = np.random.default_rng(100 + seed).integers(0, 2, 1200).astype(float)
        P = np.empty(1200)
        for fold in range(3):
            judge = np.arange(1200) % 3 == fold
            train, valid = np.flatnonzero(~judge), np.flatnonzero(judge)
            recipe, X = Recipe.fit(columns.take(train), described, y[train], variant=variant, seed=seed)
            codes = tuple(feature.categorical for feature in recipe.features)
            problem = Problem(X, y[train], "binary", 2, categorical=codes)
            learner = LEARNERS["lightgbm"]
            fitted = learner.fit(problem, learner.configurations["binary"][0], None, Effort(rounds=60))
            P[valid] = fitted.predict(recipe.transform(columns.take(valid)))[:, 1]
        areas.append(roc_auc_score(y, P))
    assert abs(np.mean(areas) - 0.5) < 0.03, areas


@pytest.mark.parametrize("variant", RICH)
def test_same_seed_same_bytes(variant: str) -> None:
    columns, described = mixed(700)
    y = np.log(columns["a"] / columns["b"]) > 0  # type: ignore[operator]
    (one, X), (two, Z) = (Recipe.fit(columns, described, y * 1.0, variant=variant, seed=3) for _ in range(2))
    assert one.crossed
    assert X.tobytes() == Z.tobytes()
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert {k: a.tobytes() for k, a in one.arrays().items()} == {k: a.tobytes() for k, a in two.arrays().items()}


@pytest.mark.parametrize("variant", RICH)
def test_little_gives_nothing_and_no_error(variant: str) -> None:
    rng = np.random.default_rng(0)
    one = Columns({"x": rng.normal(size=300)}, 300)
    described = [Column(name="x", kind="number")]
    assert made_of(one, described, rng.normal(size=300), variant) == []
    still = Columns({**one, "same": np.ones(300), "none": np.full(300, np.nan), "a": coded(["a"] * 300)}, 300)
    kinds = [*described, Column(name="same", kind="number"), Column(name="none", kind="number")]
    made_of(still, [*kinds, Column(name="a", kind="category")], rng.normal(size=300), variant)
    made_of(still, kinds, np.ones(300), variant)
    names = Columns({"text": coded([f"name {place}" for place in range(300)])}, 300)
    made_of(names, [Column(name="text", kind="text")], rng.normal(size=300), variant)
    few, kinds, signals = table(12, 0)
    assert made_of(few, kinds, signals, variant) == []


def test_five_hundred_columns_are_quick() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 2000))
    columns = Columns({f"x{place}": each for place, each in enumerate(values)}, 2000)
    described = [Column(name=name, kind="number") for name in columns]
    y = (values[0] - values[1] > 0) * 1.0
    begun = time.process_time()
    recipe, _ = Recipe.fit(columns, described, y, variant="rich_codes", seed=0)
    assert time.process_time() - begun < 10
    assert "x0 - x1" in {encoder.feature.name for encoder in recipe.crossed}


def test_both_rich_variants_share_what_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    choose = recipes.choose_ways
    monkeypatch.setattr(recipes, "choose_ways", lambda *given: calls.append(1) or choose(*given))
    columns, described = mixed(800)
    memo: recipes.Memo = {}
    y = np.log(columns["a"] / columns["b"])  # type: ignore[operator]
    fitted = [Recipe.fit(columns, described, y, variant=variant, seed=0, memo=memo)[0] for variant in RICH]
    assert len(calls) == 1
    made = [[encoder.feature for encoder in recipe.crossed] for recipe in fitted]
    assert made[0]
    assert all(each == made[0] for each in made)
    alone, _ = Recipe.fit(columns, described, y, variant=RICH[0], seed=0)
    assert [encoder.feature for encoder in alone.crossed] == made[0]


def test_weights_are_heard() -> None:
    columns, described = mixed(1500)
    ratio = np.log(columns["a"] / columns["b"])  # type: ignore[operator]
    rng = np.random.default_rng(0)
    believed = rng.random(1500) < 0.5
    y = np.where(believed, ratio, rng.normal(size=1500) * 5)
    weight = np.where(believed, 1.0, 0.0)
    recipe, _ = Recipe.fit(columns, described, y, variant="rich_codes", seed=0, weight=weight)
    assert "a / b" in {encoder.feature.name for encoder in recipe.crossed}


def test_ranks_are_spearmans_and_ranges_are_even() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    first = rng.integers(0, 9, 500).astype(float)
    second = first + rng.normal(size=500)
    assert ranked(first) @ ranked(second) == pytest.approx(spearmanr(first, second).statistic)
    assert ranked(np.full(5, np.nan)).tolist() == [0.0] * 5
    places, size = ranges(np.append(rng.normal(size=1999), np.nan))
    count = np.bincount(places, minlength=size)
    assert count[-1] == 1
    assert count[:-1].max() - count[:-1].min() <= 2
