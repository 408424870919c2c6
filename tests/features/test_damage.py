from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.features.strategies import row, table

from mlwright.errors import ModelError
from mlwright.features import VARIANTS, Recipe
from mlwright.features.base import Training
from mlwright.features.crossing import Crossing, Way
from mlwright.features.encoders import CROSSED

COLUMNS, DESCRIBED, SIGNALS = table(120, 0)
RECIPES = {v: Recipe.fit(COLUMNS, DESCRIBED, SIGNALS, variant=v, seed=0)[0] for v in VARIANTS}
CROSSING = Crossing(COLUMNS, DESCRIBED, Training.of(SIGNALS, 0))
WAYS = [
    Way("/", ("age", "income")),
    Way("within", ("age", "town")),
    Way("within", ("income", "member")),
    Way("grid", ("town", "member")),
    Way("code", ("member",)),
]
RECIPES["crossed"] = Recipe("rich_codes", [], [made[0] for way in WAYS if (made := CROSSING.make(way)) is not None])
JUNK: list[Any] = [None, True, -1, 1e400, float("nan"), 10**400, "", "x", [], ["a", "a"], [1], {}, [[0.0]], "\ud800"]


def paths(plain: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside."""
    inside = plain.items() if isinstance(plain, dict) else list(enumerate(plain))[:3] if isinstance(plain, list) else ()
    return [at, *(way for key, value in inside for way in paths(value, (*at, key)))]


def changed(plain: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with one value replaced."""
    if not way:
        return value
    new = copy.copy(plain)
    new[way[0]] = changed(plain[way[0]], way[1:], value)
    return new


def survives(plain: Any, arrays: Any) -> None:
    """Check that the recipe is refused in one sentence, or answers."""
    try:
        recipe = Recipe.from_dict(plain, arrays)
    except ModelError:
        return
    values = {**dict.fromkeys(recipe.sources), **row(COLUMNS, 0)}
    if set(recipe.sources) <= set(COLUMNS):
        assert len(recipe.transform_row(values)) == len(recipe.features)


@pytest.mark.parametrize("variant", sorted(RECIPES))
def test_every_value_of_the_json_may_be_junk(variant: str) -> None:
    plain, arrays = RECIPES[variant].to_dict(), RECIPES[variant].arrays()
    for way in paths(plain)[1:]:
        for junk in JUNK:
            survives(changed(plain, way, junk), arrays)


@given(
    variant=st.sampled_from(sorted(RECIPES)),
    place=st.integers(0, 20),
    shape=st.sampled_from([(), (0,), (3,), (2, 2), (0, 5), (2, 34), (1, 1, 1)]),
    dtype=st.sampled_from(["f8", "f4", "f2", "i8", "U3", "?", "c16"]),
)
@settings(max_examples=150, deadline=None)
def test_every_array_may_be_junk(variant: str, place: int, shape: tuple[int, ...], dtype: str) -> None:
    arrays = RECIPES[variant].arrays()
    name = sorted(arrays)[place % len(arrays)]
    survives(RECIPES[variant].to_dict(), {**arrays, name: np.zeros(shape, dtype)})
    survives(RECIPES[variant].to_dict(), {**arrays, name: np.full_like(arrays[name], np.nan)})
    survives(RECIPES[variant].to_dict(), {key: array for key, array in arrays.items() if key != name})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
@settings(max_examples=100, deadline=None)
def test_any_json_is_refused(plain: Any) -> None:
    with pytest.raises(ModelError):
        Recipe.from_dict(plain, {})


def test_an_unknown_encoder_is_named() -> None:
    plain = json.loads(json.dumps(RECIPES["codes"].to_dict()))
    plain["parts"][0]["encoder"] = "pickle"
    with pytest.raises(ModelError, match="there is no encoder 'pickle'"):
        Recipe.from_dict(plain, RECIPES["codes"].arrays())


def test_crossed_recipes_of_every_kind_are_damaged() -> None:
    assert {part["encoder"] for part in RECIPES["crossed"].to_dict()["crossed"]} == set(CROSSED)
