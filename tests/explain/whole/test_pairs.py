"""Pairs that work together: none where columns only add up, whatever the model says; planted ones are found."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.whole.curves import residuals
from mlwright.explain.whole.pairs import interactions
from mlwright.schema import Column
from mlwright.tasks.base import Target

DESCRIBED = [*(Column(name=name, kind="number") for name in "abcd"), Column(name="colour", kind="category")]


def drawn(seed, planted, *, odds, rows=600):
    """Return columns of both sides, the rows that judge, and a model with interactions that are all its own."""
    random = np.random.default_rng(seed)

    def table():
        X = random.normal(size=(rows, 4))
        X[:, 1] = 0.7 * X[:, 0] + 0.71 * X[:, 1]
        colour = Coded(random.integers(0, 3, rows).astype(np.int32), ("red", "green", "blue"))
        return Columns({**{name: X[:, place] for place, name in enumerate("abcd")}, "colour": colour}, rows)

    def truth(columns):
        curve = np.sin(2 * columns["a"]) + columns["b"] ** 2 / 2 + columns["c"]
        return curve + 0.5 * (columns["colour"].codes == 1) + planted * columns["a"] * columns["b"]

    false = 0.3 * random.normal(size=5)

    def predict(columns):
        a, b, c, d = (columns[name] for name in "abcd")
        own = (
            false[0] * a * c
            + false[1] * np.abs(a) * b
            + false[2] * c * d
            + false[3] * (columns["colour"].codes == 0) * d
        )
        said = truth(columns) + own + false[4] * a * b
        if not odds:
            return said[:, None]
        p = 1 / (1 + np.exp(-said))
        return np.column_stack([1 - p, p])

    sides = table(), table()
    line = truth(sides[1])
    if odds:
        y = (random.random(rows) < 1 / (1 + np.exp(-line))).astype(float)
        return sides, HeldOut(Target(y, ("no", "yes"))), predict
    return sides, HeldOut(Target(line + random.normal(size=rows))), predict


@pytest.mark.parametrize("odds", [False, True])
def test_none_is_told_where_columns_only_add_up_though_the_model_thinks_otherwise(odds):
    told = 0
    for seed in range(10):
        sides, held, predict = drawn(seed, 0.0, odds=odds)
        found = interactions(predict, sides, held, DESCRIBED, shown=int(odds), seed=seed)
        assert found["tested"] == 5
        told += bool(found["pairs"])
    assert told <= 2  # more come once in 90 times; benchmarks/interactions.py counts 200 runs


@pytest.mark.parametrize("odds", [False, True])
def test_a_planted_product_is_found_and_told_in_a_sentence(odds):
    hits = 0
    for seed in range(3):
        sides, held, predict = drawn(seed, 1.0, odds=odds, rows=1_200)
        found = interactions(predict, sides, held, DESCRIBED, shown=int(odds), y_label="answer", seed=seed)
        hits += any(pair["columns"] == ["a", "b"] for pair in found["pairs"])
    assert hits == 3
    pair = next(pair for pair in found["pairs"] if pair["columns"] == ["a", "b"])
    assert pair["sentence"].startswith("From 'a' ")
    assert " but from " in pair["sentence"]
    assert (len(pair["answers"]), len(pair["answers"][0])) == (len(pair["x"]), len(pair["x2"])) == (3, 3)
    assert pair["p"] < 0.05
    assert found["percent"] is odds


def test_a_product_with_a_category_is_found():
    sides, held, _ = drawn(0, 0.0, odds=False)

    def steep(columns):
        return columns["a"] * np.array([2.0, 0.0, -2.0])[columns["colour"].codes]

    held = HeldOut(Target(held.y + steep(sides[1])))
    found = interactions(lambda given: steep(given)[:, None], sides, held, DESCRIBED, seed=0)
    (pair,) = found["pairs"]
    assert pair["columns"] == ["a", "colour"]
    assert set(pair["x2"]) == {"red", "green", "blue"}


def test_a_sum_has_no_pairs_to_test_and_time_and_few_rows_end_it():
    sides, held, predict = drawn(0, 0.0, odds=False)
    found = interactions(lambda given: (given["a"] + given["b"])[:, None], sides, held, DESCRIBED)
    assert found["pairs"] == []
    assert interactions(predict, sides, held, DESCRIBED, stop=lambda: True) is None
    few = np.arange(100)
    assert interactions(predict, (sides[0], sides[1].take(few)), held.take(few), DESCRIBED) is None


@pytest.mark.parametrize(("odds", "grouped"), [(False, False), (True, False), (False, True)])
def test_p_values_of_nothing_are_spread_evenly(odds, grouped):
    small = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        X = random.normal(size=(300, 4))
        groups = np.repeat(np.arange(100), 3) if grouped else None
        line = np.abs(X[:, 0]) + X[:, 1]
        added = random.normal(size=300)
        if grouped:
            added = added[groups]
        noise = random.normal(size=300) if not grouped else random.normal(size=100)[groups]
        y = (random.random(300) < 1 / (1 + np.exp(-line))).astype(float) if odds else line + noise
        columns = Columns({name: X[:, place] for place, name in enumerate("abcd")}, 300)
        left = residuals(columns, DESCRIBED[:2], y, np.ones(300), odds=odds)
        small += left.chance(added, groups) <= 0.05
    assert small <= 20  # of 200 at 5 % more come once in 700 times


def test_a_column_that_is_nearly_always_the_same_is_no_part_of_a_pair():
    sides, held, predict = drawn(0, 1.0, odds=False, rows=1200)
    for side in sides:  # few enough values to draw them all, but all of a pair's quantiles are the same
        side["d"][:] = 0.0
        side["d"][:9] = np.arange(1, 10)
    found = interactions(predict, sides, held, DESCRIBED)
    assert found is not None
    assert found["looked"] == 6  # pairs of a, b, c and colour
