"""Small real models of each task, made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.columns import read_frame
from mlwright.explain.cases import Cases
from mlwright.features.recipe import Recipe
from mlwright.learn.base import Effort, Problem
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.learners.lightgbm import LightGBM
from mlwright.model import Model, RowModel, RowParts, golden_rows
from mlwright.schema import Column, Schema
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs

FEATURES = (
    Column(name="age", kind="integer"),
    Column(name="income", kind="number", missing_numbers=(-999.0,)),
    Column(name="city", kind="category"),
    Column(name="shop [id]", kind="category"),
    Column(name="since", kind="datetime", datetime_format="iso"),
    Column(name="active", kind="boolean"),
    Column(name="note", kind="text"),
)
TARGETS = {
    "binary": Column(name="churn", kind="boolean", role="target"),
    "multiclass": Column(name="plan", kind="category", role="target"),
    "regression": Column(name="spend", kind="number", role="target"),
}
SMALL = {"num_leaves": 6, "min_data_in_leaf": 5, "learning_rate": 0.1}


def frame_of(rows: int, seed: int = 0) -> pl.DataFrame:
    """Dirty raw rows: missing values, text numbers, many categories."""
    rng = np.random.default_rng(seed)
    age, city = rng.integers(18, 80, rows), rng.choice(["Rome", "Paris", "Oslo", "München"], rows)
    pull = (age - 50) / 10 + (city == "Rome") * 1.5
    chance = 1 / (1 + np.exp(-pull))
    words = ("late", "again", "fine", "thanks", "refund", "broken", "great")
    return pl.DataFrame(
        {
            "age": age,
            "income": [
                None if row % 17 == 0 else f"{income:.2f}" for row, income in enumerate(rng.lognormal(10, 1, rows))
            ],
            "city": city,
            "shop [id]": [f"s{shop}" for shop in rng.integers(0, 60, rows)],
            "since": [f"202{row % 5}-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(rows)],
            "active": rng.choice(["yes", "no", "?"], rows),
            "note": [" ".join(rng.choice(words, 4)) for _ in range(rows)],
            "extra": np.arange(rows),
            "churn": np.where(rng.random(rows) < chance, "yes", "no"),
            "plan": np.array(["basic", "plus", "pro"])[np.clip((pull + 1 + rng.normal(size=rows)).astype(int), 0, 2)],
            "spend": (1000 + 100 * pull + rng.normal(size=rows)).round(2),
        }
    )


def make(task_name: str, rows: int = 300) -> tuple[Model, pl.DataFrame]:
    """Return a model of two variants and the frame it learned from."""
    frame, task, column = frame_of(rows), ROW_TASKS[task_name], TARGETS[task_name]
    schema = Schema((*FEATURES, Column(name="extra", kind="id", role="ignored"), column))
    target = task.encode(frame[column.name], column)
    center, scale = (0.0, 1.0) if target.classes else (float(target.y.mean()), float(target.y.std()))
    columns, learner = read_frame(frame, FEATURES), LightGBM()
    recipes: dict[str, Recipe] = {}
    members = []
    for variant, weight in (("codes", 0.625), ("onehot", 0.375)):
        recipe, X = Recipe.fit(columns, FEATURES, task.signals(target), variant=variant, seed=0)
        coded = tuple(feature.categorical for feature in recipe.features)
        problem = Problem(X, (target.y - center) / scale, task.objective, len(target.classes), None, coded)
        configuration: dict[str, Any] = {**learner.configurations[task.objective][0], **SMALL}
        fitted = learner.fit(problem, configuration, None, Effort(rounds=12))
        recipes[variant] = recipe
        members.append(Member("lightgbm", "LightGBM", configuration, variant, weight, fitted.pack(), fitted.files()))
    ensemble = Ensemble(recipes, tuple(members), len(target.classes), center, scale)
    parts = RowParts(
        name="customers",
        task=task_name,
        target=column.name,
        classes=target.classes,
        schema=schema,
        ensemble=ensemble,
        decision=task.decide(target, ensemble.predict(columns, numpy_only=True), Costs()),
        prior=tuple(task.prior(target, None).tolist()),
        evidence=_evidence(task_name),
        run={"created": "2026-01-02T03:04:05+00:00", "seconds": 1.5},
        golden=golden_rows(frame.to_dicts(), [schema[name] for name in ensemble.sources]),
        cases=Cases.drawn(columns, ensemble.sources, target, most=120),
    )
    return RowModel(parts), frame


def _evidence(task_name: str) -> dict[str, Any]:
    metric = next(iter(ROW_TASKS[task_name].metrics.values()))
    return {
        "question": {"metric_label": metric.label},
        "verdict": {"beats_baseline": "yes", "sentence": "The model is clearly better than <guessing>."},
        "score": {"metric": metric.name, "value": 0.75, "interval": [0.7, 0.8], "rows": 100},
        "metrics": {metric.name: {"label": metric.label, "score": 0.75, "interval": [0.7, 0.8], "meaning": "good"}},
        "leaderboard": [
            {"learner": "lightgbm", "configuration": {"num_leaves": 6}, "score": 0.75, "seconds": 0.5, "row_ms": 0.2},
            {"learner": "baseline: prior", "configuration": {}, "score": 0.5, "seconds": None, "row_ms": None},
        ],
        "size": {"model_bytes": 1, "row_ms": 0.1},
    }


@pytest.fixture(scope="session")
def models() -> dict[str, tuple[Model, pl.DataFrame]]:
    """A model and its frame for each task."""
    return {name: make(name) for name in ROW_TASKS}


@pytest.fixture(scope="session")
def built(models: dict[str, tuple[Model, pl.DataFrame]]) -> Model:
    """A model of a yes/no question."""
    return models["binary"][0]


@pytest.fixture(scope="session")
def frame(models: dict[str, tuple[Model, pl.DataFrame]]) -> pl.DataFrame:
    """The rows it learned from."""
    return models["binary"][1]


@pytest.fixture(scope="session")
def fresh() -> pl.DataFrame:
    """Rows like those of the models, which none of them learned from."""
    return frame_of(300, seed=1)


@pytest.fixture(scope="session")
def maker() -> Callable[[str, int], tuple[Model, pl.DataFrame]]:
    """Make a model of a task from so many rows."""
    return make
