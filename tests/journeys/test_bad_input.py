"""Bad input, named: the right sentence, the right exit code, nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright.cli import main
from mlwright.registry import Workspace

Run = Callable[..., tuple[int, str, str]]
NOBODY = 65534


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)

    def go(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


def write(text: str | bytes, name: str = "rows.csv") -> Path:
    path = Path(name)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rows(count: int = 80, **more: Callable[[int], object]) -> dict[str, list[object]]:
    """A small table whose target `y` depends on `x`, with more columns."""
    draw = random.Random(0)
    x = [draw.gauss(0, 1) for _ in range(count)]
    table: dict[str, list[object]] = {"x": list(x)}
    for name, make in more.items():
        table[name] = [make(place) for place in range(count)]
    table["y"] = ["yes" if value + draw.gauss(0, 0.5) > 0 else "no" for value in x]
    return table


def save(table: dict[str, list[object]], name: str = "rows.csv") -> Path:
    pl.DataFrame(table, strict=False).write_csv(name)
    return Path(name)


def build(run: Run, path: Path | str, *more: object, target: str = "y") -> tuple[int, str, str]:
    return run("build", path, "--target", target, "--trials", 1, "--threads", 1, *more)


def refused(run: Run, path: Path | str, *sentence: str, target: str = "y") -> None:
    """Building ends with 2, says the sentence and no traceback, and leaves nothing behind."""
    before = sorted(Path.cwd().rglob("*"))
    code, out, err = build(run, path, target=target)
    assert (code, out) == (2, ""), err
    for part in sentence:
        assert part in err
    assert "Traceback" not in err
    assert "error: " in err
    assert sorted(Path.cwd().rglob("*")) == before


def answered(run: Run, path: Path | str, *more: object) -> dict[str, object]:
    """Building succeeds; its JSON is returned, and the model predicts the rows it was built from."""
    code, out, err = build(run, path, "--json", *more)
    assert code == 0, err
    result: dict[str, object] = json.loads(out)
    code, out, err = run("predict", "rows", path)
    assert code == 0, err
    assert out.startswith("prediction,")
    return result


def kinds(result: dict[str, object]) -> set[str]:
    found = result["findings"]
    assert isinstance(found, list)
    return {finding["kind"] for finding in found}


def test_empty_file(run: Run) -> None:
    refused(run, write(""), "rows.csv", "empty")


def test_only_blank_lines(run: Run) -> None:
    refused(run, write("\n\n  \n"), "rows.csv")


def test_header_only(run: Run) -> None:
    refused(run, write("x,y\n"), "rows.csv", "no rows")


def test_one_row(run: Run) -> None:
    refused(run, write("x,y\n1,yes\n"), "one row")


def test_one_class(run: Run) -> None:
    refused(run, save({**rows(), "y": ["yes"] * 80}), "'y'", "one value", "'yes'")


def test_target_missing(run: Run) -> None:
    refused(run, save(rows()), "'yy' is not in the data", "did you mean 'y'?", target="yy")


def test_target_all_null(run: Run) -> None:
    refused(run, save({**rows(), "y": [None] * 80}), "'y'", "empty in all 80 rows")


def test_heavy_imbalance(run: Run) -> None:
    """Two cases in 20,000 rows: either an answer that says so, or a refusal that says why."""
    table = rows(20_000)
    table["y"] = ["yes" if place in {7, 11_000} else "no" for place in range(20_000)]
    code, out, err = build(run, save(table), "--json")
    assert code in {0, 2}, err
    if code == 0:
        assert {"imbalance", "few_rows_of_class"} & kinds(json.loads(out))
    else:
        assert "error: " in err
        assert "'yes'" in err
    assert "Traceback" not in err


def test_all_columns_constant(run: Run) -> None:
    refused(run, save({"a": [1] * 80, "b": ["same"] * 80, "y": rows()["y"]}), "No column is left to learn from")


def test_ten_thousand_columns(run: Run) -> None:
    draw = np.random.default_rng(0)
    frame = pl.DataFrame(draw.normal(size=(60, 10_000)).round(3), schema=[f"c{place}" for place in range(10_000)])
    frame.with_columns(y=pl.Series(["yes" if place % 2 else "no" for place in range(60)])).write_csv("rows.csv")
    assert "more_columns_than_rows" in kinds(answered(run, "rows.csv", "--budget", "30s"))


STRANGE = (
    'a "quoted" [name]<b>',
    "new\nline",
    "rocket 🚀 {x}",
    " spaces ",
    "ünïcode, with comma",
    "'; DROP TABLE x;--",
)


def test_strange_column_names(run: Run) -> None:
    table = rows()
    draw = random.Random(1)
    for place, name in enumerate(STRANGE):
        table[name] = [draw.gauss(0, 1) if place % 2 else draw.choice("abc") for _ in range(80)]
    answered(run, save(table))
    page = Path(".mlwright/runs/rows-1/report.html").read_text(encoding="utf-8")
    assert "[name]<b>" not in page
    assert "[name]&lt;b&gt;" in page
    assert "🚀" in page


def test_million_distinct_categories(run: Run) -> None:
    count = 1_000_000
    place = np.arange(count)
    frame = pl.DataFrame({"who": place, "x": place % 7, "y": (place % 7 + place % 3) > 4})
    frame = frame.with_columns(who="customer " + pl.col("who").reverse().cast(pl.String))
    frame.write_csv("rows.csv")
    result = answered(run, "rows.csv")
    assert result["rows"] == count


def test_nan_and_infinity(run: Run) -> None:
    words = ["NaN", "inf", "-inf", "Infinity", "1e400", "-1e400"]
    answered(run, save(rows(200, z=lambda place: words[place % 6] if place % 3 == 0 else place)))


def test_duplicated_rows(run: Run) -> None:
    few = rows(40)
    assert {"duplicate_rows", "few_different_rows"} & kinds(
        answered(run, save({name: values * 5 for name, values in few.items()}))
    )


def test_mixed_types(run: Run) -> None:
    words = ["12", "twelve", "2024-01-31", "true", "1,5", "", "0x1F"]
    answered(run, save(rows(140, mixed=lambda place: words[place % 7])))


def test_dates_out_of_range(run: Run) -> None:
    dates = ["2024-02-30", "9999-12-31", "0000-00-00", "1600-01-01", "2024-13-01"]

    def date(place: int) -> str:
        return dates[place % 5] if place % 10 == 0 else f"2024-{place % 12 + 1:02}-{place % 28 + 1:02}"

    answered(run, save(rows(200, when=date)), "--split", "random")


def test_directory(run: Run) -> None:
    Path("folder").mkdir()
    refused(run, "folder", "folder", "hint: ")


def test_missing_file_names_the_nearest(run: Run) -> None:
    save(rows())
    refused(run, "row.csv", "There is no such file", "did you mean 'rows.csv'?")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, b"\x00" * 5_000, os.urandom(5_000)])
def test_binary_file_named_csv(run: Run, content: bytes) -> None:
    refused(run, write(content), "rows.csv")


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Within, without the powers of root: it may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody can look into, unlike pytest's own; with rows.csv in it, and already worked in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        save(rows())
        (folder / "rows.csv").chmod(0o644)
        yield folder
        monkeypatch.undo()


def work_once(run: Run) -> None:
    """Load what is loaded late: somebody else may not be let in where modules lie."""
    with tempfile.TemporaryDirectory() as elsewhere:
        assert build(run, "rows.csv", "--quiet", "--workspace", f"{elsewhere}/w")[0] == 0
        model = f"{elsewhere}/w/models/rows/1"
        assert run("predict", model, "rows.csv", "--out", f"{elsewhere}/answers.csv")[0] == 0
        assert run("report", model, "--out", f"{elsewhere}/report.html")[0] == 0


def test_no_permission_to_read(run: Run, open_folder: Path) -> None:
    os.chdir(open_folder)
    work_once(run)
    Path("rows.csv").chmod(0)
    with as_somebody_else():
        refused(run, "rows.csv", "rows.csv", "ermission")


def test_read_only_folder(run: Run, open_folder: Path) -> None:
    os.chdir(open_folder)
    assert (
        main(["build", "rows.csv", "--target", "y", "--trials", "1", "--quiet", "--workspace", str(open_folder / "w")])
        == 0
    )
    work_once(run)
    before = sorted(open_folder.rglob("*"))
    open_folder.chmod(0o555)
    with as_somebody_else():
        for more in ((), ("--out", "model"), ("--out", "model.zip"), ("--workspace", "other")):
            code, out, err = build(run, "rows.csv", *more)
            assert (code, out) == (2, ""), (more, err)
            assert "ermission" in err
        code, out, err = run("predict", "w/models/rows/1", "rows.csv", "--out", "answers.csv")
        assert (code, out) == (2, "")
        assert "ermission" in err
        code, out, err = run("report", "w/models/rows/1", "--out", "report.html")
        assert (code, out) == (2, "")
        assert "ermission" in err
    open_folder.chmod(0o755)
    assert sorted(open_folder.rglob("*")) == before


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, the disk is full from then on: what is written is only known to fail when it has to be there."""

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("more", [(), ("--out", "model"), ("--out", "model.zip")])
def test_disk_full_while_building(run: Run, full_disk: Callable[[], None], more: tuple[str, ...]) -> None:
    path = save(rows())
    full_disk()
    code, out, err = build(run, path, *more)
    assert (code, out) == (2, "")
    assert "disk is full" in err
    left = [found for found in Path.cwd().rglob("*") if found.is_file() and found != path.absolute()]
    assert {found.name for found in left} <= {"registry.db"}  # whole, and it knows of no model
    assert Workspace().models() == []


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".ndjson", ".xlsx"])
def test_disk_full_while_predicting(run: Run, full_disk: Callable[[], None], ending: str) -> None:
    path = save(rows())
    assert build(run, path)[0] == 0
    Path(f"answers{ending}").write_text("what was there before")
    before = sorted(Path.cwd().rglob("*"))
    full_disk()
    code, out, err = run("predict", "rows", path, "--out", f"answers{ending}")
    assert (code, out) == (2, "")
    assert "disk is full" in err
    assert sorted(Path.cwd().rglob("*")) == before
    assert Path(f"answers{ending}").read_text() == "what was there before"


def test_disk_full_while_reporting(run: Run, full_disk: Callable[[], None]) -> None:
    assert build(run, save(rows()))[0] == 0
    before = sorted(Path.cwd().rglob("*"))
    full_disk()
    code, out, err = run("report", "rows", "--out", "again.html")
    assert (code, out) == (2, "")
    assert "disk is full" in err
    assert sorted(Path.cwd().rglob("*")) == before
