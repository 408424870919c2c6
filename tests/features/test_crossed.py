from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.features.strategies import coded, row

from mlwright.columns import Columns
from mlwright.errors import ModelError
from mlwright.features import Recipe
from mlwright.features.arithmetic import SIGNS, ArithmeticEncoder
from mlwright.features.base import Feature, Training
from mlwright.features.crossing import Crossing, Way
from mlwright.features.encoders import CROSSED
from mlwright.features.grid import GridEncoder
from mlwright.features.groups import LevelGroups, NumberGroups, read_groups
from mlwright.features.target_encoding import group_means
from mlwright.schema import Column

KINDS = {"size": "number", "price": "number", "rooms": "integer", "town": "category", "shop": "category"}
DESCRIBED = [Column(name=name, kind=kind) for name, kind in KINDS.items()]  # type: ignore[arg-type]
WAYS = [
    *(Way(sign, ("size", "price")) for sign in SIGNS),
    Way("within", ("price", "town")),
    Way("within", ("price", "rooms")),
    Way("grid", ("town", "rooms")),
    Way("grid", ("town", "shop"), 1),
    Way("code", ("rooms",)),
]
NUMBER = st.none() | st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, 1e300, -1e300])
TOWN = st.none() | st.sampled_from(["Oslo", "Bergen", "Tromsø", "", "nowhere"])
VALUES: dict[str, Any] = {"size": NUMBER, "price": NUMBER, "rooms": NUMBER, "town": TOWN, "shop": TOWN}


def rows_of(rows: int, seed: int = 0) -> tuple[Columns, np.ndarray]:
    rng = np.random.default_rng(seed)
    size, price = rng.lognormal(4, 1, rows), rng.lognormal(12, 1, rows)
    data = {
        "size": np.where(rng.random(rows) < 0.1, np.nan, size),
        "price": price,
        "rooms": rng.integers(1, 6, rows).astype(float),
        "town": coded([["Oslo", "Bergen", "Tromsø", None][town] for town in rng.integers(0, 4, rows)]),
        "shop": coded([f"shop {shop}" for shop in rng.integers(0, 6, rows)]),
    }
    return Columns(data, rows), rng.normal(size=(rows, 2))


def crossing(rows: int, seed: int = 0, weight: Any = None) -> Crossing:
    columns, signals = rows_of(rows, seed)
    return Crossing(columns, DESCRIBED, Training.of(signals, seed, weight=weight))


def made() -> Recipe:
    rows = crossing(400)
    return Recipe("rich_codes", [], [found[0] for way in WAYS if (found := rows.make(way)) is not None])


RECIPE = made()


def test_every_way_makes_something_and_says_of_what() -> None:
    assert len(RECIPE.features) == len(WAYS)
    assert RECIPE.features[0] == Feature("size - price", "size", others=("price",))
    assert [feature.name for feature in RECIPE.features[3:]] == [
        "size / price",
        "price within town",
        "price within rooms",
        "town × rooms target",
        "town × shop target2",
        "rooms target",
    ]
    assert {feature.only_source for feature in RECIPE.features} == {None, "rooms"}
    assert set(RECIPE.sources) == set(KINDS)


@given(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_row_is_what_the_batch_says(rows: list[dict[str, Any]]) -> None:
    data: dict[str, Any] = {}
    for name, kind in KINDS.items():
        values = [each[name] for each in rows]
        data[name] = coded(values) if kind == "category" else np.array([np.nan if v is None else v for v in values])
    columns = Columns(data, len(rows))
    plain, arrays = json.loads(json.dumps(RECIPE.to_dict())), RECIPE.arrays()
    for recipe in (RECIPE, Recipe.from_dict(plain, arrays)):
        X = recipe.transform(columns)
        assert not np.isinf(X).any()
        assert np.abs(np.nan_to_num(X)).max() <= np.finfo(np.float32).max
        for place in range(len(rows)):
            np.testing.assert_array_equal(recipe.transform_row(row(columns, place)), X[place])


def test_a_journey_changes_nothing() -> None:
    again = Recipe.from_dict(json.loads(json.dumps(RECIPE.to_dict())), RECIPE.arrays())
    columns, _ = rows_of(100, 1)
    np.testing.assert_array_equal(again.transform(columns), RECIPE.transform(columns))
    assert again.features == RECIPE.features
    assert json.dumps(again.to_dict()) == json.dumps(RECIPE.to_dict())


def test_arithmetic_by_hand() -> None:
    one = {sign: ArithmeticEncoder(("a", "b"), sign).encode_one for sign in SIGNS}
    assert [one[sign](6.0, 3.0) for sign in SIGNS] == [3.0, 9.0, 18.0, 2.0]
    assert math.isnan(one["/"](1.0, 0.0))
    assert math.isnan(one["-"](None, 1.0))
    assert one["*"](1e300, -1e300) == -np.finfo(np.float32).max
    with pytest.raises(ModelError, match="no arithmetic"):
        ArithmeticEncoder.from_state(("a", "b"), {"sign": "%"}, {})
    with pytest.raises(ModelError, match="no arithmetic"):
        ArithmeticEncoder.from_state(("a",), {"sign": "+"}, {})


def test_within_is_the_distance_from_the_groups_mean() -> None:
    rows = crossing(400)
    found = rows.make(Way("within", ("price", "town")))
    assert found is not None
    encoder, encoded = found
    price, town = rows.columns["price"], rows.columns["town"]
    for name in ("Oslo", "Bergen"):
        inside = town.codes == town.values.index(name)  # type: ignore[union-attr]
        mean = (price[inside].sum() + 5 * price.mean()) / (inside.sum() + 5)  # type: ignore[index, union-attr]
        np.testing.assert_allclose(encoded[inside], price[inside] - mean, rtol=1e-9)  # type: ignore[index]
    unseen = encoder.encode_one(1.0, "nowhere")
    assert math.isfinite(unseen)
    assert math.isnan(encoder.encode_one(None, "Oslo"))


def test_a_grid_finds_where_two_groups_meet() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, 6000), rng.integers(0, 5, 6000)
    effect = rng.normal(size=(4, 5))
    columns = Columns({"a": coded([f"a{x}" for x in first]), "b": coded([f"b{x}" for x in second])}, 6000)
    described = [Column(name=name, kind="category") for name in "ab"]
    y = effect[first, second] + rng.normal(size=6000)
    found = Crossing(columns, described, Training.of(y[:, None], 0)).make(Way("grid", ("a", "b")))
    assert found is not None
    encoder, encoded = found
    cells = np.array([[encoder.encode_one(f"a{i}", f"b{j}") for j in range(5)] for i in range(4)])
    assert np.abs(cells - effect).max() < 0.25
    assert np.corrcoef(encoded, effect[first, second])[0, 1] > 0.99
    # A group that nobody has met gets what the other one is like by itself.
    assert encoder.encode_one("a0", "?") == pytest.approx(y[first == 0].mean(), abs=0.1)


def test_a_grid_of_noise_knows_nothing_of_the_target() -> None:
    found, naive = [], []
    for seed in range(8):
        rows = crossing(2000, seed)
        encoder, encoded = rows.make(Way("grid", ("town", "shop"))) or pytest.fail("no grid")
        signal = rows.training.signals[:, 0]
        assert isinstance(encoder, GridEncoder)
        found.append(np.corrcoef(encoded, signal)[0, 1] if encoded.std() > 0 else 0.0)
        naive.append(np.corrcoef(encoder.encode(rows.columns["town"], rows.columns["shop"]), signal)[0, 1])
    assert abs(np.mean(found)) < 0.08
    assert np.mean(naive) > abs(np.mean(found))


def test_groups_are_few_and_what_is_unknown_has_a_place() -> None:
    levels = LevelGroups.fit(coded(["a"] * 5 + ["b"] * 4 + ["rare", None]), 9)
    assert [levels.place(value) for value in ("a", "b", "rare", "?", None)] == [0, 1, 2, 2, 3]
    numbers = NumberGroups.fit(np.array([3.0] * 5 + [1.0] * 4 + [7.0, np.nan] + [np.inf] * 4), 9)
    assert [numbers.place(value) for value in (1.0, 3.0, 7.0, math.inf, None, math.nan)] == [0, 1, 2, 2, 3, 3]
    empty = NumberGroups.fit(np.full(4, np.nan), 9)
    assert empty.places(np.array([1.0, np.nan])).tolist() == [empty.place(1.0), empty.place(None)] == [0, 1]


@pytest.mark.parametrize("numbers", [None, [2.0, 1.0], [1.0, 1.0], [math.nan], [[1.0]], ["1"]])
def test_numbers_that_make_no_groups_are_refused(numbers: Any) -> None:
    arrays = {} if numbers is None else {"groups": np.array(numbers)}
    with pytest.raises(ModelError, match="recipe is damaged"):
        read_groups({"by": "numbers"}, arrays, "groups")


def test_groups_by_something_else_are_refused() -> None:
    with pytest.raises(ModelError, match="no groups by 'magic'"):
        read_groups({"by": "magic"}, {"groups": np.array([1.0])}, "groups")


@pytest.mark.parametrize("kind", sorted(CROSSED))
@pytest.mark.parametrize("sources", [(), ("a",), ("a", "b", "c")])
def test_a_wrong_number_of_columns_is_refused(kind: str, sources: tuple[str, ...]) -> None:
    encoder = next(each for each in RECIPE.crossed if each.kind == kind and len(each.sources) == 2)
    plain, arrays = encoder.state()
    with pytest.raises(ModelError, match="recipe is damaged"):
        CROSSED[kind].from_state(sources, plain, arrays)


def test_rows_of_more_weight_count_for_more() -> None:
    places, signals = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0.0, 1, 0, 1, 0, 0, 1, 1])[:, None]
    weight = np.where(signals[:, 0] == 1, 3.0, 1.0)
    plain, _ = group_means(places, 2, Training.of(signals, 0))
    same, _ = group_means(places, 2, Training.of(signals, 0, weight=np.full(8, 7.0)))
    heavy, held_out = group_means(places, 2, Training.of(signals, 0, weight=weight))
    np.testing.assert_array_equal(plain, same)
    assert (heavy > plain).all()
    np.testing.assert_allclose(heavy, 0.75, atol=0.01)
    assert np.isfinite(held_out).all()
    assert Training.of(signals, 0, weight=np.zeros(8)).weight is None
