"""What a clean does not repair comes back as it was: the types and values of frames, the text of text files."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

import mlwright as mw
from mlwright.clean.originals import writable

ROWS = 30
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
VALUES: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "decimal": (pl.Decimal(20, 4), st.decimals(-(10**6), 10**6, places=4)),
    "binary": (pl.Binary(), st.binary(max_size=6)),
    "struct": (
        pl.Struct({"a": pl.Int32, "b": pl.Struct({"c": pl.String, "d": pl.Binary})}),
        st.fixed_dictionaries(
            {"a": st.integers(-9, 9), "b": st.fixed_dictionaries({"c": TEXTS, "d": st.binary(max_size=3)})}
        ),
    ),
    "list": (pl.List(pl.Float32), st.lists(NUMBERS, max_size=3)),
    "array": (pl.Array(pl.Int8, 2), st.lists(st.integers(-9, 9), min_size=2, max_size=2)),
    "date": (pl.Date(), st.integers(-10_000_000, 10_000_000)),
    "datetime": (pl.Datetime("ms", "Europe/Oslo"), st.integers(-(2**40), 2**40)),
    "nanoseconds": (pl.Datetime("ns"), st.integers(-(2**60), 2**60)),
    "beyond": (pl.Datetime("us"), st.integers(-(2**62), 2**62)),
    "duration": (pl.Duration("ms"), st.integers(-(2**40), 2**40)),
    "time": (pl.Time(), st.times()),
    "category": (pl.Categorical(), st.sampled_from(["a", "b", "é"])),
    "enum": (pl.Enum(["z", "a"]), st.sampled_from(["z", "a"])),
    "nothing": (pl.Null(), st.none()),
    "flag": (pl.Boolean(), st.booleans()),
    "byte": (pl.UInt8(), st.integers(0, 255)),
    "long": (pl.UInt64(), st.integers(0, 2**64 - 1)),
    "wide": (pl.Int128(), st.integers(-(2**100), 2**100)),
    "single": (pl.Float32(), NUMBERS),
    "text": (pl.String(), TEXTS),
}


@st.composite
def columns(draw: st.DrawFn) -> pl.DataFrame:
    made = []
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True)):
        dtype, values = VALUES[name]
        held = draw(st.lists(st.one_of(st.none(), values), min_size=3, max_size=8))
        series = pl.Series(name, (held * ROWS)[:ROWS], strict=False, dtype=None if dtype.is_temporal() else dtype)
        made.append(series.cast(dtype) if dtype.is_temporal() else series)
    return pl.DataFrame(made)


def changed_in(cleaned: Any) -> set[str]:
    return {cell.column.split(".")[0] for cell in cleaned.cells if cell.new is not None}


@settings(max_examples=25, deadline=None)
@given(columns())
def test_a_column_without_a_repair_is_the_sources_own(frame: pl.DataFrame) -> None:
    before = frame.clone()
    cleaned = mw.clean(frame)
    assert frame.equals(before)
    assert cleaned.frame.schema == frame.schema, "types and names stay whether something was repaired or not"
    for name in set(frame.columns) - changed_in(cleaned):
        assert_series_equal(cleaned.frame[name], frame[name], categorical_as_str=True)
    left = mw.clean(frame, apply=False).frame
    assert_frame_equal(left, frame, categorical_as_str=True)


@pytest.fixture
def odd() -> pl.DataFrame:
    towns = ["Oslo", "Bergen", "Tromso", "Drammen"] * 30
    towns[7] = "Dramen"
    rows = len(towns)
    return pl.DataFrame(
        {
            "price": [Decimal(f"{at}.10") for at in range(rows)],
            "place": [{"town": town, "at": {"x": at}} for at, town in enumerate(towns)],
            "raw": [bytes([at, 200, 0]) for at in range(rows)],
            "tags": [[at, 2] for at in range(rows)],
            "day": pl.Series([at * 40_000 for at in range(rows)], dtype=pl.Int32).cast(pl.Date),
            "code": ["0150", "5003", "9008", "3015"] * 30,
        }
    )


def test_one_repaired_field_leaves_the_rest_of_its_struct(odd: pl.DataFrame) -> None:
    cleaned = mw.clean(odd)
    assert [(cell.row, cell.column, cell.new) for cell in cleaned.cells] == [(7, "place.town", "Drammen")]
    assert cleaned.frame.schema == odd.schema
    assert cleaned.frame["place"][7] == {"town": "Drammen", "at": {"x": 7}}
    assert cleaned.frame["place"].gather(range(8, 120)).equals(odd["place"].gather(range(8, 120)))
    assert_frame_equal(cleaned.frame.drop("place"), odd.drop("place"))


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_a_file_that_has_types_keeps_them(odd: pl.DataFrame, tmp_path: Path, ending: str) -> None:
    place, saved = tmp_path / f"a{ending}", tmp_path / "b.parquet"
    odd.write_parquet(place) if ending == ".parquet" else odd.write_ipc(place)
    mw.clean(place).save(saved)
    assert pl.read_parquet(saved).schema == odd.schema
    assert_frame_equal(pl.read_parquet(saved).drop("place"), odd.drop("place"))


@pytest.mark.parametrize("ending", [".csv", ".json", ".ndjson", ".xlsx"])
def test_files_without_such_types_can_be_written_too(odd: pl.DataFrame, tmp_path: Path, ending: str) -> None:
    place = tmp_path / f"a{ending}"
    mw.clean(odd).save(place)
    assert place.stat().st_size > 0
    if ending == ".csv":
        first = place.read_text(encoding="utf-8").splitlines()[1]
        assert first.startswith("0.10,Oslo,0,"), "decimals keep their digits"
    assert writable(odd).columns == ["price", "place.town", "place.at.x", "raw", "tags", "day", "code"]


CELLS = ["2024-02-30", "30.02.2024", "007", "1.50", "1e3", " x ", "NA", "", "Zoë", '"', "a,b", "12:30", "1,5", "-0"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=ROWS, max_size=ROWS), min_size=1, max_size=3))
def test_text_stays_the_same_text(cells: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place, saved = Path(folder, "a.csv"), Path(folder, "b.csv")
        with place.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(["key", *(f"c{at}" for at in range(len(cells)))])
            writer.writerows([f"k{row}", *(column[row] for column in cells)] for row in range(ROWS))
        cleaned = mw.clean(place)
        cleaned.save(saved)
        before, after = (list(csv.reader(io.StringIO(each.read_bytes().decode()))) for each in (place, saved))
    mended = {(cell.row, cell.column) for cell in cleaned.cells if cell.new is not None}
    assert len(before) == len(after)
    for row, (was, now) in enumerate(zip(before[1:], after[1:], strict=True)):
        for name, old, new in zip(before[0], was, now, strict=True):
            assert (row, name) in mended or old == new


def test_a_day_that_no_calendar_has_is_told_and_left(tmp_path: Path) -> None:
    days = [f"2024-02-{at % 28 + 1:02d}" for at in range(59)]
    (tmp_path / "a.csv").write_text(
        "day,n\n" + "".join(f"{day},{at}.50\n" for at, day in enumerate([*days, "2024-02-30"]))
    )
    cleaned = mw.clean(tmp_path / "a.csv")
    cleaned.save(tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert [(cell.row, cell.column, cell.old, cell.new) for cell in cleaned.cells] == [(59, "day", "2024-02-30", None)]


def test_pandas_objects_come_back_as_what_they_are() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "price": [Decimal(f"{at}.10") for at in range(ROWS)],
            "raw": [bytes([at, 200]) for at in range(ROWS)],
            "kind": pandas.Categorical(["u", "v", "w"] * 10),
            "when": pandas.to_datetime(["2024-01-01T00:00:00.5"] * ROWS),
            "at": [datetime(2024, 1, 1) + timedelta(days=at) for at in range(ROWS)],  # noqa: DTZ001  as files have it
            "one": np.arange(ROWS, dtype=np.int16),
        }
    )
    got = mw.clean(frame).frame
    assert [str(dtype) for dtype in got.dtypes[:3]] == ["Decimal(precision=38, scale=2)", "Binary", "Categorical"]
    assert got["price"].to_list() == frame["price"].tolist()
    assert got["raw"].to_list() == frame["raw"].tolist()
    assert got["one"].dtype == pl.Int16
    assert got["at"].to_list() == frame["at"].tolist()


def test_a_dict_of_python_values_keeps_them() -> None:
    rows = {"price": [Decimal("1.10"), None, Decimal("2.50")] * 10, "day": [date(2024, 2, 29), None, time.min] * 10}
    got = mw.clean(rows).frame
    assert got["price"].to_list() == rows["price"]
    assert got["day"].dtype == pl.String
