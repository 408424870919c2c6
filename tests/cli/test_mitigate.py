"""mlwright mitigate: what it prints, its JSON, what it keeps and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright import build, load
from mlwright.cli.commands.mitigate import _cuts
from mlwright.errors import OptionError

Run = Callable[..., tuple[int, str, str]]


def people(count: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    sex = random.choice(["f", "m"], count)
    skill = random.normal(size=count) + 0.8 * (sex == "m")
    hired = np.where(skill + random.normal(size=count) > 0.4, "yes", "no")
    return pl.DataFrame({"skill": skill, "sex": sex, "age": random.integers(20, 60, count), "hired": hired})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built model with its evidence."""
    place = tmp_path_factory.mktemp("models") / "hiring"
    build(people(400, 0), target="hired", trials=1, threads=1, out=place)
    return place


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows that were kept back."""
    place = tmp_path_factory.mktemp("rows") / "kept.csv"
    people(1500, 1).write_csv(place)
    return place


def test_it_tells_what_was_reached_and_keeps_a_model_with_its_report(run: Run, model: Path, rows: Path) -> None:
    code, out, err = run("mitigate", model, rows, "--column", "sex", "--tolerance", 0.01, "--out", "fairer")
    assert (code, err) == (0, "Reading the rows ...\n")
    for told in (
        "Between groups of sex",
        "as it was",
        "at most 1.0 % *",
        "* in use",
        "note: It asks for 'sex'",
        "report ",
    ):
        assert told in out
    page = Path("fairer-report.html").read_text(encoding="utf-8")
    assert "Thresholds by group" in page
    assert "What each step towards equal treatment costs" in page
    assert "<svg" in page
    new = people(30, 2).drop("hired").with_columns(sex=pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("sex"))
    new.write_csv("new.csv")
    code, out, _ = run("predict", "fairer", "new.csv")
    answered = pl.read_csv(out.encode())
    assert code == 0
    assert answered.columns == ["prediction", "probability_no", "probability_yes", "flag"]
    assert answered["flag"].is_not_null().to_list() == [place == 3 for place in range(30)]
    assert load("fairer").predict(new).tolist() == answered["prediction"].to_list()


def test_json_is_one_object_and_nothing_is_kept_unasked(run: Run, model: Path, rows: Path) -> None:
    code, out, err = run("mitigate", model, rows, "--column", "sex", "--without-group", "--json", "--quiet")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["path"] is None
    assert not told["with_group"]
    assert told["after"]["gap"] < told["before"]["gap"]
    assert not list(Path().iterdir())


def test_it_keeps_a_version_under_a_name(run: Run, model: Path, rows: Path) -> None:
    code, out, _ = run("mitigate", model, rows, "--column", "age", "--cut", "age=40", "--name", "fair", "-q")
    assert code == 0
    assert "mlwright predict fair NEW_ROWS.csv" in out
    assert "up to 40" in out
    assert Path(".mlwright/runs/fair-1/report.html").is_file()


def test_what_cannot_be_is_refused_before_anything_is_written(run: Run, model: Path, rows: Path) -> None:
    pl.read_csv(rows).head(40).write_csv("few.csv")
    for words, options in (
        ("'sx' is not in the data", (rows, "--column", "sx")),
        ("--criterion cannot be 'fair'", (rows, "--column", "sex", "--criterion", "fair")),
        ("--tolerance cannot be", (rows, "--column", "sex", "--tolerance", 2)),
        ("--cut cannot be 'age'", (rows, "--column", "age", "--cut", "age")),
        ("too small|fewer than two are large enough", ("few.csv", "--column", "sex")),
    ):
        code, out, err = run("mitigate", model, *options, "--out", "fairer")
        assert (code, out) == (2, "")
        assert any(word in err for word in words.split("|"))
    assert not Path("fairer").exists()


def test_cuts_are_read_by_their_last_sign() -> None:
    assert _cuts(["age=25,60", "a=b=1"]) == {"age": [25.0, 60.0], "a=b": [1.0]}
    for wrong in ("=1", "age=", "age=x"):
        with pytest.raises(OptionError, match="--cut cannot be"):
            _cuts([wrong])
