"""What README and how-to say to send is sent, by curl, to a service of the model that they build."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.serve.conftest import Running

import mlwright as mw
from mlwright.registry import Workspace
from mlwright.serve.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "serve-a-model.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def curls(path: Path) -> list[str]:
    """Return the commands that ask this machine, in the order of the page."""
    text = "\n".join(blocks(path, "sh")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.startswith("curl ") and "localhost:8080" in line]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("documented")
    draw = random.Random(0)
    table = pl.DataFrame(
        [
            {"age": draw.randint(18, 80), "plan": draw.choice(["basic", "gold"]), "calls": draw.randint(0, 20)}
            for _ in range(120)
        ]
    )
    table.write_csv(folder / "new_rows.csv")
    churn = ["yes" if calls > 10 else "no" for calls in table["calls"]]
    model = mw.build(table.with_columns(churn=pl.Series(churn)), target="churn", trials=1, learners=["linear"])
    Workspace(folder / "workspace").add(model, "customers")
    with Running(["customers"], folder / "workspace") as process:
        yield process


@pytest.mark.parametrize("path", [ROOT / "README.md", HOW_TO], ids=lambda path: path.name)
def test_what_is_to_be_sent_is_answered(path: Path, running: Running) -> None:
    if shutil.which("curl") is None:
        pytest.skip("wants curl")
    folder = Path(running.arguments[running.arguments.index("--workspace") + 1]).parent
    commands = curls(path)
    assert commands
    for command in commands:
        sent = command.replace("localhost:8080", running.address.removeprefix("http://"))
        done = subprocess.run(
            ["bash", "-c", f"{sent} --silent --show-error --fail-with-body"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=60, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if "predict" in command and "json" in command:
            assert json.loads(done.stdout)["predictions"][0]["prediction"] in {"yes", "no"}


def test_the_python_of_the_how_to_asks(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = blocks(HOW_TO, "py")  # not "python": tests/test_docs.py runs those, without a service
    exec(text.replace("http://127.0.0.1:8080", running.address), {})
    assert capsys.readouterr().out.startswith(("yes ", "no "))


def test_the_settings_of_the_how_to_are_taken(tmp_path: Path) -> None:
    for number, text in enumerate(blocks(HOW_TO, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        assert read_settings(file, Settings(models=("customers",))) != Settings(models=("customers",))
