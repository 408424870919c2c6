"""Effects: what is drawn is the average answer, and the sentence says what is drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.inspection import partial_dependence

from mlwright.columns import Coded, Columns
from mlwright.explain.effects import MISSING, effects
from mlwright.schema import Column


def numbers(P):
    return P[:, 0]


def drawn(columns, described, predict, **options):
    found = effects(predict, columns, described, readout=numbers, y_label="answer", **options)
    json.dumps(found, allow_nan=False)
    return found


def test_equals_scikit_learns_partial_dependence():
    random = np.random.default_rng(0)
    X = random.standard_normal((300, 2))
    model = ExtraTreesRegressor(30, random_state=0).fit(X, np.sin(2 * X[:, 0]) + X[:, 1])
    columns = Columns({"a": X[:, 0], "b": X[:, 1]}, 300)
    predict = lambda given: model.predict(np.column_stack([given["a"], given["b"]]))[:, None]  # noqa: E731
    (found,) = drawn(columns, [Column(name="a", kind="number")], predict)
    theirs = partial_dependence(model, X, [0], custom_values={0: np.array(found["x"])}, method="brute")
    assert found["y"] == pytest.approx(theirs["average"][0], abs=1e-12)
    assert len(found["x"]) == 20
    assert sum(found["count"]) == 300


def test_a_rise_is_told_in_percent():
    ages = np.repeat(np.arange(20.0, 61.0), 10)
    columns = Columns({"age": ages}, len(ages))
    predict = lambda given: (0.12 + 0.29 * (given["age"] - 20) / 40)[:, None]  # noqa: E731
    (found,) = drawn(columns, [Column(name="age", kind="integer")], predict, percent=True)
    assert found["kind"] == "number"
    assert all(float(x).is_integer() for x in found["x"])
    assert found["sentence"] == "The answer rises from 12 % to 41 % as 'age' goes from 20 to 60."


def test_a_hill_is_no_rise():
    values = np.linspace(-1, 1, 101)
    columns = Columns({"x": values}, 101)
    (found,) = drawn(columns, [Column(name="x", kind="number")], lambda given: 1 - given["x"][:, None] ** 2)
    assert found["sentence"].startswith("The answer goes up and down as 'x' goes from -0.98")


def test_nothing_moves():
    columns = Columns({"x": np.arange(50.0)}, 50)
    (found,) = drawn(columns, [Column(name="x", kind="number")], lambda given: np.ones((given.rows, 1)))
    assert found["sentence"] == "Changing 'x' alone does not move the answer on average."


def test_categories_most_frequent_first_missing_among_them():
    codes = np.repeat(np.arange(-1, 20), np.arange(1, 22)[::-1]).astype(np.int32)
    columns = Columns({"shop": Coded(codes, tuple(f"shop {number}" for number in range(20)))}, len(codes))
    (found,) = drawn(columns, [Column(name="shop", kind="category")], lambda given: given["shop"].codes[:, None] * 1.0)
    assert found["kind"] == "category"
    assert found["x"] == [MISSING, *(f"shop {number}" for number in range(11))]
    assert found["count"] == list(range(21, 9, -1))
    assert "highest where 'shop' is shop 10 (10.0 on average) and lowest where it is (missing)" in found["sentence"]


def test_booleans_and_dates_are_drawn_by_name():
    flags = np.array([0.0, 1.0, np.nan] * 20)
    days = np.arange(60) * 86_400.0
    columns = Columns({"member": flags, "joined": days}, 60)
    described = [Column(name="member", kind="boolean"), Column(name="joined", kind="datetime")]
    predict = lambda given: np.nan_to_num(given["member"], nan=0.5)[:, None] + given["joined"][:, None] / 1e6  # noqa: E731
    member, joined = drawn(columns, described, predict)
    assert member["x"] == ["no", "yes", MISSING]
    assert member["y"][0] < member["y"][2] < member["y"][1]
    assert joined["x"][0] == "1970-01-01"
    assert "rises from" in joined["sentence"]
    assert "1970-02-28" in joined["sentence"]


def test_seasons_neither_rise_nor_fall():
    x = np.linspace(0.0, 1.0, 500)
    columns = Columns({"x": x}, 500)
    (found,) = drawn(columns, [Column(name="x", kind="number")], lambda given: np.cos(15.7 * given["x"])[:, None])
    assert abs(found["y"][-1] - found["y"][0]) > 1.5
    assert "goes up and down" in found["sentence"]


def test_what_cannot_be_drawn_is_left_out_and_stop_is_heard():
    words = Coded(np.arange(30, dtype=np.int32), tuple(map(str, range(30))))
    columns = Columns({"text": words, "same": np.ones(30), "empty": np.full(30, np.nan), "x": np.arange(30.0)}, 30)
    described = [
        Column(name="text", kind="text"),
        Column(name="same", kind="number"),
        Column(name="empty", kind="number"),
        Column(name="x", kind="number"),
    ]
    found = drawn(columns, described, lambda given: np.ones((given.rows, 1)))
    assert [entry["column"] for entry in found] == ["x"]
    assert drawn(columns, described, lambda given: np.ones((given.rows, 1)), stop=lambda: True) == []
    assert drawn(Columns({"x": np.empty(0)}, 0), described[3:], lambda given: np.ones((0, 1))) == []


def test_at_most_five_hundred_rows_are_asked():
    columns = Columns({"x": np.arange(3_000.0)}, 3_000)
    asked = []

    def predict(given):
        asked.append(given.rows)
        return given["x"][:, None]

    drawn(columns, [Column(name="x", kind="number")], predict)
    assert asked == [500] * 20
