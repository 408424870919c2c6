"""Answered rows whose outcome counts by now, from the record: what a challenger learns from and is compared on.

When a row counts, and in which order, is a function of the record alone. With a delay it counts when it is that old,
with the outcome as it was known by then; without one, when its first outcome is received. Whoever asks for the rows
that begin to count after one moment and until another gets each row once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mlwright.registry.database import reading
from mlwright.serve.record import Record
from mlwright.serve.record.tables import ANSWERS, OUTCOME_HISTORY

Moments = NDArray[np.int64]
TOGETHER = 500
"""Ids in one question to the database."""
_ANSWER = [ANSWERS.c[name] for name in ("id", "at", "version", "subject", "row", "answer")]
_TOLD = [OUTCOME_HISTORY.c[name] for name in ("at", "digest", "outcome", "received")]


@dataclass(frozen=True, slots=True)
class Known:
    """Answered rows with their outcomes, in the order in which they count."""

    ids: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    """Whom each row is about, or its id."""
    at: Moments = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    moment: Moments = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n,): when each was answered, and when it began to count."""
    versions: tuple[int, ...] = ()
    """Who answered."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """The raw values."""
    answers: tuple[Mapping[str, Any], ...] = ()
    outcomes: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: Sequence[int]) -> Known:
        """Return the rows at these places."""
        index = np.array(places, dtype=np.intp)

        def of(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[place] for place in places)

        return Known(
            of(self.ids), of(self.units), self.at[index], self.moment[index], of(self.versions), of(self.rows),
            of(self.answers), of(self.outcomes),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer with the outcome that counts."""

    answer: Any
    moment: int
    outcome: str


def matured(record: Record, name: str, *, delay: int, after: int, until: int, since: int | None = None) -> Known:
    """Return the rows of a model that begin to count later than `after` and not later than `until`.

    All in microseconds, moments since 1970; `since`: without rows that were answered before. Raises OutputError.
    """
    query = sa.select(*_ANSWER, *(column.label(f"told_{column.name}") for column in _TOLD)).select_from(
        ANSWERS.join(
            OUTCOME_HISTORY, sa.and_(OUTCOME_HISTORY.c.model == ANSWERS.c.model, OUTCOME_HISTORY.c.id == ANSWERS.c.id)
        )
    )
    query = query.where(ANSWERS.c.model == name, ANSWERS.c.kind == "answer", OUTCOME_HISTORY.c.received <= until)
    if since is not None:
        query = query.where(ANSWERS.c.at >= since)
    if delay:
        query = query.where(
            ANSWERS.c.at > after - delay,
            ANSWERS.c.at <= until - delay,
            OUTCOME_HISTORY.c.received <= ANSWERS.c.at + delay,
        )
    else:
        first = (
            sa.select(OUTCOME_HISTORY.c.id)
            .where(OUTCOME_HISTORY.c.model == name)
            .group_by(OUTCOME_HISTORY.c.id)
            .having(sa.func.min(OUTCOME_HISTORY.c.received) > after)
        )
        query = query.where(ANSWERS.c.id.in_(first))
    with reading(record.engine) as connection:
        found = _counting(connection.execute(query).all(), delay)
    found.sort(key=lambda each: (each.moment, each.answer.id))
    return Known(
        tuple(each.answer.id for each in found),
        tuple(each.answer.subject or each.answer.id for each in found),
        np.array([each.answer.at for each in found], dtype=np.int64),
        np.array([each.moment for each in found], dtype=np.int64),
        tuple(each.answer.version for each in found),
        tuple(json.loads(each.answer.row) for each in found),
        tuple(json.loads(each.answer.answer) for each in found),
        tuple(json.loads(each.outcome) for each in found),
    )


def _counting(lines: Sequence[Any], delay: int) -> list[_Told]:
    """Return each answer with the outcome that counts: the newest by the delay's end, else the first received."""
    best: dict[str, Any] = {}
    for line in lines:
        other = best.get(line.id)
        if other is None or (
            (line.told_at, line.told_digest) > (other.told_at, other.told_digest)
            if delay
            else (line.told_received, line.told_at, line.told_digest)
            < (other.told_received, other.told_at, other.told_digest)
        ):
            best[line.id] = line
    return [_Told(line, line.at + delay if delay else line.told_received, line.told_outcome) for line in best.values()]


def beside(record: Record, ids: Sequence[str], version: int) -> dict[str, Mapping[str, Any]]:
    """Return what a version would have said of answers that another gave, by the answer's id."""
    found: dict[str, Mapping[str, Any]] = {}
    with reading(record.engine) as connection:
        for start in range(0, len(ids), TOGETHER):
            query = sa.select(ANSWERS.c["of"], ANSWERS.c.answer).where(
                ANSWERS.c["of"].in_(ids[start : start + TOGETHER]),
                ANSWERS.c.version == version,
                ANSWERS.c.kind == "shadow",
            )
            found |= {row[0]: json.loads(row[1]) for row in connection.execute(query)}
    return found


def counts_by_kind(record: Record, name: str, version: int, *, since: int, until: int) -> dict[str, int]:
    """Return how many rows a version has answered or shadowed in a time: "answer", "shadow" and "failed" among these.

    A shadow fails where it refuses, or cannot take, a row that was answered.
    """
    where = (
        ANSWERS.c.model == name, ANSWERS.c.version == version, ANSWERS.c.at > since, ANSWERS.c.at <= until
    )  # fmt: skip
    # Quotes inside of labels are escaped in JSON, so that no label reads like this.
    nothing = sa.and_(ANSWERS.c.kind == "shadow", ANSWERS.c.answer.like('%"model_prediction":null%'))
    refused = sa.func.sum(sa.case((nothing, 1), else_=0))
    query = sa.select(ANSWERS.c.kind, sa.func.count(), refused).where(*where).group_by(ANSWERS.c.kind)
    counts = {"answer": 0, "shadow": 0, "failed": 0}
    with reading(record.engine) as connection:
        for kind, number, failed in connection.execute(query):
            counts[kind] = int(number)
            counts["failed"] += int(failed or 0)
    return counts


def lately_answered(record: Record, name: str, *, until: int, since: int, most: int) -> list[tuple[str, str, bool]]:
    """Return the newest answers of a time: the answer and the row as JSON, and whether an outcome is known of it."""
    known = sa.exists().where(
        OUTCOME_HISTORY.c.model == ANSWERS.c.model, OUTCOME_HISTORY.c.id == ANSWERS.c.id
    )  # fmt: skip
    query = (
        sa.select(ANSWERS.c.answer, ANSWERS.c.row, known)
        .where(ANSWERS.c.model == name, ANSWERS.c.kind == "answer", ANSWERS.c.at >= since, ANSWERS.c.at <= until)
        .order_by(ANSWERS.c.at.desc(), ANSWERS.c.id.desc())
        .limit(most)
    )
    with reading(record.engine) as connection:
        return [(answer, row, bool(told)) for answer, row, told in connection.execute(query)]


def count_matured(record: Record, name: str, *, delay: int, after: int, until: int) -> int:
    """Return about how many rows began to count in a time; a little faster than reading them."""
    joined = ANSWERS.join(
        OUTCOME_HISTORY, sa.and_(OUTCOME_HISTORY.c.model == ANSWERS.c.model, OUTCOME_HISTORY.c.id == ANSWERS.c.id)
    )
    moment = ANSWERS.c.at + delay if delay else OUTCOME_HISTORY.c.received
    query = (
        sa.select(sa.func.count(sa.distinct(ANSWERS.c.id)))
        .select_from(joined)
        .where(ANSWERS.c.model == name, ANSWERS.c.kind == "answer", moment > after, moment <= until)
    )
    with reading(record.engine) as connection:
        return int(connection.execute(query).scalar_one())
