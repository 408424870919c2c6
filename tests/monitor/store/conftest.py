"""Stores in both databases, and what is kept in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Adaptation, Point, Store

DAY = "2026-11-03T09:41:27+00:00"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a store can be made: a file, or a schema of its own in PostgreSQL."""
    return tmp_path / "registry.db" if request.param == "sqlite" else str(request.getfixturevalue("schema"))


@pytest.fixture
def store(place: str | Path) -> Iterator[Store]:
    """A store in which nothing was ever kept."""
    made = Store(place)
    yield made
    made.close()


def _alarm(**changed: Any) -> Alarm:
    told: dict[str, Any] = {
        "id": "churn@3-losses-page",
        "kind": "losses",
        "level": "page",
        "model": "churn",
        "version": 3,
        "at": DAY,
        "since": "2026-11-01T00:00:00+00:00",
        "since_interval": ("2026-10-30T00:00:00+00:00", "2026-11-02T00:00:00+00:00"),
        "message": "The share of wrong answers has risen from 10 % to 15 %.",
        "columns": ("plan", "age\x00\udce9"),  # as broken as names of columns can be
        "evidence": {"e_value": 530.25, "interval": [0.13, 0.17], "rows": 4000},
        "causes": {"inputs": 0.25, "relation": 0.75},
        "action": "learn again from newer rows: mlwright adapt churn",
    }
    return Alarm(**{**told, **changed})


def _point(**changed: Any) -> Point:
    told = {"name": "churn", "version": 3, "series": "performance", "at": DAY, "value": 0.1, "rows": 100}
    return Point(**(told | changed))


def _adaptation(**changed: Any) -> Adaptation:
    told = {
        "id": "churn-1",
        "name": "churn",
        "stage": "waiting",
        "champion": 3,
        "trigger": {"kind": "alarm", "alarm": "churn@3-losses-page"},
        "state": {"cursor": 17},
        "begun": DAY,
        "changed": DAY,
    }
    return Adaptation(**(told | changed))


@pytest.fixture(scope="session")
def alarm() -> Callable[..., Alarm]:
    """Make an alarm; what is not given is made up."""
    return _alarm


@pytest.fixture(scope="session")
def point() -> Callable[..., Point]:
    """Make a point; what is not given is made up."""
    return _point


@pytest.fixture(scope="session")
def adaptation() -> Callable[..., Adaptation]:
    """Make an adaptation; what is not given is made up."""
    return _adaptation
