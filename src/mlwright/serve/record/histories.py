"""Histories that a service keeps for a recommender: what each person took, told as events or as outcomes of lists."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from mlwright.registry.database import reading, writing
from mlwright.serve.record.answered import as_json, storable
from mlwright.serve.record.outcomes import Item
from mlwright.serve.record.tables import ANSWERS, EVENTS, OUTCOMES
from mlwright.serve.record.upsert import insert

KEPT = 1_000
"""So many events of each person are kept, the last ones; of those of one moment, the last that were received."""
TOGETHER = 500


class Event(msgspec.Struct, frozen=True):
    """Who took what: `at` in microseconds since 1970, by default when it arrives."""

    subject: str
    item: Item
    at: int | None = None
    rating: float | None = None


def keep_events(engine: sa.Engine, model: str, given: Sequence[Event]) -> dict[str, int]:
    """Keep events; return how many were `accepted`, and how many `repeated` (known already).

    Of each person the last 1,000 stay, of those of one moment the last received. Raises OutputError.
    """
    now = time.time_ns() // 1000
    lines = [
        _line(model, each.subject, each.item, now + place if each.at is None else each.at, now + place)
        | {"rating": each.rating}
        for place, each in enumerate(given)
    ]
    lines.sort(key=lambda line: (line["subject"], line["at"]))  # processes that lock the same rows do it in one order
    accepted = 0
    for part in _parts(lines):
        with writing(engine) as connection:
            accepted += _add(connection, part)
            _trim(connection, model, {line["subject"] for line in part})
    return {"accepted": accepted, "repeated": len(given) - accepted}


def take_outcomes(engine: sa.Engine, model: str, ids: Iterable[str]) -> None:
    """Let what came of lists be events of whom the lists were for: the newest outcome of each, in place of older ones.

    Raises OutputError.
    """
    now = time.time_ns() // 1000
    for part in _parts(sorted({storable(each) or "" for each in ids})):
        with writing(engine) as connection:
            found = connection.execute(
                sa.select(ANSWERS.c.id, ANSWERS.c.subject, OUTCOMES.c.at, OUTCOMES.c.outcome)
                .join(OUTCOMES, sa.and_(OUTCOMES.c.model == ANSWERS.c.model, OUTCOMES.c.id == ANSWERS.c.id))
                .where(ANSWERS.c.model == model, ANSWERS.c.id.in_(part), ANSWERS.c.subject.is_not(None))
            ).all()
            subjects = {row.subject for row in found}
            connection.execute(
                sa.delete(EVENTS).where(
                    EVENTS.c.model == model, EVENTS.c.subject.in_(subjects), EVENTS.c.answer.in_(part)
                )
            )
            lines = [
                _line(model, row.subject, item, row.at + place, now + place) | {"answer": row.id}
                for row in found
                for place, item in enumerate(_items(row.outcome))
            ]
            if lines:
                _add(connection, lines)
                _trim(connection, model, subjects)


def histories(engine: sa.Engine, model: str, subjects: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what each person took, the oldest first, as requests have it. Raises OutputError."""
    with reading(engine) as connection:
        return {
            subject: _entries(connection.execute(_OF_ONE, {"model": model, "subject": subject}).all())
            for subject in subjects
        }


_ORDER = EVENTS.c.at, EVENTS.c.received, EVENTS.c.item
"""What comes first: by moment, then by receipt; whole days are moments, too."""

# Made once: to make and compile it takes longer than to answer it.
_OF_ONE = (
    sa.select(EVENTS.c.item, EVENTS.c.at, EVENTS.c.rating)
    .where(EVENTS.c.model == sa.bindparam("model"), EVENTS.c.subject == sa.bindparam("subject"))
    .order_by(*(column.desc() for column in _ORDER))
    .limit(KEPT)
)


def _entries(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return rows, the newest first, as entries of a history, the oldest first."""
    decode = msgspec.json.decode
    return [
        {"item": decode(item), "at": at / 1e6}
        if rating is None
        else {"item": decode(item), "at": at / 1e6, "rating": rating}
        for item, at, rating in reversed(rows)
    ]


def _items(outcome: str) -> list[Item]:
    found = msgspec.json.decode(outcome)
    return found if isinstance(found, list) else [found]


def _line(model: str, subject: str, item: Item, at: int, received: int) -> dict[str, Any]:
    return {
        "model": model,
        "subject": storable(subject) or "",
        "at": at,
        "item": as_json(item),
        "rating": None,
        "answer": None,
        "received": received,
    }


def _parts(given: list[Any]) -> Iterator[list[Any]]:
    return (given[start : start + TOGETHER] for start in range(0, len(given), TOGETHER))


def _add(connection: sa.Connection, lines: Sequence[dict[str, Any]]) -> int:
    """Write events, each once; return how many are new."""
    statement = insert(connection, EVENTS).values(list(lines)).on_conflict_do_nothing().returning(EVENTS.c.at)
    return len(connection.execute(statement).all())


def _trim(connection: sa.Connection, model: str, subjects: Iterable[str]) -> None:
    """Delete what comes before the last events of each person: those stay, however many have one moment."""
    for subject in subjects:
        mine = sa.and_(EVENTS.c.model == model, EVENTS.c.subject == subject)
        cut = connection.execute(
            sa.select(*_ORDER).where(mine).order_by(*(column.desc() for column in _ORDER)).offset(KEPT).limit(1)
        ).one_or_none()
        if cut is not None:
            connection.execute(sa.delete(EVENTS).where(mine, sa.tuple_(*_ORDER) <= sa.tuple_(*cut)))
