"""A model in a registry, a record that is filled as a service would, in simulated time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.adapt.step import World
from mlwright.model import Model
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.registry.database import writing
from mlwright.serve.record import Answered, Private, Record
from mlwright.serve.record.answered import as_json, line
from mlwright.serve.record.tables import OUTCOME_HISTORY, OUTCOMES
from mlwright.serve.record.upsert import insert
from mlwright.serve.record.writer import Writer

NAME = "churn"
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def drawn(rows: int, seed: int, *, changed: bool = False) -> pl.DataFrame:
    """Rows of two numbers and a category. Yes follows from the first number; after the change, from the second."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows).round(3), rng.normal(size=rows).round(3)
    y = np.where((b if changed else a) + 0.3 * rng.normal(size=rows) > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "plan": rng.choice(["basic", "gold"], rows), "y": y})


class Service:
    """Answers as the service does, at moments that a test chooses: by traffic, with shadows, into the record."""

    def __init__(self, workspace: Workspace, record: Record, source: Path) -> None:
        kept = Store(workspace.path / "registry.db")
        self.world = World(kept, workspace, record)
        self.record, self.workspace, self.source = record, workspace, source
        self._models: dict[int, Model] = {}

    def _model(self, version: int) -> Model:
        if version not in self._models:
            self._models[version] = self.workspace.open(f"{NAME}@{version}")
        return self._models[version]

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
        traffic = self.workspace.traffic(NAME)
        champion = self.workspace.find(NAME).version
        heard: dict[int, float] = {int(version): share for version, share in traffic.weights.items()}
        heard[champion] = heard.get(champion, 0.0) + 1.0 - sum(heard.values())
        step = over / max(rows.height, 1)
        asked = rows.drop("y")
        versions = {*heard, *map(int, traffic.shadow)}
        said = {version: self._model(version).answer(asked) for version in versions}
        lines, told = [], []
        for place, row in enumerate(rows.to_dicts()):
            truth = row.pop("y")
            moment = round((at + place * step).timestamp() * 1e6)
            name = f"{moment:016x}{place:05d}"
            point = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7]) / (1 << 56)
            ends = np.cumsum(list(heard.values()))
            version = list(heard)[min(int(np.searchsorted(ends, point, side="right")), len(heard) - 1)]
            for own in (version, *map(int, traffic.shadow)):
                of = None if own == version and not any(each[0] == name for each in lines) else name
                lines.append(self._line(name, own, of, moment, row, said[own], place, heard, private))
            answer = str(said[version].values[place])
            if known(answer, truth):
                received = moment + round(late.total_seconds() * 1e6)
                text = as_json(truth)
                digest = hashlib.sha256(text.encode()).hexdigest()[:32]
                about = {"model": NAME, "id": name, "at": received, "received": received}
                told.append({**about, "outcome": text, "digest": digest})
        assert Writer(self.record).write(lines) == []
        with writing(self.record.engine) as connection:
            if told:
                connection.execute(insert(connection, OUTCOME_HISTORY).on_conflict_do_nothing(), told)
                connection.execute(insert(connection, OUTCOMES).on_conflict_do_nothing(), told)

    def _line(
        self,
        name: str,
        version: int,
        of: str | None,
        moment: int,
        row: dict[str, Any],
        said: Any,
        place: int,
        heard: dict[int, float],
        private: Private | None,
    ) -> Any:
        chances = dict(zip(map(str, self._model(version).classes_), said.probabilities[place].tolist(), strict=True))
        answer = {"prediction": str(said.values[place]), "action": "answer", "probabilities": chances}
        answered = Answered(
            id=name if of is None else f"{of}~{version}", at=moment, model=NAME, version=version, row=row,
            answer=answer, kind="answer" if of is None else "shadow", of=of,
            propensity=heard.get(version) if of is None and len(heard) > 1 else None,
        )  # fmt: skip
        return line(answered, private or Private())


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
