"""The world changes and nobody looks: it is seen, learned and promoted; what is cut off goes on; no request is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from tests.serve.conftest import Running

import mlwright as mw
from mlwright.adapt.drift import Drift
from mlwright.adapt.policy import Policies, Policy
from mlwright.adapt.simulate import Plan, Simulation, simulate, simulation
from mlwright.adapt.step import World
from mlwright.adapt.watch import Watch
from mlwright.cli.adapting import watched_by
from mlwright.errors import OutputError
from mlwright.model import Model
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.serve.record import Record

NAME = "churn"
DAYS, CHANGE = 180, 60
SHORT, SOON = 45, 10
POLICY = Policy(trials=1)


def drawn(rows: int, seed: int, *, turned: bool = False) -> pl.DataFrame:
    """Rows of two numbers and a category; yes follows from the first number, or from its opposite."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows).round(3), random.normal(size=rows).round(3)
    y = np.where((-a if turned else a) + 0.4 * random.normal(size=rows) > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "plan": random.choice(["basic", "gold"], rows), "y": y})


@pytest.fixture(scope="module")
def model() -> Model:
    return mw.build(drawn(1_000, 0), target="y", trials=1, sensitive=["plan"], clean=False, cases=100, name=NAME)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return drawn(60_000, 1)


def planned(days: int, drift: str) -> Plan:
    return Plan(days=days, rows_per_day=400, drifts=(Drift.read(drift, days=days),), delay=timedelta(days=14), seed=3)


def test_a_change_is_seen_learned_and_promoted_by_itself(model: Model, rows: pl.DataFrame) -> None:
    found = simulate(model, rows, plan=planned(DAYS, f"relation:a=0.5@{CHANGE}"), policy=Policy(trials=2))
    page, promoted = found.first("page"), found.first("promote")
    assert page is not None
    assert CHANGE + 14 <= page <= CHANGE + 16, found.timeline  # no outcome of a changed row is known sooner
    assert promoted is not None
    assert promoted <= page + 14, found.timeline
    assert found.count("page", is_false=True) == 0
    last = promoted + 1
    loop, nothing, oracle = (found.mean(which, last, DAYS) for which in ("loop", "nothing", "oracle"))
    assert loop <= 1.1 * oracle, (loop, oracle)
    assert nothing > 1.5 * oracle
    assert found.mean("loop", 0, CHANGE) == found.mean("nothing", 0, CHANGE)


class Power:
    """Fails now and then where something is written: before it is, or after."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.failures, self.is_on = 0, False

    def faulty(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def worked(*given: Any, **named: Any) -> Any:
            chance = self._random.random() if self.is_on else 1.0
            if chance < 0.2:
                self._fail()
            found = work(*given, **named)
            if chance < 0.4:
                self._fail()
            return found

        return worked

    def _fail(self) -> None:
        self.failures += 1
        raise OutputError("The power is gone.")


def lived(running: Simulation, power: Power | None = None) -> list[Any]:
    """Live through days, starting the loop again wherever it is cut off; return all that was decided."""
    for day in range(SHORT):
        running.live()
        if power is not None:
            power.is_on = day >= SOON + 13
        for _ in range(200):
            if not any(act.what == "error" for act in running.look()):
                break
            running.restart()
        if power is not None:
            power.is_on = False
    kept = running.store.adaptations(NAME)
    alarms = [(each.id, each.at, each.message) for each in running.store.alarms(NAME)]
    trail = [(line.at, line.what) for each in kept for line in running.store.trail(each.id)]
    moved = [(move.action, move.after, move.who) for move in running.workspace.history(NAME)]
    heard = [day.versions.tolist() for day in running.days]
    return [[(each.id, each.verdict, each.state) for each in kept], alarms, trail, moved, heard]


def test_killed_at_any_write_and_started_again_it_ends_the_same(
    model: Model, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulation(model, rows, planned(SHORT, f"relation=1@{SOON}"), POLICY) as running:
        whole = lived(running)
    power = Power(7)
    for owner, names in ((Store, ("save", "begin", "move")), (Workspace, ("add", "promote", "set_traffic"))):
        for name in names:
            monkeypatch.setattr(owner, name, power.faulty(getattr(owner, name)))
    with simulation(model, rows, planned(SHORT, f"relation=1@{SOON}"), POLICY) as running:
        cut = lived(running, power)
    assert power.failures >= 10
    assert any(verdict == "promoted" for _, verdict, _ in whole[0])
    for one, other in zip(whole, cut, strict=True):
        assert one == other


# --- a real service --------------------------------------------------------------------------------------------------


class Load:
    """Clients that ask a service all the time, and tell it what came of each answer."""

    def __init__(self, service: Running) -> None:
        self._service = service
        self.turned = False
        self.asked, self.lost = 0, list[str]()
        self.versions: set[int] = set()
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(seed,)) for seed in range(2)]

    def _work(self, seed: int) -> None:
        with httpx.Client(base_url=self._service.address, timeout=30.0) as client:
            while not self._ends.is_set():
                seed += 2
                frame = drawn(5, seed, turned=self.turned)
                asked = frame.drop("y").to_dicts()
                self.asked += len(asked)
                try:
                    self._ask(client, asked, frame["y"].to_list())
                except httpx.HTTPError as error:
                    self.lost.append(repr(error))
                time.sleep(0.05)

    def _ask(self, client: httpx.Client, asked: list[dict[str, Any]], truths: list[str]) -> None:
        answered = client.post(f"/v1/models/{NAME}/predict", json={"rows": asked})
        if answered.status_code != 200:
            self.lost.append(answered.text)
            return
        told = answered.json()
        self.versions.add(int(told["model"]["version"]))
        outcomes = [
            {"id": each["id"], "outcome": truth} for each, truth in zip(told["predictions"], truths, strict=True)
        ]
        said = client.post(f"/v1/models/{NAME}/outcomes", json={"outcomes": outcomes})
        if said.status_code != 200:
            self.lost.append(said.text)

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            for thread in self._threads:
                thread.join(30)


def test_no_request_is_lost_while_a_challenger_takes_over_and_is_rolled_back(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The loop leaves the last minute for later; here the last second has to do.
    monkeypatch.setattr("mlwright.adapt.step.MARGIN", 1_000_000)
    monkeypatch.setattr("mlwright.adapt.begin.MARGIN", 1_000_000)
    monkeypatch.setattr("mlwright.monitor.events.MARGIN_S", 1.0)
    home = tmp_path / "home"
    workspace, record = Workspace(home), Record(home / "record.db")
    workspace.add(model, NAME)
    settings = {"trials": 1, "step": "0s", "step_rows": 20, "retry": "1h", "most_labels": 2_000}
    policies, store = Policies({"adapt": settings}), Store.of(workspace)
    with Running([NAME], home, settings="refresh_s = 0.1\n") as service:
        load = Load(service)
        load.turned = True
        world = World(store, workspace, record)
        watch = Watch(
            world=world, monitor=watched_by(world, store, policies), leases=store, holder="tests", policies=policies
        )  # fmt: skip
        stages: list[str] = []
        with load.running():
            until = time.monotonic() + 60.0
            while time.monotonic() < until and "roll back" not in stages:
                for act in watch.round([NAME], lambda: datetime.now(UTC)):
                    stages += [act.what] if act.what not in {"look", "wait"} else []
                    # While it takes over the world becomes again what it was.
                    load.turned = load.turned and stages.count("canary") < 3
                time.sleep(0.2)
        recorded = 0
        until = time.monotonic() + 10.0
        while recorded < load.asked and time.monotonic() < until:  # what is recorded is written a moment later
            recorded = sum(part.height for part in record.answers(NAME))
            time.sleep(0.1)
    record.close()
    assert stages == ["begin", "choose", "learn", "replay", "shadow", *["canary"] * 3, "promote", "roll back"], stages
    assert load.lost == []
    assert load.versions == {1, 2}
    assert recorded == load.asked
    assert [(move.action, move.after) for move in workspace.history(NAME)][:2] == [("rollback", 1), ("promote", 2)]
