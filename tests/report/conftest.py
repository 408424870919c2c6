"""Evidence by name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def _evidence_module() -> ModuleType:
    name = "mlwright_tests_report_evidence"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "evidence.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def run() -> dict[str, Any]:
    """The manifest's facts of one build."""
    return dict(_evidence_module().RUN)


@pytest.fixture(scope="session")
def make() -> Callable[[str], dict[str, Any]]:
    """Makes fresh evidence by its name: binary, multiclass, regression, hostile, huge, bare."""
    return lambda name: _evidence_module().MAKERS[name]()


@pytest.fixture(scope="session")
def hostile_name() -> str:
    """The name that tries to break out of the page."""
    return str(_evidence_module().HOSTILE)
