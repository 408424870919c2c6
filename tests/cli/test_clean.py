"""mlwright clean: what it prints, what it writes, how it asks, and what it says where it cannot."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mlwright as mw
from mlwright.cli.labels import asked, labels_in
from mlwright.collect import collect

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dirty(run: Run) -> Path:
    codes, towns = ["0150", "5003", "9008", "3015"], ["Oslo", "Bergen", "Tromso", "Drammen"]
    rows = {"code": codes * 30, "town": towns * 30, "note": [f"note {at % 17}" for at in range(120)]}
    rows["town"][7] = "Dramen"
    path = Path.cwd() / "dirty.csv"
    pl.DataFrame(rows).write_csv(path)
    return path


def test_it_prints_a_summary_and_writes_the_rows(run: Run, dirty: Path) -> None:
    code, out, err = run("clean", dirty, "--out", "cleaned.csv")
    assert (code, err) == (0, "Looking at the table ...\n")
    for told in ("1 cell is probably wrong: 1 repaired", "town", "Dramen -> Drammen", "120 rows are in cleaned.csv"):
        assert told in out
    assert "next: mlwright clean" in out
    assert "\x1b" not in out
    assert pl.read_csv("cleaned.csv")["town"][7] == "Drammen"
    assert pl.read_csv("cleaned.csv").shape == (120, 3)
    assert sorted(path.name for path in Path().iterdir()) == ["cleaned.csv", "dirty.csv"]


def test_the_source_is_never_written_over(run: Run, dirty: Path) -> None:
    before = dirty.read_bytes()
    Path("other.csv").symlink_to(dirty)
    for place in (dirty.name, dirty, Path("..") / Path.cwd().name / dirty.name, "other.csv"):
        code, out, err = run("clean", dirty, "--out", place)
        assert (code, out) == (2, "")
        assert "is the source itself, which is never written over." in err
    assert dirty.read_bytes() == before


def test_json_is_one_object_alone_on_stdout(run: Run, dirty: Path) -> None:
    code, out, err = run("clean", dirty, "--out", "cleaned.parquet", "--json", "--quiet")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["out"] == "cleaned.parquet"
    assert isinstance(told["findings"], list)
    (cell,) = told["cells"]
    assert cell["row"] == 7
    assert cell.keys() >= {"row", "column", "old", "new", "kind", "confidence"}
    assert (cell["column"], cell["old"], cell["new"]) == ("town", "Dramen", "Drammen")
    assert 0 < cell["confidence"] < 1


def test_without_repair_the_rows_are_as_they_were(run: Run, dirty: Path) -> None:
    code, out, _ = run("clean", dirty, "--out", "same.csv", "--no-repair")
    assert code == 0
    assert "1 cell is probably wrong: 0 repaired" in out
    assert pl.read_csv("same.csv").equals(pl.read_csv(dirty))


def test_a_clean_table_is_said_to_be_clean(run: Run, csv: Path) -> None:
    code, out, _ = run("clean", csv, "--out", "same.csv", "--target", "y")
    assert code == 0
    assert "no cell is probably wrong" in out
    assert "next: mlwright build same.csv --target y" in out
    assert pl.read_csv("same.csv").equals(pl.read_csv(csv))


@pytest.mark.parametrize("ending", [".csv", ".json", ".ndjson", ".xlsx", ".parquet"])
def test_lengths_and_times_with_a_zone_are_written(run: Run, ending: str) -> None:
    numbers = pl.DataFrame({"at": pl.int_range(60, eager=True) * 3_600_000_000})
    zone = pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Kathmandu")
    numbers.select(lasts=pl.col("at").cast(pl.Duration("us")), when=zone).write_parquet("times.parquet")
    code, _, err = run("clean", "times.parquet", "--out", f"cleaned{ending}", "-q")
    assert code == 0, err
    assert collect(f"cleaned{ending}").rows == 60


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "a.doc"], ("--out cannot be '.doc'", ".csv")),
        (["--out", "no/a.csv"], ("There is no such folder.", "no")),
        (["--out", "x" * 300 + ".csv"], ("Nothing can be written here: File name too long.",)),
        (["--out", "a.csv", "--target", "twon"], ("'twon' is not in the data", "did you mean 'town'?")),
        (["--out", "a.csv", "--exclude", "twon"], ("'twon' is not in the data", "did you mean 'town'?")),
        (["--out", "a.csv", "--ask"], ("--ask needs a terminal", "--labels")),
        (["--out", "a.csv", "--ask", "3"], ("--ask needs a terminal", "--labels")),
        (["--out", "a.csv", "--labels", "none.json"], ("The labels cannot be read", "none.json")),
        ([], ("Missing option '--out'.",)),
    ],
)
def test_misuse_is_told_in_one_sentence(run: Run, dirty: Path, words: list[str], told: tuple[str, ...]) -> None:
    code, out, err = run("clean", dirty, *words)
    assert (code, out) == (2, "")
    for part in told:
        assert part in err
    assert sorted(path.name for path in Path().iterdir()) == ["dirty.csv"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "no JSON"),
        ("[]", 'has no "labels"'),
        ('{"labels": {"first": {}}}', "'first' does not name a row"),
        ('{"labels": {"3": "Oslo"}}', "'3' does not name a row"),
        ('{"labels": {"300": {}}}', "There is no row 300"),
        ('{"labels": {"3": {"twon": "x"}}}', "did you mean 'town'?"),
        ('{"labels": {"3": {"town": "\\ud800"}}}', "The label of row 3 for 'town' has half a character"),
        ('{"labels": {"3": {"town": [1, 2]}}}', "The label of row 3 for 'town' is a list"),
        ('{"labels": {"3": {"town": {"a": 1}}}}', "The label of row 3 for 'town' holds names and values"),
        ('{"labels": {"3": {"town": NaN}}}', "The label of row 3 for 'town' is no finite number"),
        ('{"labels": {"3": {"town": 1e999}}}', "The label of row 3 for 'town' is no finite number"),
        ('{"labels": {"3": {"town": true}}}', "The label of row 3 for 'town', True, is none of the column's values"),
        ('{"labels": {"03": {"town": "Oslo"}, "3": {}}}', "Row 3 is labelled twice"),
        ('{"labels": {"3": {"town": "Oslo"}, "3": {}}}', "'3' stands twice"),
        ('{"labels": {"%s": {}}}' % ("1" * 5000), "1... does not name a row"),
        ('{"labels": {"3": {"town": %s}}}' % ("1" * 5000), "no JSON"),
        ("[" * 200_000, "lists within lists"),
    ],
)
def test_labels_that_are_none(run: Run, dirty: Path, text: str, told: str) -> None:
    Path("labels.json").write_text(text)
    code, _, err = run("clean", dirty, "--out", "cleaned.csv", "--labels", "labels.json")
    assert code == 2
    assert told in err
    assert len(err) < 600
    assert not Path("cleaned.csv").exists()


def test_a_label_of_a_number_is_a_number(run: Run, write_rows: Callable[..., Path]) -> None:
    table = write_rows(Path("people.csv"))
    Path("labels.json").write_text('{"labels": {"1": {"x": "tall"}}}')
    words = ("clean", table, "--out", "cleaned.csv", "--labels", "labels.json", "--json")
    code, _, err = run(*words)
    assert code == 2
    assert "The label of row 1 for 'x', 'tall', is no number" in err
    for value in ('"0.5"', "0.5", "null", '""', '"n/a"'):
        Path("labels.json").write_text(f'{{"labels": {{"1": {{"x": {value}}}}}}}')
        code, out, err = run(*words)
        assert code == 0, err
        assert json.loads(out)["labelled"] == [1]


def test_labels_are_taken(run: Run, dirty: Path) -> None:
    Path("labels.json").write_text('{"labels": {"7": {"town": "Dramen"}}}')
    code, out, _ = run("clean", dirty, "--out", "cleaned.csv", "--labels", "labels.json", "--json")
    assert code == 0
    assert json.loads(out)["cells"] == []
    assert json.loads(out)["labelled"] == [7]


def test_a_full_disk_leaves_nothing(run: Run, dirty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mlwright.collect.rows_out.os.fsync", full)
    code, _, err = run("clean", dirty, "--out", "cleaned.csv", "--quiet")
    assert code == 2
    assert err == "error: The cleaned rows cannot be written: the disk is full.\n  cleaned.csv\n"
    assert sorted(path.name for path in Path().iterdir()) == ["dirty.csv"]


def typed(*lines: str) -> Callable[[], str]:
    waiting: Iterator[str] = iter(lines)

    def read() -> str:
        line = next(waiting)
        if line == "^C":
            raise KeyboardInterrupt
        return line

    return read


def test_rows_are_shown_and_corrected_one_by_one(dirty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cleaned = mw.clean(dirty, labels={at: {} for at in range(120) if at != 7})
    place = Path("labels.json")
    done = asked(cleaned, 5, place, read=typed("twon=x\n", "note\n", "town\n", "note=note = 9\n", "\n"))
    told = capfd.readouterr().err
    assert "row 7 (1 of 5)" in told
    assert "* town" in told
    assert "proposed: Drammen" in told
    assert "did you mean 'town'?" in told
    assert "Nothing is proposed for 'note'" in told
    assert done.labels[7] == {"code": "3015", "town": "Drammen", "note": "note = 9"}
    assert labels_in(place)[7] == done.labels[7]


def test_what_cannot_be_is_asked_again(dirty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = pl.read_csv(dirty).with_columns(height=pl.int_range(120) % 90 + 100.5)
    done = asked(mw.clean(rows), 1, Path("labels.json"), read=typed("height=tall\n", "\n", "height=180\n", "\n"))
    assert "for 'height', 'tall', is no number" in capfd.readouterr().err
    (labelled,) = done.labels.values()
    assert labelled["height"] == "180"


@pytest.mark.parametrize("end", ["q\n", "", "^C"])
def test_labels_so_far_are_kept_whatever_ends_it(dirty: Path, end: str) -> None:
    place = Path("labels.json")
    if end == "^C":
        with pytest.raises(KeyboardInterrupt):
            asked(mw.clean(dirty), 5, place, read=typed("\n", "\n", end))
    else:
        asked(mw.clean(dirty), 5, place, read=typed("\n", "\n", end))
    assert len(labels_in(place)) == 2


def test_it_asks_at_a_terminal(run: Run, dirty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["\n", "\n", "q\n"]

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return lines.pop(0)

    monkeypatch.setattr("sys.stdin", Terminal())
    code, out, err = run("clean", dirty, "--out", "cleaned.csv", "--ask")
    assert code == 0
    assert "(1 of 20)" in err
    assert "2 labelled rows are in cleaned.labels.json" in err
    assert "next: mlwright build cleaned.csv" in out
    held: dict[str, Any] = json.loads(Path("cleaned.labels.json").read_text())
    assert len(held["labels"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")
def test_ctrl_c_at_the_terminal_keeps_the_labels(dirty: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mlwright", "clean", str(dirty), "--out", "cleaned.csv", "--ask", "5"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=dirty.parent, text=True
    ) as process:
        try:
            assert process.stderr is not None
            os.write(ours, b"\n")
            for line in process.stderr:
                if "(2 of 5)" in line:
                    break
            process.stderr.read(2)
            time.sleep(1.0)  # until it waits for what is typed
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)
    assert len(labels_in(dirty.parent / "cleaned.labels.json")) == 1
    assert not (dirty.parent / "cleaned.csv").exists()
