"""What is known of a model, by the name of the evidence."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mlwright.report.documents import Answers, Known

HERE = Path(__file__).parent


def _module() -> ModuleType:
    name = "mlwright_tests_documents_known"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "known.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def knowing(make: Callable[[str], Any], run: dict[str, Any]) -> Callable[..., Known]:
    """Makes what is known, fresh, by the name of its evidence, with answers where they are given."""

    def known(name: str, said: dict[str, str] | None = None, *, tested: bool = False) -> Known:
        evidence = make(name)
        if tested:
            evidence["behaviour"] = _module().behaviour()
        return Known(evidence, run, _module().schema_of(evidence), Answers(said or {}), "customers")

    return known
