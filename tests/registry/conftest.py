"""The smallest real model, which always says the same, and registries in both databases."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Columns
from mlwright.features.recipe import Recipe
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.linear import LinearPredictor
from mlwright.model import Model, RowModel, RowParts
from mlwright.schema import Column, Schema


@pytest.fixture(scope="session")
def model() -> Model:
    column = Column(name="size", kind="number")
    numbers = Columns({"size": np.arange(20.0)}, 20)
    recipe, X = Recipe.fit(numbers, (column,), np.arange(20.0)[:, None], variant="onehot", seed=0)
    predictor = LinearPredictor.constant("identity", np.array([0.5]), X.shape[1])
    parts = RowParts(
        name="made",
        task="regression",
        target="price",
        classes=(),
        schema=Schema((column, Column(name="price", kind="number", role="target"))),
        ensemble=Ensemble(
            {"onehot": recipe}, (Member("linear", "Linear", {}, "onehot", 1.0, predictor),), 0, 10.0, 2.0
        ),
        decision={"level": 0.9, "at": [0.0], "widths": [1.0]},
        prior=(10.0,),
        evidence={"score": {"metric": "rmse", "value": 1.25, "interval": [1.0, 1.5], "rows": 20}},
        run={"created": "2026-01-02T03:04:05+00:00"},
        golden=({"size": 3.0},),
    )
    return RowModel(parts)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for themselves means nothing here."""
    for name in ("MLWRIGHT_HOME", "MLWRIGHT_REGISTRY", "MLWRIGHT_MODELS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def registry(request: pytest.FixtureRequest) -> str | None:
    """Where an empty registry is: None for a file in the workspace, or the URL of a schema of its own in PostgreSQL."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("schema"))
