"""Words among numbers and dates: missing values beside amounts, answers beside codes, and never silently either."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.clean.question import Question
from mlwright.clean.reading.infer import infer_with_findings
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.columns import Coded, read_frame
from mlwright.findings import Finding
from mlwright.model.rows import FEW, Reader
from mlwright.schema import Column, Schema
from mlwright.values import read_value

AGES = [str(18 + at * 7 % 78) for at in range(930)]
DAYS = [f"2024-{1 + at % 12:02}-{1 + at % 28:02}" for at in range(930)]
GERMAN_DAYS = [f"{1 + at % 28:02}.{1 + at % 12:02}.2024" for at in range(930)]


def found(values: Sequence[str | None], name: str = "x") -> tuple[Column, dict[str, Finding]]:
    mixed = list(values)
    Random(0).shuffle(mixed)
    column, findings = infer_with_findings(pl.Series(name, mixed, dtype=pl.String))
    return column, {finding.kind: finding for finding in findings}


@pytest.mark.parametrize("share", [0.03, 0.07, 0.2, 0.38])
@pytest.mark.parametrize(
    "words", [["k.A."], ["not given"], ["keine Angabe", "k.A.", "Not given", "offen", "nicht erf."]]
)
@pytest.mark.parametrize(
    ("values", "kind"),
    [(AGES, "integer"), (DAYS, "datetime"), (GERMAN_DAYS, "datetime"), (["1:10:00", *AGES], "integer")],
)
def test_words_that_repeat_among_amounts_are_missing(
    values: list[str], kind: str, words: list[str], share: float
) -> None:
    each = round(len(values) * share / (1.0 - share) / len(words))
    column, findings = found([*values, *words * each])
    assert column.kind == kind
    assert column.missing_share == pytest.approx(share, abs=0.01)
    mixed = findings["mixed_types"]
    assert mixed.applied
    assert mixed.severity == "warning"
    assert all(f"{word!r} ({each:,})" in mixed.message for word in words)
    assert "missing" in column.note
    if share > 0.05:
        assert column.missing_tokens == tuple(sorted(word.casefold() for word in words))


def test_other_words_for_missing_beside_them_count_too() -> None:
    column, findings = found([*AGES, *["k.A."] * 40, *["K.A."] * 30, *["unknown"] * 20, *["?"] * 10, "seven"])
    assert (column.kind, column.missing_tokens) == ("integer", ("k.a.", "unknown"))
    assert "'k.A.' (40), 'K.A.' (30), 'seven' (1)" in findings["mixed_types"].message
    assert column.missing_share == pytest.approx(101 / 1031)


@pytest.mark.parametrize(
    ("values", "others"),
    [
        (["1", "2", "3", "4", "5"], ["never"]), (["1", "2", "3"], ["none of them"]), (["0", "1"], ["k.A."]),
        ([str(at) for at in range(1, 10)], ["<1", ">9"]), ([str(at) for at in range(1, 10)], ["10+"]),
        ([str(at) for at in range(1, 61)], ["A1", "B2"]), ([str(at) for at in range(30, 60)], ["S", "M"]),
        ([str(at) for at in range(1, 61)], ["red", "blue", "green", "white", "black", "grey"]),
        (["2023-12-30", "2024-01-01"], ["offen"]), ([f"{at % 3}.0" for at in range(60)], ["never"]),
        ([f"2024-01-{at:02}" for at in range(1, 29)], ["week 12x", "week 20x", "week 21x"]),
    ],
    ids=str,
)  # fmt: skip
def test_words_among_codes_and_levels_are_answers_and_it_is_said(values: list[str], others: list[str]) -> None:
    column, findings = found([*values * (930 // len(values)), *others * (200 // len(others))])
    assert column.kind == "category"
    assert set(others) <= set(column.categories or ())
    mixed = findings["mixed_types"]
    assert not mixed.applied
    assert f"{others[0]!r} ({200 // len(others)})" in mixed.message
    assert "could be read as" in column.note


def test_codes_by_name_are_not_said_to_be_numbers() -> None:
    column, findings = found([*[str(10_000 + at % 50) for at in range(900)], *["k.A."] * 100], "zip")
    assert (column.kind, findings) == ("category", {})


def test_more_words_than_numbers_leave_words() -> None:
    assert found([*AGES, *["k.A."] * 700])[0].kind == "category"
    assert found([*AGES, *["k.A."] * 2000])[1] == {}


def test_numbers_that_are_not_exact_are_read_beside_exact_ones() -> None:
    rough = ["ca. 40", "about 40", "~40", "approx. 40", "> 90", "<5"]
    column, findings = found([*AGES, *rough * 15])
    assert (column.kind, column.missing_share, column.low) == ("integer", 0.0, 5.0)
    assert "90 values" in findings["disguised_numbers"].message
    assert "A bound such as '> 90' is read as the number that it names." in column.note
    assert found([*["ca. 40", "ca. 50", "ca. 60"] * 50])[0].kind == "category"
    assert found([*[str(at % 10) for at in range(90)], *["> 9"] * 10])[0].kind == "category"


def target_of(values: list[str]) -> Column:
    table = collect({"y": values, "z": [str(at % 7) for at in range(len(values))]})
    schema, _ = infer_schema(table, Question(target="y"))
    return schema["y"]


def test_no_class_of_a_target_vanishes() -> None:
    classes = [str(at % 40) for at in range(900)]
    assert "other" in (target_of([*classes, *["other"] * 90]).categories or ())
    assert "offen" in (target_of([*DAYS[:12] * 9, *["offen"] * 20]).categories or ())
    prices = [str(at * 7919 % 5000) for at in range(900)]
    assert target_of([*prices, *["k.A."] * 90]).kind == "integer"


NUMBERS = st.lists(st.integers(-1000, 1000).map(str) | st.floats(0, 99, width=16).map(str), min_size=2, max_size=10)
WORDS = st.lists(st.sampled_from(["k.A.", "never", "10+", "<5", "ca. 4", "S", "a b"]), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, WORDS, st.integers(1, 30))
def test_few_different_numbers_never_become_amounts(numbers: list[str], words: list[str], each: int) -> None:
    """Not where the others are more than dirt: here they are an eighth of the numbers."""
    column, _ = found([*numbers * each, *words * -(-len(numbers) * each // (len(words) * 8))])
    assert column.kind in {"category", "text", "id"}


@pytest.mark.parametrize(
    ("values", "words"),
    [(AGES, ["k.A.", "K.A.", "not given"]), (DAYS, ["offen"]), (GERMAN_DAYS, ["Offen"]), (AGES, ["ca. 40", "> 90"])],
)
def test_one_dict_many_dicts_and_a_frame_read_the_same(values: list[str], words: list[str]) -> None:
    column, _ = found([*values, *words * (75 // len(words))])
    raw = [*values[: 2 * FEW], *words, " k.a. ", None, "unheard of", "55"]
    expected = [read_value(value, column) for value in raw]
    typed = read_frame(pl.DataFrame({"x": raw}), [column])["x"]
    assert not isinstance(typed, Coded)
    assert [None if value != value else value for value in typed.tolist()] == expected
    reader = Reader([column], Schema((column,)))
    assert [reader.read({"x": value})[0]["x"] for value in raw] == expected
    many = reader.read([{"x": value} for value in raw])
    assert [many.row(at)["x"] for at in range(len(raw))] == expected  # type: ignore[union-attr]
