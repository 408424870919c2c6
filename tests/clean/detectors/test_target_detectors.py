"""Conflicting labels, missingness that predicts, rare classes, order: what is found, and what must not be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.clean.base import Context, Detection, OutOfFold
from mlwright.clean.detectors import detect
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 1_000


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def people(rows: int = ROWS) -> pl.DataFrame:
    draw = random()
    age, income = draw.normal(45, 12, rows), draw.lognormal(10, 0.5, rows)
    bought = draw.random(rows) < 1 / (1 + np.exp((age - 45) / 8))
    return pl.DataFrame(
        {"age": age, "income": income, "town": draw.choice(["Bonn", "Ulm"], rows), "bought": np.where(bought, "y", "n")}
    )


def told(
    frame: pl.DataFrame, only: str, target: str = "bought", out_of_fold: OutOfFold | None = None
) -> list[Detection]:
    table = Table(frame)
    schema, _ = infer_schema(table, Question(target=target))
    return detect(table, Context(table, schema, out_of_fold=out_of_fold), only=[only])


# --- conflicting labels -----------------------------------------------------------------------------------------------


def test_copies_with_another_label_conflict() -> None:
    frame = people()
    again = frame.head(12).with_columns(pl.col("bought").replace({"y": "n", "n": "y"}))
    (found,) = told(pl.concat([frame, again]), "conflicting_labels")
    assert found.rows is not None
    assert found.rows.tolist() == [*range(12), *range(ROWS, ROWS + 12)]
    assert found.finding.severity == "warning"
    assert "such as rows 0 (" in found.finding.message
    assert told(frame, "conflicting_labels") == []
    assert told(pl.concat([frame, frame.head(12)]), "conflicting_labels") == []


def test_copies_with_another_number_conflict() -> None:
    frame = people().with_columns(spent=pl.Series(random().normal(100, 20, ROWS))).drop("bought")
    again = frame.head(15).with_columns(pl.col("spent").reverse() + 5)
    (found,) = told(pl.concat([frame, again]), "conflicting_labels", "spent")
    assert found.finding.severity == "warning"
    near = frame.head(15).with_columns(pl.col("spent") + 0.01)
    assert told(pl.concat([frame, near]), "conflicting_labels", "spent") == []


def test_coarse_columns_make_conflicts_by_chance_which_alarm_nobody() -> None:
    frame = people().with_columns((pl.col("age") / 10).round(0)).drop("income")
    found = told(frame, "conflicting_labels")
    assert [each.finding.severity for each in found] == ["info"]


# --- missingness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [False, True])
def test_missing_values_that_say_something_are_told(number: bool) -> None:
    frame, draw = people(), random()
    bought = (frame["bought"] == "y").to_numpy()
    gap = draw.random(ROWS) < np.where(bought, 0.4, 0.1)
    frame = frame.with_columns(
        phone=pl.Series([None if missing else 1.5 * (row % 90) for row, missing in enumerate(gap)]),
        children=pl.Series([None if missing else 2.0 + missing for missing in draw.random(ROWS) < 0.2]),
        spent=pl.Series(np.where(bought, 50, 20) + draw.normal(0, 5, ROWS)),
    )
    target = "spent" if number else "bought"
    (found,) = told(frame.drop("bought" if number else "spent"), "missingness_predicts", target)
    assert found.finding.columns == ("phone",)
    assert found.finding.severity == "info"


def test_values_missing_at_random_say_nothing() -> None:
    draw = random()
    gaps = {f"c{k}": [None if draw.random() < 0.3 else k * 1.5 + draw.random() for _ in range(ROWS)] for k in range(20)}
    assert told(people().with_columns(**{k: pl.Series(v) for k, v in gaps.items()}), "missingness_predicts") == []


# --- classes ----------------------------------------------------------------------------------------------------------


def classes(**rows: int) -> pl.DataFrame:
    labels = [label for label, count in rows.items() for _ in range(count)]
    draw = random()
    return pl.DataFrame({"x": draw.normal(size=len(labels)), "kind": draw.permutation(labels)})


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ({"a": 500, "b": 500}, []),
        ({"a": 970, "b": 30}, ["few_rows_of_class", "imbalance"]),
        ({"a": 9000, "b": 100}, ["imbalance"]),
        ({"a": 300, "b": 300, "c": 200}, []),
        ({"a": 900, "b": 60, "c": 40}, ["imbalance"]),
        ({"a": 300, "b": 300, "c": 3, "d": 1}, ["rare_class", "single_row_class"]),
    ],
)
def test_rare_classes(rows: dict[str, int], kinds: list[str]) -> None:
    frame = classes(**rows)
    found = [*told(frame, "few_rows_per_class", "kind"), *told(frame, "class_imbalance", "kind")]
    assert sorted(each.finding.kind for each in found) == kinds


def test_rare_amounts_are_no_rare_classes() -> None:
    stars = pl.Series([1] * 2 + [2] * 50 + [3] * 500 + [4] * 3)
    frame = pl.DataFrame(
        {"x": random().normal(size=len(stars)), "stars": stars.sample(fraction=1, shuffle=True, seed=0)}
    )
    assert told(frame, "few_rows_per_class", "stars") == []
    assert told(frame, "class_imbalance", "stars") == []


# --- order ------------------------------------------------------------------------------------------------------------


def test_rows_in_a_random_order_are_fine() -> None:
    assert told(people(), "order_not_random") == []


def test_like_neighbours_are_told_and_alarm_where_no_column_explains_them() -> None:
    frame = people()
    draw = random()
    season = np.sin(np.arange(ROWS) / 40)
    bought = draw.random(ROWS) < 0.5 + 0.48 * season
    frame = frame.with_columns(bought=pl.Series(np.where(bought, "y", "n")))
    (found,) = told(frame, "order_not_random")
    assert (found.finding.severity, found.finding.columns) == ("info", ("bought",))
    ignorant = OutOfFold(np.full((ROWS, 2), 0.5), ("n", "y"))
    (found,) = told(frame, "order_not_random", out_of_fold=ignorant)
    assert found.finding.severity == "warning"
    p = 0.5 + 0.48 * season
    (found,) = told(frame, "order_not_random", out_of_fold=OutOfFold(np.column_stack([1 - p, p]), ("n", "y")))
    assert found.finding.severity == "info"


def test_early_rows_that_differ_from_late_ones_are_told() -> None:
    drift = np.arange(ROWS) / 100 + random().normal(size=ROWS)
    (found,) = told(people().with_columns(sensor=pl.Series(drift)), "order_not_random")
    assert found.finding.columns == ("sensor",)


def test_the_order_of_time_and_of_entities_is_known_and_not_told() -> None:
    frame = people().with_columns(date=pl.date_range(pl.date(2020, 1, 1), pl.date(2022, 9, 26), eager=True))
    frame = frame.sort("bought").with_columns(date=frame["date"])
    assert told(frame, "order_not_random") == []
