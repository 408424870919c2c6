"""The record as frames, page by page: for monitoring, for retraining, and to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from mlwright.registry.database import reading
from mlwright.serve.record.answered import COLUMNS
from mlwright.serve.record.outcomes import microseconds
from mlwright.serve.record.tables import ANSWERS, OUTCOMES

if TYPE_CHECKING:
    import polars as pl

PAGE = 10_000
"""Rows of one frame, and of one short look into the database."""
Outcomes = Literal["none", "known", "all"]


@dataclass(frozen=True)
class Wanted:
    """Which answers: those of a model from `since` until before `until` (datetime, or microseconds since 1970)."""

    model: str
    since: datetime | int | None = None
    until: datetime | int | None = None
    version: int | None = None
    kind: str | None = "answer"
    limit: int | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return it as conditions on the table of answers."""
        found = [ANSWERS.c.model == self.model]
        if self.since is not None:
            found.append(ANSWERS.c.at >= _moment(self.since))
        if self.until is not None:
            found.append(ANSWERS.c.at < _moment(self.until))
        if self.version is not None:
            found.append(ANSWERS.c.version == self.version)
        if self.kind is not None:
            found.append(ANSWERS.c.kind == self.kind)
        return found


def pages(engine: sa.Engine, wanted: Wanted, *, outcomes: Outcomes = "none") -> Iterator[pl.DataFrame]:
    """Give the answers, oldest first, in frames of up to 10,000; with their newest outcomes where asked for.

    A shadow has the outcome of the answer it belongs to. Each frame is read by itself: a reader that takes its time
    keeps nobody waiting. Raises OutputError.
    """
    query = _query(outcomes).where(*wanted.conditions()).order_by(ANSWERS.c.at, ANSWERS.c.id)
    left, after = wanted.limit, None
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = query.limit(size)
        if after is not None:
            page = page.where(sa.tuple_(ANSWERS.c.at, ANSWERS.c.id) > sa.tuple_(*map(sa.literal, after)))
        with reading(engine) as connection:
            rows = [tuple(row) for row in connection.execute(page)]
        if rows:
            yield _frame(rows, outcomes)
            after = (rows[-1][COLUMNS.index("at")], rows[-1][COLUMNS.index("id")])
        if len(rows) < size:
            return
        left = None if left is None else left - len(rows)


def _query(outcomes: Outcomes) -> sa.Select[Any]:
    columns = [ANSWERS.c[name] for name in COLUMNS]
    if outcomes == "none":
        return sa.select(*columns)
    joined = ANSWERS.join(OUTCOMES, same_outcome(), isouter=outcomes == "all")
    return sa.select(*columns, OUTCOMES.c.outcome, OUTCOMES.c.at.label("outcome_at")).select_from(joined)


def same_outcome() -> sa.ColumnElement[bool]:
    """Return what joins an answer with its outcome: a shadow's is that of the answer it belongs to."""
    named = sa.func.coalesce(ANSWERS.c.of, ANSWERS.c.id)
    return sa.and_(OUTCOMES.c.model == ANSWERS.c.model, OUTCOMES.c.id == named)


def empty(outcomes: Outcomes = "none") -> pl.DataFrame:
    """Return the frame of no answers."""
    return _frame([], outcomes)


def _frame(rows: list[tuple[Any, ...]], outcomes: Outcomes) -> pl.DataFrame:
    import polars as pl

    whole, moment = ("version", "latency_us", "at", "outcome_at"), pl.Datetime("us", "UTC")
    names = [*COLUMNS, *(() if outcomes == "none" else ("outcome", "outcome_at"))]
    schema: dict[str, Any] = {name: pl.Int64 if name in whole else pl.String for name in names}
    frame = pl.DataFrame(rows, schema=schema | {"propensity": pl.Float64}, orient="row")
    return frame.with_columns(pl.col(name).cast(moment) for name in ("at", "outcome_at") if name in names)


def unpacked(frame: pl.DataFrame, column: str = "row") -> pl.DataFrame:
    """Return what JSON in a column holds, as any list of rows is read: one column for each name, nested ones "a.b".

    >>> import polars as pl
    >>> unpacked(pl.DataFrame({"row": ['{"age":41,"plan":"gold"}', '{"age":null}']})).rows()
    [(41, 'gold'), (None, None)]
    """
    import polars as pl

    from mlwright.collect import collect

    found = [_decoded(text) for text in frame[column]]
    return collect(found).frame if any(found) else pl.DataFrame(height=len(found))


def _decoded(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:  # an integer of hundreds of digits
        found = json.loads(text)
    return dict(found)


def _moment(given: datetime | int) -> int:
    return microseconds(given) if isinstance(given, datetime) else given
