"""Repairs travel in a model's folder, and are refused where they do not belong to what it learned from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.model.test_hostile import Files, put, signed

from mlwright.clean.repairs import Blank, Repairs
from mlwright.errors import ModelError
from mlwright.features.recipe import MOST_REPAIRS, Recipe
from mlwright.model import Model, RowModel, load
from mlwright.model.folder import to_files
from mlwright.model.text import write_json

Made = dict[str, tuple[Model, pl.DataFrame]]


def number_of(model: Model) -> str:
    """Return a column of numbers that the model reads."""
    return next(name for name in model.parts.ensemble.sources if model.schema[name].kind in {"number", "integer"})


def mended(model: Model, column: str) -> Model:
    """Return the same model with a repair in each of its recipes."""
    repairs = Repairs([Blank(column, low=-1e6, high=1e6, numbers=(7.5,))])
    recipes = {
        variant: Recipe(recipe.variant, [(part.source, part.encoder) for part in recipe.parts], recipe.crossed, repairs)
        for variant, recipe in model.parts.ensemble.recipes.items()
    }
    return RowModel(replace(model.parts, ensemble=replace(model.parts.ensemble, recipes=recipes)))


def with_repairs(files: Files, repairs: list[dict[str, Any]]) -> Files:
    """Return files in which every recipe has these repairs, with hashes that fit."""
    new = dict(files)
    for name, content in files.items():
        if name.startswith("recipes/") and name.endswith(".json"):
            new[name] = write_json({**json.loads(content), "repairs": repairs})
    return signed(new)


def test_a_repair_travels_and_mends(models: Made, tmp_path: Path) -> None:
    plain, frame = models["binary"]
    column = number_of(plain)
    model = mended(plain, column)
    loaded = load(model.save(tmp_path / "model"))
    odd = frame.head(50).with_columns(pl.lit(7.5).alias(column))
    gone = frame.head(50).with_columns(pl.lit(None, dtype=pl.Float64).alias(column))
    np.testing.assert_array_equal(loaded.predict_proba(odd), plain.predict_proba(gone))
    one = np.concatenate([loaded.predict_proba(row) for row in odd.to_dicts()])
    np.testing.assert_array_equal(one, loaded.predict_proba(odd))


def blank(column: str, **more: Any) -> dict[str, Any]:
    return {"kind": "blank", "column": column, "low": 0.0, "high": None, "numbers": [], **more}


@pytest.mark.parametrize("wrong", ["unknown column", "target", "too many", "unknown field", "no list"])
def test_repairs_that_do_not_belong_are_refused(models: Made, wrong: str, tmp_path: Path) -> None:
    model, _ = models["binary"]
    repairs: Any = {
        "unknown column": [blank("nosuch")],
        "target": [blank(model.target)],
        "too many": [blank(number_of(model))] * (MOST_REPAIRS + 1),
        "unknown field": [blank(number_of(model), more=1)],
        "no list": {"a": 1},
    }[wrong]
    with pytest.raises(ModelError):
        load(put(with_repairs(to_files(model.parts), repairs), tmp_path / "model"))
