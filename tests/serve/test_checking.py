"""Rows from outside: odd values are flagged, refused or replaced, as the policy says for each kind and column."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import rows_of

from mlwright.model import Model
from mlwright.serve.checking import SHOWN, Checker
from mlwright.serve.policy import Policy, Treatments
from mlwright.values import reader

ODD: dict[str, tuple[str, Any]] = {
    "unknown_category": ("plan", "gold"),
    "missing": ("age", None),
    "out_of_range": ("income", 1e9),
    "unreadable": ("age", "a few"),
}
"""For each kind of oddness, a column and a value that is odd in it."""
TREATMENTS = ("flag", "refuse", "default")
[GOOD] = rows_of("binary", 1, seed=3)
GOOD |= {"income": 3000.0, "age": 40, "plan": "pro"}


@pytest.fixture(scope="module")
def model(loaded: dict[str, Model]) -> Model:
    return loaded["binary"]


def read(model: Model, row: dict[str, Any], policy: Policy | None = None) -> Any:
    return Checker(model.parts.columns, policy or Policy()).read([row])


def test_a_good_row_is_typed_as_in_a_batch_and_unflagged(model: Model) -> None:
    found = read(model, GOOD)
    assert (found.flags, found.errors) == ([[]], [])
    assert found.typed == [{column.name: reader(column)(GOOD[column.name]) for column in model.parts.columns}]


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", ODD)
def test_each_kind_is_treated_as_is_said_for_all_columns_or_one(
    model: Model, kind: str, own: bool, treatment: Any
) -> None:
    name, value = ODD[kind]
    other = "flag" if treatment == "refuse" else "refuse"
    told = {kind: treatment}
    policy = Policy(**{kind: other}, columns={name: Treatments(**told)}) if own else Policy(**told)
    found = read(model, GOOD | {name: value}, policy)
    if treatment == "refuse":
        [error] = found.errors
        assert (error.row, error.column, error.kind, error.value) == (0, name, kind, value)
        assert repr(name) in error.message
        assert found.flags == [[]]
        return
    assert found.errors == []
    [flag] = found.flags[0]
    assert (flag.kind, flag.column, flag.value) == (kind, name, value)
    column = next(each for each in model.parts.columns if each.name == name)
    if treatment == "default":
        assert flag.replaced_by is not None
        assert found.typed[0][name] == reader(column)(flag.replaced_by) is not None
    else:
        assert flag.replaced_by is None
        assert found.typed[0][name] == reader(column)(value)


@pytest.mark.parametrize("kind", ODD)
def test_a_rule_for_one_column_is_for_no_other(model: Model, kind: str) -> None:
    name, value = ODD[kind]
    policy = Policy(**{kind: "flag"}, columns={"note": Treatments(**{kind: "refuse"})})
    assert read(model, GOOD | {name: value}, policy).errors == []


def test_without_a_word_unreadable_values_are_refused_and_others_flagged(model: Model) -> None:
    for kind, (name, value) in ODD.items():
        found = read(model, GOOD | {name: value})
        assert bool(found.errors) == (kind == "unreadable")


def test_a_default_of_ones_own_takes_the_place(model: Model) -> None:
    policy = Policy(unknown_category="default", columns={"plan": Treatments(default="basic")})
    found = read(model, GOOD | {"plan": "gold"}, policy)
    assert found.flags[0][0].replaced_by == found.typed[0]["plan"] == "basic"


def test_the_nearest_category_is_named(model: Model) -> None:
    [flag] = read(model, GOOD | {"plan": "por"}).flags[0]
    assert (flag.nearest, "did you mean 'pro'?" in flag.message) == ("pro", True)


def test_the_nearest_end_of_the_range_is_named(model: Model) -> None:
    income = next(column for column in model.parts.columns if column.name == "income")
    assert income.low is not None
    assert income.high is not None
    [low], [high] = (read(model, GOOD | {"income": value}).flags[0] for value in (income.low - 1, income.high + 1))
    assert (low.nearest, high.nearest) == (str(income.low), str(income.high))
    assert read(model, GOOD | {"income": income.low}).flags == [[]]
    assert read(model, GOOD | {"income": income.high}).flags == [[]]


def test_a_gap_is_odd_only_where_there_never_was_one(model: Model) -> None:
    assert read(model, GOOD | {"income": None}).flags == [[]]
    assert [flag.kind for flag in read(model, GOOD | {"age": None}).flags[0]] == ["missing"]
    assert [flag.kind for flag in read(model, GOOD | {"age": "NA"}).flags[0]] == ["missing"]


def test_an_absent_column_is_an_error_and_a_misspelt_one_is_guessed(model: Model) -> None:
    row = {"incom" if name == "income" else name: value for name, value in GOOD.items()}
    [error] = read(model, row).errors
    assert (error.kind, error.column, error.nearest) == ("absent", "income", "incom")
    assert "send null" in error.message


def test_time_goes_on(model: Model) -> None:
    assert read(model, GOOD | {"joined": "2090-01-01"}).flags == [[]]
    assert [flag.kind for flag in read(model, GOOD | {"joined": "1890-01-01"}).flags[0]] == ["out_of_range"]


def test_what_is_repeated_of_a_value_is_short(model: Model) -> None:
    [flag] = read(model, GOOD | {"plan": "x" * 100_000}).flags[0]
    assert len(flag.value) == SHOWN + 1
    assert len(flag.message) < 1_000


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1e999", "-0", "Yes", " pro "])
)


@given(st.fixed_dictionaries(dict.fromkeys(GOOD, VALUES)), st.sampled_from(TREATMENTS))
def test_whatever_comes_is_typed_as_in_a_batch_or_refused(model: Model, row: dict[str, Any], treatment: Any) -> None:
    policy = Policy(unknown_category=treatment, missing=treatment, out_of_range=treatment, unreadable=treatment)
    found = read(model, row, policy)
    assert bool(found.errors) <= (treatment == "refuse")
    assert len(found.typed) == len(found.flags) == 1
    replaced = {flag.column for flag in found.flags[0] if flag.replaced_by is not None}
    for column in model.parts.columns:
        if column.name not in replaced:
            assert found.typed[0][column.name] == reader(column)(row[column.name])
        else:
            assert treatment == "default"


@given(st.lists(st.sampled_from([GOOD, GOOD | {"age": "?!"}, GOOD | {"age": None}, {}]), max_size=6))
def test_rows_are_judged_one_by_one(model: Model, rows: list[dict[str, Any]]) -> None:
    checker = Checker(model.parts.columns, Policy())
    together = checker.read(rows)
    alone = [checker.read([row]) for row in rows]
    assert together.flags == [each.flags[0] for each in alone]
    told = [(place, error.kind, error.column) for place, each in enumerate(alone) for error in each.errors]
    assert [(error.row, error.kind, error.column) for error in together.errors] == told
