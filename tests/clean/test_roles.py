"""Roles, splits and findings of whole tables."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright.building.ask import LOOKED_FOR
from mlwright.clean.base import Context
from mlwright.clean.detectors import detect
from mlwright.clean.question import Question
from mlwright.clean.reading.infer import infer_column
from mlwright.clean.roles import SplitPlan, apply_split, infer_schema, propose_split
from mlwright.errors import ColumnError, OptionError
from mlwright.findings import Finding
from mlwright.schema import Schema
from mlwright.table import Table
from mlwright.tasks import ROW_TASKS, known, propose_task

ROWS = 240


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def customers(**more: object) -> Table:
    """A plain table of customers; columns of text files are text."""
    random = rng()
    columns: dict[str, object] = {
        "customer_id": [f"C{row:05d}" for row in range(ROWS)],
        "age": [str(age) for age in random.integers(18, 90, ROWS)],
        "town": random.choice(["Bonn", "Kiel", "Ulm"], ROWS).tolist(),
        "country": ["DE"] * ROWS,
        "churn": random.choice(["no", "yes"], ROWS, p=[0.7, 0.3]).tolist(),
    }
    return Table(pl.DataFrame({**columns, **more}), "customers", "customers.csv")


def days(count: int = ROWS, *, shuffled: bool = False) -> list[str]:
    moments = [(date(2023, 1, 1) + timedelta(days=day)).isoformat() for day in range(count)]
    return rng().permutation(moments).tolist() if shuffled else moments


def roles(schema: Schema) -> dict[str, str]:
    return {column.name: column.role for column in schema}


def table_findings(table: Table, schema: Schema) -> list[Finding]:
    return [detection.finding for detection in detect(table, Context(table, schema), only=LOOKED_FOR)]


def plan(table: Table, split: str = "auto", **named: object) -> SplitPlan:
    schema, _ = infer_schema(table, Question(target="churn", **named))  # type: ignore[arg-type]
    return propose_split(table, schema, split=split)


def test_roles_come_from_what_was_named_and_from_the_kinds() -> None:
    table = customers(w=["1.5"] * ROWS, secret=rng().normal(size=ROWS).tolist())
    schema, _ = infer_schema(table, Question(target="churn", sensitive=("town",), exclude=("secret",)))
    assert roles(schema) == {
        "customer_id": "ignored",
        "age": "feature",
        "town": "sensitive",
        "country": "ignored",
        "churn": "target",
        "w": "ignored",
        "secret": "ignored",
    }
    assert schema["customer_id"].note == (
        "'customer_id' looks like an identifier: it says which row it is, not what it is like; left out."
    )
    assert schema["secret"].note == ""
    assert [column.name for column in schema.features] == ["age", "town"]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"target": "chrun"}, "The target column 'chrun' is not in the data. Hint: did you mean 'churn'?"),
        ({"target": "churn", "time": "agee"}, "The time column 'agee' is not in the data"),
        ({"target": "churn", "exclude": ("twon",)}, "The column to exclude 'twon' is not in the data"),
        ({"target": "churn", "sensitive": ("sex",)}, "The sensitive column 'sex' is not in the data"),
        ({"target": "churn", "time": "town"}, "The time column 'town' holds neither dates nor numbers"),
        ({"target": "churn", "weight": "town"}, "The weight column 'town' holds category values, not numbers."),
    ],
)
def test_columns_that_are_not_there_or_not_that_are_refused(named: dict, words: str) -> None:
    with pytest.raises(ColumnError) as refused:
        infer_schema(customers(), Question(**named))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (["-1", *["2"] * (ROWS - 2), "3"], "has -1 in data row 0"),
        ([*["2"] * (ROWS - 1), None], "has no number in 1 of 240 rows, first in data row 239"),
        ([1e308, 1e308, *[1.0] * (ROWS - 2)], r"holds numbers up to 1e\+308, whose sum is beyond"),
    ],
)
def test_weights_that_are_none_are_refused(weights: list, words: str) -> None:
    with pytest.raises(ColumnError, match=words):
        infer_schema(customers(w=weights), Question(target="churn", weight="w"))


def test_weights_are_read_as_numbers() -> None:
    schema, _ = infer_schema(customers(w=["1", "2"] * (ROWS // 2)), Question(target="churn", weight="w"))
    assert schema["w"].role == "weight"
    assert schema["w"].is_float
    assert schema["w"].note


def test_one_column_cannot_be_two_things() -> None:
    with pytest.raises(OptionError, match=r"'churn' is named as --target and as --exclude"):
        infer_schema(customers(), Question(target="churn", exclude=("churn",)))


def test_a_sensitive_column_that_is_excluded_is_watched_and_no_feature() -> None:
    schema, _ = infer_schema(customers(), Question(target="churn", sensitive=("town", "age"), exclude=("town",)))
    assert [column.name for column in schema.with_role("sensitive")] == ["age", "town"]
    assert [column.name for column in schema.features] == ["age"]
    assert schema["town"].note == "'town' is watched, and the model does not look at it."
    assert Schema.from_dict(schema.to_dict()) == schema


def test_a_target_that_differs_in_every_row_is_an_amount() -> None:
    table = customers(income=[str(10_000 + row * 7) for row in rng().permutation(ROWS)])
    schema, _ = infer_schema(table, Question(target="income"))
    assert schema["income"].is_float
    assert schema["income"].role == "target"


def test_copies_are_left_out_the_targets_above_all() -> None:
    table = customers()
    frame = table.frame.with_columns(pl.col("age").alias("age again"), pl.col("churn").alias("left?"))
    schema, findings = infer_schema(Table(frame), Question(target="churn"))
    assert roles(schema)["age again"] == roles(schema)["left?"] == "ignored"
    kinds = {finding.kind: finding for finding in findings}
    assert kinds["target_copy"].columns == ("left?",)
    assert kinds["target_copy"].severity == "error"
    assert kinds["duplicate_columns"].columns == ("age", "age again")
    assert kinds["duplicate_columns"].applied


def test_columns_that_only_look_alike_stay() -> None:
    table = customers(a=list(range(ROWS)), b=[*range(ROWS - 1), 7])
    schema, findings = infer_schema(table, Question(target="churn"))
    assert not [finding for finding in findings if finding.kind in {"target_copy", "duplicate_columns"}]
    assert roles(schema)["age"] == "feature"


def test_rows_in_time_are_split_by_time() -> None:
    found = plan(customers(seen=days()))
    assert (found.kind, found.column) == ("time", "seen")
    assert "2023-01-01 to 2023-08-28" in found.reason
    assert "--split random" in found.reason


def test_a_date_by_name_counts_in_any_order() -> None:
    assert plan(customers(order_date=days(shuffled=True))).column == "order_date"
    assert plan(customers(created_at=days(shuffled=True))).column == "created_at"
    assert plan(customers(hired=days(shuffled=True))).kind == "random"


@pytest.mark.parametrize("name", ["date_of_birth", "dob", "birthday", "due_date", "valid_until"])
def test_dates_that_do_not_order_rows_are_passed_over(name: str) -> None:
    assert plan(customers(**{name: days(shuffled=True)})).kind == "random"


def test_of_several_dates_the_one_in_order_is_taken_and_the_other_named() -> None:
    found = plan(customers(signup_date=days(shuffled=True), seen=days()))
    assert found.column == "seen"
    assert "--time 'signup_date'" in found.reason


def test_repeated_entities_are_kept_together() -> None:
    table = customers(patient_no=[str(9000 + row // 4) for row in rng().permutation(ROWS)])
    schema, _ = infer_schema(table, Question(target="churn"))
    found = propose_split(table, schema)
    assert (found.kind, found.column) == ("group", "patient_no")
    assert "60 values with 4.0 rows each" in found.reason
    applied = apply_split(schema, found)
    assert applied["patient_no"].role == "group"
    assert not applied["patient_no"].is_feature
    assert applied["patient_no"].note
    assert apply_split(applied, found) is applied


@pytest.mark.parametrize(
    ("name", "distinct"),
    [("zip_code", 60), ("product_id", 60), ("user_type", 60), ("number", 60), ("patient_id", 12), ("lane_id", 10)],
)
def test_attributes_that_repeat_are_no_entities(name: str, distinct: int) -> None:
    values = [str(1000 + row % distinct) for row in rng().permutation(ROWS)]
    assert plan(customers(**{name: values})).kind == "random"


def test_time_wins_over_entities_and_says_so() -> None:
    found = plan(customers(seen=days(), user=[f"u{row // 4}" for row in rng().permutation(ROWS)]))
    assert found.kind == "time"
    assert "'user' may stand on both sides" in found.reason


def test_what_was_named_wins_over_what_was_found() -> None:
    table = customers(seen=days(), member=[f"u{row % 30}" for row in range(ROWS)])
    assert plan(table, group="member").column == "member"
    assert plan(table, group="member", time="seen").column == "seen"
    assert plan(table, time="age").column == "age"
    schema, _ = infer_schema(table, Question(target="churn", time="age"))
    assert apply_split(schema, propose_split(table, schema))["age"].role == "time"


def test_a_split_can_be_forced() -> None:
    table = customers(seen=days(), member=[f"u{row % 30}" for row in range(ROWS)])
    found = plan(table, "random")
    assert (found.kind, found.column) == ("random", None)
    assert "although 'seen' puts them in time" in found.reason
    assert plan(table, "group").column == "member"
    assert plan(customers(hired=days(shuffled=True)), "time").column == "hired"
    assert "--split random" not in plan(customers(), "auto").reason


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("time", "--split time needs a column of dates, and none was found"),
        ("group", "--split group needs a column of entities with several rows each"),
        ("tme", "did you mean 'time'"),
    ],
)
def test_a_split_that_cannot_be_is_refused(split: str, words: str) -> None:
    with pytest.raises(OptionError) as refused:
        plan(customers(), split)
    assert words in str(refused.value)


def test_a_time_or_group_of_one_value_is_refused() -> None:
    with pytest.raises(ColumnError, match=r"has only one moment in 240 rows"):
        plan(customers(year=[2024] * ROWS), time="year")
    for constant in (["2020-01-01"] * ROWS, [date(2020, 1, 1)] * ROWS):
        with pytest.raises(ColumnError, match=r"'day' has only one moment, '2020-01-01': nothing comes after anything"):
            plan(customers(day=constant), time="day")
    with pytest.raises(ColumnError, match=r"neither dates nor numbers, but for example 'soon'"):
        plan(customers(day=["soon"] * ROWS), time="day")
    with pytest.raises(ColumnError, match=r"fewer than two different values"):
        plan(customers(), group="country")


def test_findings_of_the_table() -> None:
    table = customers(
        notes=[None] * (ROWS - 5) + list("abcde"), amount=rng().normal(size=ROWS).tolist(), more=rng().random(ROWS)
    )
    late = pl.int_range(pl.len()) >= 30
    frame = table.frame.with_columns(pl.when(late).then("churn"))
    schema, _ = infer_schema(Table(frame), Question(target="churn"))
    found = {finding.kind: finding for finding in table_findings(Table(frame), schema)}
    assert found["constant_columns"].columns == ("country",)
    assert found["mostly_missing"].columns == ("notes",)
    assert "30 rows" in found["target_missing"].message
    for finding in found.values():
        assert finding.message.endswith(".")


def test_copied_rows_are_counted_and_shown() -> None:
    table = customers(amount=rng().normal(size=ROWS).tolist())
    frame = pl.concat([table.frame, table.frame.head(5)])
    schema, _ = infer_schema(Table(frame), Question(target="churn"))
    found = next(f for f in table_findings(Table(frame), schema) if f.kind == "duplicate_rows")
    assert found.rows == tuple(range(ROWS, ROWS + 5))
    assert found.message.startswith("5 rows (2 %) repeat an earlier row in every column")
    few = Table(pl.DataFrame({"a": ["x", "y"] * 50, "churn": ["no", "no", "yes", "yes"] * 25}))
    schema, _ = infer_schema(few, Question(target="churn"))
    kinds = [finding.kind for finding in table_findings(few, schema)]
    assert "few_different_rows" in kinds
    assert "duplicate_rows" not in kinds


def test_small_and_wide_tables_are_said_to_be_uncertain() -> None:
    wide = {f"x{number}": rng().normal(size=20).tolist() for number in range(50)}
    for number, values in enumerate(wide.values()):
        values[0] += number  # no two columns are the same
    table = Table(pl.DataFrame({**wide, "churn": ["no", "yes"] * 10}))
    schema, _ = infer_schema(table, Question(target="churn"))
    kinds = {finding.kind for finding in table_findings(table, schema)}
    assert {"few_rows", "more_columns_than_rows"} <= kinds


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "target", "kind", "column"),
    [
        ("bike_sharing_hourly", "cnt", "time", "dteday"),
        ("beers_dirty", "abv", "group", "brewery_id"),
        ("telco_churn", "Churn", "random", None),
        ("titanic", "Survived", "random", None),
        ("german_credit", "risk", "random", None),
        ("australia_tourism", "Trips", "time", "date_time"),
    ],
)
def test_real_tables_are_split_as_an_engineer_would(
    shared_data: Path, name: str, target: str, kind: str, column: str | None
) -> None:
    table = Table(pl.read_csv(shared_data / f"{name}.csv.gz", infer_schema=False))
    schema, _ = infer_schema(table, Question(target=target))
    found = propose_split(table, schema)
    assert (found.kind, found.column) == (kind, column)


@pytest.mark.shared_data
def test_real_targets_are_asked_as_an_engineer_would(shared_data: Path) -> None:
    for entry in json.loads((shared_data / "MANIFEST.json").read_text()):
        if entry["kind"] not in ROW_TASKS:
            continue
        frame = pl.read_csv(shared_data / entry["file"], infer_schema=False, columns=[entry["target"]])
        column = infer_column(frame[entry["target"]])
        task, _ = propose_task(column, column.distinct, frame.height)
        assert task.name == entry["kind"], entry["name"]
        target = task.encode(frame[entry["target"]].filter(pl.Series(known(frame[entry["target"]], column))), column)
        assert np.isfinite(target.y).all()
