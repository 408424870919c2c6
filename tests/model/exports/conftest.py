"""Small models of every learner, made once each, and the rows that are hardest for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.clean.repairs import Blank, FromKey, Repairs, Replace, Rescale
from mlwright.columns import Columns, read_frame, typed_rows
from mlwright.explain.cases import Cases
from mlwright.features.base import Training
from mlwright.features.crossing import Crossing, Way
from mlwright.features.recipe import Recipe
from mlwright.learn.base import Effort, Problem
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.learners import LEARNERS
from mlwright.model import Model, RowModel, RowParts, golden_rows
from mlwright.schema import Column, Schema
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs

FEATURES = (
    Column(name="age", kind="integer", missing_numbers=(-999.0,)),
    Column(name="income", kind="number"),
    Column(name="debt", kind="number"),
    Column(name="rooms", kind="integer"),
    Column(name="city", kind="category"),
    Column(name="shop [id]", kind="category"),
    Column(name="since", kind="datetime", datetime_format="iso"),
    Column(name="active", kind="boolean"),
)
TARGETS = {
    "binary": Column(name="churn", kind="boolean", role="target"),
    "multiclass": Column(name="plan", kind="category", role="target"),
    "regression": Column(name="spend", kind="number", role="target"),
}
CITIES = ["Rome", "Paris", "Oslo", "München", "Straße", "łódź"]
WAYS = (
    *(Way(sign, ("income", "debt")) for sign in "-+*/"),
    Way("within", ("income", "city")),
    Way("within", ("debt", "rooms")),
    Way("grid", ("city", "rooms")),
    Way("code", ("rooms",)),
)
REPAIRS = Repairs(
    [
        Blank("age", low=0.0, high=130.0, numbers=(99.0,)),
        Rescale("debt", low=1e6, high=None, factor=0.001, offset=2.0),
        Replace("city", {"Roma": "Rome", "?": None, "nowhere": "Oslo"}),
        FromKey("city", "shop [id]", {"s1": "Paris", "s2": None}),
    ]
)


def frame_of(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return raw rows with gaps, many categories, and numbers that depend on each other."""
    rng = np.random.default_rng(seed)
    age, city = rng.integers(18, 80, rows), rng.choice(CITIES, rows)
    pull = (age - 50) / 10 + (city == "Rome") * 1.5
    days = [f"{1900 + row % 130}-{1 + row % 12:02d}-{1 + row % 28:02d} {row % 24:02d}:30" for row in range(rows)]
    income, debt = rng.lognormal(8, 1, rows).round(2), rng.normal(0, 2000, rows).round(2)
    return pl.DataFrame(
        {
            "age": age,
            "income": [None if row % 17 == 0 else value for row, value in enumerate(income.tolist())],
            "debt": debt,
            "rooms": rng.integers(1, 20, rows),
            "city": [None if row % 13 == 0 else name for row, name in enumerate(city.tolist())],
            "shop [id]": [f"s{shop}" for shop in rng.zipf(1.4, rows) % 70],
            "since": days,
            "active": rng.choice(["yes", "no", "?"], rows),
            "churn": np.where(rng.random(rows) < 1 / (1 + np.exp(-pull)), "yes", "no"),
            "plan": np.array(["basic", "plus", "pro"])[np.clip((pull + 1 + rng.normal(size=rows)).astype(int), 0, 2)],
            "spend": (1000 + 100 * pull + rng.normal(size=rows)).round(2),
        }
    )  # fmt: skip


def fitted_member(learner: str, recipe: Recipe, X: np.ndarray, y: np.ndarray, task: Any, classes: int) -> Member:
    """Return a member that has learned for twelve rounds."""
    known = LEARNERS[learner]
    coded = tuple(feature.categorical for feature in recipe.features)
    problem = Problem(X, y, task.objective, classes, None, coded)
    configuration = dict(known.configurations[task.objective][0])
    fitted = known.fit(problem, configuration, None, Effort(rounds=12))
    return Member(learner, known.label, configuration, recipe.variant, 1.0, fitted.pack())


def make(
    task_name: str, learners: Sequence[tuple[str, str]], *, crossed: bool = False, mended: bool = False, rows: int = 400
) -> tuple[Model, pl.DataFrame]:
    """Return a model of these learners on these variants, and the frame it learned from."""
    frame, task, column = frame_of(rows), ROW_TASKS[task_name], TARGETS[task_name]
    target = task.encode(frame[column.name], column)
    center, scale = (0.0, 1.0) if target.classes else (float(target.y.mean()), float(target.y.std()))
    columns, repairs = read_frame(frame, FEATURES), REPAIRS if mended else Repairs()
    recipes, members = {}, []
    for learner, variant in learners:
        signals = task.signals(target)
        recipe, X = Recipe.fit(columns, FEATURES, signals, variant=variant, seed=0, repairs=repairs)
        if crossed:
            made = Crossing(repairs.apply(columns), FEATURES, Training.of(signals, 0))
            more = [encoder for way in WAYS if (found := made.make(way)) is not None for encoder in found[:1]]
            assert len(more) == len(WAYS)
            recipe = Recipe(variant, [(part.source, part.encoder) for part in recipe.parts], more, repairs)
            X = recipe.transform(columns)
        recipes[variant] = recipe
        members.append(fitted_member(learner, recipe, X, (target.y - center) / scale, task, len(target.classes)))
    weight = 1 / len(members)
    heard = tuple(Member(m.learner, m.label, m.configuration, m.variant, weight, m.predictor) for m in members)
    ensemble = Ensemble(recipes, heard, len(target.classes), center, scale)
    schema = Schema((*FEATURES, column))
    parts = RowParts(
        name="customers",
        task=task_name,
        target=column.name,
        classes=target.classes,
        schema=schema,
        ensemble=ensemble,
        decision=task.decide(target, ensemble.predict(columns, numpy_only=True), Costs()),
        prior=tuple(task.prior(target, None).tolist()),
        run={"created": "2026-01-02T03:04:05+00:00", "version": 3},
        golden=golden_rows(frame.to_dicts(), [schema[name] for name in ensemble.sources]),
        cases=Cases.drawn(columns, ensemble.sources, target, most=60),
    )
    return RowModel(parts), frame


def hard_rows(parts: RowParts, count: int, seed: int) -> Columns:
    """Return typed rows of what is hardest: on thresholds and a hair beside them, gaps, the far, other spellings."""
    rng = np.random.default_rng(seed)
    on = [0.0, -0.0, 1.0, 1e-35, 1e10, 3.5e38, 99.0, 130.0, 1e6, 4e9, -6e10]
    for member in parts.ensemble.members:
        for name in ("threshold", "border"):
            on += np.asarray(getattr(member.predictor, name, []), dtype=np.float64).ravel().tolist()[:4000]
    known = parts.background
    finite = np.array([number for number in on if abs(number) < 1e307])
    near = np.concatenate([finite, np.nextafter(finite, np.inf), np.nextafter(finite, -np.inf), [1e300, -1e300, -5e9]])

    def value(column: Column) -> float | str | None:
        if rng.random() < 0.15:
            return None
        if column.kind == "boolean":
            return float(rng.integers(2))
        if column.is_float:
            held = known[column.name]
            number = float(rng.choice(near if rng.random() < 0.7 else held[~np.isnan(held)]))
            return None if number in column.missing_numbers else number
        text = str(
            rng.choice([*known[column.name].values, *CITIES, "Roma", "nowhere", "s1", "s2", "s3", "?", "Xanadu"])
        )
        return str(rng.choice([text, text.upper(), text.lower(), text.swapcase()]))

    rows = [{column.name: value(column) for column in parts.columns} for _ in range(count)]
    return typed_rows(rows, parts.columns)


@pytest.fixture(scope="session")
def maker() -> Callable[..., tuple[Model, pl.DataFrame]]:
    """Make a model, each one once."""
    return cache(make)


@pytest.fixture(scope="session")
def model(maker: Callable[..., tuple[Model, pl.DataFrame]]) -> Model:
    """A model of a yes/no question."""
    return maker("binary", (("lightgbm", "codes"),))[0]
