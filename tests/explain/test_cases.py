"""Cases: drawn at random, every class there, bounded in bytes, and read back without trust."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ModelError
from mlwright.explain.cases import FEWEST, MOST, MOST_BYTES, OF_EACH_CLASS, Cases
from mlwright.schema import Column, Schema
from mlwright.tasks.base import Target

SCHEMA = Schema(
    (
        Column(name="age", kind="integer"),
        Column(name="town", kind="category"),
        Column(name="note", kind="text"),
        Column(name="y", kind="category", role="target"),
    )
)


def table(rows: int, seed: int = 0, letters: int = 5) -> tuple[Columns, Target]:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows).astype(float)
    age[rng.random(rows) < 0.1] = np.nan
    towns = Coded(rng.integers(-1, 4, rows).astype(np.int32), ("Oslo", "Rome", "Zürich", "never"[:0] + "Ålesund"))
    notes = tuple(f"{row:05d}" + "x" * letters for row in range(rows))
    data: dict[str, Values] = {"age": age, "town": towns, "note": Coded(np.arange(rows, dtype=np.int32), notes)}
    return Columns(data, rows), Target((rng.random(rows) < 0.004).astype(float), ("no", "yes"))


def drawn(columns: Columns, target: Target, **options: Any) -> Cases:
    cases = Cases.drawn(columns, list(columns), target, **options)
    assert cases is not None
    return cases


def rows_of(cases: Cases) -> list[tuple[object, ...]]:
    return [(*cases.columns.row(place).values(), float(cases.y[place])) for place in range(len(cases))]


def test_cases_are_rows_of_the_table_each_once() -> None:
    columns, target = table(3_000)
    whole = {(*columns.row(place).values(), float(target.y[place])) for place in range(3_000)}
    cases = drawn(columns, target)
    found = rows_of(cases)
    assert len(found) == len(set(found)) == MOST
    assert set(found) <= whole


def test_a_rare_class_is_there_and_hardly_more_than_it_is() -> None:
    columns, target = table(20_000)
    for seed in range(5):
        share = drawn(columns, target, seed=seed).y.sum()
        assert OF_EACH_CLASS <= share <= OF_EACH_CLASS + 6  # 2 of 512 are expected
    many = Target(np.arange(20_000) % 400.0, tuple(range(400)))
    assert len(np.unique(drawn(columns, many).y)) == 400


def test_a_frequent_class_is_as_frequent_as_in_the_table() -> None:
    columns, _ = table(20_000)
    target = Target((np.random.default_rng(0).random(20_000) < 0.3).astype(float), ("no", "yes"))
    shares = [drawn(columns, target, seed=seed).y.mean() for seed in range(20)]
    assert abs(np.mean(shares) - target.y.mean()) < 4 * 0.46 / np.sqrt(20 * MOST)


def test_the_seed_decides_and_nothing_else() -> None:
    columns, target = table(2_000)
    assert rows_of(drawn(columns, target, seed=3)) == rows_of(drawn(columns, target, seed=3))
    assert rows_of(drawn(columns, target, seed=3)) != rows_of(drawn(columns, target, seed=4))


def test_none_are_kept_where_none_shall_be() -> None:
    columns, target = table(100)
    assert Cases.drawn(columns, list(columns), target, most=0) is None
    assert len(drawn(columns, target, most=7)) == 7


def test_long_texts_make_fewer_cases() -> None:
    columns, target = table(2_000, letters=9_000)
    cases = drawn(columns, target)
    notes = cases.columns["note"]
    assert isinstance(notes, Coded)
    assert FEWEST < len(cases) < 130
    assert sum(map(len, notes.values)) < MOST_BYTES
    assert cases.y.sum() >= OF_EACH_CLASS
    assert len(drawn(*table(600, letters=90_000))) == FEWEST


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), letters=st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back(seed: int, rows: int, letters: int) -> None:
    columns, target = table(rows, seed, letters)
    cases = drawn(columns, target, seed=seed)
    state, arrays = cases.state()
    back = Cases.from_state(state, arrays, SCHEMA)
    assert repr(rows_of(back)) == repr(rows_of(cases))
    assert list(back.columns) == list(cases.columns)


def wrong(change: str, state: dict[str, Any], arrays: dict[str, Any]) -> None:
    match change:
        case "unknown column":
            state["columns"][0] = "nobody"
        case "column twice":
            state["columns"][1] = state["columns"][0]
        case "no list":
            state["columns"] = "age"
        case "too many rows":
            arrays["y"] = np.zeros(MOST + 1)
        case "no rows":
            arrays["y"] = np.zeros(0)
        case "no target":
            arrays["y"] = arrays["y"] * np.nan
        case "infinite":
            arrays["numbers"][0, 0] = np.inf
        case "codes of others":
            arrays["codes"] = arrays["codes"].astype(np.int32)
        case "code too large":
            arrays["codes"][0, 0] = 99
        case "code too small":
            arrays["codes"][0, 0] = -2
        case "counts":
            arrays["counts"][0] += 1
        case "negative":
            arrays["lengths"][0] = -1
        case "texts cut":
            arrays["texts"] = arrays["texts"][:-1]
        case "texts of numbers":
            arrays["texts"] = arrays["texts"].astype(np.float64)
        case "level twice":
            arrays["texts"][:9] = np.frombuffer(b"OsloOsloR", np.uint8)


@pytest.mark.parametrize(
    "change",
    [
        "unknown column",
        "column twice",
        "no list",
        "too many rows",
        "no rows",
        "no target",
        "infinite",
        "codes of others",
        "code too large",
        "code too small",
        "counts",
        "negative",
        "texts cut",
        "texts of numbers",
        "level twice",
    ],
)
def test_damaged_cases_are_refused(change: str) -> None:
    state, arrays = drawn(*table(40)).state()
    state, arrays = dict(state), {name: array.copy() for name, array in arrays.items()}
    wrong(change, state, arrays)
    with pytest.raises((ModelError, ValueError)):
        Cases.from_state(state, arrays, SCHEMA)


def test_columns_that_are_not_held_are_missing() -> None:
    cases = drawn(*table(30))
    more = cases.read((*SCHEMA.columns[:2], Column(name="new", kind="number"), Column(name="other", kind="category")))
    assert np.isnan(np.asarray(more["new"])).all()
    other = more["other"]
    assert isinstance(other, Coded)
    assert (other.codes == -1).all()
