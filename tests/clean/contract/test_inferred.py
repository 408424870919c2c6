"""A contract that was inferred: the file keeps it, what was written is read again, and any one broken rule is found."""

from __future__ import annotations

import string
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlwright.clean.contract import Contract, check_table, infer_contract, read_contract
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.errors import OutputError
from mlwright.schema import Schema
from mlwright.table import Table

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.text(alphabet=string.ascii_letters + " é\"'\\#\x7f=<.,-\t", max_size=12)
cells = st.one_of(
    st.none(), words, st.integers(-(10**6), 10**6).map(str), st.floats(-1e300, 1e300).map(str), st.sampled_from(
        ["", "n/a", "NA", "None", "yes", "no", "1", "0", "2024-01-31", "31/01/2024", "5 kg", "1,5", "$3", "2 h", "-999",
         "007", "1.0", "1e5", "inf", "x", "unknown"]
    ),
)  # fmt: skip
sorts = st.one_of(
    st.just(cells), st.just(st.integers(-50, 50).map(str)), st.just(st.floats(-1e9, 1e9).map(str)),
    st.just(st.sampled_from(["a", "b", "None", "NA"])), st.just(st.dates().map(str)), st.just(st.booleans()),
    st.just(st.integers(-(2**63), 2**63 - 1)), st.just(st.floats(allow_nan=True)), st.just(st.datetimes()),
    st.just(st.timedeltas(timedelta(-9999), timedelta(9999))), st.just(st.none()), st.just(words),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(1, 40))
    names = draw(st.lists(words.filter(bool), min_size=1, max_size=4, unique=True))
    columns: dict[str, Any] = {}
    for name in names:
        sort = draw(sorts)
        columns[name] = pl.Series(draw(st.lists(sort, min_size=rows, max_size=rows)))
    return pl.DataFrame(columns)


@SLOW
@given(tables())
def test_a_file_keeps_the_contract_that_was_inferred_from_it(tmp_path: Path, frame: pl.DataFrame) -> None:
    """Also when the contract was written to a file and read again, which changes nothing of it."""
    table = Table(frame)
    contract = infer_contract(table)
    path = tmp_path / "contract.toml"
    path.unlink(missing_ok=True)
    again = read_contract(contract.save(path))
    assert again == contract
    checked = check_table(table, again, name="c")
    assert checked.violations == ()


@SLOW
@given(tables())
def test_rows_are_like_the_schema_that_was_written_from_them(frame: pl.DataFrame) -> None:
    table = Table(frame)
    schema, _ = infer_schema(table, Question())
    checked = check_table(table, Schema.from_dict(schema.to_dict()), name="s")
    assert checked.violations == ()
    assert checked.notices == ()


def made(rows: int, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "order": [f"O{seed}{row:06d}" for row in range(rows)],
            "price": np.round(draw.lognormal(3, 1, rows), 2),
            "pieces": draw.poisson(3, rows),
            "plan": draw.choice(["basic", "gold"], rows),
            "paid": draw.choice(["yes", "no"], rows),
            "took": [f"{each} min" for each in draw.integers(1, 90, rows)],
            "day": pl.Series(draw.integers(19_000, 20_000, rows)).cast(pl.Int32).cast(pl.Date),
        }
    )


BROKEN: dict[str, tuple[str, str, Any]] = {
    "missing": ("missing_values", "plan", None),
    "a category": ("new_category", "plan", "silver"),
    "a number": ("unreadable", "pieces", "some"),
    "half": ("not_whole", "pieces", "2.5"),
    "far off": ("out_of_range", "pieces", "5000"),
    "a truth": ("unreadable", "paid", "later"),
    "a duration": ("unreadable", "took", "long"),
    "a date": ("unreadable", "day", "soon"),
    "an id": ("not_unique", "order", "O1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_any_broken_rule_names_its_column(what: str) -> None:
    kind, column, value = BROKEN[what]
    contract = infer_contract(Table(made(1000, 0)))
    frame = made(1000, 1).with_columns(pl.all().cast(pl.String))
    assert check_table(Table(frame), contract, name="c").verdict == "pass"
    broken = frame.with_columns(frame[column].set(pl.int_range(1000, eager=True) < 60, value))
    (violation,) = check_table(Table(broken), contract, name="c").violations
    assert (violation.kind, violation.column) == (kind, column)
    assert repr(column) in violation.message


def ward(rows: int, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    admitted = draw.integers(19_000, 19_700, rows)
    top = draw.integers(100, 160, rows)
    return pl.DataFrame(
        {
            "temp": np.round(draw.normal(37, 0.6, rows), 1),
            "pressure": draw.normal(133, 14, rows).round().astype(int),
            "waited": np.round(draw.exponential(10, rows), 2),
            "admitted": pl.Series(admitted).cast(pl.Int32).cast(pl.Date),
            "discharged": pl.Series(admitted + draw.integers(1, 13, rows)).cast(pl.Int32).cast(pl.Date),
            "visit": pl.Series(admitted + draw.normal(400, 300, rows).astype(int)).cast(pl.Int32).cast(pl.Date),
            "first": top,
            "other": top + draw.normal(40, 10, rows).round(),
        }
    )


@pytest.mark.parametrize(("column", "value"), [("temp", 900.0), ("temp", 0.0), ("pressure", 1440), ("waited", 9_000.0)])
def test_what_no_tail_explains_is_a_violation_in_a_single_row(column: str, value: float) -> None:
    contract = infer_contract(Table(ward(1500, 0)))
    for seed in range(1, 6):
        assert check_table(Table(ward(1500, seed)), contract, name="c").violations == ()
    hot = ward(1500, 1)
    hot = hot.with_columns(hot[column].scatter(7, value))
    (violation,) = check_table(Table(hot), contract, name="c").violations
    assert (violation.kind, violation.column, violation.rows) == ("out_of_range", column, (7,))
    assert "not even one row" in violation.message


def test_an_order_that_all_of_many_rows_keep_is_a_rule() -> None:
    """That other columns happen to be larger, by scale or by luck, is none."""
    contract = infer_contract(Table(ward(1500, 0)))
    assert [str(rule) for rule in contract.table.rules] == ["admitted <= discharged"]
    rows = ward(1500, 1)
    swapped = rows.with_columns(admitted=rows["admitted"].scatter(3, rows["discharged"][3] + timedelta(1)))
    (violation,) = check_table(Table(swapped), contract, name="c").violations
    assert (violation.kind, violation.rows) == ("broken_rule", (3,))


def test_examples_in_comments_name_columns_of_the_file() -> None:
    text = infer_contract(Table(ward(100, 0))).text()
    assert '# rules = ["admitted <= discharged"]' in text
    assert "# key = " in text
    assert "customer" not in text
    assert "rules" not in infer_contract(Table(pl.DataFrame({"a": ["x", "y"]}))).text()


def test_a_notice_says_why_it_is_none_the_worse() -> None:
    rows = ward(1500, 1)
    contract = infer_contract(Table(ward(1500, 0)))
    high = contract.columns[0].high or 0.0
    warm = rows.with_columns(temp=rows["temp"].scatter(range(13), high + 1.0))
    checked = check_table(Table(warm), contract, name="c")
    assert checked.violations == ()
    message = next(each.message for each in checked.notices if each.column == "temp")
    assert "give or take" not in message
    assert "allows for a few rows beyond" in message


def test_every_line_has_a_comment_that_says_what_it_means() -> None:
    contract = infer_contract(Table(made(200, 0)))
    for line in contract.text().splitlines():
        if line and not line.startswith(("#", "[", "name = ")):
            assert "  # " in line, line
    assert "# fresh" in contract.text()


def test_a_contract_is_never_written_over(tmp_path: Path) -> None:
    contract = infer_contract(Table(made(20, 0)))
    path = contract.save(tmp_path / "c.toml")
    path.write_text("mine")
    with pytest.raises(OutputError, match="somebody may have edited it"):
        contract.save(path)
    assert path.read_text() == "mine"
    with pytest.raises(OutputError, match="cannot be written"):
        contract.save(tmp_path / "no" / "folder" / "c.toml")


def test_names_and_words_of_every_sort_survive(tmp_path: Path) -> None:
    names = ["a b", 'quote"', "tab\t", "back\\slash", "ünï", "x.y", "#", "=", "\x7f", "'", "]"]
    frame = pl.DataFrame({name: [f"{name}1", f"{name}2"] * 30 for name in names})
    contract = infer_contract(Table(frame))
    again = read_contract(contract.save(tmp_path / "c.toml"))
    assert isinstance(again, Contract)
    assert [rules.name for rules in again.columns] == names
    assert again.columns[0].categories == ("a b1", "a b2")
    assert check_table(Table(frame), again, name="c").verdict == "pass"
