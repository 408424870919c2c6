"""`mlwright check`: what it prints where, its JSON, its exit codes."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from mlwright.clean.contract import read_contract

Run = Callable[..., tuple[int, str, str]]


def test_rows_are_checked_against_a_model(run: Run, built: Path) -> None:
    code, out, err = run("check", built, "--schema", "customers")
    assert code == 0
    assert out.startswith("pass: no violation in 120 rows and 3 columns of ")
    assert "checked against customers@1." in out
    assert err == "Reading the rows ...\n"
    bad = pl.read_csv(built).with_columns(colour=pl.lit("blue"), x=pl.lit("much")).drop("y")
    bad.write_csv("bad.csv")
    code, out, err = run("check", "bad.csv", "--schema", "customers@1", "--quiet")
    assert (code, err) == (1, "")
    assert out.startswith("fail: 2 violations in 120 rows and 2 columns of ")
    assert "\nviolation: 120 values of 'x' (100 % of the rows) cannot be read as numbers, such as 'much'." in out
    assert "\n  data rows 0, 1, 2, 3, 4 and 115 more\n  to do: " in out
    assert "\x1b" not in out


@pytest.mark.parametrize("place", ["model", "model.zip"])
def test_a_folder_a_zip_and_the_schema_of_a_model_will_do(run: Run, csv: Path, place: str) -> None:
    assert run("build", csv, "--target", "y", "--trials", 1, "--threads", 1, "--out", place)[0] == 0
    assert run("check", csv, "--schema", place)[0] == 0
    if place == "model":
        code, out, _ = run("check", csv, "--schema", "model/schema.json")
        assert (code, "checked against model." in out) == (0, True)


def test_json_is_one_object(run: Run, csv: Path) -> None:
    Path("c.toml").write_text('[columns.colour]\ncategories = ["red"]\n[columns.x]\n[columns.z]\nrequired = false\n')
    code, out, err = run("check", csv, "--schema", "c.toml", "--json", "--quiet")
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert told.keys() == {"verdict", "schema", "source", "rows", "columns", "violations", "notices"}
    assert (told["verdict"], told["schema"], told["rows"], told["columns"]) == ("fail", "c", 120, 3)
    (violation,) = told["violations"]
    assert violation.keys() == {"kind", "message", "column", "rows", "count", "severity", "advice"}
    assert (violation["kind"], violation["column"], violation["severity"]) == ("new_category", "colour", "violation")
    assert len(violation["rows"]) == min(violation["count"], 100)
    assert {each["kind"] for each in told["notices"]} == {"missing_column", "unknown_column"}
    assert {each["severity"] for each in told["notices"]} == {"notice"}


def test_a_contract_is_written_kept_and_not_written_over(run: Run, csv: Path) -> None:
    code, out, err = run("check", csv, "--write", "c.toml")
    assert (code, out) == (0, "c.toml\n")
    assert "mlwright check NEW_ROWS --schema c.toml" in err
    assert run("check", csv, "--schema", "c.toml")[0] == 0
    before = Path("c.toml").read_text()
    code, out, err = run("check", csv, "--write", "c.toml")
    assert (code, out, Path("c.toml").read_text()) == (2, "", before)
    assert "somebody may have edited it" in err
    code, out, _ = run("check", csv, "--write", "-", "--quiet")
    assert (code, out) == (0, before)
    code, out, _ = run("check", csv, "--write", "d.toml", "--json", "--quiet")
    assert json.loads(out) == {"contract": "d.toml", "name": "customers", "columns": 3}
    assert read_contract(Path("d.toml")) == read_contract(Path("c.toml"))


def test_a_contract_is_json_where_its_name_says_so(run: Run, csv: Path) -> None:
    assert run("check", csv, "--write", "c.json")[:2] == (0, "c.json\n")
    assert list(json.loads(Path("c.json").read_text())["columns"]) == ["x", "colour", "y"]
    assert run("check", csv, "--schema", "c.json")[0] == 0
    assert run("check", csv, "--write", "c.toml")[0] == 0
    kept, same = read_contract(Path("c.json")), read_contract(Path("c.toml"))
    assert kept == same


@pytest.mark.parametrize("name", ["c.txt", "c", "c.yaml", ".toml", "none/c.toml"])
def test_a_contract_that_could_not_be_read_is_not_written(run: Run, csv: Path, name: str) -> None:
    before = sorted(Path().iterdir())
    code, out, err = run("check", csv, "--write", name, "--quiet")
    assert (code, out) == (2, "")
    assert "such folder" in err if "/" in name else "ends in .toml or .json" in err
    assert sorted(Path().iterdir()) == before


def test_a_full_disk_leaves_nothing(run: Run, csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = sorted(Path().iterdir())
    monkeypatch.setattr("mlwright.collect.rows_out.os.fsync", full)
    code, _, err = run("check", csv, "--write", "c.toml", "--quiet")
    assert (code, err) == (2, "error: The contract cannot be written: the disk is full.\n  c.toml\n")
    assert sorted(Path().iterdir()) == before


def test_a_header_without_rows_breaks_every_contract(run: Run, csv: Path) -> None:
    Path("c.toml").write_text("[columns.x]\n")
    Path("header.csv").write_text("x,colour,y\n")
    code, out, _ = run("check", "header.csv", "--schema", "c.toml")
    assert (code, "violation: There are no rows." in out) == (1, True)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((), "needs --schema or --write", "--schema MODEL|FILE"),
        (("--schema", "c.toml", "--write", "d.toml"), "takes --schema or --write, not both", "--write FILE"),
        (("--schema", "none"), "There is no model or contract 'none'", "mlwright models"),
        (("--schema", "ctract.toml"), "There is no such contract.", "did you mean 'contract.toml'?"),
        (("--schema", "c.yaml"), "Contracts are written in TOML or JSON, not in YAML.", "--write c.toml"),
        (("--schema", "customers.csv"), "ends in .toml or .json", "give a model"),
        (("--schema", "contract.toml"), "There is no field 'mising' in [columns.x].", "did you mean 'missing'?"),
    ],
)
def test_wrong_input_ends_with_2_and_one_sentence(
    run: Run, csv: Path, words: tuple[str, ...], message: str, hint: str
) -> None:
    Path("contract.toml").write_text("[columns.x]\nmising = 0\n")
    Path("c.yaml").write_text("columns: {}\n")
    code, out, err = run("check", csv, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err


def test_an_empty_file_and_one_that_is_not_there_end_with_2(run: Run, csv: Path) -> None:
    Path("c.toml").write_text("[columns.x]\n")
    Path("empty.csv").touch()
    for name, message in (("empty.csv", "The file is empty."), ("none.csv", "There is no such file.")):
        code, _, err = run("check", name, "--schema", "c.toml")
        assert (code, message in err) == (2, True)
