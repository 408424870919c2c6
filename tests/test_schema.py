"""The Schema on disk: what is written is read again, defaults are left out, and nothing odd gets in."""

from __future__ import annotations

from typing import Any

import pytest

from mlwright.errors import ColumnError
from mlwright.schema import Column, Schema

AGE = Column(name="age", kind="integer", distinct=9, low=1.0, high=9.0, quantiles=(1.0, 2.0, 4.0, 8.0, 9.0), unread=2)
PLAN = Column(name="plan", kind="category", categories=("a", "b"), missing_tokens=("k.a.",))


def test_what_is_written_is_read_again() -> None:
    schema = Schema((AGE, PLAN), rows=12, repeats=3)
    assert Schema.from_dict(schema.to_dict()) == schema
    assert schema.replacing([AGE.with_role("ignored")]).rows == 12


def test_defaults_are_left_out() -> None:
    assert Schema((Column(name="x", kind="text"),)).to_dict() == {
        "columns": [{"name": "x", "kind": "text", "role": "feature"}]
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 3), ("missing_share", 1.5), ("missing_share", "a"), ("distinct", -1), ("distinct", 1.5),
        ("unread", True), ("low", "1"), ("high", float("nan")), ("high", 10**400), ("quantiles", [1.0]),
        ("quantiles", [2.0, 1.0, 3.0, 4.0, 5.0]), ("quantiles", 3), ("categories", [1]), ("categories", "a"),
        ("missing_tokens", [None]), ("missing_numbers", ["a"]), ("decimal", "x"), ("decimal", []), ("units", 3),
        ("datetime_format", 3), ("numeric_text", 1), ("note", None), ("kind", "nubmer"), ("kind", []), ("role", {}),
        ("more", 1), ("excluded", 1),
    ],
)  # fmt: skip
def test_a_column_with_an_odd_field_is_refused(field: str, value: Any) -> None:
    plain = AGE.to_dict()
    with pytest.raises(ColumnError, match=r"age|unknown|3"):
        Column.from_dict({**plain, field: value})


@pytest.mark.parametrize(("field", "value"), [("rows", -1), ("repeats", "3"), ("rows", 1.0), ("rows", True), ("x", 1)])
def test_a_schema_with_an_odd_count_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ColumnError, match=field):
        Schema.from_dict({"columns": [], field: value})
