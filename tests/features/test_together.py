"""Recipes together: each one's own numbers, to the last bit, and what they share worked out once."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.errors import ColumnError
from mlwright.features.recipe import Recipe
from mlwright.features.together import Together
from mlwright.schema import Column

ROWS = 400
KINDS = {"a": "number", "b": "number", "c": "category", "d": "category", "t": "datetime", "e": "number"}
SCHEMA = [Column(name=name, kind=kind) for name, kind in KINDS.items()]
VARIANTS = ("target", "rich_target", "codes", "rich_codes", "indicators", "onehot", "splines")


def table() -> tuple[Columns, np.ndarray]:
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=ROWS).round(2) for name in "abe"}
    numbers["b"][::9] = np.nan
    codes = {name: rng.integers(-1, levels, ROWS).astype(np.int32) for name, levels in (("c", 4), ("d", 25))}
    data = {name: Coded(code, tuple(f"level {place}" for place in range(25))) for name, code in codes.items()}
    times = 1.6e9 + 86_400.0 * rng.integers(0, 900, ROWS)
    y = numbers["a"] * numbers["e"] + (codes["c"] == 1) + rng.normal(size=ROWS) / 5
    return Columns({**numbers, **data, "t": times}, ROWS), y[:, None]


COLUMNS, Y = table()
RECIPES = [Recipe.fit(COLUMNS, SCHEMA, Y, variant=variant, seed=0)[0] for variant in VARIANTS]


def test_every_recipe_gets_its_own_numbers() -> None:
    assert RECIPES[1].crossed
    for found, recipe in zip(Together(RECIPES).transform(COLUMNS), RECIPES, strict=True):
        np.testing.assert_array_equal(found, recipe.transform(COLUMNS))


def test_rows_get_them_too() -> None:
    together = Together(RECIPES)
    odd = {**COLUMNS.row(0), "a": 1e300, "b": -np.inf, "e": 3, "c": "unknown", "d": None, "t": None}
    for row in ([COLUMNS.row(place) for place in range(60)], [odd, {**odd, "a": np.nan, "b": None, "e": -0.0}]):
        for values in row:
            for found, recipe in zip(together.transform_row(values), RECIPES, strict=True):
                assert found.shape == (1, len(recipe.features))
                np.testing.assert_array_equal(found[0], recipe.transform_row(values))


def test_equal_encoders_are_asked_once() -> None:
    alone = Together(RECIPES[:1])
    both = Together(RECIPES[:2])
    assert len(both._parts) == len(alone._parts)
    assert len(both._crossed) == len(RECIPES[1].crossed)


def test_what_is_missing_or_of_another_kind_is_named() -> None:
    together = Together(RECIPES)
    with pytest.raises(ColumnError, match="'c'"):
        together.transform(Columns({name: COLUMNS[name] for name in COLUMNS if name != "c"}, ROWS))
    with pytest.raises(ColumnError, match="holds floats"):
        together.transform(Columns({**COLUMNS, "c": np.zeros(ROWS)}, ROWS))
    with pytest.raises(ColumnError, match="'c'"):
        together.transform_row({name: value for name, value in COLUMNS.row(0).items() if name != "c"})


def test_copies_say_the_same() -> None:
    for found, recipe in zip(pickle.loads(pickle.dumps(Together(RECIPES))).transform(COLUMNS), RECIPES, strict=True):
        np.testing.assert_array_equal(found, recipe.transform(COLUMNS))
