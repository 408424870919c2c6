"""A model in a registry, a record that is filled as a service would, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.adapt.player import Came, Player
from mlwright.adapt.step import World
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.serve.record import Private, Record

NAME = "churn"
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def drawn(rows: int, seed: int, *, changed: bool = False) -> pl.DataFrame:
    """Rows of two numbers and a category. Yes follows from the first number; after the change, from the second."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows).round(3), rng.normal(size=rows).round(3)
    y = np.where((b if changed else a) + 0.3 * rng.normal(size=rows) > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "plan": rng.choice(["basic", "gold"], rows), "y": y})


class Service:
    """A service of which a test chooses what is asked when, and what becomes known of it."""

    def __init__(self, workspace: Workspace, record: Record, source: Path) -> None:
        kept = Store(workspace.path / "registry.db")
        self.world = World(kept, workspace, record)
        self.record, self.workspace, self.source = record, workspace, source

    def answer(
        self,
        rows: pl.DataFrame,
        at: datetime,
        *,
        over: timedelta = timedelta(hours=1),
        known: Callable[[str, str], bool] = lambda answer, truth: True,
        late: timedelta = timedelta(minutes=5),
        private: Private | None = None,
    ) -> None:
        """Answer rows within a time, and receive their outcomes (those that are `known`) so much later."""
        player = Player(self.workspace, self.record, NAME, private=private)
        given = player.answer(rows.drop("y").to_dicts(), at, over=over)
        player.tell(
            Came(each.id, truth, each.at + late)
            for each, truth in zip(given, rows["y"].to_list(), strict=True)
            if each is not None and known(str(each.prediction), truth)
        )


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file, and the folder of a model that learned from it."""
    folder = tmp_path_factory.mktemp("learned")
    drawn(400, 0).write_csv(folder / "customers.csv")
    model = mw.build(folder / "customers.csv", target="y", trials=1, clean=False, cases=100)
    model.save(folder / "model")
    return folder / "customers.csv", folder / "model"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLWRIGHT_HOME", "MLWRIGHT_REGISTRY", "MLWRIGHT_MODELS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(learned: tuple[Path, Path], tmp_path: Path) -> Iterator[Service]:
    """A workspace with one version of the model, which has answered nothing yet."""
    yield from service_in(tmp_path / "home", learned)


def service_in(home: Path, learned: tuple[Path, Path]) -> Iterator[Service]:
    workspace = Workspace(home)
    workspace.add(mw.load(learned[1]), NAME)
    record = Record(home / "record.db")
    yield Service(workspace, record, learned[0])
    record.close()


def until_it_ends(service: Service, now: datetime, step: Callable[[datetime], object], most: int = 200) -> datetime:
    """Let time pass until the adaptation has ended; return when."""
    for _ in range(most):
        if service.world.kept.current(NAME) is None:
            return now
        step(now)
        now += timedelta(hours=1)
    raise AssertionError(f"it never ended: {replace(service.world.kept.current(NAME), state={})}")
