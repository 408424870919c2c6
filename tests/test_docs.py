"""Docs cannot rot: their Python runs, and what they list is what there is."""

from __future__ import annotations

import ast
import random
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mlwright
from mlwright.cli import main
from mlwright.cli.app import command
from mlwright.learn.learners import LEARNERS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "mlwright"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    return [text for _, kind, text in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def with_python() -> list[Path]:
    return [path for path in PAGES if blocks(path, "python")]


@pytest.fixture
def customers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the docs speak of, in the folder where they are read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)
    draw = random.Random(0)
    rows = [
        {"age": draw.randint(18, 80), "plan": draw.choice(["basic", "gold"]), "calls": draw.randint(0, 20)}
        for _ in range(200)
    ]
    churn = ["yes" if row["calls"] + draw.gauss(0, 4) > 11 else "no" for row in rows]
    frame = pl.DataFrame(rows)
    frame.write_csv("new_rows.csv")
    frame = frame.with_columns(churn=pl.Series(churn))
    frame.write_csv("customers.csv")
    frame.write_csv("labelled_rows.csv")


def test_the_readme_is_short_and_shows_both_ways_in() -> None:
    readme = ROOT / "README.md"
    assert len([line for line in blocks(readme, "python")[0].splitlines() if line]) == 3
    assert any("mlwright build" in text for text in blocks(readme, "sh"))
    assert any("make demo" in text and "make test" in text for text in blocks(readme, "sh"))


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize("path", with_python(), ids=name_of)
def test_python_in_the_docs_runs(path: Path) -> None:
    """The blocks of a page run one after the other, with two trials where they give a budget."""
    names: dict[str, Any] = {}
    for text in blocks(path, "python"):
        exec(re.sub(r'budget="\w+"', "trials=2", text), names)


@pytest.mark.usefixtures("customers")
def test_commands_of_readme_and_tutorial_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlwright.cli.kept.open_page", lambda _path: None)
    lines = [
        line.split("#")[0].strip().replace("--budget 60s", "--trials 1")
        for path in (ROOT / "README.md", DOCS / "tutorial" / "first-model.md", DOCS / "how-to" / "state-costs.md")
        for text in blocks(path, "sh")
        for line in text.splitlines()
        if line.startswith("mlwright ") and not line.startswith("mlwright serve ")  # see tests/serve/test_documented.py
    ]
    assert len(lines) >= 6
    for line in lines:
        more = ["--trials", "1"] if " build " in line and "--trials" not in line else []
        assert main([*shlex.split(line)[1:], *more]) == 0, (line, capsys.readouterr().err)


def test_examples_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert examples
    for path in examples:
        runpy.run_path(str(path), run_name="__main__")
        assert capsys.readouterr().out


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {title.lower().replace(" ", "-") for title in titles}, target


def test_every_command_and_option_is_documented_as_it_is() -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## mlwright (\w+)$\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    commands = command().commands
    assert list(sections) == list(commands)
    for name, each in commands.items():
        assert each.help in sections[name]
        assert each.epilog in sections[name]
        documented = set(re.findall(r"^\| `(.+?)`", sections[name], re.MULTILINE))
        assert len(documented) == len(each.params)
        for parameter in each.params:
            assert parameter.help in sections[name], (name, parameter.name)
            if parameter.param_type_name == "option":
                assert any(set(parameter.opts) <= set(re.split(r"[ ,]+", label)) for label in documented), (
                    parameter.opts
                )


def kinds_in_the_source() -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                found |= {
                    keyword.value.value
                    for keyword in node.keywords
                    if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
                }
    return found


def test_every_kind_of_finding_has_its_paragraphs() -> None:
    page = (DOCS / "reference" / "findings.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\w+)$\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))
    assert set(sections) == kinds_in_the_source()
    for name, text in sections.items():
        for part in ("**What.**", "**Why it is bad.**", "**Example.**", "**Instead.**"):
            assert part in text, name


def test_every_public_name_is_documented() -> None:
    pages = "".join((DOCS / "reference" / name).read_text(encoding="utf-8") for name in ("python.md", "errors.md"))
    for name in set(mlwright.__all__) - {"__version__"}:
        assert name in pages, name


def test_every_environment_variable_is_documented() -> None:
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for name in set(re.findall(r"\"(MLWRIGHT_[A-Z_]+|NO_COLOR|OMP_[A-Z_]+)\"", source)):
        assert f"`{name}`" in page, name


def test_learner_declarations_are_documented() -> None:
    page = (DOCS / "how-to" / "add-a-learner.md").read_text(encoding="utf-8")
    for name in ("name", "label", "objectives", "variant", "package", "extra", "configurations", "max_cells"):
        assert f"`{name}`" in page
        assert all(hasattr(learner, name) for learner in LEARNERS.values())


def test_bundled_data_is_attributed() -> None:
    for path in (ROOT / "NOTICE", SOURCE / "data" / "README.md"):
        text = path.read_text(encoding="utf-8")
        for name in ("Moro", "Rita", "Cortez", "UCI", "Attribution 4.0"):
            assert name in text
    header = pl.read_csv(SOURCE / "data" / "bank_marketing.csv.gz", n_rows=1).columns
    described = (SOURCE / "data" / "README.md").read_text(encoding="utf-8")
    for column in header:
        assert re.search(rf"\b{column}\b", described), column
