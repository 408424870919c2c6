"""Importing mlwright and its command line is light; the public names are complete."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import mlwright

HEAVY = (
    "polars",
    "sklearn",
    "lightgbm",
    "xgboost",
    "interpret",
    "catboost",
    "scipy",
    "pandas",
    "pyarrow",
    "numpy",
    "rich",
    "jinja2",
    "sqlalchemy",
    "alembic",
)


@pytest.mark.parametrize("statement", ["import mlwright", "import mlwright.cli", "from mlwright.cli import app"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}; import sys, json; print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("words", [("-c", "import mlwright"), ("-m", "mlwright", "--help")])
def test_importing_and_help_are_quick(words: tuple[str, ...]) -> None:
    """The promise is 0.3 s on an idle machine; here only a gross loss is noticed, because neighbours take time too."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1.0


def test_public_names_are_complete_and_there() -> None:
    ours = {name for name, value in vars(mlwright).items() if getattr(value, "__module__", "").startswith("mlwright")}
    assert {name for name in ours if not name.startswith("_")} <= set(mlwright.__all__)
    assert list(mlwright.__all__) == sorted(mlwright.__all__)
    assert set(mlwright._LAZY) <= set(mlwright.__all__)
    for name in mlwright.__all__:
        assert getattr(mlwright, name) is not None
    assert dir(mlwright) == sorted(mlwright.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'biuld'"):
        mlwright.biuld  # noqa: B018
