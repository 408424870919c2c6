"""mlwright monitor: over a file and over a record, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.monitor.conftest import NAME, Recorded, drawn

import mlwright as mw
from mlwright.cli import main


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "model"
    mw.build(drawn(2_000, 0), target="churn", trials=1, clean=False, name=NAME).save(folder)
    return folder


@pytest.fixture
def home(learned: Path, tmp_path: Path) -> Path:
    """A workspace whose service has answered for four days, of which the last two were wrong more often."""
    recorded = Recorded(tmp_path / "home", mw.load(learned))
    now = datetime.now(UTC)
    for day in range(4):
        recorded.answer(drawn(400, 30 + day, flipped=0.25 * (day > 1)), now - timedelta(days=5 - day))
    recorded.record.close()
    return tmp_path / "home"


def run(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def test_a_file_is_told_of_with_what_to_do(learned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.concat([drawn(1_500, 1), drawn(1_500, 2, flipped=0.25)]).write_csv(tmp_path / "rows.csv")
    assert run("monitor", learned, "--source", tmp_path / "rows.csv", "--quiet") == 1
    told = capsys.readouterr().out
    assert "PAGE" in told
    assert "The share of wrong answers has risen from" in told
    assert "since       row 1," in told
    assert "what to do" in told
    assert "PSI" in told


def test_where_nothing_has_changed_it_ends_with_0(
    learned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(800, 3).write_csv(tmp_path / "rows.csv")
    assert run("monitor", learned, "--source", tmp_path / "rows.csv", "--json", "--quiet") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["alarms"], found["records"], found["matured"]) == ("ok", [], 800, 800)
    assert set(found["performance"]["accuracy"]) >= {"loss", "interval", "judged", "rows"}


def test_a_record_is_gone_through_and_an_alarm_is_ended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("monitor", NAME, "--workspace", home, "--json", "--quiet") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["records"] == 1_600
    alarm = next(each for each in found["alarms"] if each["kind"] == "losses")
    assert set(alarm) >= {"kind", "since", "message", "columns", "action"}
    for each in found["alarms"]:
        run("monitor", NAME, "--workspace", home, "--end", each["id"], "--why", "mended", "--quiet")
    assert run("monitor", NAME, "--workspace", home, "--quiet") == 0
    capsys.readouterr()
    assert run("monitor", NAME, "--workspace", home, "--anew", "--quiet") == 1
    assert "churn@1-losses-page-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time", "age"], "are for the rows of --source"),
        (["--source", "rows.csv", "--delay", "1d"], "are for the record"),
        (["--delay", "soon"], "is no length of time"),
        (["--end", "churn@1-nothing-page"], "churn@1-nothing-page"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    home: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("monitor", NAME, "--workspace", home, *arguments) == 2
    assert said in capsys.readouterr().err


def test_without_a_record_or_a_model_it_says_so(
    learned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("monitor", "nobody", "--workspace", tmp_path / "home") == 2
    assert "There is no model" in capsys.readouterr().err
    recorded = Recorded(tmp_path / "home", mw.load(learned))
    recorded.record.close()
    assert run("monitor", NAME, "--workspace", tmp_path / "home") == 2
    assert "There is no record yet" in capsys.readouterr().err


def test_a_delay_is_written_as_people_write_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("monitor", NAME, "--workspace", home, "--delay", "36h", "--json", "--quiet") in {0, 1}
    found = json.loads(capsys.readouterr().out)
    assert found["records"] == 1_600
    assert 0 < found["matured"] <= 1_600
