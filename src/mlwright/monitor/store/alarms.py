"""Alarms as they are kept: each once, with who was told of it, who took note of it, and when it was over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store.tables import ALARMS, DELIVERIES
from mlwright.registry.state import now, person, storable
from mlwright.serve.record.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """That somebody has taken note of an alarm."""

    alarm: str
    """Its id."""
    at: str
    who: str
    why: str


def keep_alarms(connection: sa.Connection, alarms: Sequence[Alarm]) -> None:
    """Keep alarms; of one that is known by its id, the first stays."""
    if not alarms:
        return
    rows = [
        {
            "id": alarm.id,
            "name": alarm.model,
            "version": alarm.version,
            "at": alarm.at,
            "ended": alarm.ended,
            "alarm": json.dumps(alarm.to_dict(), allow_nan=False),
        }
        for alarm in alarms
    ]
    connection.execute(insert(connection, ALARMS).on_conflict_do_nothing(), rows)


def alarms_of(connection: sa.Connection, name: str, *, version: int | None, open_only: bool, limit: int) -> list[Alarm]:
    """Return the newest alarms of a model, the newest first."""
    query = sa.select(ALARMS.c.alarm, ALARMS.c.ended).where(ALARMS.c.name == name)
    if version is not None:
        query = query.where(ALARMS.c.version == version)
    if open_only:
        query = query.where(ALARMS.c.ended.is_(None))
    return _read(connection, query.order_by(ALARMS.c.at.desc(), ALARMS.c.id.desc()).limit(limit))


def end(connection: sa.Connection, alarm: str, *, at: str | None) -> bool:
    """Note that an alarm is over; False where it was, or there is none."""
    mine = (ALARMS.c.id == alarm) & ALARMS.c.ended.is_(None)
    return connection.execute(sa.update(ALARMS).where(mine).values(ended=at or now())).rowcount == 1


def acknowledge(connection: sa.Connection, alarm: str, *, who: str | None, why: str) -> bool:
    """Note who has taken note of an alarm; False where somebody had, or there is none."""
    mine = (ALARMS.c.id == alarm) & ALARMS.c.acknowledged.is_(None)
    values = {"acknowledged": now(), "who": person(who), "why": storable(why)}
    return connection.execute(sa.update(ALARMS).where(mine).values(**values)).rowcount == 1


def acknowledged(connection: sa.Connection, name: str) -> dict[str, Acknowledged]:
    """Return who has taken note of which alarms of a model, by their ids."""
    columns = (ALARMS.c.id.label("alarm"), ALARMS.c.acknowledged.label("at"), ALARMS.c.who, ALARMS.c.why)
    query = sa.select(*columns).where(ALARMS.c.name == name, ALARMS.c.acknowledged.is_not(None))
    return {row["alarm"]: Acknowledged(**row) for row in connection.execute(query).mappings()}


def undelivered(connection: sa.Connection, channel: str) -> list[Alarm]:
    """Return the alarms that a channel was not told of, the oldest first."""
    told = sa.exists().where(DELIVERIES.c.alarm == ALARMS.c.id, DELIVERIES.c.channel == storable(channel))
    return _read(connection, sa.select(ALARMS.c.alarm, ALARMS.c.ended).where(~told).order_by(ALARMS.c.at, ALARMS.c.id))


def delivered(connection: sa.Connection, alarm: str, channel: str) -> bool:
    """Note that a channel was told of an alarm; False where it was noted before, or there is no such alarm."""
    there = sa.select(ALARMS.c.id, sa.literal(storable(channel)), sa.literal(now())).where(ALARMS.c.id == alarm)
    note = insert(connection, DELIVERIES).from_select(["alarm", "channel", "at"], there).on_conflict_do_nothing()
    return connection.execute(note.returning(DELIVERIES.c.alarm)).first() is not None


def _read(connection: sa.Connection, query: sa.Select[tuple[str, str | None]]) -> list[Alarm]:
    return [replace(Alarm.from_dict(json.loads(row.alarm)), ended=row.ended) for row in connection.execute(query)]
