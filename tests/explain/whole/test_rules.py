"""Rules that imitate a model: each row falls under one, they stand in the user's own words, bad ones are left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.whole.rules import _Sight, _tree, roundest, rules
from mlwright.schema import Column
from mlwright.tasks.base import Target

DESCRIBED = [
    Column(name="age", kind="integer", distinct=60, missing_share=0.1),
    Column(name="city", kind="category", distinct=5, missing_share=0.05),
    Column(name="paid", kind="boolean", distinct=2),
]
CITIES = ("Rome", "Oslo", "Lima", "Bern", "Pisa")


def table(rows=600, seed=0):
    random = np.random.default_rng(seed)
    age = random.integers(18, 78, rows).astype(float)
    age[random.random(rows) < 0.1] = np.nan
    city = random.choice(5, rows, p=[0.5, 0.3, 0.17, 0.02, 0.01]).astype(np.int32)
    city[random.random(rows) < 0.05] = -1
    paid = random.integers(0, 2, rows).astype(float)
    return Columns({"age": age, "city": Coded(city, CITIES), "paid": paid}, rows)


def chance(columns):
    """Return what a model of few rules says: those above 40 in Rome are likely, others are not."""
    with np.errstate(invalid="ignore"):
        likely = (columns["age"] > 40) & (columns["city"].codes == 0)
    p = np.where(likely, 0.9, 0.1)
    return np.column_stack([1 - p, p])


def test_a_model_of_few_rules_is_told_by_them():
    sides = table(), table(seed=1)
    found = rules(tuple(map(chance, sides)), sides, HeldOut(Target(np.zeros(600))), DESCRIBED, classes=("no", "yes"))
    assert found["told"]
    assert found["measure"] == "r2"
    assert found["fidelity"] == pytest.approx(1.0)
    first = found["rules"][0]
    assert first["answer"] == pytest.approx(0.9)
    assert sorted(first["if"]) == ["age is above 40", "city is Rome"]
    assert sum(rule["share"] for rule in found["rules"]) == pytest.approx(1.0)
    assert len(found["rules"]) == 3


def test_a_model_that_few_rules_cannot_imitate_is_told_by_none():
    random = np.random.default_rng(0)
    sides = table(), table(seed=1)
    answers = tuple(np.sin(0.9 * np.nan_to_num(each["age"]))[:, None] + random.normal(size=(600, 1)) for each in sides)
    found = rules(answers, sides, HeldOut(Target(np.zeros(600))), DESCRIBED)
    assert not found["told"]
    assert found["rules"] == []
    assert found["interval"][0] < 0.6


def test_of_many_classes_the_answer_is_a_class_and_the_commonest_alone_is_no_fidelity():
    sides = table(), table(seed=1)

    def said(columns):
        place = np.where(columns["city"].codes == 1, 2, np.where(columns["paid"] == 1, 1, 0))
        return np.eye(3)[place]

    held = HeldOut(Target(np.zeros(600), ("x", "y", "z")))
    found = rules(tuple(map(said, sides)), sides, held, DESCRIBED, classes=("x", "y", "z"))
    assert found["told"]
    assert found["measure"] == "agreement"
    assert {rule["answer"] for rule in found["rules"]} == {"x", "y", "z"}
    assert next(rule for rule in found["rules"] if rule["answer"] == "z")["if"] == ["city is Oslo"]
    same = tuple(np.eye(3)[np.zeros(600, dtype=int)] for _ in range(2))
    assert rules(same, sides, held, DESCRIBED, classes=("x", "y", "z")) is None


def test_nothing_is_said_of_few_rows_or_without_time():
    sides = table(80), table(80)
    held = HeldOut(Target(np.zeros(80)))
    assert rules(tuple(map(chance, sides)), sides, held, DESCRIBED, classes=("no", "yes")) is None
    sides = table(), table()
    held = HeldOut(Target(np.zeros(600)))
    assert rules(tuple(map(chance, sides)), sides, held, DESCRIBED, classes=("no", "yes"), stop=lambda: True) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_each_row_falls_under_exactly_one_rule_and_that_is_the_tree_s(seed, many):
    random = np.random.default_rng(seed)
    columns = table(300, seed)
    said = random.integers(0, 3, 300).astype(float) if many else random.normal(size=300)
    sight = _Sight.of(columns, DESCRIBED, said)
    X = sight.matrix(columns)
    tree = _tree(X, said, 8, many=many, seed=0)
    found = sight.rules(tree)
    fresh = table(200, seed + 1)
    fresh = Columns({**fresh, "city": Coded(fresh["city"].codes, (*CITIES[:4], "Atlantis"))}, 200)
    for rows in (columns, fresh):
        fulfilled = np.zeros(rows.rows, dtype=int)
        for rule in found:
            held = np.ones(rows.rows, dtype=bool)
            for condition in rule.conditions:
                held &= condition.holds(rows[condition.column], frozenset(sight.ranks.get(condition.column, ())))
            fulfilled += held
        assert (fulfilled == 1).all()
    answers = np.array([rule.answer for rule in found])[sight.places(found, columns)]
    assert np.allclose(answers, tree.predict(X))
    assert all(sight.said(condition) for rule in found for condition in rule.conditions)


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12))
def test_a_rounded_limit_parts_the_same_values(low, more):
    high = low + more
    if high > low:
        assert low <= roundest(low, high) < high
