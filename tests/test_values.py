"""How one raw value is read."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.schema import Column
from mlwright.values import as_text, parse_boolean, parse_datetime, parse_duration, parse_number, read_value

NUMBER = Column(name="x", kind="number")
WORD = Column(name="x", kind="category")
TIME = Column(name="x", kind="datetime")
SPAN = Column(name="x", kind="duration")
DAY = 86400.0


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("12", ".", 12.0), ("-0", ".", 0.0), ("1e5", ".", 1e5), (".5", ".", 0.5), ("5.", ".", 5.0), ("+7", ".", 7.0),
        ("$1,234.50", ".", 1234.5), ("-$1,234.50", ".", -1234.5), ("$-5", ".", -5.0), ("($5)", ".", -5.0),
        ("(432)", ".", -432.0), ("432-", ".", -432.0), ("\u2212432", ".", -432.0), ("US$ 5", ".", 5.0),
        ("5 USD", ".", 5.0), ("5€", ".", 5.0), ("CHF 12.-", ".", 12.0), ("R$ 1.234,50", ",", 1234.5),
        ("€ 1.234,50", ",", 1234.5), ("€ 1.234,50", ".", 1234.5), ("1,234", ".", 1234.0), ("1,234", ",", 1.234),
        ("1.234", ".", 1.234), ("1.234", ",", 1234.0), ("0,234", ".", 0.234), ("1,5", ".", 1.5), ("1.5", ",", 1.5),
        ("1,234,567", ",", 1234567.0), ("1.234.567", ".", 1234567.0), ("12,34,567.8", ".", 1234567.8),
        ("1 234,5", ".", 1234.5), ("1\u00a0234,5", ".", 1234.5), ("1\u2009234,5", ",", 1234.5),
        ("1'234.5", ".", 1234.5), ("1\u2019234.5", ".", 1234.5), ("12 %", ".", 12.0), ("12%", ".", 12.0),
        ("1.2k", ".", 1200.0), ("3M", ".", 3e6), ("2bn", ".", 2e9), ("$1.2B", ".", 1.2e9), ("$3 million", ".", 3e6),
        ("\u0663", ".", 3.0), ("\uff11\uff12", ".", 12.0), ("ca. 40", ".", 40.0), ("CA 40", ".", 40.0),
        ("ca.40", ".", 40.0), ("about 40", ".", 40.0), ("~40", ".", 40.0), ("\u2248 1.234,5", ",", 1234.5),
        ("approx. $1,200", ".", 1200.0), ("> 90", ".", 90.0), ("<5", ".", 5.0), (">= -3.5", ".", -3.5),
        ("\u2264 12 %", ".", 12.0), ("rund 40", ".", 40.0),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, decimal: str, value: float) -> None:
    assert parse_number(text, decimal) == value


@pytest.mark.parametrize(
    "text",
    ["", "abc", "A12", "12B", "12A", "0x1A", "1_000", "½", "²", "1/2", "1-2", "--5", "1..2", "1,2,3", "1 23",
    "1234 567",
     "2024-01-01", "12:30", "(5", "5)", "(-5)", "inf", "-Infinity", "1e999", "9" * 400, "12 oz", "$", "%", ",", "$5€",
     "try 3", "1.2.3", "192.168.0.1", "5 km/h", "12\x00", "ca", "ca.", "about", "aboutness 4", "about40", "~~4",
     "<>4", "<", "ca. x", "ca. ca. 4", "5 <", "=4"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_units_are_dropped_only_where_the_column_has_them() -> None:
    assert parse_number("12.0 oz.", units=("oz", "ounce")) == 12.0
    assert parse_number("12.0 OZ. can", units=("oz",)) == 12.0
    assert parse_number("5m", units=("m",)) == 5.0
    assert parse_number("5m") == 5e6
    assert parse_number("70 lb", units=("kg",)) is None


def test_a_long_text_is_no_slow_text() -> None:
    for text in ("1" * 100_000 + "x", " " * 100_000 + "1x", "1," * 50_000, "a" * 1_000_000, "(" * 1000):
        assert parse_number(text) is None
        assert parse_datetime(text) is None
        assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2024-01-12", "iso", "2024-01-12"), ("2024/1/12", "iso", "2024-01-12"), ("2024.01.12", "iso", "2024-01-12"),
        ("2024-01-12T10:11:12Z", "iso", "2024-01-12T10:11:12"),
        ("2024-01-12 10:11:12.250 UTC", "iso", "2024-01-12T10:11:12.25"),
        ("2024-01-12T10:11:12+02:00", "iso", "2024-01-12T08:11:12"),
        ("2024-01-12T10:11:12-0530", "iso", "2024-01-12T15:41:12"),
        ("20240112T101112Z", "iso", "2024-01-12T10:11:12"), ("20240112", "%Y%m%d", "2024-01-12"),
        ("12/01/2024", "%d/%m/%Y", "2024-01-12"), ("1/12/2024 5:06 PM", "%m/%d/%Y", "2024-01-12T17:06:00"),
        ("1/12/2024 12:00 am", "%m/%d/%Y", "2024-01-12"), ("12.01.2024 23:59", "%d.%m.%Y", "2024-01-12T23:59:00"),
        ("12 Jan 2024", "%d %b %Y", "2024-01-12"), ("12-January-2024", "%d %b %Y", "2024-01-12"),
        ("Jan 12, 2024", "%b %d, %Y", "2024-01-12"), ("January 12th, 2024", "%b %d, %Y", "2024-01-12"),
        ("Fri, 12 Jan 2024 10:00:00 GMT", "%d %b %Y", "2024-01-12T10:00:00"),
        ("Fri Jan 12 10:00:00 2024", "%a %b %d %H:%M:%S %Y", "2024-01-12T10:00:00"),
        ("12/01/69", "%d/%m/%y", "1969-01-12"), ("12/01/68", "%d/%m/%y", "2068-01-12"),
        ("2024-01", "%Y-%m", "2024-01-01"), ("Jan-24", "%b-%y", "2024-01-01"),
        ("1705017600", "epoch_s", "2024-01-12"), ("1705017600000", "epoch_ms", "2024-01-12"),
        ("2024-01-12", "%d/%m/%Y", "2024-01-12"), ("2024-01-12", "epoch_s", "2024-01-12"),
    ],
)  # fmt: skip
def test_times_as_people_write_them(text: str, form: str, expected: str) -> None:
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert parse_datetime(text, form) == moment.timestamp()


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13-01", "2024-01-12T25:00:00", "2024-01-12 13:00 PM",
"0000-01-01",
                                  "24-01-12", "2024-01-12 EST", "2024", "today", "1:30"])  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert parse_datetime(text) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001  naive means UTC
def test_every_iso_time_is_read_as_python_reads_it(moment: datetime) -> None:
    expected = read_value(moment, TIME)
    for text in (moment.isoformat(), moment.isoformat(" "), moment.isoformat() + "Z"):
        assert read_value(text, TIME) == expected
    assert read_value(moment.replace(tzinfo=timezone(timedelta(hours=2))), TIME) == pytest.approx(expected - 7200)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:30:00", 5400), ("1:30", 5400), ("2h 30m", 9000), ("2h30m", 9000), ("5 days", 432000),
    ("1 day, 2:03:04", 93784),
     ("PT5M", 300), ("P1DT2H", 93600), ("-PT5M", -300), ("1.5 hours", 5400), ("-1:00", -3600), ("0:00:00.5", 0.5),
     ("1 hour and 5 minutes", 3900), ("3 weeks", 1814400), ("250 ms", 0.25)],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5m", "2:1", "P", "PT", "12", "1:99", "5 apples", "", "h", "5 days 3 days"])
def test_what_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize("text", ["yes", "Y", "TRUE", "t", "On", "1"])
def test_truths(text: str) -> None:
    assert parse_boolean(text) is True


@pytest.mark.parametrize("text", ["male", "", "2", "ja", "yes please"])
def test_what_is_no_truth(text: str) -> None:
    assert parse_boolean(text) is None


@pytest.mark.parametrize(
    ("raw", "text"),
    [(1.0, "1"), (1, "1"), (True, "true"), (np.bool_(False), "false"), (np.float64(2.5), "2.5"), (np.int8(3), "3"),
     (Decimal("1.50"), "1.5"), (Decimal(100), "100"), (-0.0, "0"), (" a\u00a0", "a"), ("", None), (None, None),
     (float("nan"), None), (np.nan, None), (pd.NA, None), (pd.NaT, None), (date(2024, 1, 2), "2024-01-02"),
     (datetime(2024, 1, 2), "2024-01-02"), (pd.Timestamp("2024-01-02 03:04"), "2024-01-02T03:04:00"),  # noqa: DTZ001
     (time(1, 2), "01:02:00"), ([1, "é"], '[1, "é"]'), ({"a": None}, '{"a": null}'), (b"abc", "abc"),
     (timedelta(seconds=90), "90s"), (2**70, str(2**70)), (np.str_("x "), "x")],
)  # fmt: skip
def test_canonical_text(raw: object, text: str | None) -> None:
    assert as_text(raw) == text


@pytest.mark.parametrize("raw", [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), "",
"  ", "?",
                                 "N/A", "null", "None", "#DIV/0!",
                                 "\\N", Decimal("NaN"), np.ma.masked, "\u00a0-\u00a0"])  # fmt: skip
@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "datetime", "duration", "category", "text", "id"])
def test_missing_is_missing_in_every_kind(raw: object, kind: str) -> None:
    assert read_value(raw, Column(name="x", kind=kind)) is None


@pytest.mark.parametrize("word", ["unknown", "not_known", "other", "ND", "no", "0", "false"])
def test_answers_are_not_missing(word: str) -> None:
    assert read_value(word, WORD) == word


@pytest.mark.parametrize(
    ("raw", "column", "value"),
    [
        (3, NUMBER, 3.0), (np.int64(3), NUMBER, 3.0), (True, NUMBER, 1.0), (Decimal("1.5"), NUMBER, 1.5),
        (float("inf"), NUMBER, None), ("inf", NUMBER, None), (10**400, NUMBER, None),
        (date(2024, 1, 1), NUMBER, None),
        ([1], NUMBER, None), (1j, NUMBER, None), ("abc", NUMBER, None),
        (-999, Column(name="x", kind="number", missing_numbers=(-999.0,)), None),
        ("Unknown", Column(name="x", kind="number", missing_tokens=("unknown",)), None),
        ("YES", Column(name="x", kind="boolean"), 1.0), (0, Column(name="x", kind="boolean"), 0.0),
        (2, Column(name="x", kind="boolean"), None), ("2", Column(name="x", kind="boolean"), None),
        (date(1970, 1, 2), TIME, DAY), (pd.Timestamp("1970-01-02", tz="UTC"), TIME, DAY),
        (np.datetime64("1970-01-02"), TIME, DAY), (5, TIME, None), (True, TIME, None), (time(1), TIME, None),
        (86400, Column(name="x", kind="datetime", datetime_format="epoch_s"), DAY),
        (86400e3, Column(name="x", kind="datetime", datetime_format="epoch_ms"), DAY),
        (19700102, Column(name="x", kind="datetime", datetime_format="%Y%m%d"), DAY),
        (19700102.0, Column(name="x", kind="datetime", datetime_format="%Y%m%d"), DAY),
        (timedelta(minutes=1), SPAN, 60.0), (np.timedelta64(1, "m"), SPAN, 60.0), (time(0, 1), SPAN, 60.0),
        (90, SPAN, 90.0), (pd.Timedelta("1min"), SPAN, 60.0), (date(2024, 1, 1), SPAN, None),
        ("1.0", Column(name="x", kind="category", numeric_text=True), "1"),
        ("01", Column(name="x", kind="category", numeric_text=True), "01"),
        ("1.0", WORD, "1.0"), (1.0, WORD, "1"), (True, WORD, "true"),
    ],
)  # fmt: skip
def test_the_reader(raw: object, column: Column, value: float | str | None) -> None:
    assert read_value(raw, column) == value


anything = st.one_of(
    st.text(max_size=30), st.floats(), st.integers(), st.binary(max_size=10), st.datetimes(), st.timedeltas(),
    st.decimals(), st.complex_numbers(), st.lists(st.integers(), max_size=3), st.none(),
)  # fmt: skip


@given(anything)
def test_nothing_raises(raw: object) -> None:
    for kind in ("number", "integer", "boolean", "datetime", "duration", "category", "text", "id", "constant"):
        value = read_value(raw, Column(name="x", kind=kind))
        assert value is None or isinstance(value, str if kind in {"category", "text", "id", "constant"} else float)


def test_reading_needs_numpy_alone() -> None:
    code = (
        "import sys; import mlwright.values, mlwright.columns, mlwright.schema; "
        "print([n for n in ('polars', 'pandas', 'scipy', 'sklearn') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
