"""Following the record: what came after a place in it, in an order that is a function of the record alone.

Moments are microseconds since 1970. Every query is one short look by an index, however large the record is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mlwright.registry.database import reading
from mlwright.serve.record.tables import ANSWERS, OUTCOME_HISTORY, OUTCOMES

TOGETHER = 500
"""Ids in one query: both databases take as many."""
Row = sa.Row[Any]


@dataclass(frozen=True)
class Followed:
    """Whose answers are followed: those that people got, or a shadow's ("shadow")."""

    model: str
    version: int
    kind: str = "answer"

    def condition(self) -> sa.ColumnElement[bool]:
        """Return it as a condition on the table of answers."""
        answers = ANSWERS.c
        return sa.and_(answers.model == self.model, answers.version == self.version, answers.kind == self.kind)


def answers_after(engine: sa.Engine, who: Followed, after: tuple[int, str], *, until: int, limit: int) -> list[Row]:
    """Return answers behind (at, id) and before `until`, in that order. Raises OutputError."""
    query = sa.select(ANSWERS).where(who.condition(), ANSWERS.c.at < until, _behind(ANSWERS.c.at, ANSWERS.c.id, after))
    with reading(engine) as connection:
        return list(connection.execute(query.order_by(ANSWERS.c.at, ANSWERS.c.id).limit(limit)))


def latest_answers(engine: sa.Engine, who: Followed, until: int, limit: int, *, known: bool = False) -> list[Row]:
    """Return the latest answers before `until`, the oldest of them first; `known`: those that have an outcome.

    Raises OutputError.
    """
    query = sa.select(ANSWERS).where(who.condition(), ANSWERS.c.at < until)
    if known:
        told = sa.and_(OUTCOMES.c.model == who.model, OUTCOMES.c.id == sa.func.coalesce(ANSWERS.c.of, ANSWERS.c.id))
        query = query.where(sa.exists().where(told))
    with reading(engine) as connection:
        rows = list(connection.execute(query.order_by(ANSWERS.c.at.desc(), ANSWERS.c.id.desc()).limit(limit)))
    return rows[::-1]


def count_answers(engine: sa.Engine, who: Followed, since: int, until: int, *, each: int) -> dict[int, int]:
    """Return how many answers there are from `since` until before `until`, by their moment // `each`.

    Raises OutputError.
    """
    # Written out: a server takes two parameters of the same value for two expressions, and groups by neither.
    span, period = (
        (ANSWERS.c.at >= since, ANSWERS.c.at < until),
        ANSWERS.c.at.op("/")(sa.literal_column(str(int(each)))),
    )
    with reading(engine) as connection:
        found = connection.execute(sa.select(period, sa.func.count()).where(who.condition(), *span).group_by(period))
        return {int(number): int(count) for number, count in found}


def outcomes_after(engine: sa.Engine, model: str, after: tuple[int, str], *, until: int, limit: int) -> list[Row]:
    """Return what was told of answers behind (received, id) and before `until`, in that order. Raises OutputError."""
    told = OUTCOME_HISTORY.c
    span = told.model == model, told.received < until, _behind(told.received, told.id, after)
    query = sa.select(told.received, told.id, told.at, told.digest, told.outcome).where(*span)
    with reading(engine) as connection:
        return list(connection.execute(query.order_by(told.received, told.id).limit(limit)))


def first_outcomes(engine: sa.Engine, model: str, told: Sequence[Row]) -> list[Row]:
    """Return those of what `outcomes_after` gave that are the first outcome of their answer, in the same order.

    Of several that were received at once, the newest. Raises OutputError.
    """
    history = OUTCOME_HISTORY.c
    columns = history.id, history.received, history.at, history.digest
    first: dict[str, tuple[int, int, str]] = {}
    with reading(engine) as connection:
        for ids in _parts(list(dict.fromkeys(row.id for row in told))):
            query = sa.select(*columns).where(history.model == model, history.id.in_(ids))
            for name, received, at, digest in connection.execute(query):
                known = first.get(name)
                if known is None or received < known[0] or (received == known[0] and (at, digest) > known[1:]):
                    first[name] = (received, at, digest)
    return [row for row in told if first.get(row.id) == (row.received, row.at, row.digest)]


def outcomes_by(engine: sa.Engine, model: str, deadlines: Mapping[str, int]) -> dict[str, str]:
    """Return the outcome (JSON) of answers as it was known at a moment of each, by their ids; none where none was.

    That is the newest of those that had been received by then. Raises OutputError.
    """
    told = OUTCOME_HISTORY.c
    newest: dict[str, tuple[int, str, str]] = {}
    query = sa.select(told.id, told.at, told.digest, told.outcome, told.received).where(told.model == model)
    with reading(engine) as connection:
        for ids in _parts(list(deadlines)):
            for row in connection.execute(query.where(told.id.in_(ids))):
                found = (row.at, row.digest, row.outcome)
                if row.received <= deadlines[row.id] and found > newest.get(row.id, (-(2**63), "", "")):
                    newest[row.id] = found
    return {name: found[2] for name, found in newest.items()}


def answers_of(engine: sa.Engine, who: Followed, ids: Sequence[str]) -> tuple[dict[str, Row], set[str]]:
    """Return the followed answers that outcomes of these ids are of, by those ids; and the ids that nobody answered.

    The outcome of an answer is that of its shadows. Raises OutputError.
    """
    named = ANSWERS.c.of if who.kind == "shadow" else ANSWERS.c.id
    # Written so, the condition tempts no planner to look through all answers of the model instead of these few.
    ours = sa.and_(
        sa.func.coalesce(ANSWERS.c.model, "") == who.model,
        ANSWERS.c.version == who.version,
        ANSWERS.c.kind == who.kind,
    )
    found: dict[str, Row] = {}
    known: set[str] = set()
    with reading(engine) as connection:
        for part in _parts(ids):
            rows = connection.execute(sa.select(ANSWERS).where(ours, named.in_(part)))
            found |= {row.of if who.kind == "shadow" else row.id: row for row in rows}
            left = [each for each in part if each not in found]
            known.update(connection.execute(sa.select(ANSWERS.c.id).where(ANSWERS.c.id.in_(left))).scalars())
    return found, set(ids) - found.keys() - known


def _behind(moment: Any, name: Any, after: tuple[int, str]) -> sa.ColumnElement[bool]:
    """Return what is behind a place; said twice, because not every planner sees that a pair begins with a moment."""
    at, last = after
    return sa.and_(moment >= at, sa.or_(moment > at, name > last))


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), TOGETHER):
        yield list(ids[start : start + TOGETHER])
