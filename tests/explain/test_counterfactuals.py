"""Counterfactuals: they reach what is asked, stay possible and few, and are the smallest where one can check it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlwright.columns import Coded, Columns, Values, read_rows
from mlwright.errors import ColumnError, OptionError
from mlwright.explain.counterfactuals import Change, Counterfactual, Counterfactuals, Finder, Goal, Rules, Wish
from mlwright.explain.usual import Usual
from mlwright.schema import Column, Schema
from mlwright.tasks.base import Prediction

DESCRIBED = (
    Column(name="income", kind="number"),
    Column(name="debt", kind="number"),
    Column(name="house", kind="category"),
    Column(name="age", kind="integer"),
    Column(name="sex", kind="category", role="sensitive"),
    Column(name="since", kind="datetime", datetime_format="iso"),
    Column(name="note", kind="text"),
    Column(name="degree", kind="category"),
    Column(name="years", kind="integer"),
)
SCHEMA = Schema((*DESCRIBED, Column(name="paid", kind="category", role="target")))
LABELS = ("no", "yes")
HOUSES = ("none", "rent", "own")
DEGREES = {"school": 9.0, "bachelor": 13.0, "master": 15.0}


def cases_of(rows: int = 400, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)

    def coded(levels: tuple[str, ...]) -> Coded:
        return Coded(rng.integers(0, len(levels), rows).astype(np.int32), levels)

    degree = coded(tuple(DEGREES))
    data: dict[str, Values] = {
        "income": rng.uniform(0, 10, rows).round(2),
        "debt": rng.uniform(0, 10, rows).round(2),
        "house": coded(HOUSES),
        "age": rng.integers(18, 80, rows).astype(float),
        "sex": coded(("f", "m")),
        "since": rng.uniform(0, 1e9, rows).round(),
        "note": coded(("hello there", "good bye")),
        "degree": degree,
        "years": np.array([DEGREES[degree.values[code]] for code in degree.codes]),
    }
    return Columns(data, rows)


def margin(columns: Columns) -> np.ndarray:
    """A rule that can be checked by hand: income and a house of one's own speak for it, debt against it."""
    house, years, sex = columns["house"], np.asarray(columns["years"]), columns["sex"]
    assert isinstance(house, Coded)
    assert isinstance(sex, Coded)
    own = np.array([value == "own" for value in (*house.values, None)])[house.codes]
    male = np.array([value == "m" for value in (*sex.values, None)])[sex.codes]
    income, debt = np.nan_to_num(np.asarray(columns["income"])), np.nan_to_num(np.asarray(columns["debt"]))
    return income - debt + 2.0 * own + 0.5 * (np.nan_to_num(years) - 9) + 3.0 * male


def predict(columns: Columns) -> np.ndarray:
    chance = 1 / (1 + np.exp(-margin(columns)))
    return np.column_stack([1 - chance, chance])


def answer(columns: Columns, P: np.ndarray) -> Prediction:
    return Prediction(np.array([LABELS[int(share >= 0.5)] for share in P[:, 1]]), P, classes=LABELS)


def number(columns: Columns) -> np.ndarray:
    return margin(columns)[:, None]


def told(columns: Columns, P: np.ndarray) -> Prediction:
    return Prediction(P[:, 0])


@pytest.fixture(scope="module")
def usual() -> Usual:
    return Usual(cases_of(), DESCRIBED)


@pytest.fixture(scope="module")
def finder(usual: Usual) -> Finder:
    return Finder.of(predict, answer, cases_of(), DESCRIBED, {}, usual)


ROW: dict[str, Any] = {
    "income": 3.5,
    "debt": 6.0,
    "house": "rent",
    "age": 40,
    "sex": "f",
    "since": "1990-01-01",
    "note": "hello there",
    "degree": "school",
    "years": 9,
}


def found(
    finder: Finder, rules: Rules | None = None, wish: Wish | None = None, **changed: Any
) -> tuple[Counterfactual, ...]:
    row = read_rows([{**ROW, **changed}], DESCRIBED)
    P = finder.predict(row)
    now = finder.answer(row, P).values.tolist()[0]
    classes = LABELS if P.shape[1] > 1 else ()
    goal = Goal.of_row(wish or Wish(), classes, now, P[0], 4.0)
    return finder.find(row, goal, rules or Rules(), most=3)


def columns_of(each: Counterfactual) -> set[str]:
    return {change.column for change in each.changes}


def test_each_is_answered_as_it_says(finder: Finder) -> None:
    rng = np.random.default_rng(0)
    reached = 0
    for _ in range(40):
        row = {"income": float(rng.uniform(0, 10)), "debt": float(rng.uniform(0, 10)), "house": str(rng.choice(HOUSES))}
        before = margin(read_rows([{**ROW, **row}], DESCRIBED))[0] >= 0
        for each in found(finder, **row):
            again = read_rows([dict(each.row)], DESCRIBED)
            assert each.value == pytest.approx(predict(again)[0, 1])
            assert answer(again, predict(again)).values[0] == each.answer
            if each.reached:
                reached += 1
                assert each.answer == LABELS[int(not before)]
    assert reached > 60


def test_only_what_is_said_differs(finder: Finder) -> None:
    for each in found(finder):
        was, now = read_rows([ROW], DESCRIBED).row(0), read_rows([dict(each.row)], DESCRIBED).row(0)
        assert {name for name in was if was[name] != now[name]} == columns_of(each)
        for change in each.changes:
            assert (change.old, change.new) == (was[change.column], now[change.column])


def test_one_column_is_enough_where_one_is_enough(finder: Finder) -> None:
    ways = found(finder)
    assert {name for each in ways if len(each.changes) == 1 for name in columns_of(each)} == {"debt", "income"}
    assert [len(each.changes) for each in ways][:2] == [1, 1]


def test_numbers_move_no_farther_than_they_have_to(finder: Finder) -> None:
    """2.5 are missing, so an income of 6 just does; one of ten steps between is as near as the search looks."""
    by_column = {next(iter(columns_of(each))): each for each in found(finder) if len(each.changes) == 1}
    income = float(by_column["income"].changes[0].new)  # type: ignore[arg-type]
    assert 6.0 <= income < 6.8
    values = cases_of()["income"]
    assert income in np.asarray(values)


def test_two_columns_where_one_is_not_enough(finder: Finder) -> None:
    ways = found(finder, income=0.0, debt=10.0, house="none")
    assert ways
    assert all(each.reached and len(each.changes) in {2, 3} for each in ways)


def test_what_cannot_be_is_said_with_the_nearest(finder: Finder) -> None:
    rules = Rules(immutable=("income", "debt", "degree", "years"))
    (nearest,) = found(finder, rules, income=0.0, debt=10.0, house="rent")
    assert not nearest.reached
    assert nearest.answer == "no"
    assert columns_of(nearest) == {"house"}


def test_sensitive_columns_texts_and_moments_never_change(finder: Finder) -> None:
    """Being a man alone would do."""
    for income in (1.0, 3.0, 5.0):
        for each in found(finder, income=income):
            assert columns_of(each).isdisjoint({"sex", "since", "note"})


def test_immutable_columns_stay(finder: Finder) -> None:
    for each in found(finder, Rules(immutable=("debt",))):
        assert "debt" not in columns_of(each)


def test_columns_that_only_rise_or_fall(finder: Finder) -> None:
    for each in found(finder, Rules(only_up=("debt",), only_down=("income",))):
        assert all(change.new > change.old for change in each.changes if change.column == "debt")  # type: ignore[operator]
        assert all(change.new < change.old for change in each.changes if change.column == "income")  # type: ignore[operator]


def test_values_that_never_meet_are_not_proposed(finder: Finder) -> None:
    """A degree goes with its years: one is not changed without the other."""
    rules = Rules(immutable=("income", "debt", "house"))
    ways = found(finder, rules)
    assert ways
    for each in ways:
        assert columns_of(each) == {"degree", "years"}
        assert DEGREES[str(each.row["degree"])] == each.row["years"]


def test_changed_rows_are_not_unlike_the_cases(finder: Finder, usual: Usual) -> None:
    rows = [dict(each.row) for income in range(8) for each in found(finder, income=float(income)) if each.reached]
    judged = usual.judge(read_rows(rows, DESCRIBED))
    assert not usual.is_unlike(judged).any()


def test_ways_differ_in_their_columns(finder: Finder) -> None:
    for income in range(8):
        ways = [columns_of(each) for each in found(finder, income=float(income))]
        assert all(not one <= other for place, one in enumerate(ways) for other in ways[place + 1 :])


def test_a_probability_beyond_a_bound(finder: Finder) -> None:
    for wish, good in ((Wish(above=0.9), lambda p: p > 0.9), (Wish(below=0.05), lambda p: p < 0.05)):
        ways = found(finder, wish=wish)
        assert ways
        assert all(good(each.value) for each in ways)
    ways = found(finder, wish=Wish(above=0.95, of="no"))
    assert all(predict(read_rows([dict(each.row)], DESCRIBED))[0, 0] > 0.95 for each in ways)


def test_numbers_beyond_a_bound(usual: Usual) -> None:
    numbers = Finder.of(number, told, cases_of(), DESCRIBED, {}, usual)
    assert all(each.value > 5.0 for each in found(numbers, wish=Wish(above=5.0)))
    assert all(each.value < -5.0 for each in found(numbers, wish=Wish(below=-5.0)))
    # Without a wish: half of the deviation of 4 higher than the -2.5 that it is.
    assert all(-0.5 < each.value < 2.0 for each in found(numbers))


def test_a_row_of_missing_values(finder: Finder) -> None:
    for each in found(finder, **dict.fromkeys(ROW)):
        assert each.row["note"] is None


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(want="perhaps"), "class cannot be 'perhaps'"),
        (Wish(below=0.1, above=0.2), "Only one of"),
        (Wish(below=7.0), "between 0 and 1"),
        (Wish(above=float("nan")), "bound cannot be nan"),
        (Wish(of="yes"), "no bound"),
    ],
)
def test_wishes_that_cannot_be(wish: Wish, message: str) -> None:
    with pytest.raises(OptionError) as raised:
        wish.check(LABELS)
    assert message in f"{raised.value.message} {raised.value.hint}"


def test_classes_are_no_wish_for_a_number() -> None:
    with pytest.raises(OptionError, match="a number"):
        Wish(want="yes").check(())


def test_rules_that_cannot_be() -> None:
    with pytest.raises(ColumnError, match="incom"):
        Rules(immutable=("incom",)).check(SCHEMA)
    with pytest.raises(OptionError, match="'house' holds no numbers"):
        Rules(only_up=("house",)).check(SCHEMA)
    with pytest.raises(OptionError, match="'age'"):
        Rules(only_up=("age",), only_down=("age",)).check(SCHEMA)


def test_words(finder: Finder) -> None:
    ways = found(finder, Rules(immutable=("debt", "income", "house")))
    row = read_rows([ROW], DESCRIBED)
    goal = Goal.of_row(Wish(), LABELS, "no", predict(row)[0], 1.0)
    result = Counterfactuals((ways, (), found(finder)[:1]), (goal,) * 3, (0.1,) * 3, "paid", 3)
    assert result.text[0].startswith("With degree master (now school) and years 15 (now 9): ")
    assert result.text[0].endswith("for paid yes, so the answer would be yes.")
    assert result.text[1].startswith("No change of at most 3 columns that the past rows speak for")
    assert "<Counterfactuals of 3 rows" in repr(result)
    row_json = result.to_dict()["rows"][0]
    assert row_json["asked"] == "for the answer yes"
    assert row_json["counterfactuals"][0]["changes"][0] == {"column": "degree", "from": "school", "to": "master"}


def test_what_cannot_be_does_not_hide_what_can() -> None:
    """Four measures of one size would do it, but only together; three other columns do it as well."""
    rng = np.random.default_rng(0)
    sizes, kinds = [f"size{at}" for at in range(4)], ["cut", "colour", "clarity"]
    described = [Column(name=name, kind="number") for name in sizes]
    described += [Column(name=name, kind="category") for name in kinds]
    size = rng.uniform(0, 10, 400)
    data: dict[str, Values] = {name: size + rng.normal(0, 0.1, 400) for name in sizes}
    data |= {name: Coded(rng.integers(0, 2, 400).astype(np.int32), ("bad", "good")) for name in kinds}

    def dear(columns: Columns) -> np.ndarray:
        told = sum(np.asarray(columns[name]) for name in sizes) * 0.2
        for name in kinds:
            values = columns[name]
            assert isinstance(values, Coded)
            told = told + np.array([value == "good" for value in (*values.values, None)])[values.codes]
        return np.asarray(told, dtype=np.float64)[:, None]

    cases = Columns(data, 400)
    finder = Finder.of(dear, told, cases, described, {}, Usual(cases, described))
    row = read_rows([{**dict.fromkeys(sizes, 2.0), **dict.fromkeys(kinds, "bad")}], described)
    goal = Goal.of_row(Wish(above=4.5), (), 1.6, dear(row)[0], 1.0)
    (way, *_) = finder.find(row, goal, Rules(), most=1)
    assert way.reached
    assert {change.column for change in way.changes} == set(kinds)


def test_a_new_category_is_told_whole() -> None:
    """What is told can be put in: the first 40 characters of a category are none that the model knows."""
    old, new = (f"patients whose doctors ordered treatments after {kind}" for kind in ("surgery", "birth"))
    text = Change(Column(name="measure", kind="category"), old, new).text
    assert text.startswith(f"measure {new} (now patients")
    assert len(text) < len(f"measure {new} (now {old})")


def test_the_same_row_gets_the_same(finder: Finder) -> None:
    assert found(finder, income=2.0) == found(finder, income=2.0)


def test_what_people_are_stays_unless_somebody_says_how_it_may_move() -> None:
    people = ("age", "sex")
    assert Rules(immutable=("debt",)).without(people).immutable == ("debt", "age", "sex")
    assert Rules(only_up=("age",), mutable=("sex",)).without(people).immutable == ()
    with pytest.raises(ColumnError, match="agee"):
        Rules(mutable=("agee",)).check(SCHEMA)


def test_the_chance_that_is_told_is_that_of_the_answer_asked_for() -> None:
    labels, P = ("a", "b", "c"), np.array([0.5, 0.3, 0.2])
    assert Goal.of_row(Wish(want="c"), labels, "a", P, 0.0).of == 2
    assert Goal.of_row(Wish(), labels, "a", P, 0.0).of == 0
