"""mlwright compare: one page on two models, its JSON, and what it says to rows that cannot be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Run
from tests.cli.conftest import _write_rows as write_rows

import mlwright as mw
from mlwright.cli.compared import told

GOLDEN = Path(__file__).parent / "golden"


def rows(path: Path, count: int, *, start: int = 0) -> Path:
    """Write rows with a yes/no target, and a column of people that says nothing of it."""
    frame = pl.read_csv(write_rows(path, start + count)).tail(count)
    frame.with_columns(sex=pl.Series(["f", "m", "m"] * count)[:count]).write_csv(path)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees what matters and one that does not, and rows that neither learned from."""
    folder = tmp_path_factory.mktemp("compared")
    learned = rows(folder / "customers.csv", 150)
    for name, excluded in (("sees", []), ("blind", ["x"])):
        built = mw.build(learned, "y", trials=1, threads=1, sensitive=["sex"], exclude=excluded)
        built.renamed(name).save(folder / name)
    rows(folder / "new.csv", 300, start=150)
    return folder


@pytest.fixture
def compared(place: Path, run: Run) -> Run:
    """`mlwright compare` of the two, of new rows or those that are given."""
    return lambda *words: run("compare", place / "blind", place / "sees", *(words or (place / "new.csv",)))


def test_the_page(compared: Run) -> None:
    code, out, err = compared()
    assert (code, err) == (0, "Reading the rows ...\n")
    # Numbers differ with the versions of the boosters; the words do not.
    plain = re.sub(r"[-+]?\d[\d,.]*", "#", re.sub(r" +", " ", out))
    plain = re.sub(r"^( # )(no yes|yes no) (no|yes) .*$", r"\1answers", plain, flags=re.MULTILINE)
    assert plain == (GOLDEN / "compare.txt").read_text(encoding="utf-8")
    tables = [line for line in out.splitlines() if re.match(r"^ *(metric|answer of|row|people|sex|ROC|log|\d+) ", line)]
    assert len(tables) > 8
    assert max(map(len, tables)) <= 80
    assert "\x1b" not in out


def test_json_holds_it_all(compared: Run, place: Path) -> None:
    code, out, err = compared(place / "new.csv", "--json", "--quiet")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["better"], found["target"], found["task"], found["metric"]) == ("b", "y", "binary", "roc_auc")
    assert found["metrics"]["roc_auc"]["interval"][0] > 0
    assert {"a", "b", "sentence", "rows", "changed", "slices", "groups", "notes"} <= found.keys()
    assert found["b"]["path"] == str(place / "sees")
    assert found["b"]["columns"] > found["a"]["columns"]
    same = mw.compare(place / "blind", mw.load(place / "sees"), place / "new.csv")
    assert same.to_dict() == found


def test_names_are_those_of_the_workspace(run: Run, csv: Path) -> None:
    for _ in range(2):
        assert run("build", csv, "--target", "y", "--trials", 1, "--threads", 1, "--quiet")[0] == 0
    code, out, err = run("compare", "customers@1", "customers", csv)
    assert code == 0, err
    assert out.startswith("A  customers@1: ")
    assert "\nB  customers@2: " in out
    assert "A and B say exactly the same of 120 rows" in out


def test_rows_without_the_target_are_told_what_can_be(compared: Run, place: Path) -> None:
    pl.read_csv(place / "new.csv").drop("y").write_csv("unlabelled.csv")
    code, out, _ = compared("unlabelled.csv")
    assert code == 0
    assert "The rows have no column 'y', so nothing can be said about which model is right" in out
    assert "become right" not in out
    assert "Who gets another answer" in out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop("x"), ("The column 'x' is not in the data.", "model sees")),
        (lambda frame: frame.with_columns(y=pl.lit("maybe")), ("has a 'y' that the model knows", "it knows: no, yes")),
        (lambda frame: frame.head(0), ("The file has a header but no rows.",)),
    ],
)
def test_rows_that_cannot_be_are_refused(compared: Run, place: Path, change: object, words: tuple[str, ...]) -> None:
    change(pl.read_csv(place / "new.csv")).write_csv("wrong.csv")  # type: ignore[operator]
    code, out, err = compared("wrong.csv")
    assert (code, out) == (2, "")
    assert all(word in err for word in words)


def test_models_that_cannot_be_compared_are_refused(run: Run, place: Path) -> None:
    code, out, err = run("compare", place / "sees", "nobody", place / "new.csv")
    assert (code, out) == (2, "")
    assert "There is no model 'nobody'" in err


def test_one_row_and_the_same_model(compared: Run, run: Run, place: Path) -> None:
    pl.read_csv(place / "new.csv").head(1).write_csv("one.csv")
    code, out, _ = compared("one.csv")
    assert code == 0
    assert "Which one is better cannot be told from 1 labelled row" in out
    code, out, _ = run("compare", place / "sees", place / "sees", place / "new.csv")
    assert "A and B say exactly the same of 300 rows" in out
    assert "A and B give the same answer to all 300 rows." in out


def test_odd_values_fit_their_columns() -> None:
    """Long values are clipped, missing ones named, and a model without size or speed says nothing of them."""
    model = {"model": "m", "columns": 1, "learners": [], "size_bytes": None, "row_ms": None}
    example = {
        "row": 3,
        "a": "x" * 60,
        "b": None,
        "truth": 1.5,
        "columns": [{"column": "c", "value": None, "shift": 1}],
    }
    changed = {"sentences": ["So."], "moves": [], "slices": [{"sentence": "There."}], "examples": [example]}
    page = told(
        {
            "a": model,
            "b": model,
            "sentence": "Said.",
            "notes": ["Known."],
            "metrics": {},
            "changed": changed,
            "slices": [],
            "groups": [],
        }
    )
    assert "A  m: 1 column\n" in page
    assert "note: Known." in page
    assert "  3  " + "x" * 21 + "...  (missing)  1.5    c (missing)" in page
    assert max(map(len, page.splitlines())) <= 80


def test_where_nobody_can_tell_no_part_of_the_page_does(compared: Run, place: Path) -> None:
    code, out, _ = compared(place / "customers.csv")
    assert code == 0
    assert "Which one is better cannot be told from these rows" in out
    assert "is better for" not in out
    assert "is better where" not in out
    assert "Where one of them is better" not in out
    assert "Groups of people" in out
