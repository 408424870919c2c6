"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what wants ../shared where there is none: a user's clone has none."""
    if SHARED.is_dir():
        return
    for item in items:
        if "shared_data" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="wants the data sets of ../shared/data, which only developers have"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets."""
    return SHARED
