"""Histories that the service keeps: what people took, told as events, where requests do not say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mlwright.adapt import log_entries
from mlwright.adapt.rows import Known
from mlwright.model.recommender.known import Catalogue
from mlwright.registry.database import reading
from mlwright.serve.record import Record
from mlwright.serve.record.histories import histories
from mlwright.serve.record.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

KEPT, HISTORY = "history_kept", "history"


def with_histories(known: Known, record: Record | None, name: str) -> Known:
    """Return requests with the histories that the service kept for them, as they were then. Raises OutputError.

    Of each person the last 1,000 events are kept: of a history from long before little may be left.
    """
    places = [place for place, row in enumerate(known.rows) if row.get(KEPT)]
    if record is None or not places:
        return known
    found = histories(record.engine, name, dict.fromkeys(known.units[place] for place in places))
    rows: list[Mapping[str, Any]] = list(known.rows)
    for place in places:
        moment = int(known.at[place]) / log_entries.SECOND
        taken = [entry for entry in found[known.units[place]] if entry["at"] < moment]
        rows[place] = {**{key: value for key, value in rows[place].items() if key != KEPT}, HISTORY: taken}
    return replace(known, rows=tuple(rows))


def kept_before(record: Record, name: str, moment: float, catalogue: Catalogue) -> pl.DataFrame:
    """Return the entries of all events before a moment, in seconds since 1970. Raises OutputError."""
    own = EVENTS.c
    query = sa.select(own.subject, own.item, own.at, own.rating).where(own.model == name)
    if moment < float("inf"):
        query = query.where(own.at < round(moment * log_entries.SECOND))
    with reading(record.engine) as connection:
        lines = connection.execute(query).all()
    told = [
        (line.subject, key, line.at / log_entries.SECOND, line.rating)
        for line in lines
        if (key := log_entries.key_of(catalogue, json.loads(line.item))) is not None
    ]
    return log_entries.table_of(told)
