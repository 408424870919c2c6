"""`mlwright.check` and `mlwright.contract`: what they take, what they return, and what they raise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    draw = np.random.default_rng(0)
    x = draw.normal(size=200)
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(200)],
            "x": x,
            "colour": draw.choice(["red", "green"], 200),
            "y": np.where(x + draw.normal(0, 0.3, 200) > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def model(rows: pl.DataFrame) -> mw.Model:
    return mw.build(rows, target="y", trials=1, threads=1)


def test_a_model_its_folder_and_its_name_say_the_same(rows: pl.DataFrame, model: mw.Model, tmp_path: Path) -> None:
    mw.build(rows, target="y", trials=1, threads=1, name="colours", workspace=tmp_path)
    folder = model.save(tmp_path / "model")
    bad = rows.with_columns(x=pl.lit("?!"))
    for schema in (model, folder, str(folder), "colours", "colours@1", folder / "schema.json", model.schema):
        assert mw.check(rows, schema, workspace=tmp_path).passed
        (violation,) = mw.check(bad, schema, workspace=tmp_path).violations
        assert (violation.kind, violation.column) == ("unreadable", "x")


def test_the_model_as_loaded_knows_its_rows(rows: pl.DataFrame, model: mw.Model, tmp_path: Path) -> None:
    loaded = mw.load(model.save(tmp_path / "model.zip"))
    assert loaded.schema == model.schema
    assert (loaded.schema.rows, loaded.schema.repeats) == (200, 0)


def test_columns_that_no_member_reads_may_be_gone(rows: pl.DataFrame) -> None:
    draw = np.random.default_rng(1)
    noisy = rows.with_columns(noise=draw.normal(size=200))
    model = mw.build(noisy, target="y", trials=1, threads=1)
    read = {column.name for column in model.parts.columns}
    checked = mw.check(noisy.drop("noise"), model)
    assert checked.passed == ("noise" not in read)
    assert mw.check(noisy.drop("id", "y"), model).passed


def test_a_contract_is_a_file_a_dict_or_an_object(rows: pl.DataFrame, tmp_path: Path) -> None:
    contract = mw.contract(rows)
    assert isinstance(contract, mw.Contract)
    path = contract.save(tmp_path / "c.toml")
    for schema in (contract, path, str(path), {"columns": {"x": {"kind": "number"}}}):
        assert mw.check(rows, schema).passed
        assert not mw.check(rows.drop("x"), schema).passed


def test_any_source_is_checked(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.write_parquet(tmp_path / "rows.parquet")
    contract = mw.contract(tmp_path / "rows.parquet")
    for source in (rows, rows.to_pandas(), rows.to_dicts(), rows.to_dict(as_series=False), tmp_path / "rows.parquet"):
        assert mw.check(source, contract).passed


def test_a_pipeline_stops_in_one_line(rows: pl.DataFrame) -> None:
    asked = {"columns": {"x": {"high": -9}, "gone": {}}}
    good = mw.check(rows, {"columns": {"x": {}}})
    assert good.raise_if_failed() is good
    with pytest.raises(mw.CheckError, match="'gone' is not there") as caught:
        mw.check(rows, asked).raise_if_failed()
    assert "There is 1 more violation." in caught.value.message
    assert isinstance(caught.value.checked, mw.Checked)
    assert [each.kind for each in caught.value.checked.violations] == ["missing_column", "out_of_range"]
    assert isinstance(caught.value, ValueError)


def test_what_it_says_is_short_in_a_repr_and_whole_in_print(rows: pl.DataFrame) -> None:
    checked = mw.check(rows, {"columns": {"x": {"high": -9}}})
    assert repr(checked).startswith("<Checked fail: 1 violation, 1 notice in 200 rows and 4 columns of memory")
    assert str(checked).count("\n\n") == 2
    assert checked.to_dict()["verdict"] == "fail"


def test_an_empty_table_breaks_its_contract(tmp_path: Path) -> None:
    (tmp_path / "header.csv").write_text("x\n")
    sources: list[Any] = [tmp_path / "header.csv", {"x": []}, pl.DataFrame({"x": []})]
    for source in sources:
        assert [each.kind for each in mw.check(source, {"columns": {"x": {}}}).violations] == ["no_rows"]


@pytest.mark.parametrize(
    ("source", "lacks"),
    [({"x": []}, "rows"), (pl.DataFrame({"x": []}), "rows"), (pl.DataFrame(), "columns")],
)
def test_of_nothing_there_is_no_contract(source: Any, lacks: str) -> None:
    with pytest.raises(mw.DataError, match=f"nothing to learn a contract from: the table has no {lacks}"):
        mw.contract(source)


@pytest.mark.parametrize("asked", [{"columns": []}, {"columns": {}}, {}])
def test_a_contract_that_asks_for_nothing_is_refused(rows: pl.DataFrame, tmp_path: Path, asked: Any) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(asked))
    for schema in (asked, path):
        with pytest.raises(mw.OptionError):
            mw.check(rows, schema)


@pytest.mark.parametrize(
    "column",
    [{"low": 10**400}, {"missing_values": [10**400]}, {"format": "%Y%Y"}, {"pattern": "(?:a?){5000}a{5000}"}],
)
def test_what_would_end_a_check_is_refused_with_its_column(rows: pl.DataFrame, column: dict[str, Any]) -> None:
    with pytest.raises(mw.OptionError, match=f"'{next(iter(column))}' has to be ") as caught:
        mw.check(rows, {"columns": {"x": column}})
    assert caught.value.where == "[columns.x]"


def test_what_was_noticed_while_reading_is_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n" + "1,2\n" * 50 + "1,2,3\n" + "1,2\n" * 50)
    checked = mw.check(path, {"columns": {"a": {}, "b": {}}})
    assert [each.kind for each in checked.notices] == ["reading"]


@pytest.mark.parametrize("schema", [3, None, ["age"], "nothing", "no.toml", pl.DataFrame()])
def test_what_is_no_schema_is_refused(rows: pl.DataFrame, schema: Any) -> None:
    with pytest.raises(mw.InputError) as caught:
        mw.check(rows, schema)
    assert caught.value.hint
