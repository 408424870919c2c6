"""Columns with which the answer may only rise or fall: it does so, whatever the model is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building.directions import able, broken_directions
from mlwright.clean.base import Context
from mlwright.clean.detectors import detect
from mlwright.clean.mender import Mender, Step
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.columns import read_frame, read_rows
from mlwright.errors import ColumnError, InputError, OptionError
from mlwright.features.ordered import signs
from mlwright.features.recipe import Recipe
from mlwright.features.variants import VARIANTS
from mlwright.learn.base import keeps_order
from mlwright.learn.learners import LEARNERS, available
from mlwright.model import Model
from mlwright.schema import Column, Schema
from mlwright.table import Table

ABLE = [name for name, learner in LEARNERS.items() if keeps_order(learner) and available(learner)]
SIGNS = {"income": -1, "age": -1, "since": 1, "member": 1}
TOLERANCE = 1e-9


def table(rows: int = 240, seed: int = 0) -> pl.DataFrame:
    """Return people whose risk has bends against each direction that is asked for, with gaps and a marked outlier."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(10, 0.6, rows).round(2)
    age = rng.integers(18, 80, rows)
    days = rng.integers(0, 2_000, rows)
    member = rng.random(rows) < 0.5
    town = rng.choice(["Oslo", "Rome", "Bonn"], rows)
    z = np.sin(np.log(income) * 4) + np.sin(age / 6) + np.cos(days / 200) - member + (town == "Rome")
    z += rng.normal(scale=0.5, size=rows)
    since = pl.Series(np.datetime64("2015-01-01", "ms") + days.astype("timedelta64[D]"))
    frame = pl.DataFrame({"income": income, "age": age, "since": since, "member": member, "town": town})
    gaps = {name: pl.when(pl.Series(rng.random(rows) < 0.08)).then(None).otherwise(pl.col(name)) for name in SIGNS}
    return frame.with_columns(**gaps, risk=pl.Series(z), bad=pl.Series(np.where(z > np.median(z), "yes", "no")))


def build(frame: pl.DataFrame, target: str, **options: Any) -> Model:
    """Build with every direction."""
    other = "bad" if target == "risk" else "risk"
    directions = {"increasing": ["since", "member"], "decreasing": ["income", "age"]}
    return mw.build(frame.drop(other), target, **{"trials": 1, "clean": False, **directions, **options})


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return table()


@pytest.fixture(scope="module")
def mixed(frame: pl.DataFrame) -> Model:
    return build(frame, "bad", trials=4, prefer="accuracy", metric="log_loss")


def worst(model: Model, frame: pl.DataFrame, pairs: int = 10_000) -> float:
    """Return how far answers go against a direction, at most, among random pairs of rows that differ in one column."""
    rng = np.random.default_rng(1)
    read = read_frame(frame, model.parts.columns)
    each, largest = -(-pairs // len(SIGNS)), 0.0
    for name, sign in SIGNS.items():
        if name not in model.parts.ensemble.sources:
            continue
        rows = read.take(rng.integers(0, read.rows, each))
        known = np.asarray(read[name])[~np.isnan(np.asarray(read[name]))]
        ends = np.sort(rng.choice(known, (each, 2)) + rng.normal(scale=known.std() / 10, size=(each, 2)), axis=1)
        ends = np.round(ends) if name == "member" else ends
        low, high = (model.parts.ensemble.predict(type(rows)({**rows, name: end}, each))[:, -1] for end in ends.T)
        largest = max(largest, float(-(sign * (high - low)).min()))
    return largest


@pytest.mark.parametrize(("learner", "target"), [(name, ("bad", "risk")[place % 2]) for place, name in enumerate(ABLE)])
def test_each_learner_that_says_it_can_keeps_every_direction(frame: pl.DataFrame, learner: str, target: str) -> None:
    """10,000 random pairs of rows, through recipe, member and all; each learner by itself is tried on both tasks."""
    model = build(frame, target, learners=[learner])
    assert {member.learner for member in model.parts.ensemble.members} == {learner}
    assert worst(model, frame) <= TOLERANCE * model.parts.ensemble.scale


def test_a_mixed_model_keeps_every_direction_and_would_not_by_itself(mixed: Model, frame: pl.DataFrame) -> None:
    """The average of several members keeps what each keeps; without directions the same table breaks them."""
    assert len(mixed.parts.ensemble.members) > 1
    assert worst(mixed, frame) <= TOLERANCE
    free = build(frame, "bad", increasing=(), decreasing=(), learners=["lightgbm"])
    assert worst(free, frame) > 0.05
    asked = mixed.schema
    assert {
        each.columns[0] for each in broken_directions(free.parts.ensemble, read_frame(frame, asked.features), asked)
    }
    assert not broken_directions(mixed.parts.ensemble, read_frame(frame, asked.features), asked)


def test_learners_that_cannot_are_not_tried_and_that_is_said(frame: pl.DataFrame) -> None:
    """They are left out, and a finding names them."""
    schema = Schema((Column(name="age", kind="number", direction="decreasing"),))
    left, (told,) = able(LEARNERS, (), schema)
    assert {"neural", "perpetual"}.isdisjoint(left)
    assert {"lightgbm", "linear"} <= set(left)
    assert "Neural network, Perpetual were not tried" in told.message
    assert "'age'" in told.message
    assert able(LEARNERS, (), Schema((Column(name="age", kind="number"),))) == (LEARNERS, ())


def test_the_report_and_the_command_say_what_was_asked(mixed: Model) -> None:
    """Somebody reads it in a sentence, and can ask the same again."""
    said = " ".join(mixed.evaluation["question"]["assumptions"])
    assert "When 'income' or 'age' rises and nothing else changes, the probability of 'yes' never rises" in said
    assert "--increasing since --increasing member --decreasing income --decreasing age" in mixed.run["command"]
    assert mixed.schema["age"].direction == "decreasing"


def test_directions_travel_with_the_model(mixed: Model, frame: pl.DataFrame, tmp_path: Any) -> None:
    """A loaded model knows them and keeps them."""
    loaded = mw.load(mixed.save(tmp_path / "model"))
    assert loaded.schema["since"].direction == "increasing"
    assert worst(loaded, frame, pairs=400) <= TOLERANCE


def test_repairs_leave_such_columns_alone() -> None:
    """Numbers in another unit are not brought to the usual one where the answer has to keep their order."""
    frame = table(600, seed=3).with_columns(
        income=pl.when(pl.int_range(600) % 25 == 0).then(pl.col("income") * 1000).otherwise(pl.col("income"))
    )
    whole = Table(frame)
    schema, _ = infer_schema(whole, Question(target="bad"))
    steps = [Step.of("unit_errors", each) for each in detect(whole, Context(whole, schema), only=("unit_errors",))]
    found = tuple(step for step in steps if step is not None)
    assert [each.column for each in Mender(whole, schema, found).fit(np.arange(600))] == ["income"]
    ordered = schema.replacing([replace(schema["income"], direction="decreasing")])
    assert not len(Mender(whole, ordered, found).fit(np.arange(600)))
    model = build(frame, "bad", clean=True, learners=["linear"])
    assert not any(recipe.repairs for recipe in model.parts.ensemble.recipes.values())
    assert worst(model, frame) <= TOLERANCE
    told = next(
        each
        for each in model.evaluation["findings"]
        if "another unit" in each["message"] or each["kind"] == "unit_errors"
    )
    assert "not made: the answer has to keep the order of 'income'" in told["repair"]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"increasing": ["town"]}, ColumnError, "holds categories, which are not more or less"),
        ({"increasing": ["incom"]}, ColumnError, "did you mean 'income'"),
        ({"increasing": ["bad"]}, ColumnError, "names the target"),
        ({"increasing": ["age"], "exclude": ["age"]}, ColumnError, "does not look at 'age'"),
        ({"increasing": ["age"], "decreasing": ["age"]}, OptionError, "only one of them"),
        ({"increasing": "age"}, OptionError, "cannot be the text"),
        ({"decreasing": ["age"], "increasing": [], "learners": ["neural"]}, OptionError, "cannot promise"),
    ],
)
def test_what_cannot_be_asked_is_refused(frame: pl.DataFrame, options: Any, error: type[InputError], says: str) -> None:
    """One sentence says what is wrong."""
    with pytest.raises(error, match=says):
        build(frame, "bad", **{"decreasing": (), **options})


def test_more_than_two_classes_are_refused(frame: pl.DataFrame) -> None:
    """None of three classes is more than another."""
    three = frame.with_columns(bad=pl.Series(np.resize(["a", "b", "c"], frame.height)))
    with pytest.raises(OptionError, match="of 3 classes none is more"):
        build(three, "bad")


def test_every_variant_makes_only_numbers_that_rise_with_such_a_column() -> None:
    """Whatever a recipe makes of a column with a direction never falls where the column rises."""
    columns = [
        Column(name="age", kind="number", direction="decreasing"),
        Column(name="since", kind="datetime", direction="increasing"),
        Column(name="pay", kind="number"),
        Column(name="town", kind="category"),
    ]
    rng = np.random.default_rng(0)
    raw = [
        {"age": a, "since": s, "pay": p, "town": t}
        for a, s, p, t in zip(
            rng.normal(size=300).tolist(), (rng.random(300) * 1e9).tolist(), rng.normal(size=300).tolist(),
            rng.choice(list("abcdefghijk"), 300).tolist(), strict=True,
        )
    ]  # fmt: skip
    read = read_rows([{**row, "since": None} for row in raw], columns)
    typed = type(read)({**read, "since": rng.random(300) * 1e9}, 300)
    y = (np.asarray(typed["age"]) * np.asarray(typed["pay"])).reshape(-1, 1)
    for variant in VARIANTS:
        recipe, _ = Recipe.fit(typed, columns, y, variant=variant, seed=0)
        found = signs(recipe.features, columns)
        for name in ("age", "since"):
            moved = np.sort(rng.choice(np.asarray(typed[name]), 300))
            one = {key: values.take(np.zeros(300, dtype=np.intp)) for key, values in typed.items()}
            X = recipe.transform(type(read)({**one, name: moved}, 300))
            for place, feature in enumerate(recipe.features):
                if name in feature.sources:
                    assert (np.diff(X[:, place]) >= 0).all(), (variant, feature)
                    assert found[place] == (0 if feature.order == "flat" else -1 if name == "age" else 1)


def test_a_feature_that_need_not_rise_is_refused() -> None:
    """Nobody can add an encoder that breaks a promise silently."""
    columns = [Column(name="when", kind="datetime")]
    typed = read_rows([{"when": None}] * 50, columns)
    typed = type(typed)({"when": np.linspace(0, 1e9, 50)}, 50)
    recipe, _ = Recipe.fit(typed, columns, np.arange(50.0).reshape(-1, 1), variant="codes", seed=0)
    with pytest.raises(ValueError, match="need not keep the order"):
        signs(recipe.features, [Column(name="when", kind="datetime", direction="increasing")])


def test_the_schema_keeps_directions() -> None:
    """As JSON, and nothing else in that place."""
    schema = Schema((Column(name="age", kind="number", direction="decreasing"), Column(name="x", kind="number")))
    assert Schema.from_dict(schema.to_dict()) == schema
    assert "direction" not in schema["x"].to_dict()
    with pytest.raises(ColumnError, match="direction"):
        Column.from_dict({"name": "a", "kind": "number", "role": "feature", "direction": "up"})


def test_estimators_take_names_and_positions() -> None:
    """As scikit-learn's constraints do, by column of an array."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = (np.sin(3 * X[:, 0]) + X[:, 1] > 0).astype(int)
    model = mw.Classifier(trials=2, increasing=[0]).fit(X, y)
    line = np.column_stack([np.linspace(-3, 3, 50), np.zeros(50)])
    assert (np.diff(model.predict_proba(line)[:, 1]) >= -TOLERANCE).all()
