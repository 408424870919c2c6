"""Codes that leave the pattern of their column, and columns that have none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.pattern_violations import PatternViolations, pattern_of, shape
from mlwright.clean.distinct import Distinct
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


def found(values: list[str | None], name: str = "code") -> list[Detection]:
    table = Table(pl.DataFrame({name: values, "row": [str(row % 7) for row in range(len(values))]}), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(PatternViolations().detect(table, Context(table, schema)))


def plates(rows: int = 300) -> list[str | None]:
    rng = np.random.default_rng(0)
    letters = list("ABCDEFGHKLMNPRST")
    return ["".join(rng.choice(letters, 2)) + f"-{rng.integers(10_000):04d}" for _ in range(rows)]


def phones(rows: int = 300) -> list[str | None]:
    rng = np.random.default_rng(1)
    return [f"{rng.integers(200, 999)}-{rng.integers(200, 999)}-{rng.integers(1000, 9999)}" for _ in range(rows)]


@pytest.mark.parametrize("odd", ["AB1234", "AB-12345", "AB-123", "A-1234", "ab-1234", "AB-12O4", "AB_1234", "A B-1234"])
def test_a_code_that_breaks_the_pattern_is_found(odd: str) -> None:
    (detection,) = found([*plates(), odd])
    assert detection.rows is not None
    assert detection.rows.tolist() == [300]
    assert detection.cells[0].new is None
    assert "1 value of 'code' (0.33 % of the rows) breaks the pattern AA-9999 that 99.67 %" in detection.finding.message


def test_a_digit_less_in_a_phone_number_is_found() -> None:
    (detection,) = found([*phones(), "555-12-3456", "555-1234", "(555) 123-4567"], "contact")
    assert detection.rows is not None
    assert detection.rows.tolist() == [300, 301, 302]


def test_many_errors_of_one_sort_are_found() -> None:
    values = plates(500)
    for row in range(0, 500, 50):
        values[row] = f"{values[row]}7"
    (detection,) = found(values)
    assert detection.rows is not None
    assert detection.rows.tolist() == list(range(0, 500, 50))


def test_what_counting_has_reached_breaks_no_pattern() -> None:
    assert found([f"C{number}" for number in range(2, 1003)]) == []
    assert found([f"INV-{number}" for number in range(100, 1003)]) == []


def test_a_post_code_with_more_behind_it_is_another_form() -> None:
    rng = np.random.default_rng(2)
    codes = [f"{code:05d}" for code in rng.integers(501, 99_950, 60)]
    values: list[str | None] = [str(code) for code in rng.choice(codes, 600)]
    more = [f"{code}-{rng.integers(1000, 9999)}" for code in codes[:8]]
    assert found([*values, *more], "zip") == []
    (detection,) = found([*values, *more, "9021O"], "zip")
    assert detection.rows is not None
    assert detection.rows.tolist() == [608]


@pytest.mark.parametrize(
    "values",
    [
        ["Anna Berg", "Bo Li", "Carl O'Neil", "Dora de la Cruz"] * 40,
        [f"{word} {number}" for number, word in enumerate(["apple pie", "pear", "plum tart", "the fig"] * 30)],
        [f"{chr(65 + row % 26)}{'aeiou'[row % 5]}town" for row in range(200)],
        ["1.5", "2.25", "10", "n.k."] * 40,
        [f"{row % 90 + 1} Main St" if row % 2 else f"Apt {row % 70}, High Rd" for row in range(200)],
    ],
)
def test_words_texts_and_numbers_have_no_pattern(values: list[str | None]) -> None:
    assert found(values) == []


def test_a_pattern_needs_values_enough() -> None:
    assert found([*["A1", "A2", "B1"] * 50, "?7"]) == []


def test_the_most_precise_shape_that_holds_is_taken() -> None:
    texts = pl.Series("code", [f"{'ABC'[row % 3]}{row * 37 % 9000}" for row in range(400)])
    pattern = pattern_of(Distinct.of(texts))
    assert pattern is not None
    assert (pattern.level, pattern.shapes) == (0, ("A9999", "A999")) or pattern.level == 1
    assert shape(pl.Series(["Ab-12 É"]), 0).to_list() == ["Aa-99 A"]
    assert shape(pl.Series(["Abc-12"]), 3).to_list() == ["A+-9+"]
