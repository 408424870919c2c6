"""Where a monitor stands: its state and its place in the record, and what it has measured over time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from mlwright.errors import DataError
from mlwright.monitor.store.tables import POINTS, STATES
from mlwright.registry.state import now
from mlwright.serve.record.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was saved last of a monitor."""

    step: int
    """How often it was saved: who saves next names this number."""
    state: bytes
    cursor: dict[str, Any]
    saved: str
    """When, ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What was measured of a version in one period, with its interval, on so many rows."""

    name: str
    version: int
    series: str
    at: str
    """When the period began, ISO 8601 in UTC."""
    value: float
    lower: float | None = None
    upper: float | None = None
    rows: int

    def check(self) -> None:
        """Raise DataError where a number is none, which no chart can show and not every database keeps."""
        for number in (self.value, self.lower, self.upper):
            if number is not None and not math.isfinite(number):
                raise DataError(f"What was measured of {self.series!r} at {self.at} is {number}, which is no number.")


_POINT = [POINTS.c[field.name] for field in fields(Point)]


def saved(connection: sa.Connection, name: str, version: int) -> Saved | None:
    """Return what was saved last of the monitor of a version."""
    columns = (STATES.c.step, STATES.c.state, STATES.c.cursor, STATES.c.saved)
    row = connection.execute(sa.select(*columns).where(_of(name, version))).one_or_none()
    if row is None:
        return None
    return Saved(step=row.step, state=bytes(row.state), cursor=json.loads(row.cursor), saved=row.saved)


def advance(
    connection: sa.Connection, name: str, version: int, *, after: int, state: bytes, cursor: Mapping[str, Any]
) -> bool:
    """Put a state in the place of the one with the step `after` (0: there is none yet); False where that is not so."""
    values = {"step": after + 1, "state": state, "cursor": json.dumps(dict(cursor)), "saved": now()}
    if after == 0:
        made = insert(connection, STATES).values(name=name, version=version, **values).on_conflict_do_nothing()
        return connection.execute(made.returning(STATES.c.step)).first() is not None
    change = sa.update(STATES).where(_of(name, version), STATES.c.step == after).values(**values)
    return connection.execute(change).rowcount == 1


def keep_points(connection: sa.Connection, points: Sequence[Point]) -> None:
    """Keep what was measured; a period that was measured before is measured better now."""
    if not points:
        return
    for point in points:
        point.check()
    query = insert(connection, POINTS)
    again = {column: query.excluded[column] for column in ("value", "lower", "upper", "rows")}
    key = ["name", "version", "series", "at"]
    connection.execute(query.on_conflict_do_update(index_elements=key, set_=again), [asdict(point) for point in points])


def points(connection: sa.Connection, name: str, *, version: int | None, series: str | None, limit: int) -> list[Point]:
    """Return the newest points of a model, the oldest of them first."""
    query = sa.select(*_POINT).where(POINTS.c.name == name)
    if version is not None:
        query = query.where(POINTS.c.version == version)
    if series is not None:
        query = query.where(POINTS.c.series == series)
    order = (POINTS.c.at.desc(), POINTS.c.version.desc(), POINTS.c.series.desc())
    found = [Point(**row) for row in connection.execute(query.order_by(*order).limit(limit)).mappings()]
    return found[::-1]


def _of(name: str, version: int) -> sa.ColumnElement[bool]:
    return (STATES.c.name == name) & (STATES.c.version == version)
