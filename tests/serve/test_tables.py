"""Answers as a table: its types depend on the model, never on the answers that happen to be in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from mlwright.serve.answers import Answer
from mlwright.serve.checking import Flag
from mlwright.serve.served import Served
from mlwright.serve.tables import Columns, csv_cells, frame


def of(answers: list[Answer], columns: Columns) -> pl.DataFrame:
    return frame(columns, [columns.row(answer) for answer in answers])


def numbers(*values: float | None) -> list[Answer]:
    return [Answer(str(at), value, [], "answer", lower=1.0, upper=9.0) for at, value in enumerate(values)]


def test_whole_numbers_leave_a_regression_its_fractions(served: Callable[..., Served]) -> None:
    answers = numbers(5, 2.75, None)
    for columns in (served("regression").table(explain=False), Columns.of_answers(answers, 1)):
        found = of(answers, columns)
        assert found["prediction"].to_list() == [5.0, 2.75, None]
        assert found.columns == ["id", "prediction", "lower", "upper", "action", "flags", "version"]
    assert of(numbers(5), Columns.of_answers(numbers(5), 1)).schema["prediction"] == pl.Float64


def test_a_text_that_stands_for_a_number_makes_a_column_of_texts() -> None:
    columns = Columns((), {float, str}, version=1, has_interval=True, explain=False)
    mixed = [Answer("a", 2.5, [], "answer"), Answer("b", "ask us", [], "default"), Answer("c", None, [], "refer")]
    assert of(mixed, columns)["prediction"].to_list() == ["2.5", "ask us", None]
    assert of(mixed[:1], columns).schema == of(mixed[1:], columns).schema


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2], pl.Int64), (["a", " b"], pl.String), ([True, False], pl.Boolean), ([1, "a"], pl.String)],
)
def test_classes_keep_their_type_and_what_is_missing_does_not_change_it(values: list[Any], kind: pl.DataType) -> None:
    answers = [Answer(str(value), value, [], "answer", probabilities={"x": 1.0}) for value in values]
    answers.append(Answer("none", None, [], "refer", probabilities={"x": 1.0}, model_prediction=values[0]))
    columns = Columns.of_answers(answers, 1)
    found = of(answers, columns)
    texts = [value if kind != pl.String else str(value) for value in values]
    assert (found.schema["prediction"], found["prediction"].to_list()) == (kind, [*texts, None])
    assert of(answers[-1:], columns).schema == found.schema


def test_texts_are_texts_where_there_are_none() -> None:
    answers = numbers(1.0)
    assert of(answers, Columns.of_answers(answers, 1)).schema["flags"] == pl.String
    answers[0].flags.append(Flag("missing", "It is missing."))
    answers[0].text = "Because."
    found = of(answers, Columns.of_answers(answers, 3))
    assert found.row(0, named=True) == {
        "id": "0", "prediction": 1.0, "lower": 1.0, "upper": 9.0, "action": "answer", "flags": "It is missing.",
        "version": 3, "reasons": "Because.",
    }  # fmt: skip


def test_what_is_missing_is_an_empty_cell() -> None:
    answer = Answer("a", None, [], "refer", version=7)
    columns = Columns(("no", "yes"), {str}, version=1, has_interval=False, explain=False)
    assert csv_cells(columns, [answer]) == [["a", "", "", "", "refer", "", 7]]
