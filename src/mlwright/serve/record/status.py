"""How much is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mlwright.registry.database import reading
from mlwright.serve.record.reading import same_outcome
from mlwright.serve.record.tables import ANSWERS, METADATA, OUTCOMES


def status(engine: sa.Engine, model: str) -> dict[str, Any]:
    """Return what is recorded of a model: by version and kind, from when to when, and with how many outcomes."""
    answers, own = ANSWERS.c, (OUTCOMES.c.model == ANSWERS.c.model) & (OUTCOMES.c.id == ANSWERS.c.id)
    by_version = (
        sa.select(
            answers.version,
            answers.kind,
            sa.func.count().label("answers"),
            sa.func.min(answers.at).label("first"),
            sa.func.max(answers.at).label("last"),
            sa.func.count(OUTCOMES.c.id).label("matured"),
        )
        .select_from(ANSWERS.outerjoin(OUTCOMES, same_outcome()))
        .where(answers.model == model)
        .group_by(answers.version, answers.kind)
        .order_by(answers.version, answers.kind)
    )
    waiting = sa.select(sa.func.count()).where(OUTCOMES.c.model == model, ~sa.exists().where(own))
    with reading(engine) as connection:
        found = [dict(row) for row in connection.execute(by_version).mappings()]
        unknown = connection.execute(waiting).scalar_one()
        size = _bytes(connection)
    versions = [row | {"first": _moment(row["first"]), "last": _moment(row["last"])} for row in found]
    return {
        "model": model,
        "answers": sum(row["answers"] for row in versions if row["kind"] == "answer"),
        "shadows": sum(row["answers"] for row in versions if row["kind"] == "shadow"),
        "matured": sum(row["matured"] for row in versions),
        "outcomes_without_answer": unknown,
        "versions": versions,
        "bytes": size,
    }


def models(engine: sa.Engine) -> list[str]:
    """Return the names of the models that answered, or of which an outcome was told; by the index, not by all rows."""
    with reading(engine) as connection:
        return sorted({*_names(connection, ANSWERS.c.model), *_names(connection, OUTCOMES.c.model)})


def _names(connection: sa.Connection, column: sa.Column[str]) -> Iterator[str]:
    """Give the values of an indexed column by looking for the next greater one each time."""
    name = connection.execute(sa.select(sa.func.min(column))).scalar()
    while name is not None:
        yield name
        name = connection.execute(sa.select(sa.func.min(column)).where(column > name)).scalar()


def _moment(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat(timespec="milliseconds")


def _bytes(connection: sa.Connection) -> int:
    """Return how much the whole record takes on disk, of all models."""
    if connection.dialect.name == "sqlite":
        path = Path(connection.engine.url.database or "")
        return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.is_file())
    sizes = [sa.func.pg_total_relation_size(name) for name in METADATA.tables]
    return sum(int(size) for size in connection.execute(sa.select(*sizes)).one())
