"""What is shown of a typed value is read as the same value, in the writing of its column."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.schema import Column
from mlwright.serve.written import as_written, example_of
from mlwright.values import read_value

COLUMNS = {
    "number": Column(name="x", kind="number"),
    "comma": Column(name="x", kind="number", decimal=","),
    "integer": Column(name="x", kind="integer"),
    "boolean": Column(name="x", kind="boolean"),
    "duration": Column(name="x", kind="duration"),
    "iso": Column(name="x", kind="datetime", datetime_format="iso"),
    "german": Column(name="x", kind="datetime", datetime_format="%d.%m.%Y"),
    "minutes": Column(name="x", kind="datetime", datetime_format="%Y/%m/%d %H:%M"),
    "epoch": Column(name="x", kind="datetime", datetime_format="epoch_ms"),
}


@pytest.mark.parametrize("kind", COLUMNS)
@given(value=st.integers(-(10**9), 4 * 10**9) | st.sampled_from([0, 86_400, 1_700_000_040]))
def test_what_is_written_is_read_the_same_and_is_json(kind: str, value: int) -> None:
    column = COLUMNS[kind]
    typed = float(value % 2 if kind == "boolean" else value)
    told = as_written(typed, column)
    assert read_value(told, column) == typed
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        ("boolean", 0.0, False),
        ("integer", 41.0, 41),
        ("number", 0.5, 0.5),
        ("iso", 86_400.0, "1970-01-02"),
        ("iso", 86_460.0, "1970-01-02T00:01:00"),
        ("german", 86_400.0, "02.01.1970"),
        ("german", 86_460.0, "1970-01-02T00:01:00"),
        ("minutes", 86_460.0, "1970/01/02 00:01"),
        ("epoch", 2.0, 2000.0),
        ("iso", 1e18, None),
    ],
)
def test_each_kind_has_its_writing(kind: str, typed: float, told: object) -> None:
    found = as_written(typed, COLUMNS[kind])
    assert (found, type(found)) == (told, type(told))


@pytest.mark.parametrize(
    ("kind", "raw", "shown"),
    [
        ("boolean", "false", False),
        ("integer", "70", 70),
        ("number", "2,041.6", 2041.6),
        ("number", "n/a", None),
        ("german", "24.12.2024", "24.12.2024"),
        ("iso", "2024-11-25 08:00", "2024-11-25 08:00"),
    ],
)
def test_examples_show_numbers_as_numbers_and_dates_as_they_are(kind: str, raw: str, shown: object) -> None:
    column = COLUMNS[kind]
    found = example_of(raw, read_value(raw, column), column)
    assert (found, type(found)) == (shown, type(shown))
