"""Rows of all shapes come to the same typed values, and what is quick says what `read_value` says."""

from __future__ import annotations

import math
from collections import UserDict
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.columns import Columns
from mlwright.errors import ColumnError, InputError, OptionError
from mlwright.model.rows import FEW, Reader
from mlwright.schema import Column, Schema
from mlwright.values import read_value, reader
from mlwright.values.reader import KEPT, SHORT

COLUMNS = (
    Column(name="number", kind="number", missing_numbers=(-999.0, 0.0)),
    Column(name="whole", kind="integer", decimal=","),
    Column(name="truth", kind="boolean"),
    Column(name="moment", kind="datetime", datetime_format="epoch_s", missing_numbers=(0.0,)),
    Column(name="span", kind="duration"),
    Column(name="level", kind="category", missing_tokens=("unknown",)),
    Column(name="code", kind="category", numeric_text=True),
    Column(name="text", kind="text"),
)
RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, -999.0, -999, 0, 1, True, 2**62, -(2**70), 10**400, math.inf, math.nan]),
    st.text(max_size=8),
    st.sampled_from(["1", " 1 ", "1.0", "01", "yes", "unknown", "N/A", "1,5", "1.5", "2024-02-03", "x" * 100]),
    st.dates(),
    st.decimals(),
    st.sampled_from([np.float64(0.5), np.int64(3), np.str_("a"), np.float64("nan"), np.bool_(True)]),
)


@given(st.sampled_from(COLUMNS), st.lists(RAW, max_size=30))
@settings(max_examples=300, deadline=None)
def test_what_is_quick_says_what_read_value_says(column: Column, raws: list[Any]) -> None:
    """Also when a value comes again, or one that equals it and is of another type."""
    read = reader(column)
    for raw in (*raws, *raws[::-1]):
        found, expected = read(raw), read_value(raw, column)
        assert found == expected
        assert type(found) is type(expected)
        if isinstance(found, float) and column.kind != "boolean":
            assert math.copysign(1.0, found) == math.copysign(1.0, expected)


def test_only_so_much_is_kept() -> None:
    read = reader(COLUMNS[5])
    kept = next(cell.cell_contents for cell in read.__closure__ or () if isinstance(cell.cell_contents, dict))
    for place in range(3 * KEPT):
        read(f"level {place}")
        read(place)
        read(f"{place:0{SHORT + 1}}")
    assert {kind: len(known) <= KEPT for kind, known in kept.items()} == dict.fromkeys(kept, True)
    assert max(len(text) for text in kept[str]) <= SHORT


ROW: dict[str, Any] = {
    "number": "1.5",
    "whole": 3,
    "truth": "yes",
    "moment": 86400,
    "span": 2.5,
    "level": "a",
    "code": 1.0,
    "text": "hello",
}


def one_by_one(row: dict[str, Any]) -> dict[str, Any]:
    """Return what `read_value` says of each value."""
    return {column.name: read_value(row[column.name], column) for column in COLUMNS}


def rows() -> Reader:
    return Reader(COLUMNS, Schema((*COLUMNS, Column(name="other", kind="number", role="ignored"))))


@pytest.mark.parametrize("more", [{}, {"other": [1, 2]}, {"unheard of": {"a": 1}}])
def test_one_row_is_read_whatever_else_it_holds(more: dict[str, Any]) -> None:
    expected = [one_by_one(ROW)]
    assert rows().read({**more, **ROW}) == expected
    assert rows().read(UserDict({**ROW, **more})) == expected
    assert rows().read([{**more, **ROW}]) == expected


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1])
def test_a_missing_column_is_named(count: int) -> None:
    short = {name: value for name, value in ROW.items() if name != "level"}
    given = [ROW] * (count - 1) + [short]
    where = rf"row {count - 1}: " if count > 1 else ""
    with pytest.raises(ColumnError, match=rf"^{where}.*'level'"):
        rows().read(given)


@pytest.mark.parametrize("value", [[1], (1,), {"a": 1}, {1}, np.zeros(2)])
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(ColumnError, match=r"Column 'whole' holds a \w+ where one value was expected"):
        rows().read({**ROW, "whole": value})
    with pytest.raises(ColumnError, match=r"^row 1: Column 'whole' holds"):
        rows().read([ROW, {**ROW, "whole": value}])


def test_many_dicts_become_the_same_columns() -> None:
    odd = {**ROW, "number": Decimal("2.5"), "level": None, "code": 7, "moment": date(2024, 2, 3)}
    columns = rows().read([ROW, odd] * FEW)
    assert isinstance(columns, Columns)
    assert [columns.row(0), columns.row(1)] == [one_by_one(ROW), one_by_one(odd)]


def test_a_row_of_a_pandas_frame_is_one_row() -> None:
    frame = pd.DataFrame([{**ROW, "other": 1}, {**ROW, "number": None}])
    for place in (0, 1):
        assert rows().read(frame.iloc[place]) == [one_by_one(frame.iloc[place].to_dict())]
    with pytest.raises(ColumnError, match="'text'"):
        rows().read(frame.iloc[0].drop("text"))
    with pytest.raises(OptionError, match="A Series is read as one row"):
        rows().read(frame["number"])


class Streams:
    """Offers its rows by way of a package that is not there."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise ImportError("pyarrow")


@pytest.mark.parametrize("odd", [Streams(), None, 3, 1.5, True, b"x", {1}, iter([1]), [1], [[1]], object(), len])
def test_what_holds_no_rows_is_refused_in_one_sentence(odd: object) -> None:
    with pytest.raises(InputError, match=r"^(A source|Rows|Each row) [^\n]+ Hint: give "):
        rows().read(odd)
