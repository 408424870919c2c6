"""Rows from outside: odd values are flagged, refused or replaced, as the policy says for each kind and column."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import rows_of

from mlwright.model import Model
from mlwright.schema import Column
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


@pytest.mark.parametrize("as_sent", [float, str])
def test_the_nearest_end_is_the_same_as_a_text_and_as_a_number(model: Model, as_sent: Any) -> None:
    age = next(column for column in model.parts.columns if column.name == "age")
    assert age.low is not None
    assert age.high is not None
    for value, end in ((age.low - 5, age.low), (-5, age.low), (age.high + 5, age.high)):
        [flag] = read(model, GOOD | {"age": as_sent(value)}).flags[0]
        assert flag.nearest == str(int(end))


def test_the_nearest_end_of_dates_is_a_date(model: Model) -> None:
    [flag] = read(model, GOOD | {"joined": "1890-01-01"}).flags[0]
    assert flag.nearest is not None
    assert date.fromisoformat(flag.nearest) >= date(2020, 1, 1)
    assert f"{flag.nearest} to 20" in flag.message


def test_what_the_model_takes_for_a_category_that_it_knows_is_not_odd(model: Model) -> None:
    policy = Policy(unknown_category="default")
    for told in ("PRO", " pro", "Pro "):
        found = read(model, GOOD | {"plan": told}, policy)
        assert (found.flags, found.errors) == ([[]], [])
        assert model.predict_proba([GOOD | {"plan": told}]).tolist() == model.predict_proba([GOOD]).tolist()


def test_where_letters_tell_groups_apart_other_letters_are_odd(model: Model) -> None:
    checker = Checker(model.parts.columns, Policy(), exact=("plan",))
    [flag] = checker.read([GOOD | {"plan": "PRO"}]).flags[0]
    assert (flag.kind, flag.nearest) == ("unknown_category", "pro")
    assert checker.read([GOOD | {"plan": " pro "}]).flags == [[]]


def made(column: Column, value: Any, policy: Policy | None = None) -> Any:
    """Return what is found of one value in one column."""
    return Checker([column], policy or Policy()).read([{column.name: value}])


def test_signs_that_only_look_the_same_are_told() -> None:
    column = Column(name="size", kind="category", categories=("gr\u00f6\u00dfer", "kleiner"), distinct=2)
    [flag] = made(column, "gro\u0308\u00dfer").flags[0]
    assert flag.nearest == "gr\u00f6\u00dfer"
    assert "written with other signs" in flag.message


def test_what_is_known_is_listed_and_the_rest_counted() -> None:
    column = Column(name="c", kind="category", categories=tuple("abcdefg"), distinct=7)
    [flag] = made(column, "0000").flags[0]
    assert flag.message == "The model has never seen '0000' in 'c'; it knows 'a', 'b', 'c', 'd', 'e' and 2 more."


COUNTED = Column(
    name="n", kind="integer", low=0.0, high=9.0, missing_share=0.1, missing_numbers=(999.0,), missing_tokens=("gone",)
)


@pytest.mark.parametrize("gap", [None, 999, 999.0, "999", " 999.0 ", "NA", "Gone", float("nan"), b"gone"])
def test_what_means_missing_in_a_column_is_a_gap_however_it_is_sent(gap: Any) -> None:
    found = made(COUNTED, gap)
    assert (found.typed, found.flags, found.errors) == ([{"n": None}], [[]], [])


@pytest.mark.parametrize("value", ["x", "9e999", float("inf"), "999x"])
def test_what_is_no_number_means_nothing(value: Any) -> None:
    [error] = made(COUNTED, value).errors
    assert (error.kind, error.nearest) == ("unreadable", None)


@pytest.mark.parametrize("kind", ["number", "integer", "duration", "datetime"])
def test_a_truth_in_a_column_of_numbers_is_refused_or_taken_as_the_model_takes_it(kind: Any) -> None:
    form = "epoch_s" if kind == "datetime" else None
    column = Column(name="n", kind=kind, low=0.0, high=9.0, datetime_format=form, missing_numbers=(0.0,))
    for value in (True, False):
        [error] = made(column, value).errors
        assert (error.kind, error.value) == ("unreadable", value)
        taken = made(column, value, Policy(unreadable="flag"))
        assert [flag.kind for flag in taken.flags[0]] == ["unreadable"]
        assert taken.typed == [{"n": reader(column)(value)}]
    assert made(Column(name="n", kind="boolean", low=0.0, high=1.0), True).flags == [[]]


def test_how_dates_are_written_is_told(model: Model) -> None:
    [error] = read(model, GOOD | {"joined": "soon"}).errors
    assert re.search(
        r"'soon' in 'joined' cannot be read as a date or time; it is written as '20\d\d-\d\d-\d\d' here",
        (error.message),
    )


@pytest.mark.parametrize(("name", "value", "kind"), [("joined", "1890-01-01", str), ("member", None, bool)])
def test_what_takes_the_place_is_written_as_the_column_is(model: Model, name: str, value: Any, kind: type) -> None:
    [flag] = read(model, GOOD | {name: value}, Policy(out_of_range="default", missing="default")).flags[0]
    assert type(flag.replaced_by) is kind
    assert "T00:00:00" not in str(flag.replaced_by)


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
