"""Variants and typos of categories: what is found, and what must not be merged."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.category_variants import CategoryVariants
from mlwright.clean.measures import typos
from mlwright.clean.measures.likeness import distance, plain_letters, same_but_for_case, slip, tokens
from mlwright.clean.measures.typos import stand_in_letter
from mlwright.clean.repairs import Replace
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


def found(values: list[str | None], **more: list[str]) -> list[Detection]:
    table = Table(pl.DataFrame({"town": values, **more}), origin="towns.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(CategoryVariants().detect(table, Context(table, schema)))


def replaced(values: list[str | None], kind: str = "", **more: list[str]) -> dict[str, str | None]:
    new: dict[str, str | None] = {}
    for detection in found(values, **more):
        if kind in {"", detection.finding.kind} and detection.finding.columns == ("town",):
            assert isinstance(detection.repair, Replace)
            new |= detection.repair.new
    return new


TOWNS = [*["Oslo"] * 60, *["Bergen"] * 50, *["New York"] * 40, *["St. Gallen"] * 30]


@pytest.mark.parametrize(
    ("variant", "canonical"),
    [
        ("OSLO", "Oslo"), ("bergen", "Bergen"), ("New-York", "New York"), ("new  york", "New York"),
        ("NewYork", "New York"), ("New York.", "New York"), ("St Gallen", "St. Gallen"), ("Bergén", "Bergen"),
        ("Saint Gallen", "St. Gallen"),
    ],
)  # fmt: skip
def test_a_variant_becomes_the_frequent_value(variant: str, canonical: str) -> None:
    assert replaced([*TOWNS, variant], "category_variants") == {variant: canonical}


@pytest.mark.parametrize(
    ("typo", "canonical"),
    [
        ("Bregen", "Bergen"),
        ("Berrgen", "Bergen"),
        ("Bergrn", "Bergen"),
        ("New Yokr", "New York"),
        ("St. Galen", "St. Gallen"),
    ],
)
def test_a_typo_becomes_the_value_that_was_meant(typo: str, canonical: str) -> None:
    values: list[str | None] = [*TOWNS * 3, typo]
    assert replaced(values, "category_typos") == {typo: canonical}


@pytest.mark.parametrize(
    "values",
    [
        [*["Male"] * 500, *["Female"] * 4],
        [*["A1"] * 300, *["A2"] * 3, *["B1"] * 20],
        [*["Size 10"] * 300, *["Size 11"] * 2],
        [*["Iran"] * 90, *["Iraq"] * 60, *["Mali"] * 9, *["Malta"] * 30],
        [*["No"] * 200, *["Not"] * 2],
        [*["high"] * 300, *["higher"] * 2],
        [*["employed"] * 300, *["unemployed"] * 3],
        [*["A"] * 300, *["A+"] * 3, *["A-"] * 3],
        [*["C"] * 100, *["C++"] * 30, *["C#"] * 2],
        [*["AA"] * 40, *["Aa"] * 50, *["aa"] * 45],
        [*["1.5 l"] * 100, *["15 l"] * 2],
        [*["Austria"] * 100, *["Australia"] * 20],
        [*["Apollo 11"] * 90, *["Apollo 12"] * 2],
    ],
)
def test_values_that_are_near_by_nature_stay_apart(values: list[str | None]) -> None:
    assert replaced(values) == {}


def test_many_rare_values_near_frequent_ones_speak_for_each_other() -> None:
    typos = ["mle", "mael", "malle", "femle", "femlae", "fmale", "femalee"]
    new = replaced([*["male"] * 400, *["female"] * 380, *typos], "category_typos")
    assert new == {typo: "female" if typo.startswith("f") else "male" for typo in typos}


def test_typos_that_repeat_do_not_speak_for_each_other_as_values() -> None:
    typos = ["whle", "whoe", "whoel", "wole", "fractinal", "fractinoal"]
    values: list[str | None] = [*["whole"] * 2000, *["fractional"] * 450, *(typos * 5)]
    assert set(replaced(values, "category_typos")) == set(typos)


def test_short_names_stand_for_long_ones_only_among_their_like() -> None:
    assert replaced([*["Male"] * 90, *["Female"] * 90, "M", "F", "F"]) == {"M": "Male", "F": "Female"}
    assert replaced([*["United States"] * 90, *["Peru"] * 30, "USA"]) == {"USA": "United States"}
    assert replaced([*["Male"] * 90, *["Metal"] * 90, "M"]) == {}


def test_a_letter_that_stands_in_for_others_is_seen_through_all_columns() -> None:
    rng = np.random.default_rng(0)
    towns = ["birmingham", "sheffield", "montgomery", "huntsville"] * 100
    codes = ["10018", "20019", "35235", "40021"] * 100
    damaged, coded = list(towns), list(codes)
    for row in range(0, 400, 13):
        place = int(rng.integers(1, len(towns[row])))
        damaged[row] = towns[row][:place] + "x" + towns[row][place + 1 :]
        coded[row] = codes[row][:2] + "x" + codes[row][3:]
    table = Table(pl.DataFrame({"town": damaged, "code": coded}), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    for detection in CategoryVariants().detect(table, Context(table, schema)):
        right = towns if detection.finding.columns == ("town",) else codes
        assert detection.rows is not None
        assert len(detection.rows) >= 29
        assert detection.cells[0].new == tuple(right[row] for row in detection.rows)


def test_one_letter_alone_is_no_stand_in() -> None:
    assert stand_in_letter([("caxxed", "called"), ("hospitax", "hospital")]) is None
    assert stand_in_letter([(f"a{letter}x", f"a{letter}b") for letter in "abcdefghijklm"]) == "x"


def test_free_text_is_only_worth_knowing() -> None:
    values: list[str | None] = [f"story {chr(97 + row % 26)}{chr(97 + row // 26)} of the many" for row in range(200)]
    told = found([*values, "STORY aa of the many"])
    assert [detection.finding.severity for detection in told] == ["info"]


def test_cells_are_the_rows_that_hold_a_variant() -> None:
    (detection,) = found([*TOWNS, "OSLO", None, " oslo "])
    assert detection.rows is not None
    assert detection.rows.tolist() == [180, 182]
    assert detection.cells[0].new == ("Oslo", "Oslo")
    assert "2 cells of 'town' (1.1 % of the rows) write 1 value in 2 other ways" in detection.finding.message


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_the_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    whole = distance(one, other, 99)
    assert whole == distance(other, one, 99)
    assert whole is not None
    assert abs(len(one) - len(other)) <= whole <= max(len(one), len(other))
    assert (whole == 0) == (one == other)
    for most in range(4):
        assert distance(one, other, most) == (whole if whole <= most else None)


@settings(deadline=None)
@given(st.text(alphabet="abcd", min_size=3, max_size=10), st.data())
def test_one_slip_is_one_letter_apart(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    for wrong in (swapped, text[:place] + text[place + 1 :], text[:place] + "x" + text[place:]):
        if wrong != text:
            assert distance(wrong, text, 1) == 1
            assert slip(wrong, text) is not None


@settings(deadline=None)
@given(st.text(max_size=20))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert plain_letters(plain_letters(text)) == plain_letters(text)
    assert same_but_for_case(text.upper().lower()) == same_but_for_case(text.upper())


@given(st.lists(st.text("abc é-_1ß ", max_size=9), max_size=12))
@settings(deadline=None)
def test_words_are_counted_as_one_by_one(values: list[str]) -> None:
    words = [set(tokens(value)) for value in values]
    every = set().union(*words)
    counted = typos._seen(values, every)
    assert dict(counted) == {word: sum(word in each for each in words) for word in every}


@given(st.lists(st.text(max_size=9), min_size=2, max_size=8))
@settings(deadline=None)
def test_letters_are_counted_as_one_by_one(values: list[str]) -> None:
    counted = typos._letters(values)
    held = [Counter(ord(sign) % 128 for sign in value if sign != " ") for value in values]
    for one, other, near, far in zip(held, held[1:], counted, counted[1:], strict=False):
        apart = sum((100 if 48 <= sign < 58 else 1) * abs(one[sign] - other[sign]) for sign in one | other)
        assert np.abs(near - far).sum() == apart


def test_many_different_texts_are_no_slower_to_tell_countries_and_streets() -> None:
    many = [f"customer number {at}" for at in range(700)]
    told = replaced([*["United States"] * 40, *["U.S.A."] * 5, *["12 Main Street"] * 30, "12 Main St", *many])
    assert told["U.S.A."] == "United States"
    assert told["12 Main St"] == "12 Main Street"
