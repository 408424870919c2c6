"""mlwright explain: one page of text on one row."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Run
from tests.cli.conftest import _write_rows as write_rows

import mlwright as mw

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was built once."""
    folder = tmp_path_factory.mktemp("explained")
    rows = write_rows(folder / "customers.csv")
    mw.build(rows, "y", trials=1, threads=1, out=folder / "customers")
    return folder / "customers"


@pytest.fixture
def explained(model: Path, run: Run) -> Run:
    """`mlwright explain` of that model, in a folder with new rows."""
    pl.DataFrame({"x": [-0.4, 1.9, 40.0], "colour": ["red", "green", "blue"]}).write_csv("new.csv")
    return lambda *words: run("explain", model, *words)


def test_the_page(explained: Run) -> None:
    code, out, err = explained("new.csv", "--row", 1)
    assert code == 0, err
    # Numbers differ with the versions of the boosters; the words do not.
    plain = re.sub(r"[-+]?\d[\d,.]*", "#", re.sub(r" +", " ", out.replace(str(Path.cwd()), "")))
    assert plain == (GOLDEN / "explain.txt").read_text(encoding="utf-8")
    assert "Looking for reasons" in err


def test_quiet_says_nothing_else(explained: Run) -> None:
    code, out, err = explained("new.csv", "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("row 0 of ")


def test_json_holds_it_all(explained: Run) -> None:
    code, out, _ = explained("new.csv", "--row", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {
        *("model", "row", "prediction", "probabilities", "reasons", "counterfactuals", "similar", "unlike"),
    }
    assert found["row"] == 2
    assert found["prediction"] == "yes"
    assert sum(found["probabilities"].values()) == pytest.approx(1.0)
    assert len(found["similar"]["cases"]) == 5
    assert found["unlike"]["unlike"]
    assert {tuple(each["columns"]) for each in found["unlike"]["new"]} == {("x",), ("colour",)}


def test_what_is_asked_is_what_is_answered(explained: Run) -> None:
    _, out, _ = explained("new.csv", "--immutable", "x", "--json")
    changed = [each["changes"] for each in json.loads(out)["counterfactuals"]["counterfactuals"]]
    assert all(change["column"] == "colour" for changes in changed for change in changes)
    _, out, _ = explained("new.csv", "--row", 1, "--below", 0.2, "--json")
    ways = json.loads(out)["counterfactuals"]
    assert ways["asked"] == "for a probability of yes below 20 %"
    assert all(each["probability"] < 0.2 for each in ways["counterfactuals"] if each["reached"])
    _, out, _ = explained("new.csv", "--row", 1, "--want", "no", "--json")
    assert json.loads(out)["counterfactuals"]["asked"] == "for the answer no"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--row", 3], "--row 3 is not there: "),
        (["--row", -1], "--row -1 is not there: "),
        (["--want", "perhaps"], "class cannot be 'perhaps'"),
        (["--below", "0.2", "--above", "0.3"], "Only one of want, below and above"),
        (["--below", "7"], "between 0 and 1"),
        (["--immutable", "colours"], "The column 'colours' is not in the data."),
    ],
)
def test_what_cannot_be_is_said(explained: Run, words: list[object], said: str) -> None:
    code, out, err = explained("new.csv", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_sources_that_lack_something(explained: Run) -> None:
    Path("short.csv").write_text("x\n1\n", encoding="utf-8")
    code, _, err = explained("short.csv")
    assert code == 2
    assert "'colour'" in err
    Path("empty.csv").write_text("x,colour\n", encoding="utf-8")
    assert explained("empty.csv")[0] == 2


def test_a_row_of_missing_values(explained: Run) -> None:
    Path("gone.csv").write_text("x,colour\n,\n1,red\n", encoding="utf-8")
    code, out, _ = explained("gone.csv")
    assert code == 0
    assert "x is missing, which it never was" in out


def test_a_number_and_no_cases(run: Run) -> None:
    path = write_rows(Path.cwd() / "prices.csv", number=True)
    assert run("build", path, "--target", "y", "--trials", 1, "--threads", 1, "--cases", 0, "--out", "model")[0] == 0
    assert not list(Path("model").glob("cases*"))
    code, out, _ = run("explain", "model", path, "--above", 5)
    assert code == 0
    assert "(for 90 % of such rows it is " in out
    assert "The model keeps no past rows" in out
    _, out, _ = run("explain", "model", path, "--json")
    assert json.loads(out)["similar"] is None


def test_golden_rows_are_nobodys_where_no_case_is_kept(run: Run, csv: Path) -> None:
    for cases in (0, 9):
        words = ["build", csv, "--target", "y", "--trials", 1, "--threads", 1, "--cases", cases, "--out", f"m{cases}"]
        assert run(*words)[0] == 0
    rows = {(row["x"], row["colour"]) for row in pl.read_csv(csv, infer_schema_length=0).to_dicts()}
    held = [
        {(str(row["x"]), row["colour"]) for row in json.loads(Path(f"m{cases}/golden.json").read_text())["rows"]}
        for cases in (0, 9)
    ]
    # At most a few meet by chance: quantiles are values that occur, and there are two colours.
    assert len(held[0] & rows) <= 5 < len(held[1] & rows)
    assert run("predict", "m0", csv)[1] == run("predict", "m9", csv)[1]
    assert run("build", csv, "--target", "y", "--cases", 513)[0] == 2


def test_the_same_trials_keep_the_same_cases(run: Run, csv: Path) -> None:
    for name in ("one", "two"):
        assert run("build", csv, "--target", "y", "--trials", 1, "--threads", 1, "--seed", 4, "--out", name)[0] == 0
    for file in ("cases.npz", "cases.json", "golden.json"):
        assert (Path("one") / file).read_bytes() == (Path("two") / file).read_bytes()
