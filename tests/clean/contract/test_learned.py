"""Rows against the schema of a model: what is a violation, what a notice, and what is nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from mlwright.clean.contract import Checked, check_table
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.schema import Schema
from mlwright.table import Table

ROWS = 1000


def made(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    days = pl.Series(draw.integers(20_000, 20_300, rows)).cast(pl.Int32).cast(pl.Date).cast(pl.String)
    frame = pl.DataFrame(
        {
            "customer_id": [f"C{seed}{row:06d}" for row in range(rows)],
            "signup": days,
            "age": draw.integers(18, 91, rows).astype(str),
            "plan": draw.choice(["basic", "gold", "free"], rows),
            "spend": np.round(draw.lognormal(3, 0.8, rows), 2).astype(str),
            "active": draw.choice(["yes", "no"], rows),
            "note": [f"a few words {draw.integers(10**9)} about row {row} of them" for row in range(rows)],
            "churn": draw.choice(["yes", "no"], rows),
        }
    )
    return frame.with_columns(age=frame["age"].set(pl.Series(draw.random(rows) < 0.03), None))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return infer_schema(Table(made()), Question(target="churn"))[0]


def check(frame: pl.DataFrame, schema: Schema) -> Checked:
    return check_table(Table(frame), schema, name="model")


def put(frame: pl.DataFrame, name: str, value: str | None, count: int) -> pl.DataFrame:
    """Return the frame with a value in the first rows of a column."""
    first = pl.int_range(frame.height, eager=True) < count
    return frame.with_columns(frame[name].set(first, value))


def test_the_rows_themselves_and_fresh_ones_pass(schema: Schema) -> None:
    assert check(made(), schema).verdict == "pass"
    assert not check(made(), schema).notices
    for seed in range(1, 6):
        assert check(made(seed=seed), schema).verdict == "pass"


def test_order_other_columns_and_a_missing_target_do_no_harm(schema: Schema) -> None:
    frame = made(seed=1)
    checked = check(frame.select(reversed(frame.columns)).drop("churn").with_columns(more=pl.lit("x")), schema)
    assert checked.verdict == "pass"
    assert [each.column for each in checked.notices if each.kind == "unknown_column"] == ["more"]


def test_a_column_that_is_gone_is_named_with_the_one_that_it_may_be(schema: Schema) -> None:
    checked = check(made(seed=1).rename({"age": "Age"}), schema)
    assert [(each.kind, each.column) for each in checked.violations] == [("missing_column", "age")]
    assert "'Age'" in checked.violations[0].advice


def test_a_file_that_has_lost_its_header_is_one_violation(schema: Schema) -> None:
    frame = made(seed=1)
    nameless = frame.rename({name: f"column_{place}" for place, name in enumerate(frame.columns)})
    (violation,) = check(nameless, schema).violations
    assert violation.message.startswith("None of the 6 columns that the model reads is there: ")


BROKEN: dict[str, tuple[str, str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "missing": ("missing_values", "age", lambda frame: put(frame, "age", None, 150)),
    "missing as a word": ("missing_values", "plan", lambda frame: put(frame, "plan", "n/a", 60)),
    "missing text": ("missing_values", "note", lambda frame: put(frame, "note", "", 60)),
    "words": ("unreadable", "spend", lambda frame: put(frame, "spend", "ask us", 30)),
    "neither yes nor no": ("unreadable", "active", lambda frame: put(frame, "active", "perhaps", 30)),
    "other dates": ("unreadable", "signup", lambda frame: put(frame, "signup", "31.12.24 noon", 30)),
    "a new category": ("new_category", "plan", lambda frame: put(frame, "plan", "platinum", 40)),
    "above": ("out_of_range", "age", lambda frame: put(frame, "age", "120", 40)),
    "below": ("out_of_range", "age", lambda frame: put(frame, "age", "-1", 40)),
    "one far off": ("out_of_range", "age", lambda frame: put(frame, "age", "999", 1)),
    "a date that cannot be": ("out_of_range", "signup", lambda frame: put(frame, "signup", "9999-12-31", 1)),
    "the same id again": ("not_unique", "customer_id", lambda frame: put(frame, "customer_id", "C1", 20)),
    "a new answer": ("unreadable", "churn", lambda frame: put(frame, "churn", "gone", 40)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_found_and_nothing_else(schema: Schema, what: str) -> None:
    kind, column, change = BROKEN[what]
    checked = check(change(made(seed=1)), schema)
    assert [(each.kind, each.column) for each in checked.violations] == [(kind, column)]
    violation = checked.violations[0]
    assert repr(column) in violation.message
    assert violation.message.endswith(".")
    assert violation.rows
    assert violation.count >= len(violation.rows)
    assert violation.advice


@pytest.mark.parametrize("what", [name for name in BROKEN if "far" not in name and "cannot" not in name])
def test_in_a_single_row_it_is_no_proof(schema: Schema, what: str) -> None:
    frame = made(seed=1)
    kind, column, change = BROKEN[what]
    one = pl.concat([change(frame).head(1), frame.tail(frame.height - 1)])
    checked = check(one, schema)
    assert checked.verdict == "pass"
    if kind not in {"missing_values", "not_unique"}:
        assert (kind, column) in {(each.kind, each.column) for each in checked.notices}


def test_examples_and_rows_are_those_of_the_cells(schema: Schema) -> None:
    frame = put(made(seed=1), "spend", "ask us", 30)
    (violation,) = check(frame, schema).violations
    assert violation.rows == tuple(range(30))
    assert "'ask us'" in violation.message
    assert "30 values" in violation.message
    assert "3 % of the rows" in violation.message


def test_rows_are_named_up_to_a_hundred(schema: Schema) -> None:
    (violation,) = check(put(made(seed=1), "plan", "platinum", 300), schema).violations
    assert (len(violation.rows), violation.count) == (100, 300)


def test_a_file_that_was_put_together_twice(schema: Schema) -> None:
    frame = made(400, seed=1)
    kinds = {each.kind for each in check(pl.concat([frame, frame]), schema).violations}
    assert kinds == {"not_unique", "repeated_rows"}


def test_rows_that_repeated_before_may_repeat() -> None:
    draw = np.random.default_rng(0)

    def few(rows: int) -> pl.DataFrame:
        return pl.DataFrame({"a": draw.choice(["x", "y"], rows), "b": draw.choice(["u", "v"], rows)})

    schema, _ = infer_schema(Table(few(500)), Question())
    assert schema.repeats == 496
    assert check(few(5000), schema).verdict == "pass"


def test_dates_go_on(schema: Schema) -> None:
    later = made(seed=1).with_columns(signup=pl.lit("2028-03-01"))
    checked = check(later, schema)
    assert checked.verdict == "pass"
    assert "signup" in {each.column for each in checked.notices if each.kind == "out_of_range"}


def test_more_that_is_missing_is_weighed_against_what_was(schema: Schema) -> None:
    few = made(seed=1)
    assert check(put(few, "age", None, 15), schema).verdict == "pass"  # 3 % and 15 rows of 1,000
    large = pl.concat([made(20_000, seed=2)])
    small = check(put(large, "age", None, 300), schema)  # 1.5 points more: sure, and too little to matter
    assert small.verdict == "pass"


def test_whole_numbers_that_are_no_longer_whole_are_a_notice(schema: Schema) -> None:
    checked = check(put(made(seed=1), "age", "41.5", 10), schema)
    assert checked.verdict == "pass"
    assert "not_whole" in {each.kind for each in checked.notices}


def test_without_rows_there_is_one_violation(schema: Schema) -> None:
    assert [each.kind for each in check(made().clear(), schema).violations] == ["no_rows"]


def test_many_rows_against_few(schema: Schema) -> None:
    assert check(made(60_000, seed=7), schema).verdict == "pass"


def test_typed_frames_are_checked_as_text_files_are(schema: Schema) -> None:
    frame = made(seed=1).with_columns(
        pl.col("age").cast(pl.Int64), pl.col("spend").cast(pl.Float64), pl.col("signup").str.to_date(),
        pl.col("plan").cast(pl.Categorical), active=pl.col("active") == "yes",
    )  # fmt: skip
    assert check(frame, schema).verdict == "pass"
    assert check(frame.with_columns(age=pl.col("age") * 100), schema).violations[0].column == "age"


def test_nested_and_empty_columns_are_told_and_do_not_crash(schema: Schema) -> None:
    frame = made(seed=1).with_columns(
        spend=pl.Series([[1.0, 2.0]] * ROWS), age=pl.lit(None), plan=pl.Series([{"a": 1}] * ROWS)
    )
    found = {(each.kind, each.column) for each in check(frame, schema).violations}
    assert {("unreadable", "spend"), ("missing_values", "age"), ("new_category", "plan")} <= found


def test_a_schema_without_its_rows_still_checks(schema: Schema) -> None:
    old = Schema(schema.columns)
    assert check(made(seed=1), old).verdict == "pass"
    assert check(made(seed=1).drop("age"), old).violations[0].kind == "missing_column"


def test_the_schema_keeps_what_a_check_needs(schema: Schema) -> None:
    again = Schema.from_dict(schema.to_dict())
    assert (again.rows, again.repeats, again) == (ROWS, schema.repeats, schema)
    ages = again["age"]
    assert ages.low is not None
    assert ages.low <= ages.quantiles[0] <= ages.quantiles[-1]
    assert again["plan"].quantiles == ()
