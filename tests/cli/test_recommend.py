"""The command line of recommenders: build, recommend, predict, evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlwright.cli import main
from mlwright.testing.logs import make_log


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    made = make_log(200, 120, 3_500, seed=4, kind="features")
    made.log.write_csv(folder / "log.csv")
    assert made.items is not None
    made.items.write_csv(folder / "items.csv")
    words = [str(folder / "log.csv"), "--task", "recommend", "--items", str(folder / "items.csv"), "--name", "films"]
    assert main(["build", *words, "--trials", "2", "--workspace", str(folder / "w"), "--quiet"]) == 0
    return folder


def test_build_says_what_comes_next(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "second"
    words = ["build", str(home / "log.csv"), "--task", "recommend", "--trials", "1", "--out", str(out)]
    assert main([*words, "--json", "--quiet"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["task"] == "recommend"
    assert said["metric"] == "ndcg_10"
    assert Path(said["report"]).exists()
    assert main([*words, "--quiet"]) == 0
    assert "mlwright recommend" in capsys.readouterr().out


def test_recommend_prints_a_list_with_reasons(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = str(pl.read_csv(home / "log.csv")["item_id"][0])
    words = ["recommend", "films", "--history", item, "--k", "4", "--workspace", str(home / "w")]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].split() == ["item", "title", "why"]
    assert main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["items"]) == 4


def test_a_history_that_nobody_knows_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "films", "--history", "never-heard-of", "--workspace", str(home / "w")]) == 0
    assert "does not know" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--k", "0"], "k"),
        (["--request", "{"], "no JSON"),
        (["--request", "[" * 100_000], "--request is nested too deeply"),
        (["--history", "[" * 100_000], "nested too deeply"),
        (["--request", '{"filter": {}}'], "filters"),
        (["--request", '{"filters": {"gnere": {"in": ["drama"]}}}'], "genre"),
        (["--diversity", "7"], "diversity"),
    ],
)
def test_what_cannot_be_asked_ends_with_two(
    home: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert main(["recommend", "films", *more, "--workspace", str(home / "w")]) == 2
    assert said in capsys.readouterr().err


def test_predict_gives_each_person_of_a_log_a_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = pl.read_csv(home / "log.csv").head(40)
    few.write_csv(home / "few.csv")
    assert main(["predict", "films", str(home / "few.csv"), "--explain", "--workspace", str(home / "w")]) == 0
    frame = pl.read_csv(capsys.readouterr().out.encode())
    assert frame.columns == ["user", "prediction", "reasons"]
    assert (
        frame["user"].cast(pl.String).to_list() == few["user_id"].cast(pl.String).unique(maintain_order=True).to_list()
    )
    assert all(len(json.loads(text)) == 10 for text in frame["prediction"])


def test_options_that_are_not_given_leave_the_request_as_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = pl.read_csv(home / "log.csv")["item_id"].unique(maintain_order=True).to_list()
    asked = {"history": [first], "k": 3, "exclude_seen": False, "diversity": 0.4, "exclude": [second]}

    def answer(*more: str) -> dict[str, Any]:
        words = ["recommend", "films", "--request", json.dumps(asked), *more, "--workspace", str(home / "w"), "--json"]
        assert main(words) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    alone = answer()
    assert len(alone["items"]) == 3
    assert alone["asked"]["history_length"] == 1
    assert alone["asked"]["diversity"] == 0.4
    seen = answer("--k", "100")  # the option counts where both say it
    assert len(seen["items"]) > 3
    items = [one["item"] for one in seen["items"]]
    assert first in items
    assert second not in items
    assert answer("--history", f"{first},{second}")["asked"]["history_length"] == 2


def test_reasons_of_lists_are_said_to_be_elsewhere(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "films", str(home / "log.csv"), "--workspace", str(home / "w")]) == 2
    said = capsys.readouterr().err
    assert "mlwright recommend" in said
    assert "predict --explain" in said
    assert "history_length" not in said


def test_a_table_that_asks_for_nothing_is_told_both_ways(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "films", str(home / "items.csv"), "--workspace", str(home / "w")]) == 2
    said = capsys.readouterr().err
    assert "items.csv" in said
    assert "'user_id'" in said
    columns = said.split("Columns:")[1]
    assert "history" not in columns
    assert "item_id" in columns


def test_one_person_alone_gets_a_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.read_csv(home / "log.csv")
    frame.filter(pl.col("user_id") == frame["user_id"][0]).write_csv(home / "one.csv")
    assert main(["predict", "films", str(home / "one.csv"), "--workspace", str(home / "w")]) == 0
    assert pl.read_csv(capsys.readouterr().out.encode()).height == 1


def test_a_row_that_cannot_be_asked_is_named_before_anything_is_written(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pl.DataFrame({"history": ["1", "2", "3"], "k": [2, 3, 900]}).write_csv(tmp_path / "asking.csv")
    out = tmp_path / "lists.csv"
    words = ["predict", "films", str(tmp_path / "asking.csv"), "--out", str(out), "--workspace", str(home / "w")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "k has to be a whole number" in said
    assert "asking.csv, row 2" in said
    assert not out.exists()


def test_other_models_recommend_nothing(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = pl.DataFrame({"a": [place % 7 for place in range(90)], "b": [place % 7 > 3 for place in range(90)]})
    rows.write_csv(tmp_path / "rows.csv")
    words = ["build", str(tmp_path / "rows.csv"), "--target", "b", "--trials", "1", "--out", str(tmp_path / "m")]
    assert main([*words, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["recommend", str(tmp_path / "m"), "--history", "1"]) == 2
    assert "recommends nothing" in capsys.readouterr().err
