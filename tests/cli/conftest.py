"""A command line in an empty folder, and a table to work with."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from mlwright.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)

    def go(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(word) for word in words])
        told = capfd.readouterr()
        return code, told.out, told.err

    return go


def _write_rows(path: Path, count: int = 120, *, number: bool = False, seed: int = 0) -> Path:
    draw = random.Random(seed)
    x = [draw.gauss(0, 1) for _ in range(count)]
    y = [10 * value + draw.gauss(0, 1) if number else ("yes" if value > draw.gauss(0, 0.5) else "no") for value in x]
    colour = [draw.choice(["red", "green"]) for _ in range(count)]
    pl.DataFrame({"x": x, "colour": colour, "y": y}).write_csv(path)
    return path


@pytest.fixture
def write_rows() -> Callable[..., Path]:
    """Write a table whose target follows from x."""
    return _write_rows


@pytest.fixture
def csv(run: Run) -> Path:
    """Rows with a yes/no target, in the folder where `run` works."""
    return _write_rows(Path.cwd() / "customers.csv")


@pytest.fixture
def built(run: Run, csv: Path) -> Path:
    """The same, with a model `customers` in the workspace."""
    code, _, err = run("build", csv, "--target", "y", "--trials", 1, "--threads", 1)
    assert code == 0, err
    return csv
