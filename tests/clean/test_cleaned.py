"""mw.clean: rows, columns and types stay; cells are named and mended; labels are taken; files are whole."""

from __future__ import annotations

import inspect
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.clean import cleaned
from mlwright.clean.cleaned import Cleaned
from mlwright.errors import ColumnError, DataError, OptionError, OutputError

CODES = ["0150", "5003", "9008", "3015"]
TOWNS = ["Oslo", "Bergen", "Tromso", "Drammen"]


def towns(rows: int = 120) -> dict[str, list[Any]]:
    return {
        "code": [CODES[at % 4] for at in range(rows)],
        "town": [TOWNS[at % 4] for at in range(rows)],
        "sold": [("yes", "no", "no")[at % 3] for at in range(rows)],
    }


@pytest.fixture
def dirty() -> dict[str, list[Any]]:
    rows = towns()
    rows["town"][7], rows["town"][9] = "Dramen", None
    return rows


def test_wrong_cells_are_named_and_mended(dirty: dict[str, list[Any]]) -> None:
    cleaned = mw.clean(dirty)
    assert {(cell.row, cell.column, cell.old, cell.new) for cell in cleaned.cells} == {
        (7, "town", "Dramen", "Drammen"),
        (9, "town", None, "Bergen"),
    }
    assert cleaned.frame.to_dict(as_series=False) == towns()
    assert cleaned.repaired == 2
    told = next(finding for finding in cleaned.findings if finding.kind == "cell_errors")
    assert (told.columns, told.rows, told.applied, told.severity) == (("town",), (7, 9), True, "warning")
    assert "2 cells of 'town' (1.7 % of the rows)" in told.message
    assert cleaned.to_dict()["cells"][0].keys() >= {"row", "column", "old", "new", "kind", "confidence", "reason"}


def test_a_clean_table_stays_as_it_is() -> None:
    cleaned = mw.clean(towns())
    assert cleaned.cells == ()
    assert cleaned.frame.equals(pl.DataFrame(towns()))


def test_the_callers_frame_is_never_changed(dirty: dict[str, list[Any]]) -> None:
    frame = pl.DataFrame(dirty)
    before = frame.clone()
    cleaned = mw.clean(frame)
    assert frame.equals(before)
    assert cleaned.frame.schema == frame.schema
    assert not cleaned.frame.equals(frame)


def test_without_apply_cells_are_proposed_only(dirty: dict[str, list[Any]]) -> None:
    cleaned = mw.clean(dirty, apply=False)
    assert cleaned.frame.equals(pl.DataFrame(dirty))
    assert [cell.new for cell in cleaned.cells] == ["Drammen", "Bergen"]
    assert cleaned.repaired == 0
    assert not any(finding.applied for finding in cleaned.findings if finding.kind == "cell_errors")


@pytest.mark.parametrize("apart", [{"target": "town"}, {"exclude": ["town"]}, {"exclude": "town"}])
def test_target_and_excluded_columns_are_left_alone(dirty: dict[str, list[Any]], apart: dict[str, Any]) -> None:
    assert mw.clean(dirty, **apart).cells == ()


def test_types_stay_and_what_does_not_fit_is_left() -> None:
    rows = 200
    frame = pl.DataFrame(
        {
            "shop": pl.Series([f"shop {at % 10}" for at in range(rows)], dtype=pl.Categorical),
            "area": pl.Series([100 + 7 * (at % 10) for at in range(rows)], dtype=pl.Int32),
            "opened": [date(2020, 1, 1 + at % 10) for at in range(rows)],
            "chief": pl.Series(
                [f"chief {at % 10}" for at in range(rows)], dtype=pl.Enum([f"chief {n}" for n in range(10)])
            ),
            "share": [0.25 * (at % 10) for at in range(rows)],
        }
    )
    wrong = frame.with_columns(
        pl.when(pl.int_range(rows) == 13).then(None).otherwise(pl.col(name)).alias(name) for name in ("area", "opened")
    ).with_columns(
        chief=pl.when(pl.int_range(rows) == 21).then(pl.lit("chief 7")).otherwise("chief").cast(frame["chief"].dtype)
    )
    cleaned = mw.clean(wrong)
    assert cleaned.frame.schema == frame.schema
    assert {(cell.row, cell.column) for cell in cleaned.cells} == {(13, "area"), (13, "opened"), (21, "chief")}
    assert cleaned.frame.equals(frame)


def test_a_person_labels_a_row_by_giving_the_right_values(dirty: dict[str, list[Any]]) -> None:
    cleaned = mw.clean(dirty)
    asked = cleaned.next_tuple()
    assert asked is not None
    assert asked.values.keys() == dirty.keys()
    again = cleaned.with_labels({asked.row: {}})
    assert again.labels.keys() == {asked.row}
    following = again.next_tuple()
    assert following is not None
    assert following.row != asked.row
    assert mw.clean(dirty, labels=again.labels).cells == again.cells


def test_a_label_is_the_last_word(dirty: dict[str, list[Any]]) -> None:
    kept = mw.clean(dirty, labels={7: {"town": "Dramen"}})
    assert [cell.row for cell in kept.cells] == [9]
    other = mw.clean(dirty, labels={9: {"town": "Voss", "sold": None}})
    assert other.frame.row(9, named=True) == {"code": "5003", "town": "Voss", "sold": None}


def test_white_space_in_a_row_that_is_right_is_right() -> None:
    rows = towns()
    rows["sold"] = [{"yes": "yes ", "no": "no"}[value] for value in rows["sold"]]
    cleaned = mw.clean(rows).with_labels({0: {}, 3: {"sold": "yes "}, 6: {}})
    assert cleaned.labels[0]["sold"] == cleaned.labels[3]["sold"] == "yes "
    assert cleaned.cells == ()


@pytest.mark.parametrize(
    ("labels", "error", "told"),
    [
        ({120: {"town": "Oslo"}}, DataError, "no row 120"),
        ({-1: {}}, DataError, "no row -1"),
        ({True: {}}, DataError, "no row True"),
        ({3: {"twon": "Oslo"}}, ColumnError, "did you mean 'town'"),
    ],
)
def test_labels_of_what_is_not_there(labels: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        mw.clean(towns(), labels=labels)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"seed": -1}, "seed cannot be -1."),
        ({"seed": 2**70}, "seed cannot be 1180591620717411303424."),
        ({"seed": "x"}, "seed cannot be 'x'."),
        ({"seed": True}, "seed cannot be True."),
        ({"seed": 0.5}, "seed cannot be 0.5."),
        ({"labels": [1]}, r"labels cannot be \[1\]."),
        ({"labels": {1: 5}}, "The label of row 1 cannot be 5."),
        ({"exclude": 5}, "exclude cannot be 5."),
        ({"exclude": [5]}, r"exclude cannot be \[5\]."),
        ({"apply": "no"}, "apply cannot be 'no'."),
    ],
)
def test_options_that_cannot_be(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], told: str) -> None:
    monkeypatch.setattr("mlwright.clean.cleaned.collect", lambda *_, **__: pytest.fail("read the rows before that"))
    with pytest.raises(OptionError, match=f"^{told} Hint"):
        mw.clean(towns(), **options)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1], "is no single value"),
        ({"a": 1}, "is no single value"),
        (float("inf"), "is no finite number"),
        ("\ud800", "has half a character"),
        ("tall", "is no number"),
        (True, "is no number"),
        (date(2020, 1, 1), "is no number"),
    ],
)
def test_a_label_that_its_cell_cannot_hold(value: object, told: str) -> None:
    rows = towns() | {"height": [100.5 + at for at in range(120)]}
    cleaned = mw.clean(rows)
    with pytest.raises(DataError, match=f"The label of row 3 for 'height', .*{told}"):
        cleaned.with_labels({3: {"height": value}})
    with pytest.raises(OptionError, match="labels cannot be 7"):
        cleaned.with_labels(7)  # type: ignore[arg-type]


def test_labels_as_the_table_holds_them_are_taken_whatever_they_are() -> None:
    rows = towns() | {"height": [*map(str, range(100, 219)), "tall"], "new": [at % 3 > 0 for at in range(120)]}
    cleaned = mw.clean(rows)
    again = cleaned.with_labels({119: {"height": "tall", "new": False}, 4: {"height": np.int64(7), "new": np.False_}})
    assert again.labels[119]["height"] == "tall"
    assert (again.labels[4]["height"], again.labels[4]["new"]) == ("7", "false")


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".ndjson", ".xlsx"])
def test_it_is_saved_by_the_ending(tmp_path: Path, dirty: dict[str, list[Any]], ending: str) -> None:
    place = mw.clean(dirty).save(tmp_path / f"rows{ending}")
    assert [path.name for path in tmp_path.iterdir()] == [place.name]
    again = mw.clean(place)
    assert again.frame["town"].to_list() == towns()["town"]


def test_places_that_cannot_be(tmp_path: Path) -> None:
    cleaned = mw.clean(towns())
    with pytest.raises(OptionError, match=r"The ending of the file cannot be '\.doc'"):
        cleaned.save(tmp_path / "rows.doc")
    with pytest.raises(OutputError, match="no such folder"):
        cleaned.save(tmp_path / "none" / "rows.csv")


def test_it_shows_itself(dirty: dict[str, list[Any]]) -> None:
    dirty["sold"][3] = "<b>"
    cleaned = mw.clean(dirty)
    assert repr(cleaned).startswith("<Cleaned 'data': 120 rows x 3 columns, ")
    assert ".next_tuple()" in repr(cleaned)
    page = cleaned._repr_html_()
    assert "Drammen" in page
    assert "<b>'" not in page
    asked = cleaned.next_tuple()
    assert f"row {asked.row}" in repr(asked)  # type: ignore[union-attr]


TABLES: dict[str, Any] = {
    "no rows": pl.DataFrame({"a": pl.Series([], dtype=pl.String), "b": pl.Series([], dtype=pl.Int64)}),
    "one cell": pl.DataFrame({"a": ["x"]}),
    "all missing": pl.DataFrame({"a": [None] * 40, "b": ["", " "] * 20, "c": [float("nan")] * 40}),
    "odd numbers": pl.DataFrame({"a": [1e308, -1e308, float("inf"), float("nan"), 0.0, 5e-324] * 20}),
    "garbage": pl.DataFrame({"a": [bytes([n % 256, 200, 0]).decode("latin-1") for n in range(256)], "b": range(256)}),
    "surrogates": pl.DataFrame({"a": ["\ud7ff", "é", "e\u0301", "🙂"] * 20}),
    "lists": pl.DataFrame({"a": [[1, 2], [3], None, []] * 10, "b": [{"x": 1}] * 40}),
    "long cells": pl.DataFrame({"a": ["word " * 20_000, "x", None] * 20}),
    "wide": pl.DataFrame({f"c{at}": [str(at), "2", "x"] for at in range(300)}),
    "equal columns": pl.DataFrame({"a": ["x", "y"] * 30, "b": ["x", "y"] * 30}),
}


@pytest.mark.parametrize("name", TABLES)
def test_odd_tables_do_no_harm(name: str) -> None:
    frame = TABLES[name]
    cleaned = mw.clean(TABLES[name])
    assert isinstance(cleaned, Cleaned)
    assert cleaned.frame.shape == frame.shape
    assert cleaned.frame.schema == frame.schema
    assert cleaned.repaired <= max(0.001 * frame.height * frame.width, 0) + len(cleaned.cells)
    cleaned.next_tuple()
    assert cleaned._repr_html_()


def test_the_module_is_the_function() -> None:
    import mlwright.clean

    assert mw.clean is mlwright.clean
    assert mlwright.clean(towns()).cells == ()


def test_the_module_that_is_called_takes_what_the_function_takes() -> None:
    """`mw.clean` is a package too: what it is called with stands there once more."""
    door, function = (inspect.signature(each).parameters for each in (type(mw.clean).__call__, cleaned.clean))
    assert list(door.values())[1:] == list(function.values())
