"""Python objects: frames of every library, arrays, lists and dicts; none of them is changed."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import os
import subprocess
import sys
import uuid

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlwright.collect import SOURCES, Connector, ReadOptions, collect
from mlwright.errors import SourceError
from mlwright.table import Table

UTC = dt.UTC
NEW_YEAR = dt.datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def test_polars_frames():
    frame = pl.DataFrame({"a": [1, 2], "b": [{"c": "x"}, None]})
    assert collect(frame).frame.to_dicts() == [{"a": 1, "b.c": "x"}, {"a": 2, "b.c": None}]
    assert collect(frame.lazy().select("a")).frame.to_dict(as_series=False) == {"a": [1, 2]}
    with pytest.raises(SourceError, match="The lazy frame cannot be computed"):
        collect(frame.lazy().select("z"))


def test_unusual_polars_types():
    frame = pl.DataFrame(
        {
            "category": pl.Series(["x"], dtype=pl.Categorical),
            "enum": pl.Series(["x"], dtype=pl.Enum(["x"])),
            "decimal": pl.Series([decimal.Decimal("1.5")]),
            "bytes": [b"a\xff"],
            "null": [None],
            "list": [[1, None]],
            "array": pl.Series([[1, 2]], dtype=pl.Array(pl.Int8, 2)),
            "object": pl.Series([object], dtype=pl.Object),
            "": [1],
        }
    )
    table = collect(frame)
    assert table.frame.drop("object").row(0) == ("x", "x", 1.5, "a\\xff", None, "[1, null]", "[1, 2]", 1)
    assert table.frame.columns[-1] == "column_9"
    assert all(not dtype.is_nested() for dtype in table.frame.dtypes)


def pandas_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "float": [1.5, np.nan, np.inf],
            "half": np.array([1, 2, 3], dtype=np.float16),
            "int": [1, 2, 3],
            "bool": [True, False, True],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "nullable_float": pd.array([1.5, None, 3], dtype="Float64"),
            "nullable_bool": pd.array([True, None, False], dtype="boolean"),
            "category": pd.Categorical(["x", None, "y"]),
            "codes": pd.Categorical([3, 1, 3]),
            "time": pd.to_datetime(["2024-01-01 00:00", None, "2024-06-01 12:00"]),
            "zoned": pd.to_datetime(["2024-01-01", None, "2024-06-01"]).tz_localize("Europe/Zurich"),
            "delta": pd.to_timedelta(["1 day", None, "2 h"]),
            "mixed": [1, "a", None],
            "objects": pd.Series([1, None, 2.5], dtype=object),
            "period": pd.period_range("2024-01", periods=3, freq="M"),
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
            "arrow": pd.array(["p", None, "q"], dtype=pd.ArrowDtype(pa.string())),
            "arrow_int": pd.array([1, None, 2], dtype=pd.ArrowDtype(pa.int32())),
            7: [1, 2, 3],
        }
    )


def test_pandas_frames():
    source = pandas_frame()
    before = source.copy(deep=True)
    table = collect(source)
    assert table.frame.to_dict(as_series=False) == {
        "text": ["a", None, "c"],
        "float": [1.5, None, float("inf")],
        "half": [1.0, 2.0, 3.0],
        "int": [1, 2, 3],
        "bool": [True, False, True],
        "nullable": [1, None, 3],
        "nullable_float": [1.5, None, 3.0],
        "nullable_bool": [True, None, False],
        "category": ["x", None, "y"],
        "codes": [3, 1, 3],
        "time": [NEW_YEAR, None, NEW_YEAR + dt.timedelta(days=152, hours=12)],
        "zoned": [dt.datetime(2023, 12, 31, 23, tzinfo=UTC), None, dt.datetime(2024, 5, 31, 22, tzinfo=UTC)],
        "delta": [dt.timedelta(days=1), None, dt.timedelta(hours=2)],
        "mixed": ["1", "a", None],
        "objects": [1.0, None, 2.5],
        "period": ["2024-01", "2024-02", "2024-03"],
        "sparse": [0, 0, 1],
        "arrow": ["p", None, "q"],
        "arrow_int": [1, None, 2],
        "7": [1, 2, 3],
    }
    pd.testing.assert_frame_equal(source, before)


def test_the_index_of_pandas_is_kept_where_it_has_a_name():
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    assert collect(frame).frame.columns == ["a"]
    assert collect(frame.rename_axis("key")).frame.to_dict(as_series=False) == {"key": ["x", "y"], "a": [1, 2]}
    days = pd.date_range("2024-01-01", periods=2, tz="UTC", name="day")
    assert collect(pd.DataFrame({"a": [1, 2]}, index=days)).frame["day"][1] == dt.datetime(2024, 1, 2, tzinfo=UTC)
    levels = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "x")]))
    assert collect(levels).frame.columns == ["a.x", "a.x_2"]


def test_later_writes_to_the_source_do_not_reach_the_table():
    frame, array = pd.DataFrame({"a": [1.0, 2.0]}), np.array([[1.0, 2.0], [3.0, 4.0]])
    tables = [collect(frame), collect(array), collect({"a": array[:, 0]})]
    frame.loc[0, "a"] = 99
    array[:] = 99
    assert [table.frame.row(0)[0] for table in tables] == [1.0, 1.0, 1.0]


def test_arrow_and_narwhals():
    table = pa.table({"a": [1, 2], "b": pa.array(["x", None]).dictionary_encode()})
    for source in (table, nw.from_native(table), nw.from_native(table, eager_only=True), table.to_reader()):
        assert collect(source).frame.to_dict(as_series=False) == {"a": [1, 2], "b": ["x", None]}
    lazy = nw.from_native(pl.LazyFrame({"a": [1, 2]}))
    assert collect(lazy).frame.to_dict(as_series=False) == {"a": [1, 2]}
    duckdb = pytest.importorskip("duckdb")
    assert collect(duckdb.sql("SELECT 1 AS a, 'x' AS b")).frame.rows() == [(1, "x")]


def test_numpy_arrays():
    assert collect(np.array([[1, 2], [3, 4]])).frame.to_dict(as_series=False) == {
        "column_1": [1, 3],
        "column_2": [2, 4],
    }
    assert collect(np.array([[1, "a"], [np.nan, "b"]], dtype=object)).frame.rows() == [(1, "a"), (None, "b")]
    assert collect(np.array([["1", "a"]])).frame.rows() == [("1", "a")]
    masked = np.ma.masked_array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    assert collect(masked).frame.rows() == [(1, None), (3, 4)]
    structured = np.array([(1, "x", 2.5)], dtype=[("a", "i4"), ("b", "U5"), ("c", "f8")])
    assert collect(structured).frame.to_dicts() == [{"a": 1, "b": "x", "c": 2.5}]
    swapped = np.array([[1.5]], dtype=">f8")
    assert collect(swapped).frame.rows() == [(1.5,)]
    with pytest.raises(SourceError, match=r"An array must have two dimensions, and this one has the shape \(3,\)"):
        collect(np.arange(3))


class Colour(enum.StrEnum):
    RED = "red"


def test_rows_and_columns():
    rows = [{"a": 1, "b": {"c": "x"}}, {"a": None, "d": [1]}, {1: Colour.RED}]
    assert collect(rows).frame.to_dict(as_series=False) == {
        "a": [1, None, None],
        "b.c": ["x", None, None],
        "d": [None, "[1]", None],
        "1": [None, None, "red"],
    }
    columns = {"a": (1, 2), "b": np.array([1.0, np.nan]), "c": pl.Series(["x", "y"]), "d": pd.Series([1, 2])}
    assert collect(columns).frame.to_dict(as_series=False) == {
        "a": [1, 2],
        "b": [1.0, None],
        "c": ["x", "y"],
        "d": [1, 2],
    }
    assert collect({"a": 1, "b": "x"}).frame.rows() == [(1, "x")]


def test_values_of_all_sorts():
    rows = [
        {
            "int": 2**70,
            "decimal": decimal.Decimal("1.5"),
            "id": uuid.UUID(int=1),
            "bytes": b"\xff",
            "date": dt.date(2024, 1, 1),
            "zoned": dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            "numpy": np.float32(0.5),
            "flag": np.bool_(True),
            "nan": float("nan"),
        }
    ]
    assert collect(rows).frame.to_dicts() == [
        {
            "int": str(2**70),
            "decimal": 1.5,
            "id": str(uuid.UUID(int=1)),
            "bytes": "\\xff",
            "date": dt.date(2024, 1, 1),
            "zoned": dt.datetime(2023, 12, 31, 23, tzinfo=UTC),
            "numpy": 0.5,
            "flag": True,
            "nan": None,
        }
    ]
    mixed = [{"t": NEW_YEAR}, {"t": dt.date(2024, 1, 2)}, {"t": 1.0}, {"t": True}]
    assert collect(mixed).frame["t"].to_list() == ["2024-01-01", "2024-01-02", "1", "true"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ([], "The list of rows is empty"),
        ([[1, 2]], "Each row must be a dict, and row 0 is a list"),
        ({}, "The dict has no columns"),
        ({"a": [1, 2], "b": [1]}, "The columns differ in length: 'a' 2, 'b' 1"),
        (42, "A source cannot be a int"),
        (None, "A source cannot be a NoneType"),
    ],
)
def test_what_is_no_table_is_refused(source, sentence):
    with pytest.raises(SourceError, match=sentence):
        collect(source)


def test_a_new_connector_is_one_class_and_one_line(monkeypatch):
    class Dice:
        name = "dice"

        def accepts(self, source: object) -> bool:
            return isinstance(source, str) and source.startswith("dice:")

        def read(self, source: object, options: ReadOptions) -> Table:
            return Table(pl.DataFrame({"eyes": range(1, 7)}), name="dice", origin=str(source))

    dice: Connector = Dice()
    monkeypatch.setattr("mlwright.collect.sources.SOURCES", {"dice": dice, **SOURCES})
    assert collect("dice:6").rows == 6


def test_every_connector_is_registered_under_its_name():
    assert all(name == connector.name for name, connector in SOURCES.items())
    # Telling whether a source is theirs reads nothing and fails for none.
    for source in (
        "",
        "-",
        "a.csv",
        "s3://b/c",
        1,
        None,
        [],
        {},
        np.zeros(2),
        pd.DataFrame(),
        pl.DataFrame(),
        object(),
    ):
        for connector in SOURCES.values():
            assert connector.accepts(source) in {True, False}


def test_collecting_imports_no_package_that_is_not_needed():
    code = (
        "import sys; from mlwright.collect import collect; collect({'a': [1, 2]}); "
        "heavy = {'pandas', 'pyarrow', 'sqlalchemy', 'duckdb', 'fsspec', 'charset_normalizer', 'sklearn'}; "
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "set()"
