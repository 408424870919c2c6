"""A workspace of three tiny models, what a monitor knows of them, and the service with its dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import VARIABLES, Inside, constant

from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Adaptation, Point, Store, TrailEntry
from mlwright.registry import Workspace
from mlwright.registry.traffic import Traffic
from mlwright.serve.settings import Settings
from mlwright.web.app import ROUTES, add_gauges

NAMES = ("churn", "price", "demand")
FIRST = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for themselves means nothing here."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def alarm(**changed: Any) -> Alarm:
    """Return an alarm that says all there is to say."""
    told: dict[str, Any] = {
        "id": "churn@2-losses-page",
        "kind": "losses",
        "level": "page",
        "model": "churn",
        "version": 2,
        "at": "2026-11-05T10:12:00+00:00",
        "since": "2026-11-01T00:00:00+00:00",
        "since_interval": ("2026-10-30T00:00:00+00:00", "2026-11-02T00:00:00+00:00"),
        "message": "The mean loss has risen from 0.100 to 0.152.",
        "slices": ("plan is basic",),
        "evidence": {"e_value": 530.2, "threshold": 40.0, "reference": 0.1, "now": 0.152, "interval": [0.13, 0.17]},
        "causes": {"inputs": 0.22, "relation": 0.78},
        "cost": "About 1,200 EUR a day.",
        "action": "learn again from newer rows: mlwright adapt churn",
    }
    return Alarm(**{**told, **changed})


def notice(**changed: Any) -> Alarm:
    """Return a notice that two columns have changed."""
    evidence = {"e_value": 3e9, "columns": [{"name": "size", "e_value": 3e9}, {"name": "plan", "e_value": 400.0}]}
    told: dict[str, Any] = {
        "id": "churn@2-columns-notice",
        "kind": "columns",
        "level": "notice",
        "message": "What comes in differs from what the model was judged on: size, plan.",
        "at": "2026-11-03T10:12:00+00:00",
        "columns": ("size", "plan"),
        "evidence": evidence,
        "causes": {},
        "cost": None,
    }
    return alarm(**{**told, **changed})


def points(days: int, *, name: str = "churn", series: str = "rmse") -> list[Point]:
    """Return what was measured on so many days, each a little more than the day before."""
    return [
        Point(
            name=name, version=2, series=series, at=(FIRST + timedelta(days=day)).isoformat(),
            value=1 + day / 100, lower=0.9 + day / 100, upper=1.1 + day / 100, rows=400,
        )
        for day in range(days)
    ]  # fmt: skip


def adaptation(**changed: Any) -> Adaptation:
    """Return an adaptation that is under way."""
    told: dict[str, Any] = {
        "id": "a1",
        "name": "churn",
        "stage": "canary",
        "champion": 2,
        "challenger": 3,
        "trigger": {"kind": "alarm"},
        "state": {},
        "begun": "2026-11-05T10:20:00+00:00",
        "changed": "2026-11-06T10:20:00+00:00",
        "reason": "It waits for 410 more outcomes.",
    }
    return Adaptation(**{**told, **changed})


TRAIL = (
    TrailEntry(at="2026-11-05T10:20:00+00:00", who="mlwright watch", what="begun", evidence={"e_value": 530.2}),
    TrailEntry(at="2026-11-06T10:20:00+00:00", who="ann", what="5 % of the requests go to version 3"),
)


def made(path: Path) -> Workspace:
    """Return a workspace: churn with three versions that share its requests, price and demand with one each."""
    workspace = Workspace(path)
    for number in range(3):
        workspace.add(constant(float(number)), "churn")
    workspace.promote("churn", 1, why="the first")
    workspace.promote("churn", 2, who="mlwright watch", why="proved on 4,000 matured rows")
    workspace.set_traffic("churn", Traffic({"3": 0.05}, shadow=("1",)))
    for name in NAMES[1:]:
        workspace.add(constant(5.0, name), name)
        workspace.promote(name, 1)
    return workspace


def watch(workspace: Workspace) -> Store:
    """Let churn be wrong and price be well; nobody looks after demand."""
    store = Store.of(workspace)
    ended = notice(id="old", message="This is over.", ended="2026-09-20T00:00:00+00:00")
    store.save("churn", 2, after=0, state=b"", cursor={}, alarms=[alarm(), notice(), ended], points=points(80))
    store.save("price", 1, after=0, state=b"", cursor={})
    over = adaptation(id="a0", stage="ended", challenger=None, begun="2026-10-01T00:00:00+00:00",
                      ended="2026-10-02T00:00:00+00:00", verdict="refused", reason="Labels are immature.")  # fmt: skip
    assert store.begin(over)
    assert store.begin(adaptation(), TRAIL)
    assert store.acknowledge("churn@2-columns-notice", "ann", "the new plan is meant")
    return store


def settings(workspace: Workspace) -> Settings:
    """Return the settings of a service of all three models."""
    return Settings(models=NAMES, workspace=str(workspace.path), refresh_s=3600.0)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Inside]:
    """The service of models that nothing looks after."""
    with Inside(settings(made(tmp_path / "workspace")), ROUTES) as running:
        add_gauges(running.service)
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """The service of watched models, for all tests that change nothing."""
    workspace = made(tmp_path_factory.mktemp("watched"))
    watch(workspace)
    with Inside(settings(workspace), ROUTES) as running:
        add_gauges(running.service)
        yield running


@pytest.fixture
def watched(shared: Inside) -> Iterator[Inside]:
    """The shared service; keys that a test lets it know are forgotten after it."""
    yield shared
    shared.service.keyring.keys, shared.service.keyring.was_locked = {}, False
