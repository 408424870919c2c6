"""mlwright record, on a record of three answers."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Run
from tests.serve.conftest import constant

from mlwright.registry import Workspace
from mlwright.serve.jobs import Job, Jobs, Progress
from mlwright.serve.jobs.subjects import Subjects
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.record import Answered, Private, Recorder, private_key
from mlwright.serve.settings import RecordSettings

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


def test_outcomes_of_a_model_in_the_registry_are_read_as_its_target(run: Run, recorded: Path) -> None:
    Workspace(Path.cwd() / ".mlwright").add(constant(1.0), name="churn")
    Path("outcomes.csv").write_text('answer,real\na,"1,234.5"\nb,NA\nc,7\n')
    words = ["outcomes", "churn", "outcomes.csv", "--id", "answer", "--outcome", "real"]
    code, out, err = run("record", *words, "--json")
    assert code == 0, err
    assert (json.loads(out)["accepted"], json.loads(out)["empty"], json.loads(out)["rows"]) == (2, 1, 3)
    assert run("record", "export", "churn", "--out", "answers.parquet")[0] == 0
    frame = pl.read_parquet("answers.parquet")
    assert dict(frame.select("id", "outcome").iter_rows()) == {"a": "1234.5", "b": None, "c": "7"}
    Path("outcomes.csv").write_text("answer,real\na,\nb,dear\nc,cheap\n")
    code, _, err = run("record", *words)
    assert code == 2
    assert "The outcome of 'b' is 'dear', which is not read as a number. 2 outcomes are wrong in all." in err
    assert "row 1, column 'real'" in err


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
    assert (code, out) == (0, "deleted: 1 answers, 0 outcomes, 0 responses, 0 events, 0 jobs\n")
    assert json.loads(run("record", "status", "churn", "--json")[1])["answers"] == 2
    code, out, err = run("record", "forget", "person a", "--yes", "--json")
    assert code == 1
    assert json.loads(out) == {
        "subject": "person a",
        "answers": 0,
        "outcomes": 0,
        "responses": 0,
        "events": 0,
        "jobs": 0,
        "unfinished_jobs": [],
    }
    assert "Nothing was found about 'person a': no answer says it is about it." in err


def test_forget_says_that_no_answer_had_a_subject(run: Run) -> None:
    recorder = Recorder(Path.cwd() / ".mlwright" / "record.db")
    recorder.put(Answered("a", NOW, "churn", 1, {"name": "ann"}, {"prediction": "yes"}))
    assert recorder.close(10)
    code, _, err = run("record", "forget", "ann", "--yes")
    assert code == 1
    assert "no answer says whom it is about; name the field that does as `subject` under [models.NAME]" in err


def test_forget_deletes_jobs_that_ended_and_names_those_that_have_not(run: Run) -> None:
    jobs, made = Jobs(Path.cwd() / ".mlwright" / "jobs"), []
    for _ in range(2):
        name, path = jobs.begin()
        path.write_text('{"who": "ann"}\n')
        job = Job(
            id=name, model="churn", version=1, source="", digest="", sent="application/x-ndjson",
            gives="application/x-ndjson", explain=False, recorded=True, key=None, submitted=1.0,
            policy=ModelPolicy(subject="who"), record=RecordSettings(),
        )  # fmt: skip
        jobs.submit(job)
        made.append(name)
    marks = Subjects(jobs.place(made[0]), "who")
    marks.add([{"who": "ann"}])
    marks.close()
    jobs.note(made[0], Progress(state="done", ended=time.time()))
    code, out, err = run("record", "forget", "ann", "--yes", "--json")
    assert code == 1
    assert (json.loads(out)["jobs"], json.loads(out)["unfinished_jobs"]) == (1, made[1:])
    assert f"will record it: {made[1]}." in err
    assert jobs.names() == made[1:]
    jobs.delete(made[1])
    assert run("record", "forget", "ann", "--yes")[0] == 1


def test_prune(run: Run, recorded: Path) -> None:
    code, out, _ = run("record", "prune", "churn", "--older", "20y", "--yes", "--json")
    assert code == 0
    counts = {"answers": 1, "outcomes": 0, "responses": 0, "events": 0}
    assert json.loads(out) == {"older": "20y", "model": "churn", **counts}


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
        (["outcomes", "chrun", "rows.csv", "--id", "id", "--outcome", "y"], "did you mean 'churn'?"),
        (["outcomes", "price", "rows.csv", "--id", "id", "--outcome", "y"], "Neither the registry nor the record"),
        (["status", "--record", "none.db"], "There is no record yet"),
    ],
)
def test_what_is_wrong_is_said(run: Run, recorded: Path, words: list[str], said: str) -> None:
    Path("rows.csv").write_text("id,y\na,yes\nb,no\n")
    code, _, err = run("record", *words)
    assert code == 2
    assert said in err
    assert json.loads(run("record", "status", "churn", "--json")[1])["answers"] == 3
