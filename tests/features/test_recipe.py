from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.features.strategies import coded, row, table

from mlwright.columns import Coded, Columns
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.features import VARIANTS, Feature, Recipe
from mlwright.features.encoders import ENCODERS
from mlwright.schema import KINDS, Column

ANY_VARIANT = pytest.mark.parametrize("variant", sorted(VARIANTS))


def moved(recipe: Recipe) -> Recipe:
    """Return the recipe after a journey through JSON and npz."""
    plain = json.loads(json.dumps(recipe.to_dict(), allow_nan=False))
    stream = io.BytesIO()
    np.savez(stream, **recipe.arrays())
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as arrays:
        return Recipe.from_dict(plain, dict(arrays))


def assert_same_both_ways(recipe: Recipe, columns: Columns, places: Any) -> None:
    """Check that a batch, its rows, and both after a journey agree."""
    X = recipe.transform(columns)
    again = moved(recipe)
    assert again.features == recipe.features
    assert again.sources == recipe.sources
    np.testing.assert_allclose(again.transform(columns), X, rtol=0, atol=1e-9)
    for place in places:
        values = row(columns, place)
        np.testing.assert_allclose(recipe.transform_row(values), X[place], rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(again.transform_row(values), recipe.transform_row(values))


@ANY_VARIANT
def test_a_row_is_what_the_batch_says(variant: str) -> None:
    columns, described, signals = table(300, 1)
    recipe, X = Recipe.fit(columns, described, signals, variant=variant, seed=0)
    assert X.shape == (300, len(recipe.features))
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert_same_both_ways(recipe, columns, range(300))
    unseen, *_ = table(50, 2, missing=0.4)
    assert_same_both_ways(recipe, unseen, range(50))


VALUES = {
    "number": st.none() | st.floats(allow_nan=False),
    "boolean": st.none() | st.sampled_from([0.0, 1.0]),
    "datetime": st.none() | st.floats(-1e13, 1e13) | st.floats(allow_nan=False),
    "duration": st.none() | st.floats(0, 1e9),
    "category": st.none() | st.sampled_from("abcdef") | st.text(max_size=5),
    "text": st.none() | st.text(max_size=60) | st.sampled_from(["good food", "not good", "bad staff !"]),
}


@given(data=st.data(), variant=st.sampled_from(sorted(VARIANTS)), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_column_fits_and_any_row_is_what_the_batch_says(data: st.DataObject, variant: str, seed: int) -> None:
    kind = data.draw(st.sampled_from(sorted(VALUES)))
    described = [Column(name="x", kind=kind), Column(name="n", kind="number")]  # type: ignore[arg-type]

    def draw(rows: int) -> Columns:
        values = data.draw(st.lists(VALUES[kind], min_size=rows, max_size=rows))
        typed: Any = (
            coded(values) if kind in {"category", "text"} else np.array([np.nan if v is None else v for v in values])
        )  # type: ignore[arg-type]
        return Columns({"x": typed, "n": np.arange(rows) * 1.5}, rows)

    train, new = draw(25), draw(6)
    recipe, X = Recipe.fit(
        train, described, np.random.default_rng(seed).normal(size=(25, 2)), variant=variant, seed=seed
    )
    assert not np.isinf(X).any()
    assert np.abs(np.nan_to_num(X)).max() <= np.finfo(np.float32).max
    assert_same_both_ways(recipe, train, range(25))
    assert_same_both_ways(recipe, new, range(6))


@pytest.mark.shared_data
@ANY_VARIANT
def test_a_row_is_what_the_batch_says_on_real_data(shared_data: Any, variant: str) -> None:
    import polars as pl

    from mlwright.clean.reading.infer import infer_column
    from mlwright.columns import read_frame
    from mlwright.model.rows import Reader
    from mlwright.schema import Schema

    for path in sorted(shared_data.glob("*.csv.gz")):
        frame = pl.read_csv(path, infer_schema_length=2000, ignore_errors=True).head(1200)
        described = [column for column in map(infer_column, frame.get_columns()) if column.is_feature]
        columns = read_frame(frame, described)
        signals = np.random.default_rng(0).normal(size=(len(frame), 1))
        train = np.arange(0, len(frame), 2)
        recipe, _ = Recipe.fit(columns.take(train), described, signals[train], variant=variant, seed=0)
        X = recipe.transform(columns)
        again, reader = moved(recipe), Reader(described, Schema(tuple(described)))
        np.testing.assert_allclose(again.transform(columns), X, rtol=0, atol=1e-9, err_msg=path.name)
        for place in range(0, len(frame), 31):
            (row,) = reader.read(frame.row(place, named=True))
            vector = again.transform_row(row)
            np.testing.assert_allclose(vector, X[place], rtol=1e-6, atol=1e-6, err_msg=f"{path.name} row {place}")


@ANY_VARIANT
def test_fitting_twice_gives_the_same_bytes(variant: str) -> None:
    columns, described, signals = table(200, 3)
    (one, X), (two, Z) = (Recipe.fit(columns, described, signals, variant=variant, seed=7) for _ in range(2))
    np.testing.assert_array_equal(X, Z)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert {k: a.tobytes() for k, a in one.arrays().items()} == {k: a.tobytes() for k, a in two.arrays().items()}


@ANY_VARIANT
def test_nothing_given_is_changed(variant: str) -> None:
    columns, described, signals = table(100, 4)
    before = {name: (v.codes if isinstance(v, Coded) else v).copy() for name, v in columns.items()}
    signals_before = signals.copy()
    recipe, X = Recipe.fit(columns, described, signals, variant=variant, seed=0)
    kept = recipe.transform(columns)
    X[:] = 0
    kept_again = recipe.transform(columns)
    for name, v in columns.items():
        np.testing.assert_array_equal(v.codes if isinstance(v, Coded) else v, before[name])
    np.testing.assert_array_equal(signals, signals_before)
    np.testing.assert_array_equal(kept, kept_again)


@ANY_VARIANT
def test_order_of_rows_and_columns_and_extra_columns_do_not_matter(variant: str) -> None:
    columns, described, signals = table(150, 5)
    recipe, _ = Recipe.fit(columns, described, signals, variant=variant, seed=0)
    X = recipe.transform(columns)
    some = np.array([140, 3, 77, 3])
    turned = Columns({**dict(reversed(list(columns.items()))), "extra": np.zeros(150)}, 150)
    np.testing.assert_array_equal(recipe.transform(turned), X)
    np.testing.assert_allclose(recipe.transform(turned.take(some)), X[some], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(recipe.transform(columns.take(np.array([], dtype=int))), X[:0])


def test_onehot_never_holds_anything_missing_or_unbounded() -> None:
    columns, described, signals = table(200, 6, missing=0.0)
    recipe, X = Recipe.fit(columns, described, signals, variant="onehot", seed=0)
    assert np.isfinite(X).all()
    assert np.isfinite(recipe.transform_row(dict.fromkeys(recipe.sources))).all()
    wild: dict[str, Any] = {
        "age": np.inf,
        "income": -1e300,
        "member": 9.0,
        "since": 1e30,
        "town": "?",
        "shop": "",
        "review": "\x00",
    }
    assert np.abs(recipe.transform_row(wild)).max() < 1e3


@ANY_VARIANT
def test_a_column_all_missing_is_passed_over(variant: str) -> None:
    columns = Columns({"empty": np.full(30, np.nan), "void": coded([None] * 30), "x": np.arange(30.0)}, 30)
    described = [
        Column(name="empty", kind="number"),
        Column(name="empty", kind="datetime"),
        Column(name="void", kind="category"),
        Column(name="void", kind="text"),
        Column(name="x", kind="number"),
    ]
    recipe, _ = Recipe.fit(columns, described, np.ones((30, 1)), variant=variant, seed=0)
    assert recipe.sources == ("x",)
    assert recipe.features[0] == Feature("x", "x", order="rises")
    assert {feature.source for feature in recipe.features} == {"x"}


def test_only_features_are_read() -> None:
    columns, described, signals = table(60, 7)
    described = [described[0], described[1].with_role("ignored"), Column(name="absent", kind="id")]
    recipe, _ = Recipe.fit(columns, described, signals, variant="codes", seed=0)
    assert recipe.sources == ("age",)


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(DataError, match="no column to learn from"):
        Recipe.fit(
            Columns({"x": np.full(9, np.nan)}, 9),
            [Column(name="x", kind="number")],
            np.ones((9, 1)),
            variant="codes",
            seed=0,
        )
    with pytest.raises(DataError, match="no column to learn from"):
        Recipe.fit(Columns({}, 9), [], np.ones((9, 1)), variant="codes", seed=0)


def test_a_missing_column_is_named() -> None:
    columns, described, signals = table(60, 8)
    recipe, _ = Recipe.fit(columns, described, signals, variant="codes", seed=0)
    fewer = {name: values for name, values in columns.items() if name != "town"}
    with pytest.raises(ColumnError, match="The column 'town' is not in the data"):
        recipe.transform(Columns(fewer, 60))
    with pytest.raises(ColumnError, match="The column 'town' is not in the data"):
        recipe.transform_row(dict.fromkeys(fewer))
    with pytest.raises(ColumnError, match="The column 'town' is not in the data"):
        Recipe.fit(Columns(fewer, 60), described, signals, variant="codes", seed=0)
    with pytest.raises(ColumnError, match="Column 'town' holds floats where the model learned from strings"):
        recipe.transform(Columns({**fewer, "town": np.zeros(60)}, 60))


def test_an_unknown_variant_is_named() -> None:
    columns, described, signals = table(30, 9)
    with pytest.raises(OptionError, match=r"variant cannot be 'code'.*did you mean 'codes'"):
        Recipe.fit(columns, described, signals, variant="code", seed=0)


def test_names_of_features_say_the_raw_column() -> None:
    columns, described, signals = table(300, 10)
    names = {
        v: [f.name for f in Recipe.fit(columns, described, signals, variant=v, seed=0)[0].features] for v in VARIANTS
    }
    assert {"age", "town", "since.month", "since.age in days", "review.score", "review.topic1"} <= set(names["codes"])
    assert {"town=town 3", "town is missing", "age is missing", "since.month sine"} <= set(names["onehot"])
    assert {"shop.target", "shop.frequency"} <= set(names["target"])
    assert all(len(set(listed)) == len(listed) for listed in names.values())


def test_every_variant_gives_every_kind_steps_that_exist() -> None:
    for variant in VARIANTS.values():
        assert set(variant.steps) == set(KINDS)
        assert {step.encoder for steps in variant.steps.values() for step in steps} <= set(ENCODERS)


def test_transforming_needs_numpy_alone() -> None:
    code = (
        "import sys, mlwright.features\n"
        "heavy = {'polars', 'scipy', 'sklearn', 'pandas', 'lightgbm', 'pyarrow', 'narwhals'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ten_thousand_columns_take_seconds() -> None:
    values = np.random.default_rng(0).normal(size=(10_000, 1000))
    columns = Columns({f"x{i}": values[i] for i in range(10_000)}, 1000)
    described = [Column(name=name, kind="number") for name in columns]
    begun = time.process_time()
    recipe, X = Recipe.fit(columns, described, np.ones((1000, 1)), variant="onehot", seed=0)
    vector = recipe.transform_row({f"x{i}": float(values[i, 0]) for i in range(10_000)})
    assert time.process_time() - begun < 5
    np.testing.assert_allclose(vector, X[0], rtol=0, atol=1e-9)


def test_a_million_categories_stay_small() -> None:
    rows = 1_000_000
    codes = np.concatenate([np.arange(rows // 2), np.arange(rows // 2) % 100_000]).astype(np.int32)
    columns = Columns({"who": Coded(codes, tuple(map(str, range(rows))))}, rows)
    recipe, _ = Recipe.fit(columns, [Column(name="who", kind="category")], np.ones((rows, 1)), variant="target", seed=0)
    assert len(json.dumps(recipe.to_dict())) < 1e6
    assert sum(array.nbytes for array in recipe.arrays().values()) < 1e6
