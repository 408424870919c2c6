"""A model that knows how its rows were, and a record filled as a service fills it, at moments that a test chooses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

import mlwright as mw
from mlwright.adapt.player import Came, Player
from mlwright.model import Model
from mlwright.registry import Workspace
from mlwright.registry.database import writing
from mlwright.serve.record import Record
from mlwright.serve.record.answered import as_json
from mlwright.serve.record.tables import OUTCOME_HISTORY
from mlwright.serve.record.upsert import insert

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
        self._player = Player(self.workspace, self.record, NAME)

    def answer(
        self,
        rows: pl.DataFrame,
        at: datetime,
        *,
        over: timedelta = timedelta(days=1),
        late: timedelta | None = timedelta(minutes=5),
    ) -> list[str]:
        """Answer rows within a time, and receive their outcomes so much later (None: never); return the ids."""
        given = [each for each in self._player.answer(rows.drop("churn").to_dicts(), at, over=over) if each is not None]
        assert len(given) == rows.height
        if late is not None:
            truths = zip(given, rows["churn"].to_list(), strict=True)
            self._player.tell(Came(each.id, truth, each.at + late) for each, truth in truths)
        return [each.id for each in given]

    def correct(self, names: list[str], outcome: str, *, after: timedelta) -> None:
        """Tell other outcomes of answers, so long after the first ones were received."""
        told, text = OUTCOME_HISTORY.c, as_json(outcome)
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        with writing(self.record.engine) as connection:
            first = list(connection.execute(sa.select(told.id, told.received).where(told.id.in_(names))))
            rows = [
                {"model": NAME, "id": row.id, "at": (at := row.received + round(after.total_seconds() * 1e6)),
                 "outcome": text, "digest": digest, "received": at}
                for row in first
            ]  # fmt: skip
            connection.execute(insert(connection, OUTCOME_HISTORY).on_conflict_do_nothing(), rows)


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
