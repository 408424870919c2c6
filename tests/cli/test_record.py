"""mlwright record, on a record of three answers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Run

from mlwright.serve.record import Answered, Private, Recorder, private_key

NOW = 1_790_000_000_000_000


@pytest.fixture
def recorded(run: Run) -> Path:
    """Answers a, b and c of a model `churn`, in the workspace of the folder where `run` works; c is of last century."""
    home = Path.cwd() / ".mlwright"
    private = Private({"email": "hash"}, key=private_key(home / "record.key"), hash_subjects=True)
    recorder = Recorder(home / "record.db", private=private)
    for number, name in enumerate("abc"):
        at = 0 if name == "c" else NOW + number
        recorder.put(Answered(name, at, "churn", 1, {"email": name}, {"prediction": "yes"}, subject=f"person {name}"))
    assert recorder.close(10)
    return home / "record.db"


def test_outcomes_from_a_file_and_status(run: Run, recorded: Path) -> None:
    Path("outcomes.csv").write_text("answer,real,when\na,yes,2026-01-02\nb,no,\nc,,2026-01-02\nd,no,2026-01-02\n")
    words = ["outcomes", "churn", "outcomes.csv", "--id", "answer", "--outcome", "real", "--at", "when"]
    code, out, err = run("record", *words, "--json")
    assert code == 0
    assert json.loads(out) == {
        "model": "churn", "rows": 4, "accepted": 3, "repeated": 0, "corrected": 0, "late": 0, "unknown": 1, "empty": 1,
    }  # fmt: skip
    assert "1 with an id that no answer of 'churn' has (yet)" in err
    code, out, _ = run("record", *words, "--quiet")
    assert code == 0
    assert "repeated   3" in out
    code, out, _ = run("record", "status", "churn")
    assert code == 0
    assert out.splitlines()[1].split() == [
        "churn",
        "1",
        "answer",
        "3",
        "2",
        "1970-01-01",
        "00:00",
        "2026-09-21",
        "14:13",
    ]
    assert "outcomes without an answer  1" in out
    told = json.loads(run("record", "status", "churn", "--json")[1])
    assert (told["answers"], told["matured"]) == (3, 2)
    assert [each["model"] for each in json.loads(run("record", "status", "--json")[1])["models"]] == ["churn"]


def test_export(run: Run, recorded: Path) -> None:
    code, out, _ = run("record", "export", "churn", "--out", "answers.parquet")
    assert (code, out) == (0, "answers.parquet\n")
    frame = pl.read_parquet("answers.parquet")
    assert frame["id"].to_list() == ["c", "a", "b"]
    assert frame["outcome"].to_list() == [None] * 3
    code, out, _ = run("record", "export", "churn", "--out", "answers.csv", "--quiet", "--record", recorded)
    assert code == 0
    assert pl.read_csv(io.BytesIO(Path("answers.csv").read_bytes()))["model"].to_list() == ["churn"] * 3


def test_forget_finds_a_subject_by_its_hash(run: Run, recorded: Path) -> None:
    code, out, _ = run("record", "forget", "person a", "--yes")
    assert (code, out) == (0, "deleted: 1 answers, 0 outcomes, 0 responses\n")
    assert json.loads(run("record", "status", "churn", "--json")[1])["answers"] == 2


def test_prune(run: Run, recorded: Path) -> None:
    code, out, _ = run("record", "prune", "churn", "--older", "20y", "--yes", "--json")
    assert code == 0
    assert json.loads(out) == {"older": "20y", "model": "churn", "answers": 1, "outcomes": 0, "responses": 0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["forgets", "ann"], "ACTION cannot be 'forgets'"),
        (["forget"], "needs SUBJECT"),
        (["forget", "ann"], "nobody is there to be asked"),
        (["prune", "--yes"], "needs --older"),
        (["prune", "--older", "soon", "--yes"], "--older cannot be 'soon'"),
        (["prune", "--older", "90d"], "nobody is there to be asked"),
        (["prune", "chrun", "--older", "90d", "--yes"], "Nothing is recorded of a model 'chrun'"),
        (["export", "churn"], "needs --out"),
        (["export", "churn", "--out", "answers.txt"], "cannot be '.txt'"),
        (["export", "chrun", "--out", "answers.csv"], "did you mean 'churn'?"),
        (["status", "churn", "--older", "9d"], "takes no --older"),
        (["outcomes", "churn", "rows.csv", "--id", "id"], "needs --outcome"),
        (["outcomes", "churn", "rows.csv", "--id", "idd", "--outcome", "y"], "The column 'idd' is not in the data"),
        (["outcomes", "churn", "rows.csv", "--id", "id", "--outcome", "y", "--at", "y"], "'yes' is no moment"),
        (["status", "--record", "none.db"], "There is no record yet"),
    ],
)
def test_what_is_wrong_is_said(run: Run, recorded: Path, words: list[str], said: str) -> None:
    Path("rows.csv").write_text("id,y\na,yes\nb,no\n")
    code, _, err = run("record", *words)
    assert code == 2
    assert said in err
    assert json.loads(run("record", "status", "churn", "--json")[1])["answers"] == 3
