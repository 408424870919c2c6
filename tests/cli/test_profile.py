"""mlwright profile: what it prints where, its JSON, the page, and exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import OutputError

Run = Callable[..., tuple[int, str, str]]


def test_it_prints_overview_columns_findings_and_the_next_command(run: Run, csv: Path) -> None:
    pl.read_csv(csv).with_columns(same=pl.lit("x"), town=pl.lit("MalmÃ¶")).write_csv(csv)
    code, out, err = run("profile", csv, "--target", "y")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("The table has 120 rows and 5 columns: ")
    header = next(line for line in lines if line.startswith("column"))
    assert header.split() == ["column", "kind", "missing", "distinct", "hint"]
    assert any(line.startswith("y ") and "to be predicted" in line for line in lines)
    assert any(line.startswith("same ") and "constant" in line for line in lines)
    severities = [line.split(":")[0] for line in lines if line.split(":")[0] in {"error", "warning", "info"}]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert "warning" in severities
    assert lines[-1].startswith("next: mlwright profile ")
    assert "--target y --out customers-profile.html --open" in lines[-1]
    assert "Reading the rows ..." in err
    assert "\x1b" not in out + err
    assert [path.name for path in Path.cwd().iterdir()] == ["customers.csv"]


def test_out_writes_the_page_and_its_twins(run: Run, csv: Path) -> None:
    code, out, err = run("profile", csv, "--out", "p.html", "-q")
    assert (code, err) == (0, "")
    assert {path.name for path in Path.cwd().iterdir()} == {"customers.csv", "p.html", "p.json", "p.md"}
    assert "page  p.html" in out
    assert out.splitlines()[-1].endswith("--target COL")
    assert Path("p.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_is_one_object_alone_on_stdout(run: Run, csv: Path) -> None:
    code, out, err = run("profile", csv, "--json", "--quiet")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["rows"] == 120
    assert [column["name"] for column in found["columns"]] == ["x", "colour", "y"]
    assert found["report"] is None
    found = json.loads(run("profile", csv, "--json", "--out", "p")[1])
    assert (found["report"], found["json"], found["markdown"]) == ("p.html", "p.json", "p.md")
    twin = json.loads(Path("p.json").read_text(encoding="utf-8"))
    assert {key: found[key] for key in twin} == twin


def test_open_writes_into_the_folder_one_is_in(run: Run, csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr("mlwright.cli.kept.open_page", opened.append)
    assert run("profile", csv, "--open")[0] == 0
    assert opened == [Path("customers-profile.html")]
    assert opened[0].is_file()


def test_wide_tables_are_cut_on_the_terminal(run: Run) -> None:
    pl.DataFrame({f"c{place}": [1.5 * place, 2.5, 3.5] for place in range(90)}).write_csv("wide.csv")
    out = run("profile", "wide.csv")[1]
    assert "and 30 more columns; --out and --json have all" in out
    assert "c59 " in out
    assert "c60 " not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("profile", "none.csv"), "There is no such file."),
        (("profile", "customers.csv", "--target", "yy"), "did you mean 'y'?"),
        (("profile", "customers.csv", "--out", "p.pdf"), "'.pdf'"),
        (("profile", "customers.csv", "--out", "no/p.html"), "its folder does not exist"),
        (("profile", "empty.csv"), "The file is empty."),
        (("profile", "customers.csv", "--query", "SELECT 1"), "query"),
    ],
)
def test_mistakes_end_with_2_and_one_sentence(run: Run, csv: Path, words: tuple[str, ...], said: str) -> None:
    Path("empty.csv").touch()
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert {path.name for path in Path.cwd().iterdir()} == {"customers.csv", "empty.csv"}


def test_standard_input_is_a_source_too(run: Run, csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with csv.open("rb") as file:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": file, "isatty": lambda _: False})())
        code, out, err = run("profile", "-", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"] == 120


@pytest.fixture
def unlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a table is looked at, although it is known that nothing can be written."""

    def looked(*_: object, **__: object) -> None:
        pytest.fail("looked at the table before looking at the place")

    monkeypatch.setattr("mlwright.clean.profile.profile", looked)


@pytest.fixture
def sale(run: Run) -> Path:
    path = Path.cwd() / "sale.json"
    path.write_text(json.dumps([{"x": at, "y": at % 2} for at in range(20)]), encoding="utf-8")
    return path


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize(
    "place", ["sale.html", "sale.md", "sale.json", "sale", "sale.htm", "in/../sale.html", "l.html"]
)
def test_the_source_is_never_written_over(run: Run, sale: Path, place: str) -> None:
    Path("in").mkdir()
    Path("l.json").symlink_to(sale)
    before, names = sale.read_bytes(), sorted(Path.cwd().iterdir())
    code, out, err = run("profile", sale.name, "--out", place)
    assert (code, out) == (2, "")
    assert "sale.json' is the source itself" in err or "l.json' is the source itself" in err
    assert (sale.read_bytes(), sorted(Path.cwd().iterdir())) == (before, names)


def test_python_does_not_write_over_the_source_either(sale: Path) -> None:
    before = sale.read_bytes()
    found = mw.profile(sale)
    with pytest.raises(OutputError, match="is the source itself"):
        found.report("sale.html")
    assert sale.read_bytes() == before


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize(
    ("theirs", "place"), [("p.json", "p.html"), ("p.md", "p"), ("p.md", "p.md"), ("p.html", "p.md")]
)
def test_files_of_other_people_stay(run: Run, csv: Path, theirs: str, place: str) -> None:
    Path(theirs).write_text("# Notes\n", encoding="utf-8")
    code, out, err = run("profile", csv, "--out", place)
    assert (code, out) == (2, "")
    assert f"'{theirs}' is there and is no profile" in err
    assert Path(theirs).read_text(encoding="utf-8") == "# Notes\n"
    assert {path.name for path in Path.cwd().iterdir()} == {"customers.csv", theirs}


def test_a_profile_may_be_written_again(run: Run, csv: Path) -> None:
    for place in ("p.html", "p", "p.md", "p.json"):
        code, _, err = run("profile", csv, "--out", place, "-q")
        assert (code, err) == (0, "")
    Path("q.html").write_text("an older page", encoding="utf-8")
    assert run("profile", csv, "--out", "q.html")[0] == 0


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("no/p.html", "its folder does not exist"),
        ("folder", "'folder' is a folder"),
        ("closed/p.html", "no permission"),
        ("x" * 300 + ".html", "too long"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_the_work(
    run: Run, csv: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    Path("folder").mkdir()
    Path("closed").mkdir()
    allowed = os.access
    # Who runs the tests as root may write everywhere.
    monkeypatch.setattr(
        "mlwright.report.write.os.access", lambda at, how: Path(at).name != "closed" and allowed(at, how)
    )
    code, out, err = run("profile", csv, "--out", place)
    assert (code, out) == (2, "")
    assert told in err
    assert {path.name for path in Path.cwd().rglob("*")} == {"customers.csv", "folder", "closed"}
