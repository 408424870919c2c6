"""A model that knows how its rows were, and a record filled as a service fills it, at moments that a test chooses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.model import Model
from mlwright.registry import Workspace
from mlwright.registry.database import writing
from mlwright.serve.record import Answered, Private, Record
from mlwright.serve.record.answered import as_json, line
from mlwright.serve.record.tables import OUTCOME_HISTORY, OUTCOMES
from mlwright.serve.record.upsert import insert
from mlwright.serve.record.writer import Writer

NAME = "churn"
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def drawn(rows: int, seed: int, *, flipped: float = 0.0, older: float = 0.0, broken: float = 0.0) -> pl.DataFrame:
    """Customers of whom some churn: with answers turned round, ages moved, or incomes broken in a share of the rows."""
    random = np.random.default_rng(seed)
    age, income = random.normal(45 + older, 12, rows), random.lognormal(10, 0.5, rows)
    town, sex = random.choice(["Oslo", "Bergen", "Bodo"], rows), random.choice(["f", "m"], rows)
    score = (age - 45) / 12 + 1.6 * (np.log(income) - 10) + 0.7 * (town == "Oslo")
    churn = random.random(rows) < 1 / (1 + np.exp(-2 * score))
    churn ^= random.random(rows) < flipped
    income = np.where(random.random(rows) < broken, -1.0, income)
    target = np.where(churn, "yes", "no")
    return pl.DataFrame({"age": age, "income": income, "town": town, "sex": sex, "churn": target})


class Recorded:
    """A workspace whose service has answered: rows with moments, and outcomes that come later."""

    def __init__(self, home: Path, model: Model) -> None:
        self.workspace = Workspace(home)
        self.workspace.add(model, NAME)
        self.record = Record(home / "record.db")
        self._models: dict[int, Model] = {}

    def answer(
        self,
        rows: pl.DataFrame,
        at: datetime,
        *,
        over: timedelta = timedelta(days=1),
        late: timedelta | None = timedelta(minutes=5),
    ) -> list[str]:
        """Answer rows within a time, and receive their outcomes so much later (None: never); return the ids."""
        version = self.workspace.find(NAME).version
        if version not in self._models:
            self._models[version] = self.workspace.open(f"{NAME}@{version}")
        model = self._models[version]
        said = model.answer(rows.drop("churn"))
        assert said.probabilities is not None
        lines, told, names = [], [], []
        for place, row in enumerate(rows.to_dicts()):
            truth = as_json(row.pop("churn"))
            moment = round((at + place * over / rows.height).timestamp() * 1e6)
            names.append(name := f"{moment:016x}{place:05d}")
            chances = dict(zip(map(str, model.classes_), said.probabilities[place].tolist(), strict=True))
            answer = {"prediction": str(said.values[place]), "action": "answer", "probabilities": chances}
            answered = Answered(
                id=name, at=moment, model=NAME, version=version, row=row, answer=answer, latency_us=900 + place % 100
            )
            lines.append(line(answered, Private()))
            if late is not None:
                received = moment + round(late.total_seconds() * 1e6)
                digest = hashlib.sha256(truth.encode()).hexdigest()[:32]
                told.append({"model": NAME, "id": name, "at": received, "outcome": truth, "digest": digest,
                             "received": received})  # fmt: skip
        assert Writer(self.record).write(lines) == []
        with writing(self.record.engine) as connection:
            if told:
                connection.execute(insert(connection, OUTCOME_HISTORY).on_conflict_do_nothing(), told)
                connection.execute(insert(connection, OUTCOMES).on_conflict_do_nothing(), told)
        return names


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLWRIGHT_HOME", "MLWRIGHT_REGISTRY", "MLWRIGHT_MODELS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def churn() -> Model:
    """A model of 3,000 customers."""
    return mw.build(drawn(3_000, 0), target="churn", trials=1, sensitive=["sex"], clean=False, name=NAME)


@pytest.fixture
def recorded(churn: Model, tmp_path: Path) -> Iterator[Recorded]:
    """A workspace with that model, which has answered nothing yet."""
    found = Recorded(tmp_path / "home", churn)
    yield found
    found.record.close()
