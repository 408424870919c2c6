"""Targets that a model contradicts: found where classes are told apart, told with restraint where they are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.clean.base import Context, Detection, OutOfFold
from mlwright.clean.detectors.label_errors import LabelErrors
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 600


def told(values: pl.Series, P: np.ndarray, classes: tuple[object, ...] = ()) -> list[Detection]:
    table = Table(pl.DataFrame({"x": np.random.default_rng(0).normal(size=len(values)), values.name: values}))
    schema, _ = infer_schema(table, Question(target=values.name))
    return list(LabelErrors().detect(table, Context(table, schema, out_of_fold=OutOfFold(P, classes))))


def sure(codes: np.ndarray, many: int, certain: float = 0.97) -> np.ndarray:
    P = np.full((len(codes), many), (1 - certain) / (many - 1))
    P[np.arange(len(codes)), codes] = certain
    return P


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("yes", "no"), ("no", "yes")),
        (("1", "0"), (0, 1)),
        (("red", "green"), ("green", "red")),
        ((2, 1), (1, 2)),
        ((True, False), (False, True)),
    ],
)
def test_exchanged_classes_are_found(labels: tuple[object, object], classes: tuple[object, object]) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, ROWS)
    wrong = np.sort(random.choice(ROWS, 30, replace=False))
    given = truth.copy()
    given[wrong] = 1 - given[wrong]
    values = pl.Series("y", [labels[1 - code] for code in given])
    (found,) = told(values, sure(truth, 2), classes)
    assert found.rows is not None
    assert found.rows.tolist() == wrong.tolist()
    assert found.finding.severity == "warning"
    assert found.finding.message.startswith("30 rows (5 %) have a target 'y' that is probably wrong")
    assert found.cells[0].new is None
    assert (found.cells[0].rows == wrong).all()


def test_where_classes_overlap_nobody_is_alarmed() -> None:
    random = np.random.default_rng(0)
    p = random.beta(1, 1, ROWS)
    codes = (random.random(ROWS) < p).astype(int)
    found = told(pl.Series("y", [("no", "yes")[code] for code in codes]), np.column_stack([1 - p, p]), ("no", "yes"))
    assert [each.finding.severity for each in found] in ([], ["info"])


def test_a_class_that_cannot_be_told_is_not_doubted() -> None:
    """A model that always answers "good" with 96 % knows nothing of the bad ones."""
    codes = (np.random.default_rng(0).random(ROWS) < 0.04).astype(int)
    P = np.tile([0.96, 0.04], (ROWS, 1))
    found = told(pl.Series("y", [("good", "bad")[code] for code in codes]), P, ("good", "bad"))
    assert [each.finding.severity for each in found] in ([], ["info"])


def test_far_numbers_are_found_and_honest_ones_not() -> None:
    random = np.random.default_rng(0)
    predicted = random.normal(50, 10, ROWS)
    y = predicted + random.normal(0, 2, ROWS)
    assert told(pl.Series("y", y), predicted[:, None]) == []
    wrong = np.sort(random.choice(ROWS, 12, replace=False))
    y[wrong] *= 10
    (found,) = told(pl.Series("y", y), predicted[:, None])
    assert found.rows is not None
    assert set(wrong) <= set(found.rows)
    assert len(found.rows) <= len(wrong) + 2
    assert found.finding.severity == "warning"


def test_rows_that_no_fold_scored_and_rows_without_a_target_are_passed_over() -> None:
    random = np.random.default_rng(0)
    predicted = random.normal(50, 10, ROWS)
    y = predicted + random.normal(0, 2, ROWS)
    y[:10] = 9999
    P = predicted[:, None].copy()
    P[:10] = np.nan
    values = [None if row == 20 else value for row, value in enumerate(y)]
    assert told(pl.Series("y", values, dtype=pl.Float64), P) == []


def test_without_a_model_or_with_one_of_something_else_nothing_is_said() -> None:
    table = Table(pl.DataFrame({"x": np.arange(100.0), "y": ["a", "b"] * 50}))
    schema, _ = infer_schema(table, Question(target="y"))
    assert list(LabelErrors().detect(table, Context(table, schema))) == []
    for P, classes in ((np.zeros((100, 1)), ()), (np.full((100, 2), 0.5), ("c", "d")), (np.zeros((3, 2)), ("a", "b"))):
        context = Context(table, schema, out_of_fold=OutOfFold(P, classes))
        assert list(LabelErrors().detect(table, context)) == []
