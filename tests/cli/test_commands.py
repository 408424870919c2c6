"""Every command: what it prints where, its JSON, its exit code."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlwright import load
from mlwright.cli import main
from mlwright.cli.rows_in import unread
from mlwright.schema import Column

Run = Callable[..., tuple[int, str, str]]

BUILD_KEYS = {
    "model", "task", "target", "rows", "metric", "score", "interval", "baseline", "metrics", "verdict", "leaderboard",
    "findings", "seconds", "budget", "report",
}  # fmt: skip


def parsed(text: str) -> dict[str, Any]:
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


def test_build_prints_the_answer_and_keeps_model_and_report(run: Run, csv: Path) -> None:
    code, out, err = run("build", csv, "--target", "y", "--trials", 1, "--threads", 1)
    assert code == 0
    for told in (
        "120 rows",
        "2 columns to learn from",
        "target 'y'",
        "task binary",
        "metric ROC AUC",
        ": 1 trial, however long it takes.",
    ):
        assert told in err
    for told in ("score ", "95 %", "baseline ", "took ", "model ", "report ", "mlwright predict customers"):
        assert told in out
    assert "\x1b" not in out + err
    assert load(".mlwright/models/customers/1").name == "customers"
    runs = Path(".mlwright/runs/customers-1")
    assert {path.name for path in runs.iterdir()} == {"report.html", "report.json", "report.md"}


def test_build_json_is_one_object_alone_on_stdout(run: Run, csv: Path) -> None:
    code, out, err = run("build", csv, "--target", "y", "--trials", 1, "--name", "churn", "--json", "--quiet")
    assert (code, err) == (0, "")
    result = parsed(out)
    assert result.keys() >= BUILD_KEYS
    assert result["model"] == {"name": "churn", "version": 1, "path": ".mlwright/models/churn/1"}
    assert (result["task"], result["target"], result["rows"], result["metric"]) == ("binary", "y", 120, "roc_auc")
    assert result["interval"][0] <= result["score"] <= result["interval"][1]
    assert set(result["baseline"]) >= {"name", "score"}
    assert set(result["verdict"]) >= {"beats_baseline", "sentence"}
    assert all({"learner", "score", "seconds"} <= entry.keys() for entry in result["leaderboard"])
    assert Path(result["report"]).is_file()


@pytest.mark.parametrize("place", ["model", "model.zip"])
def test_build_to_a_place_puts_the_report_beside_it(run: Run, csv: Path, place: str) -> None:
    code, out, _ = run("build", csv, "--target", "y", "--trials", 1, "--out", place, "--json", "--exclude", "colour")
    result = parsed(out)
    assert (code, result["model"]["path"], result["report"]) == (0, place, "model-report.html")
    assert not Path(".mlwright").exists()
    assert load(place).schema["colour"].role == "ignored"
    assert run("predict", place, csv)[0] == 0


def test_exclude_takes_several_names_after_the_source(run: Run, csv: Path) -> None:
    pl.read_csv(csv).with_columns(a=pl.col("x") * 2, b=pl.col("x") * 3).write_csv(csv)
    code, out, _ = run("build", csv, "--target", "y", "--exclude", "a", "b", "--trials", 1, "--json")
    assert code == 0
    schema = load(parsed(out)["model"]["path"]).schema
    assert (schema["a"].role, schema["b"].role, schema["x"].role) == ("ignored", "ignored", "feature")


def test_predict_answers_every_row_in_order(run: Run, built: Path) -> None:
    code, out, _ = run("predict", "customers", built, "--quiet")
    assert code == 0
    answers = pl.read_csv(io.StringIO(out))
    assert answers.columns == ["prediction", "probability_no", "probability_yes"]
    assert answers.height == 120
    expected = load(".mlwright/models/customers/1").predict(str(built))
    assert answers["prediction"].to_list() == expected.tolist()


READERS = {
    ".csv": pl.read_csv,
    ".parquet": pl.read_parquet,
    ".json": pl.read_json,
    ".ndjson": pl.read_ndjson,
    ".xlsx": pl.read_excel,
}


@pytest.mark.parametrize("ending", READERS)
def test_predict_writes_by_the_ending(run: Run, built: Path, ending: str) -> None:
    code, out, _ = run("predict", "customers@1", built, "--out", f"answers{ending}")
    assert (code, out) == (0, "")
    reader: Any = READERS[ending]
    answers = reader(f"answers{ending}")
    assert (answers.width, answers.height) == (3, 120)


def test_predict_json(run: Run, built: Path) -> None:
    result = parsed(run("predict", "customers", built, "--json")[1])
    assert (result["rows"], len(result["predictions"]), result["out"]) == (120, 120, None)
    result = parsed(run("predict", "customers", built, "--json", "--out", "a.csv")[1])
    assert (result["predictions"], result["out"]) == (None, "a.csv")


def test_predict_gives_numbers_their_interval(run: Run, write_rows: Callable[..., Path]) -> None:
    path = write_rows(Path("prices.csv"), number=True)
    assert run("build", path, "--target", "y", "--trials", 1)[0] == 0
    answers = pl.read_csv(io.StringIO(run("predict", "prices", path)[1]))
    assert answers.columns == ["prediction", "lower", "upper"]
    assert (answers["lower"] <= answers["prediction"]).all()


def test_predict_names_what_it_cannot_rule_out_where_asked(run: Run, built: Path) -> None:
    answers = pl.read_csv(io.StringIO(run("predict", "customers", built, "--sets", "--quiet")[1]))
    assert answers.columns == ["prediction", "probability_no", "probability_yes", "set"]
    assert set(answers["set"]) <= {"no", "yes", "no | yes"}
    assert all(row["prediction"] in row["set"].split(" | ") for row in answers.to_dicts())
    result = parsed(run("predict", "customers", built, "--sets", "--json")[1])
    assert [row["set"] for row in result["predictions"]] == answers["set"].to_list()


def test_sets_that_cannot_be_given_are_refused(run: Run, write_rows: Callable[..., Path]) -> None:
    number, few = write_rows(Path("prices.csv"), number=True), write_rows(Path("few.csv"), 60)
    for path, words in ((number, "this one predicts a number"), (few, "too few rows")):
        assert run("build", path, "--target", "y", "--trials", 1, "--threads", 1)[0] == 0
        code, out, err = run("predict", path.stem, path, "--sets")
        assert (code, out) == (2, "")
        assert words in err


def test_predict_says_what_it_could_not_read(run: Run, built: Path) -> None:
    frame = pl.read_csv(built, infer_schema=False)
    frame[0, "x"], frame[1, "x"], frame[2, "x"], frame[3, "x"] = "much", "NA", None, "much"
    frame.write_csv("odd.csv")
    told = "2 values of 'x' could not be read and were taken as missing, for example 'much'."
    code, out, err = run("predict", "customers", "odd.csv")
    assert (code, len(out.splitlines())) == (0, 121)
    assert err.splitlines() == ["Reading the rows ...", told]
    assert run("predict", "customers", "odd.csv", "--quiet")[2] == ""


def test_values_that_cannot_be_read_are_counted_by_column() -> None:
    frame = pl.DataFrame(
        {
            "since": ["99.99.2015", "", "01.02.2015", "99.99.2015"],
            "active": ["maybe", "?", "no", "yes"],
            "income": [-999.0, float("nan"), None, 1.0],
        }
    )
    columns = [
        Column(name="since", kind="datetime", datetime_format="%d.%m.%Y"),
        Column(name="active", kind="boolean"),
        Column(name="income", kind="number", missing_numbers=(-999.0,)),
    ]
    assert unread(frame, columns) == [
        "2 values of 'since' could not be read and were taken as missing, for example '99.99.2015'.",
        "1 value of 'active' could not be read and was taken as missing, for example 'maybe'.",
    ]


def test_predict_names_all_missing_columns(run: Run, built: Path) -> None:
    pl.DataFrame({"a": [1, 2]}).write_csv("other.csv")
    code, out, err = run("predict", "customers", "other.csv", "--quiet")
    assert (code, out) == (2, "")
    assert "2 columns that the model reads are not in the data: 'x', 'colour'." in err.replace(
        "'colour', 'x'", "'x', 'colour'"
    )
    assert "other.csv" in err
    pl.read_csv(built).drop("x").write_csv("other.csv")
    assert "The column 'x' is not in the data." in run("predict", "customers", "other.csv")[2]


def test_evaluate_passes_and_fails(run: Run, built: Path, write_rows: Callable[..., Path]) -> None:
    fresh = write_rows(Path("fresh.csv"), seed=1)
    code, out, _ = run("evaluate", "customers", fresh)
    assert code == 0
    assert "verdict: pass" in out
    assert "learned from these rows" not in out
    Path("g.yaml").write_text("gates: {a: {statistic: score, at_least: 0.6}}")
    assert run("evaluate", "customers", fresh, "--gates", "g.yaml")[0] == 0
    code, out, _ = run("evaluate", "customers", built, "--gates", "g.yaml")
    assert code == 1
    assert "note: The model learned from these rows, or from many of them" in out
    Path("g.yaml").write_text('gates: {a: {statistic: score, at_least: !!timestamp "x"}}')
    for option in ("--gates", "--tests"):
        code, _, err = run("evaluate", "customers", built, option, "g.yaml")
        assert code == 2
        assert "a value in line 1 cannot be read as timestamp" in err
    wrong = pl.read_csv(built).with_columns(y=pl.col("y").replace({"yes": "no", "no": "yes"}))
    wrong.write_csv("wrong.csv")
    code, out, _ = run("evaluate", "customers", "wrong.csv", "--json")
    assert code == 1
    result = parsed(out)
    assert result["verdict"] == "fail"
    assert {"rows", "metrics", "baseline", "gates", "fairness", "slices"} <= result.keys()
    assert all({"claim", "verdict"} <= gate.keys() for gate in result["gates"])
    assert set(result["metrics"]["roc_auc"]) >= {"score", "interval"}


def test_models_lists_and_filters(run: Run, built: Path) -> None:
    assert run("models", "--workspace", "nowhere")[:2] == (0, "")
    code, out, _ = run("models")
    assert code == 0
    assert "customers@1" in out.splitlines()[1]
    result = parsed(run("models", "--json")[1])
    assert [facts["name"] for facts in result["models"]] == ["customers"]


def test_report_writes_again_and_elsewhere(run: Run, built: Path) -> None:
    assert run("report", "customers")[1].strip() == ".mlwright/runs/customers-1/report.html"
    code, out, _ = run("report", "customers", "--out", "r.html", "--json")
    assert code == 0
    assert parsed(out) == {"model": "customers", "report": "r.html", "json": "r.json", "markdown": "r.md"}
    assert Path("r.html").stat().st_size < 2_000_000
    code, out, err = run("report", "customers", "--out", "r.pdf")
    assert (code, out) == (2, "")
    assert "--out cannot be '.pdf'" in err
    assert ".html, .json, .md" in err
    assert not list(Path().glob("r.pdf*"))


def test_report_leaves_the_files_of_others_alone(run: Run, built: Path) -> None:
    Path("sale.html").write_text("<p>mine</p>")
    code, out, err = run("report", "customers", "--out", "sale.html")
    assert (code, out) == (2, "")
    assert "'sale.html' is there already and was not written by mlwright" in err
    assert "--force" in err
    assert Path("sale.html").read_text() == "<p>mine</p>"
    assert run("report", "customers", "--out", "sale.html", "--force")[:2] == (0, "sale.html\n")
    assert run("report", "customers", "--out", "sale.html")[0] == 0


def test_build_refuses_a_foreign_report_before_the_search(run: Run, csv: Path) -> None:
    Path("model-report.html").write_text("mine")
    code, _, err = run("build", csv, "--target", "y", "--trials", 1, "--out", "model")
    assert code == 2
    assert "'model-report.html' is there already" in err
    assert not Path("model").exists()


def test_documents_are_written_and_ask_for_a_person(run: Run, built: Path) -> None:
    code, out, _ = run("documents", "customers", "--out", "papers")
    assert code == 0
    for told in (
        "papers/model-card.html",
        "papers/technical-file.html",
        " points open)",
        "next: fill in papers/answers.toml",
    ):
        assert told in out
    answers = Path("papers/answers.toml")
    answers.write_text(answers.read_text().replace('row = """', 'row = """A customer of the shop.', 1))
    code, out, _ = run("documents", "customers", "--out", "papers", "--json")
    result = parsed(out)
    assert (code, result["model"], result["answers"]) == (0, "customers", "papers/answers.toml")
    assert [each["document"] for each in result["documents"]] == ["model-card", "data-sheet", "technical-file"]
    for each in result["documents"]:
        assert 0 < each["open"] < each["points"]
        assert all(Path(each[twin]).is_file() for twin in ("html", "json", "markdown"))
    assert "A customer of the shop." in Path("papers/data-sheet.md").read_text()
    answers.write_text('[data]\nrwo = "x"\n')
    code, out, err = run("documents", "customers", "--out", "papers")
    assert (code, out) == (2, "")
    assert "line 2" in err
    assert "'data.row'" in err


def test_workspace_by_option_and_by_environment(run: Run, csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("build", csv, "--target", "y", "--trials", 1, "--workspace", "one")[0] == 0
    assert Path("one/models/customers/1/manifest.json").is_file()
    monkeypatch.setenv("MLWRIGHT_HOME", "one")
    assert "customers@1" in run("models")[1]


def test_demo_ends_in_a_report_and_rows_to_try(run: Run) -> None:
    code, out, err = run("demo", "--budget", "5s")
    assert code == 0, err
    assert "CC BY 4.0" in err
    assert Path("mlwright-demo/report.html").is_file()
    command = out.strip().splitlines()[-1].split("mlwright ", 1)[1].split()
    code, out, _ = run(*command)
    assert code == 0
    assert len(out.splitlines()) == 21


def test_standard_input(run: Run, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(built.read_bytes())))
    code, out, err = run("predict", "customers", "-")
    assert code == 0, err
    assert len(out.splitlines()) == 121


def test_version_and_help(run: Run) -> None:
    assert run("--version")[1].startswith("mlwright 0.")
    for words in (
        ["--help"],
        [],
        *([name, "--help"] for name in ("build", "predict", "evaluate", "models", "report", "demo")),
    ):
        code, out, err = run(*words)
        assert (code, err) == (0, "")
        assert out.startswith("Example:\n  mlwright ")
        assert not set("│╭─╰") & set(out)
    assert main(["--help"]) == 0
