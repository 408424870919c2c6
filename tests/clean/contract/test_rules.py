"""Rules that a person wrote: each is broken by what breaks it, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from mlwright.clean.contract import Checked, check_table, contract_of
from mlwright.clean.contract.written_rules import check_contract
from mlwright.table import Table

DAY = 86400.0


def check(data: Mapping[str, Any], contract: Mapping[str, Any]) -> Checked:
    return check_table(Table(pl.DataFrame(data)), contract_of(contract), name="c")


def column(values: list[Any], **rules: Any) -> Checked:
    return check({"x": values}, {"columns": {"x": rules}})


def kinds(checked: Checked) -> list[str]:
    return [each.kind for each in checked.violations]


KEPT: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "missing up to a share": (["a", "", None, "b"], {"missing": 0.5}),
    "a range with its ends": ([0, 5, 10], {"low": 0, "high": 10}),
    "within the tolerance": (["0", "11"], {"low": 0, "high": 10, "tolerance": 0.1}),
    "outside in few rows": ([5, 5, 5, 99], {"low": 0, "high": 10, "outside": 0.25}),
    "categories as numbers or words": (["1", "1.0", "2"], {"categories": [1, 2]}),
    "a word that elsewhere is missing": (["NA", "EU"], {"categories": ["NA", "EU"], "missing": 0}),
    "new ones in few rows": (["a", "a", "a", "z"], {"categories": ["a"], "new_share": 0.25}),
    "new ones as a notice": (["z", "y"], {"categories": ["a"], "new": "notice"}),
    "each different": (["a", "b", None, None], {"unique": True}),
    "a pattern": (["AB12", " XY7 ", None], {"pattern": "[A-Z]{2}[0-9]+"}),
    "dates in a format": (["31/01/2024", "01/02/2024"], {"format": "%d/%m/%Y"}),
    "dates in a range": (["2024-01-31"], {"low": "2024-01-01", "high": "2024-12-31", "kind": "datetime"}),
    "durations": (["90 min", "1 hour"], {"kind": "duration", "high": "2 h"}),
    "a decimal comma": (["1,5", "2,25"], {"kind": "number", "decimal": ",", "high": 3}),
    "units": (["5 kg", "7 kg"], {"kind": "number", "units": ["kg"], "high": 10}),
    "own words for missing": (["5", "k.A.", "-9"], {"low": 0, "missing_values": ["k.A.", -9]}),
    "unreadable in few rows": (["1", "2", "3", "x"], {"kind": "number", "unreadable": 0.25}),
    "yes and no": (["yes", "N", "1", True], {"kind": "boolean"}),
    "nothing is asked": (["x", None, "x"], {}),
}

BROKEN: dict[str, tuple[list[Any], dict[str, Any], str, tuple[int, ...]]] = {
    "missing": (["a", "", None, "b"], {"missing": 0.25}, "missing_values", (1, 2)),
    "below": ([-1, 5], {"low": 0}, "out_of_range", (0,)),
    "above the tolerance": (["0", "11.5"], {"low": 0, "high": 10, "tolerance": 0.1}, "out_of_range", (1,)),
    "outside in many rows": ([99, 5, 5, 99], {"low": 0, "high": 10, "outside": 0.25}, "out_of_range", (0, 3)),
    "far": ([5, 5, 5, 99], {"low": 0, "high": 10, "outside": 0.25, "far": 3}, "out_of_range", (3,)),
    "a new category": (["a", "z"], {"categories": ["a"]}, "new_category", (1,)),
    "twice": (["a", "b", "a"], {"unique": True}, "not_unique", (2,)),
    "the same number twice": (["1", "1.0"], {"kind": "number", "unique": True}, "not_unique", (1,)),
    "no match": (["AB12", "xAB12", "AB12\n1"], {"pattern": "[A-Z]{2}[0-9]+"}, "pattern", (1, 2)),
    "no number": (["1", "x"], {"kind": "number"}, "unreadable", (1,)),
    "not whole": (["1", "1.5"], {"kind": "integer"}, "not_whole", (1,)),
    "no date of the format": (["31/01/2024", "02/31/2024"], {"format": "%d/%m/%Y"}, "unreadable", (1,)),
    "too early": (["2023-12-31", "2024-01-01"], {"kind": "datetime", "low": "2024-01-01"}, "out_of_range", (0,)),
    "too long": (["3 hours"], {"kind": "duration", "high": "2 h"}, "out_of_range", (0,)),
    "neither yes nor no": (["yes", "perhaps"], {"kind": "boolean"}, "unreadable", (1,)),
    "nothing where all is asked": ([None, None], {"missing": 0}, "missing_values", (0, 1)),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_a_contract_allows_passes(what: str) -> None:
    values, rules = KEPT[what]
    if what == "yes and no":
        values = [str(each) for each in values]
    assert column(values, **rules).verdict == "pass"


@pytest.mark.parametrize("what", BROKEN)
def test_what_it_does_not_allow_names_column_and_rows(what: str) -> None:
    values, rules, kind, rows = BROKEN[what]
    checked = column(values, **rules)
    (violation,) = checked.violations
    assert (violation.kind, violation.column, violation.rows, violation.count) == (kind, "x", rows, len(rows))
    assert "'x'" in violation.message
    assert violation.message.endswith(".")
    assert violation.advice
    assert checked.verdict == "fail"


def test_columns_that_are_not_there_or_not_named() -> None:
    asked = {"columns": {"age": {}, "plan": {"required": False}}}
    checked = check({"Age": [1], "more": [2]}, asked)
    assert [(each.kind, each.column) for each in checked.violations] == [("missing_column", "age")]
    assert "'Age'" in checked.violations[0].advice
    assert {(each.kind, each.column) for each in checked.notices} == {
        ("missing_column", "plan"),
        ("unknown_column", None),
    }
    strict = {**asked, "table": {"unknown_columns": "violation"}}
    assert kinds(check({"age": [1], "more": [2]}, strict)) == ["unknown_column"]
    free = {**asked, "table": {"unknown_columns": "allowed"}}
    assert check({"more": [2], "age": [1], "plan": [1]}, free).notices == ()


def test_a_file_without_any_of_the_columns_is_one_violation() -> None:
    asked = {"columns": {"age": {}, "plan": {}, "note": {"required": False}}}
    (violation,) = check({"column_1": [41], "column_2": ["basic"]}, asked).violations
    assert (violation.kind, violation.column) == ("missing_column", None)
    assert "None of the 2 columns that the contract asks for is there: 'age', 'plan'." in violation.message
    assert "line of names" in violation.advice


def test_the_number_of_rows() -> None:
    for rows, kind in ((0, "no_rows"), (1, "too_few_rows"), (5, "too_many_rows")):
        assert kinds(check({"x": list(range(rows))}, {"table": {"fewest_rows": 2, "most_rows": 4}})) == [kind]
    assert kinds(check({"x": [1, 2, 3]}, {"table": {"fewest_rows": 2, "most_rows": 4}})) == []
    assert kinds(check({"x": []}, {"table": {"fewest_rows": 0, "most_rows": 4}})) == []


def test_keys_and_repeated_rows() -> None:
    data = {"a": [1, 1, 1, 2], "b": ["x", "y", "x", "x"], "c": [0, 0, 0, 0]}
    (violation,) = check(data, {"table": {"key": ["a", "b"]}}).violations
    assert (violation.kind, violation.column, violation.rows) == ("repeated_key", "a", (2,))
    assert kinds(check(data, {"table": {"key": ["a", "b", "gone"]}})) == ["missing_column"]
    assert kinds(check(data, {"table": {"repeated_rows": 0.2}})) == ["repeated_rows"]
    assert kinds(check(data, {"table": {"repeated_rows": 0.25}})) == []


@pytest.mark.parametrize(
    ("sign", "rows"), [("<", (1, 2)), ("<=", (2,)), (">", (0, 1)), (">=", (0,)), ("==", (0, 2)), ("!=", (1,))]
)
def test_comparisons_hold_where_both_have_a_value(sign: str, rows: tuple[int, ...]) -> None:
    data = {"start day": ["2024-01-01", "2024-01-02", "2024-01-03", None, "2024-01-01"],
            "end": ["2024-01-02", "2024-01-02", "2024-01-02", "2024-01-02", None]}  # fmt: skip
    contract = {"table": {"rules": [f"start day {sign} end"]},
                "columns": {"start day": {"kind": "datetime"}, "end": {"kind": "datetime"}}}  # fmt: skip
    (violation,) = check(data, contract).violations
    assert (violation.kind, violation.column, violation.rows) == ("broken_rule", "start day", rows)
    assert f"'start day {sign} end' does not hold" in violation.message


def test_texts_are_equal_or_not() -> None:
    contract = {"table": {"rules": ["a == b"]}, "columns": {"a": {}, "b": {}}}
    assert kinds(check({"a": ["x", " y ", None], "b": ["x", "y", "z"]}, contract)) == []
    assert kinds(check({"a": ["x"], "b": ["X"]}, contract)) == ["broken_rule"]


def test_freshness_is_that_of_the_newest_value() -> None:
    contract = contract_of({"columns": {"at": {"kind": "datetime", "fresh": "2 days"}}})
    table = Table(pl.DataFrame({"at": ["2024-01-01", "2024-01-03", None]}))
    now = 1704240000.0  # 2024-01-03
    assert not [*check_contract(table, contract, now=now + 2 * DAY)]
    (violation,) = check_contract(table, contract, now=now + 3 * DAY)
    assert (violation.kind, violation.column) == ("stale", "at")
    assert "2024-01-03, 3 days ago" in violation.message
    (violation,) = check_contract(Table(pl.DataFrame({"at": [None, ""]})), contract, now=now)
    assert violation.kind == "stale"


def test_chance_is_allowed_only_where_the_contract_says_so() -> None:
    values = [""] + ["x"] * 19
    rules = {"columns": {"x": {"missing": 0.04}}}
    assert kinds(check({"x": values}, rules)) == ["missing_values"]
    assert kinds(check({"x": values}, {**rules, "table": {"allow_chance": True}})) == []
    assert kinds(check({"x": [""] * 10 + ["x"] * 10}, {**rules, "table": {"allow_chance": True}})) == ["missing_values"]


def test_a_limit_of_zero_is_exact_even_with_chance() -> None:
    rules = {"table": {"allow_chance": True}, "columns": {"x": {"missing": 0}}}
    assert kinds(check({"x": [""] + ["x"] * 100_000}, rules)) == ["missing_values"]


def test_the_worst_stands_first_and_a_notice_is_no_violation() -> None:
    asked = {"columns": {"a": {"missing": 0}, "b": {"low": 0}, "c": {}, "d": {"categories": ["x"], "new": "notice"}}}
    checked = check({"a": ["", "1"], "b": ["-1", "2"], "d": ["y", "x"]}, asked)
    assert kinds(checked) == ["missing_column", "out_of_range", "missing_values"]
    assert [each.kind for each in checked.notices] == ["new_category"]
    said = str(checked)
    assert said.startswith("fail: 3 violations, 1 notice in 2 rows and 3 columns of memory, checked against c.")
    assert said.index("'c'") < said.index("'b'") < said.index("'a'") < said.index("notice: ")
    assert "data row 0" in said


def test_many_notices_are_cut_short() -> None:
    names = [f"c{place}" for place in range(15)]
    rules = {name: {"categories": ["x"], "new": "notice"} for name in names}
    assert "5 more notices; JSON has them all." in str(check({name: ["y"] for name in names}, {"columns": rules}))
