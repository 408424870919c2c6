"""Groups of people in a build: proposed where nobody named them, never at the price of another model."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building import people
from mlwright.cli.kept import Kept, told
from mlwright.model.proposed_gates import gates_text


def make_people(rows: int = 1_200, seed: int = 0) -> pl.DataFrame:
    """Return a table whose answers are worse for women, and in which a role gives sex away."""
    random = np.random.default_rng(seed)
    female, pay = random.random(rows) < 0.4, random.lognormal(8, 0.5, rows)
    noise = random.random(rows) < np.where(female, 0.35, 0.05)
    return pl.DataFrame(
        {
            "pay": pay,
            "age": random.integers(18, 80, rows),
            "sex": np.where(female, "female", "male"),
            "role": np.where(female ^ (random.random(rows) < 0.05), "a", "b"),
            "engine_age": random.integers(0, 40, rows),
            "left": np.where((pay > 3_000) ^ noise, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def model() -> mw.Model:
    return mw.build(make_people(), "left", trials=2)


def test_columns_about_people_are_proposed_and_looked_at(model: mw.Model) -> None:
    evidence = model.evaluation
    assert [each["column"] for each in evidence["people"]["proposed"]] == ["age", "sex"]
    assert all(each["audited"] for each in evidence["people"]["proposed"])
    assert {group["column"] for group in evidence["fairness"]} == {"age", "sex"}  # not crossed
    assert all(group["proposed"] for group in evidence["fairness"])
    worse = [gap for gap in evidence["people"]["gaps"] if gap["verdict"] == "worse" and gap["column"] == "sex"]
    assert {gap["worst"] for gap in worse} == {"female"}
    proxies = {each["column"]: each for each in evidence["people"]["proxies"]}
    assert proxies["sex"]["columns"][0]["column"] == "role"
    assert "Leaving 'sex' out does not hide it from the model." in proxies["sex"]["sentence"]
    assert {column["role"] for column in evidence["data"]["columns"]} == {"feature", "target"}


def test_the_closing_text_the_report_and_the_documents_say_so(model: mw.Model, tmp_path: Path) -> None:
    said = "These columns may describe groups of people: 'age', 'sex'. Name them with --sensitive"
    assert f"people    {said}" in told(Kept(model, tmp_path, tmp_path / "report.html", "x"), "next")
    model.report(tmp_path / "report.html")
    page = (tmp_path / "report.md").read_text()
    assert page.count(said) == 2  # on the first page, and where groups are told of
    assert "Groups by sex, proposed and not confirmed" in page
    assert "'role' alone tells 'sex'" in page
    model.documents(tmp_path / "documents")
    card, sheet = ((tmp_path / "documents" / f"{name}.md").read_text() for name in ("model-card", "data-sheet"))
    assert "'role' alone tells 'sex'" in card
    assert "was not named: sex: seems to tell sex" in sheet


def test_proposing_changes_nothing_about_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mw.build(make_people(), "left", trials=1, clean=False, out=tmp_path / "with")
    monkeypatch.setattr(people, "propose", lambda _schema: ())
    mw.build(make_people(), "left", trials=1, clean=False, out=tmp_path / "without")
    files = [
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file() and path.name not in {"evaluation.json", "manifest.json"}
        }
        for name in ("with", "without")
    ]
    assert files[0] == files[1]
    assert "schema.json" in files[0]
    evidence = [(tmp_path / name / "evaluation.json").read_text() for name in ("with", "without")]
    assert ['"proposed"' in each for each in evidence] == [True, False]


def test_a_column_left_out_is_looked_at_all_the_same() -> None:
    evidence = mw.build(make_people(), "left", trials=1, clean=False, exclude=["sex"]).evaluation
    assert "sex" in {group["column"] for group in evidence["fairness"]}
    told_of = next(each for each in evidence["people"]["proxies"] if each["column"] == "sex")
    assert not told_of["read"]
    assert told_of["columns"][0]["column"] == "role"
    assert told_of["sentence"].endswith("That the model does not read 'sex' does not hide it from the model.")


def test_naming_one_does_not_switch_off_the_others() -> None:
    evidence = mw.build(make_people(), "left", trials=1, clean=False, sensitive=["age"], exclude=["sex"]).evaluation
    assert {(group["column"], group.get("proposed", False)) for group in evidence["fairness"]} == {
        ("age", False),
        ("sex", True),
    }
    assert [(each["column"], each["audited"]) for each in evidence["people"]["proposed"]] == [("sex", True)]
    told_of = {each["column"]: each for each in evidence["people"]["proxies"]}
    assert (set(told_of), told_of["sex"]["read"]) == ({"age", "sex"}, False)


def test_a_sensitive_column_may_be_kept_from_the_model_and_is_watched(tmp_path: Path) -> None:
    made = mw.build(
        make_people(), "left", trials=1, clean=False, sensitive=["sex"], exclude=["sex"], out=tmp_path / "m"
    )
    loaded = mw.load(tmp_path / "m")
    assert "sex" not in {column.name for column in loaded.parts.columns}
    assert (loaded.schema["sex"].role, loaded.schema["sex"].is_feature) == ("sensitive", False)
    assert "sex" in {group["column"] for group in made.evaluation["fairness"]}
    assert not any("It may look at" in limit for limit in made.evaluation["limits"])
    told_of = next(each for each in made.evaluation["people"]["proxies"] if each["column"] == "sex")
    assert (told_of["read"], told_of["columns"][0]["column"]) == (False, "role")
    rows = make_people(seed=1)
    assert loaded.predict(rows.drop("sex")) is not None
    found = loaded.evaluate(rows)
    assert found["sensitive"] == ["sex"]
    assert {gap["worst"] for gap in found["gaps"] if gap["verdict"] == "worse"} == {"female"}
    gates = gates_text(loaded.parts)
    assert re.search(r'\[gates.people_1\]\n(# .*\n)+statistic = "group_gap"\ncolumn = "sex"\nmetric = ', gates)


def test_a_table_about_things_has_no_people() -> None:
    evidence = mw.build(make_people().drop("sex", "age"), "left", trials=1, clean=False).evaluation
    assert "people" not in evidence
    assert "fairness" not in evidence
