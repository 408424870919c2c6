"""How far columns move answers: right on average, with intervals that cover, and told in words where it differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.columns import Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.contributions import Explainer
from mlwright.explain.whole.moves import moves, notes
from mlwright.features.recipe import Recipe
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.linear import LinearPredictor
from mlwright.schema import Column
from mlwright.tasks.base import Target

NAMES = ("a", "b", "c")
DESCRIBED = {name: Column(name=name, kind="number") for name in NAMES}
SLOPES = np.array([2.0, 1.0, 0.0])


def columns_of(X):
    return Columns({name: X[:, place] for place, name in enumerate(NAMES)}, len(X))


def line(link="identity", background=None):
    """Return what explains 2 a + b, or its log-odds, before rows whose mean is 0."""
    background = np.array([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]) if background is None else background
    recipe, _ = Recipe.fit(columns_of(background), list(DESCRIBED.values()), np.zeros((len(background), 1)),
                           variant="codes", seed=0)  # fmt: skip
    wide = np.full(3, 1e9)
    arrays = {"weight": SLOPES[:, None], "intercept": np.zeros(1), "fill": np.zeros(3), "low": -wide, "high": wide}
    member = Member("linear", "line", {}, "codes", 1.0, LinearPredictor(link, arrays))
    return Explainer(Ensemble({"codes": recipe}, (member,), 2 if link == "sigmoid" else 0), columns_of(background))


def test_it_is_the_mean_size_of_the_contributions_the_largest_first():
    X = np.random.default_rng(0).normal(size=(300, 3))
    found = moves(line(), columns_of(X), HeldOut(Target(np.zeros(300))), DESCRIBED)
    assert [entry["column"] for entry in found["columns"]] == ["a", "b", "c"]
    for entry, slope in zip(found["columns"], SLOPES, strict=True):
        expected = np.abs(slope * X[:, NAMES.index(entry["column"])]).mean()
        assert entry["value"] == pytest.approx(expected)
        assert entry["interval"][0] <= entry["value"] <= entry["interval"][1]
    assert not found["percent"]
    assert found["rows"] == 300


def test_of_classes_it_is_points_of_probability_and_adds_up_to_them():
    X = np.random.default_rng(1).normal(size=(200, 3))
    X[:, 1:] = 0.0
    found = moves(line("sigmoid"), columns_of(X), HeldOut(Target(np.zeros(200), ("no", "yes"))), DESCRIBED)
    apart = np.abs(1 / (1 + np.exp(-2 * X[:, 0])) - 0.5)
    assert found["columns"][0]["value"] == pytest.approx(apart.mean(), abs=1e-6)
    assert found["percent"]


@pytest.mark.parametrize("kind", ["plain", "weighted", "grouped"])
def test_the_interval_covers_what_very_many_rows_say(kind):
    explainer, hits = line(), 0
    truth = 2 * np.sqrt(2 / np.pi)
    for seed in range(60):
        random = np.random.default_rng(seed)
        X = random.normal(size=(150, 3))
        groups = None
        if kind == "grouped":
            groups = np.repeat(np.arange(50), 3)
            X = X[::3][groups]
        weight = random.uniform(0.2, 3.0, 150) if kind == "weighted" else None
        held = HeldOut(Target(np.zeros(150)), weight=weight, groups=groups)
        low, high = moves(explainer, columns_of(X), held, DESCRIBED, seed=seed)["columns"][0]["interval"]
        hits += low <= truth <= high
    assert hits >= 52  # a 95 % interval falls below this once in 1,000 times


def test_columns_that_say_the_same_are_told_together():
    X = np.random.default_rng(2).normal(size=(300, 3))
    X[:, 1] = X[:, 0]
    found = moves(line(background=X[:128]), columns_of(X), HeldOut(Target(np.zeros(300))), DESCRIBED)
    (group,) = found["groups"]
    assert group["columns"] == ["a", "b"]
    assert group["value"] == pytest.approx(np.abs(3 * (X[:, 0] - X[:128, 0].mean())).mean())


def test_time_ends_it_between_rows_and_too_few_say_nothing():
    X = np.random.default_rng(0).normal(size=(300, 3))
    held = HeldOut(Target(np.zeros(300)))
    asked = iter([False, False, True])
    assert moves(line(), columns_of(X), held, DESCRIBED, stop=lambda: next(asked))["rows"] == 100
    assert moves(line(), columns_of(X), held, DESCRIBED, stop=lambda: True) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_the_size_of_weights_says_nothing_and_a_group_moves_at_most_what_its_columns_do(seed, times):
    random = np.random.default_rng(seed)
    X = random.normal(size=(60, 3))
    X[:, 1] = X[:, 0] * random.choice([-1.0, 1.0])
    weight = random.uniform(0.1, 2.0, 60)
    explainer = line(background=X)
    one, other = (
        moves(explainer, columns_of(X), HeldOut(Target(np.zeros(60)), weight=each), DESCRIBED)
        for each in (weight, times * weight)
    )
    for mine, theirs in zip(one["columns"], other["columns"], strict=True):
        assert mine["value"] == pytest.approx(theirs["value"])
    by_name = {entry["column"]: entry["value"] for entry in one["columns"]}
    for group in one["groups"]:
        assert group["value"] <= sum(by_name[name] for name in group["columns"]) + 1e-9


def told(moved, groups=()):
    return {
        "columns": [{"column": name, "value": value, "interval": [value, value]} for name, value in moved.items()],
        "groups": [{"columns": list(group), "value": 1.0, "interval": [1.0, 1.0]} for group in groups],
    }


def lost(**values):
    return [
        {"column": name, "value": value, "interval": [value - 0.01, value + 0.01]} for name, value in values.items()
    ]


def test_words_say_why_the_two_importances_differ():
    moved = told({"a": 10.0, "b": 9.0, "twin": 8.0, "idle": 7.0, "rare": 0.1}, [("b", "twin")])
    said = notes(moved, lost(a=1.0, b=0.001, twin=0.5, idle=0.002, rare=0.6), "target")
    assert len(said) == 3
    assert "'b'" in said[0]
    assert "'twin' left, with nearly the same to say" in said[0]
    assert said[1].startswith("The model uses 'idle' much")
    assert said[2].startswith("Much is lost by shuffling 'rare'")
    assert notes(told({"a": 1.0}), lost(a=1.0), "target") == []
    assert notes(told({"a": 0.0}), lost(a=1.0), "target") == []
