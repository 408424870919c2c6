"""Whole columns, lists of rows, and single rows are read alike."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlwright.columns import Coded, Columns, Values, read_frame, read_rows
from mlwright.errors import ColumnError
from mlwright.schema import Column
from mlwright.values import read_value, reader

KINDS = (
    Column(name="x", kind="number"),
    Column(name="x", kind="number", decimal=","),
    Column(
        name="x", kind="number", units=("kg", "oz"), missing_tokens=("unknown", "1e5"), missing_numbers=(-999.0, 0.0)
    ),
    Column(name="x", kind="integer", missing_tokens=("unknown",)),
    Column(name="x", kind="boolean"),
    Column(name="x", kind="datetime"),
    Column(name="x", kind="datetime", datetime_format="iso", missing_numbers=(0.0,)),
    Column(name="x", kind="datetime", datetime_format="%d/%m/%Y"),
    Column(name="x", kind="datetime", datetime_format="%m-%d-%Y"),
    Column(name="x", kind="datetime", datetime_format="%Y%m%d"),
    *(Column(name="x", kind="datetime", datetime_format=f"epoch_{unit}") for unit in ("s", "ms", "us", "ns")),
    Column(name="x", kind="duration"),
    Column(name="x", kind="category"),
    Column(name="x", kind="category", numeric_text=True, missing_tokens=("unknown",)),
    Column(name="x", kind="text"),
    Column(name="x", kind="id"),
    Column(name="x", kind="constant"),
)
AWKWARD = (
    " 1,234.50 ", "1e5", "٣", "", "NaN", "nan", "-0", "0x1A", "1_000", "TRUE", "½", "x" * 5000, "9" * 400, "\x00",
    "a\x00b",
    "1\n", "\u00a07\u00a0", "-999", "0", "1", "1.0", "01", "+5", "5.", ".5", "1e999", "inf", "Infinity", "-inf", "$5",
    "$1,234", "€ 1.234,50", "12 %", "12%", "$0,123", "$" + "1" * 80, "1.234", "1,234", "70kg", "12 OZ. can",
    "unknown",
    "UNKNOWN", "yes", "n", "2024-01-12", "2024-02-30", "2024-01-12T10:11", "2024-01-12 10:11:12.5Z", "0001-01-01",
    "2024-01-12T10:11:60", "2024-01-12T24:00:00", "12/01/2024", "31/01/2024 10:11", "13/13/2024", "01-31-2024",
    "20240112", "1705017600", "1705017600123", "1:30:00", "5 days", "PT5M", "n/a", "?", "null", "\u212a", "İ", "ß",
    "1e-400",
    "123456789012345678901234567890", "0.1", "1.7976931348623157e308", "4.9e-324", "-1.0E+05", "1E5", "--", "None",
)  # fmt: skip


def typed(values: Values) -> list[float | str | None]:
    if isinstance(values, Coded):
        return [None if code < 0 else values.values[code] for code in values.codes]
    return [None if math.isnan(value) else value for value in values.tolist()]


def check_alike(series: pl.Series, column: Column, rows: Sequence[object] | None = None) -> None:
    raw = series.to_list() if rows is None else rows
    whole = typed(read_frame(pl.DataFrame({"x": series}), [column])["x"])
    listed = typed(read_rows([{"x": value} for value in raw], [column])["x"])
    single = [read_value(value, column) for value in raw]
    read = reader(column)
    assert [read(value) for value in raw] == single
    assert listed == single
    assert whole == single, (column, [(r, a, b) for r, a, b in zip(raw, whole, single, strict=True) if a != b])


@pytest.mark.parametrize("column", KINDS, ids=str)
def test_awkward_texts_are_read_alike(column: Column) -> None:
    check_alike(pl.Series("x", [*AWKWARD, None, *AWKWARD]), column)
    check_alike(pl.Series("x", AWKWARD[:40]).cast(pl.Categorical), column)


texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(max_size=12),
    st.from_regex(r"\A[-+$€(]?[0-9]{1,3}([., '][0-9]{3}){0,2}([.,][0-9]{0,3})?( ?%|k|kg|-|\))?\Z"),
    st.from_regex(r"\A[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?Z?)?\Z"),
    st.floats().map(repr),
    st.integers().map(str),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.none() | texts, max_size=12), st.sampled_from(KINDS))
def test_texts_are_read_alike(values: list[str | None], column: Column) -> None:
    check_alike(pl.Series("x", values, dtype=pl.String), column)


MOMENTS = [datetime(2024, 1, 2, 3, 4, 5, 678901), datetime(1, 1, 2), datetime(1969, 12, 31, 23, 59, 59, 1), None]  # noqa: DTZ001
SERIES = (
    pl.Series("x", [1, 0, -999, 2**53 + 1, None]),
    pl.Series("x", [1, 0, 2**64 - 1, None], dtype=pl.UInt64),
    pl.Series("x", [1, 0, -5, None], dtype=pl.Int8),
    pl.Series("x", [1, -999, 2**100, None], dtype=pl.Int128),
    pl.Series("x", [1.0, 0.0, -0.0, 0.1, -999.0, math.inf, -math.inf, math.nan, 20240112.0, None]),
    pl.Series("x", [1.0, 0.1, math.nan, None], dtype=pl.Float32),
    pl.Series("x", [True, False, None]),
    pl.Series("x", [Decimal("1.50"), Decimal(-999), Decimal("0.1"), None]),
    pl.Series("x", [date(2024, 1, 2), date(1, 1, 1), date(1970, 1, 1), None]),
    pl.Series("x", MOMENTS, dtype=pl.Datetime("us")),
    pl.Series("x", MOMENTS, dtype=pl.Datetime("ms")),
    pl.Series("x", [m for m in MOMENTS if m is None or m.year > 1800], dtype=pl.Datetime("ns")),
    pl.Series("x", [datetime(2024, 1, 2, 3, tzinfo=UTC), None], dtype=pl.Datetime("us", "Europe/Oslo")),
    pl.Series("x", [timedelta(days=1, microseconds=1), timedelta(0), timedelta(days=-3), None]),
    pl.Series("x", [time(1, 2, 3, 4), time(0), None]),
    pl.Series("x", [[1, 2], [], None]),
    pl.Series("x", [{"a": 1, "b": "é"}, {"a": None, "b": None}, None]),
    pl.Series("x", [b"12", b"\xff", None]),
    pl.Series("x", [1, "a", 2.5, None, date(2024, 1, 1), "12"], dtype=pl.Object),
    pl.Series("x", [None, None], dtype=pl.Null),
    pl.Series("x", ["1", "yes", None], dtype=pl.Enum(["1", "yes"])),
)


@pytest.mark.parametrize("column", KINDS, ids=str)
@pytest.mark.parametrize("series", SERIES, ids=lambda series: str(series.dtype))
def test_every_type_is_read_alike(series: pl.Series, column: Column) -> None:
    check_alike(series, column)


def test_values_are_typed() -> None:
    frame = pl.DataFrame({"n": ["$1,200", "?", "3"], "c": [" a", "b", None], "d": ["1970-01-02", "x", None]})
    columns = read_frame(
        frame, [Column(name="n", kind="number"), Column(name="c", kind="category"), Column(name="d", kind="datetime")]
    )
    assert columns.rows == 3
    np.testing.assert_array_equal(columns["n"], [1200.0, np.nan, 3.0])
    np.testing.assert_array_equal(columns["d"], [86400.0, np.nan, np.nan])
    words = columns["c"]
    assert isinstance(words, Coded)
    assert words.values == ("a", "b")
    assert words.codes.tolist() == [0, 1, -1]
    taken = columns.take(np.array([2, 0]))
    assert typed(taken["c"]) == [None, "a"]


def test_spellings_of_one_value_are_one_value() -> None:
    column = Column(name="x", kind="category", numeric_text=True)
    for series in (pl.Series("x", ["1", "1.0", " 1 "]), pl.Series("x", [1, 1, 1]), pl.Series("x", [1.0, 1.0, 1.0])):
        values = read_frame(pl.DataFrame({"x": series}), [column])["x"]
        assert isinstance(values, Coded)
        assert values.values == ("1",)


def test_a_missing_column_is_named() -> None:
    column = Column(name="price", kind="number")
    with pytest.raises(ColumnError, match=r"'price' is not in the data.*did you mean 'prize'"):
        read_frame(pl.DataFrame({"prize": [1]}), [column])
    with pytest.raises(ColumnError, match=r"row 1: The column 'price'"):
        read_rows([{"price": 1}, {"prize": 1}], [column])


def test_no_rows() -> None:
    for column in KINDS:
        assert len(read_rows([], [column])["x"]) == 0
        assert len(read_frame(pl.DataFrame({"x": []}, schema={"x": pl.String}), [column])["x"]) == 0
    assert Columns({}, 0).rows == 0


@pytest.mark.parametrize("column", [KINDS[0], KINDS[5], Column(name="x", kind="text")], ids=str)
def test_many_distinct_texts_take_seconds(column: Column) -> None:
    frame = pl.DataFrame({"x": [f"${number}.50 each" for number in range(200_000)]})
    start = clock.process_time()
    read_frame(frame, [column])
    assert clock.process_time() - start < 10.0
