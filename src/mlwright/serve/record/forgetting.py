"""Deletion: of all about one person, and of what is older than it may be kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from mlwright.errors import OutputError
from mlwright.registry.database import reading, writing
from mlwright.serve.record.keys import KEPT_S, mark_of
from mlwright.serve.record.tables import ANSWERS, EVENTS, KEYS, OUTCOME_HISTORY, OUTCOMES

KINDS = ("answers", "outcomes", "responses", "events")
TOGETHER = 500
"""Answers that are deleted in one transaction: small, so that those who write are not kept waiting."""
PATIENCE_S = 10.0
"""So long it is tried to empty the write-ahead log while others read."""


def forget_subject(engine: sa.Engine, subjects: Collection[str]) -> dict[str, int]:
    """Delete the answers about a subject, their shadows, outcomes, kept responses and events; return how many of each.

    `subjects` are the forms in which the record may hold it. In SQLite the bytes are gone from the files afterwards;
    PostgreSQL overwrites them in its own time. Raises OutputError, also where the bytes could not be removed yet.
    """
    counts = dict.fromkeys(KINDS, 0)
    with writing(engine) as connection:
        about = sa.or_(*[KEYS.c.subjects.contains(mark_of(subject)) for subject in subjects])
        counts["responses"] += connection.execute(sa.delete(KEYS).where(about)).rowcount
        counts["events"] += connection.execute(sa.delete(EVENTS).where(EVENTS.c.subject.in_(subjects))).rowcount
    while True:
        with writing(engine) as connection:
            found = connection.execute(
                sa.select(ANSWERS.c.id, ANSWERS.c.request).where(ANSWERS.c.subject.in_(subjects)).limit(TOGETHER)
            ).all()
            if not found:
                break
            ids = [row.id for row in found]
            requests = sorted({row.request for row in found if row.request})
            shadows = connection.execute(sa.select(ANSWERS.c.id).where(ANSWERS.c.of.in_(ids))).scalars().all()
            counts["responses"] += connection.execute(sa.delete(KEYS).where(KEYS.c.request.in_(requests))).rowcount
            _delete(connection, sorted({*ids, *shadows}), counts)
    erase(engine)
    return counts


def knows_subjects(engine: sa.Engine) -> bool:
    """Tell whether any answer says whom it is about. Raises OutputError."""
    with reading(engine) as connection:
        answers = sa.select(ANSWERS.c.id).where(ANSWERS.c.subject.is_not(None)).limit(1)
        events = sa.select(EVENTS.c.at).limit(1)
        return any(connection.execute(wanted).first() is not None for wanted in (answers, events))


def withdraw(engine: sa.Engine, ids: Sequence[str]) -> None:
    """Delete answers that were recorded and then not given. Raises OutputError."""
    with writing(engine) as connection:
        _delete(connection, ids, dict.fromkeys(KINDS, 0))


def prune_old(engine: sa.Engine, before: int, model: str | None) -> dict[str, int]:
    """Delete what is older than a moment (microseconds since 1970), of one model or all; return how many of each.

    An outcome goes with its answer; one whose answer never came goes by when it was received. Kept responses go after
    a day. Raises OutputError.
    """
    counts = dict.fromkeys(KINDS, 0)
    for step in prune_steps(engine, before, model):
        for kind, number in step.items():
            counts[kind] += number
    return counts


def prune_steps(engine: sa.Engine, before: int, model: str | None) -> Iterator[dict[str, int]]:
    """Do what `prune_old` does, one small transaction for each item that is asked for. Raises OutputError."""
    old = [ANSWERS.c.at < before, *([ANSWERS.c.model == model] if model else [])]
    lonely = [
        OUTCOMES.c.received < before,
        *([OUTCOMES.c.model == model] if model else []),
        ~sa.exists().where(ANSWERS.c.id == OUTCOMES.c.id),
    ]
    for wanted in (sa.select(ANSWERS.c.id).where(*old), sa.select(OUTCOMES.c.id).where(*lonely)):
        found = True
        while found:
            counts = dict.fromkeys(KINDS, 0)
            with writing(engine) as connection:
                ids = connection.execute(wanted.limit(TOGETHER)).scalars().all()
                _delete(connection, ids, counts)
                found = bool(ids)
            yield counts
    with writing(engine) as connection:
        past = [EVENTS.c.received < before, *([EVENTS.c.model == model] if model else [])]
        gone = connection.execute(sa.delete(EVENTS).where(*past)).rowcount
    yield {"events": gone}
    with writing(engine) as connection:
        expired = KEYS.c.made < time.time_ns() // 1000 - KEPT_S * 1_000_000
        gone = connection.execute(sa.delete(KEYS).where(expired)).rowcount
    yield {"responses": gone}


def _delete(connection: sa.Connection, ids: Sequence[str], counts: dict[str, int]) -> None:
    counts["outcomes"] += connection.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.id.in_(ids))).rowcount
    connection.execute(sa.delete(OUTCOME_HISTORY).where(OUTCOME_HISTORY.c.id.in_(ids)))
    counts["answers"] += connection.execute(sa.delete(ANSWERS).where(ANSWERS.c.id.in_(ids))).rowcount


def erase(engine: sa.Engine) -> None:
    """In SQLite, write the file anew and empty the write-ahead log: deleted bytes stay in both, else.

    To overwrite what is deleted (`secure_delete`) is not enough: where a page of a table or index is rearranged, copies
    of what it held stay in its gaps. Takes as long as to copy the file, and its size on the disk meanwhile; who writes
    waits. Raises OutputError where it cannot be done now.
    """
    if engine.dialect.name != "sqlite":
        return
    reason, until, anew = "another process reads it", time.monotonic() + PATIENCE_S, False
    while True:
        connection = engine.raw_connection()  # SQLAlchemy would begin a transaction, in which this cannot be done
        try:
            cursor = connection.cursor()
            if not anew:
                cursor.execute("VACUUM")
                anew = True
            if not cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return
        except sqlite3.OperationalError as error:
            reason = str(error)
        finally:
            connection.close()
        if time.monotonic() > until:
            raise OutputError(
                f"What was to be deleted is no longer in the record, but its bytes still lie in the files: {reason}.",
                where=str(engine.url.database),
                hint="run it again when nobody exports or reads the record, and the disk has room for it once more.",
            )
        time.sleep(0.05)
