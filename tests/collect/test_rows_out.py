"""Rows to a file: what a kind of file cannot hold is written as text that is read back as what it was."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from mlwright.collect import collect
from mlwright.collect.rows_out import WRITERS, check_place, write_rows
from mlwright.errors import OutputError
from mlwright.values import parse_datetime, parse_duration

LENGTHS = [timedelta(days=400), timedelta(seconds=-1.5), None, timedelta(0), timedelta(hours=30, minutes=1)]


def read_back(series: pl.Series, path: Path) -> list[object]:
    rows = pl.DataFrame({"a": series, "place": range(len(series))})
    write_rows(rows, path)
    return collect(path).frame["a"].to_list()


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("ending", sorted({*WRITERS} - {".parquet"}))
def test_durations_are_read_back_as_durations(tmp_path: Path, ending: str, unit: str) -> None:
    series = pl.Series(LENGTHS).cast(pl.Duration(unit))  # type: ignore[arg-type]  # one of three words
    texts = read_back(series, tmp_path / f"rows{ending}")
    assert [None if text is None else parse_duration(str(text)) for text in texts] == [
        None if length is None else length.total_seconds() for length in LENGTHS
    ]


def test_the_longest_durations_are_read_back_too(tmp_path: Path) -> None:
    series = pl.Series([2**63 - 1, 1 - 2**63]).cast(pl.Duration("us"))
    for ending in sorted({*WRITERS} - {".parquet"}):
        texts = read_back(series, tmp_path / f"rows{ending}")
        assert [parse_duration(str(text)) for text in texts] == pytest.approx([2**63 / 1e6, -(2**63) / 1e6])


@pytest.mark.parametrize("ending", sorted({*WRITERS} - {".parquet"}))
def test_times_with_a_zone_stay_the_same_moments(tmp_path: Path, ending: str) -> None:
    moments = ["2020-07-01T10:00:00Z", "2020-01-01T11:00:00.123456Z", None]
    series = pl.Series(moments).str.to_datetime(time_zone="UTC").dt.convert_time_zone("Europe/Oslo")
    texts = read_back(series, tmp_path / f"rows{ending}")
    assert texts[2] is None
    offsets = [str(text)[-5:].replace(":", "") for text in texts[:2]]
    assert [text[-4:] for text in offsets] == ["0200", "0100"]
    assert [parse_datetime(str(text)) for text in texts[:2]] == [parse_datetime(str(text)) for text in moments[:2]]


def test_times_that_excel_knows_stay_times(tmp_path: Path) -> None:
    read = pl.Series(read_back(pl.Series([date(2020, 2, 29), None]), tmp_path / "a.xlsx"))
    assert read.dtype.is_temporal()
    assert read.cast(pl.Date).to_list() == [date(2020, 2, 29), None]
    far = pl.Series([2**62, 0]).cast(pl.Datetime("us"))
    assert read_back(far, tmp_path / "b.xlsx")[0] == "+148108-07-06 14:00:27.387904"


def test_texts_stay_texts_in_excel(tmp_path: Path) -> None:
    texts = ["mailto:ann@example.org", "internal:x", "https://example.org/?a=1", "=1+1", "{=A1}", None]
    assert read_back(pl.Series(texts), tmp_path / "a.xlsx") == texts
    numbers = read_back(pl.Series([1.5, float("nan"), float("inf"), None]), tmp_path / "b.xlsx")
    assert [None if number is None else float(str(number)) for number in numbers] == [1.5, None, None, None]


def test_a_sheet_has_an_end(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot hold 1 rows and 16,385 columns"):
        write_rows(pl.DataFrame({str(place): [1] for place in range(16_385)}), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [251, 300, 5000])
def test_a_name_that_is_too_long_is_refused_before_the_work(tmp_path: Path, length: int) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        check_place(tmp_path / ("x" * (length - 4) + ".csv"))
