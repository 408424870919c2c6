"""Cells of every sort: each container reads a value as a single row does, and none ends in somebody else's error."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mlwright as mw
from mlwright.collect import collect
from mlwright.collect.cells import series_of
from mlwright.columns import column_name, read_frame, read_rows
from mlwright.errors import SourceError
from mlwright.schema import Column

HUGE = 10**400
ITSELF: list[object] = []
ITSELF.append(ITSELF)

CELLS = {
    "signalling NaN": decimal.Decimal("sNaN"),
    "decimal beyond floats": decimal.Decimal("1e9999"),
    "integer beyond 64 bits": 10**30,
    "integer beyond floats": -HUGE,
    "integer that Python does not write": 10**5000,
    "pair of surrogates": "\ud83d\ude00",
    "half a pair": "a\ud83d",
    "bytes": b"12",
    "bytes that are no UTF-8": b"\xff",
    "memoryview": memoryview(b"12"),
    "float16": np.float16(1.5),
    "longdouble": np.longdouble(1.5),
    "str_": np.str_("a"),
    "NaT": np.datetime64("NaT", "ns"),
    "datetime64": np.datetime64("2020-01-01T01:02:03", "ns"),
    "year 50000": np.datetime64("50000-01-01", "D"),
    "timedelta64": np.timedelta64(90, "s"),
    "complex": 1 + 2j,
    "time": dt.time(1, 2, 3),
    "timedelta": dt.timedelta(hours=1),
    "first hour of the calendar": dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5))),
    "frozenset": frozenset("ab"),
    "missing of pandas": pd.NA,
    "NaT of pandas": pd.NaT,
    "Timestamp": pd.Timestamp("2020-01-01 01:02:03"),
    "Timedelta": pd.Timedelta("1h"),
    "Interval": pd.Interval(0, 1),
    "Period": pd.Period("2020-01"),
    "fraction": fractions.Fraction(1, 4),
    "masked": np.ma.masked,
}
NESTED = {
    "set": {1, 2},
    "list": [1, 2],
    "dict": {"k": 1},
    "dict by tuple": {(1, 2): 3},
    "list within itself": ITSELF,
    "array": np.arange(3),
}
KINDS = ("number", "integer", "category", "datetime", "boolean")


def objects(*values: object) -> np.ndarray:
    """Return an array of just these objects."""
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def containers(*values: object) -> dict[str, object]:
    """Return the values as a column called "a", in several containers."""
    return {
        "pandas": pd.DataFrame({"a": pd.Series(objects(*values), dtype=object)}),
        "polars": pl.DataFrame({"a": pl.Series(list(values), dtype=pl.Object)}),
        "rows": [{"a": value} for value in values],
        "columns": {"a": list(values)},
    }


def written_in_one_form(cell: object) -> bool:
    """Tell whether frames write a cell as numbers and times in one form, whatever its own."""
    return isinstance(cell, fractions.Fraction | pd.Timestamp | decimal.Decimal)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        pytest.param(cell, kind, id=f"{name}-{kind}")
        for name, cell in CELLS.items()
        for kind in KINDS
        if kind != "category" or not written_in_one_form(cell)
    ],
)
def test_every_container_reads_a_cell_as_a_single_row_does(cell, kind):
    column = Column(name="a", kind=kind)
    expected = read_rows([{"a": cell}], [column]).row(0)
    for name, rows in containers(cell, None).items():
        found = read_frame(collect(rows, sample=False).frame, [column])
        assert found.row(0) == expected, name
        assert found.row(1) == {"a": None}, name


@pytest.mark.parametrize("cell", (CELLS | NESTED).values(), ids=CELLS | NESTED)
def test_every_cell_finds_a_column(cell):
    for rows in containers(*[cell] * 3, 1.5).values():
        frame = collect(rows).frame
        assert frame.height == 4
        frame.to_dicts()


def test_integers_too_long_for_a_column_stay_apart():
    assert series_of("a", [HUGE, HUGE + 1, None]).n_unique() == 3
    assert series_of("a", [2**63, 2**63 + 1]).to_list() == ["9223372036854775808", "9223372036854775809"]
    assert series_of("a", [1.5, HUGE]).to_list() == [1.5, None]


def test_negative_durations_among_texts_are_written_as_people_write_them():
    column = Column(name="a", kind="duration")
    cells = [dt.timedelta(seconds=-5), "1:30:00", dt.timedelta(days=-2)]
    assert list(read_frame(series_of("a", cells).to_frame(), [column])["a"]) == [-5.0, 5400.0, -172800.0]


def test_pairs_of_surrogates_become_one_character_and_halves_are_replaced():
    assert series_of("a", ["\ud83d\ude00", "x\ud83d", "é", None]).to_list() == ["\U0001f600", "x\ufffd", "é", None]


@pytest.mark.parametrize(
    ("label", "name"), [(1, "1"), (None, "None"), (("a", "", 2), "a.2"), ("\ud83d", "\ufffd"), (("\ude00",), "\ufffd")]
)
def test_any_label_becomes_a_name(label, name):
    assert column_name(label) == name
    frame = pd.DataFrame({"x": [1]})
    frame.columns = pd.Index([label], dtype=object, tupleize_cols=False)
    assert collect(frame).frame.columns == [name]
    assert collect([{label: 1}]).frame.columns == [name]


def test_values_nested_in_themselves_are_refused():
    row: dict[str, object] = {"b": 1}
    row["a"] = row
    with pytest.raises(SourceError, match="row 0: The values are nested too deeply"):
        collect([row])


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_times_beyond_the_calendar_are_missing(unit):
    moments = pl.Series([0, 10**18, None]).cast(pl.Datetime(unit, "UTC"))
    days = pl.Series([0, 2932896, 2932897], dtype=pl.Int32).cast(pl.Date)
    frame = collect(pl.DataFrame({"moment": moments, "day": days})).frame
    assert [moment is None for moment in frame["moment"].to_list()] == [False, True, True]
    assert frame["day"].to_list() == [dt.date(1970, 1, 1), dt.date.max, None]
    array = np.array([["2020-01-01"], ["50000-01-01"]], dtype="M8[D]")
    assert collect(array).frame["column_1"].cast(pl.Date).to_list() == [dt.date(2020, 1, 1), None]


@pytest.mark.parametrize("ending", ["json", "ndjson"])
def test_a_number_that_python_does_not_read_is_named(tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    path.write_text('{"a": ' + "1" * 5000 + "}", encoding="utf-8")
    with pytest.raises(SourceError, match="a number of thousands of digits"):
        collect(path)
    path.write_text(json.dumps({"a\ud83d": "\ud83d"}), encoding="utf-8")
    assert collect(path).frame.to_dicts() == [{"a\ufffd": "\ufffd"}]


RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=120)
LABELS = np.where(NUMBERS + RANDOM.normal(size=120) > 0, "yes", "no")


def odd_frames() -> dict[str, pd.DataFrame]:
    """Return frames with an odd name, odd features or odd labels; the target is "y"."""
    halves = pd.Series(["\ud83d", "b"] * 60, dtype=object)
    named = pd.DataFrame({"q": NUMBERS, "a": NUMBERS[::-1], "y": LABELS})
    named.columns = pd.Index(["\ud83d", 0, "y"], dtype=object)
    levels = pd.DataFrame({("a", "mean"): NUMBERS, ("a", "max"): NUMBERS[::-1], ("y", ""): LABELS})
    features = pd.DataFrame({"a": NUMBERS, "y": LABELS})
    for name, values in {
        "long": [HUGE + i for i in range(120)],
        "decimal": [decimal.Decimal("sNaN"), decimal.Decimal("1.5"), decimal.Decimal("2.5")] * 40,
        "complex": [complex(i % 3) for i in range(120)],
        "text": halves,
    }.items():
        features[name] = pd.Series(values, dtype=object)
    return {"names": named, "levels": levels, "features": features, "labels": pd.DataFrame({"a": NUMBERS, "y": halves})}


@pytest.mark.parametrize("which", ["names", "levels", "features", "labels"])
def test_odd_frames_are_learned_from_and_predicted(which):
    frame = odd_frames()[which]
    model = mw.build(frame, "y", trials=1, learners=["linear"], threads=1, progress=False)
    rows = frame.head(3).to_dict("records")
    expected = model.predict(frame.head(3))
    assert [model.predict(row)[0] for row in rows] == list(expected)
    assert list(model.predict(rows * 20)) == list(expected) * 20
