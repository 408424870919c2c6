"""A model writes its behaviour tests and is judged by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.cli import main
from mlwright.errors import OutputError
from mlwright.model import Model


def table(rows: int = 300) -> pl.DataFrame:
    """Return people whose risk falls with pay and depends on sex."""
    rng = np.random.default_rng(0)
    pay, sex = rng.uniform(500, 5_000, rows).round(), rng.choice(["f", "m"], rows)
    z = -pay / 1_000 + 1.5 * (sex == "m") + rng.normal(scale=0.7, size=rows)
    return pl.DataFrame({"pay": pay, "sex": sex, "bad": np.where(z > np.median(z), "yes", "no")})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("behaviour")


@pytest.fixture(scope="module")
def model(place: Path) -> Model:
    table().write_csv(place / "rows.csv")
    return mw.build(place / "rows.csv", "bad", trials=1, sensitive=["sex"], decreasing=["pay"], out=place / "model")


def test_a_build_tests_how_its_model_behaves(model: Model) -> None:
    """The direction is kept, formats and gaps are borne, and that it looks at sex is found out."""
    found: dict[str, Any] = {test["name"]: test for test in model.evaluation["behaviour"]}
    assert found["the direction of pay"]["verdict"] == "pass"
    assert {found[f"{name} in other formats"]["verdict"] for name in ("pay", "sex")} == {"pass"}
    assert found["sex does not matter"]["verdict"] == "fail"
    assert found["sex does not matter"]["failed"] > 0
    assert mw.load(model.path).evaluation["behaviour"] == model.evaluation["behaviour"]


def test_the_report_shows_them(model: Model, place: Path) -> None:
    """Also as text."""
    page = model.report(place / "page.html")
    assert "How it behaves" in page.read_text(encoding="utf-8")
    assert "Another value of 'sex' moved" in page.with_suffix(".md").read_text(encoding="utf-8")


def test_the_file_of_tests_is_written_once(model: Model, place: Path) -> None:
    """A file that may have been changed by hand is left alone."""
    text = model.tests(place / "tests.yaml")
    assert (place / "tests.yaml").read_text(encoding="utf-8") == text == model.tests()
    with pytest.raises(OutputError, match="there already"):
        model.tests(place / "tests.yaml")


@pytest.mark.parametrize(("allowed", "code"), [(1.0, 0), (0.0, 1)])
def test_a_failing_test_ends_evaluate_with_one(
    model: Model, place: Path, allowed: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it is said which one failed."""
    path = place / f"own{code}.toml"
    fields = f'kind = "invariance"\ncolumns = ["sex"]\nmost = 0.01\nallowed = {allowed}\n'
    path.write_text(f"[tests.sex]\n{fields}", encoding="utf-8")
    assert main(["evaluate", str(model.path), str(place / "rows.csv"), "--tests", str(path), "--quiet"]) == code
    assert ("Another value of 'sex' moved" in capsys.readouterr().out) == bool(code)


def test_the_command_prints_a_file(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints, it reads."""
    assert main(["tests", str(model.path)]) == 0
    assert 'kind: "direction"' in capsys.readouterr().out
