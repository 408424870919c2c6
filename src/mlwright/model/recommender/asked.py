"""Requests from tables: a request in each row, or a log of whom each person took what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.model.recommender.later import read_asking
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.rows import as_table
from mlwright.tasks.recommend.request import FIELDS, MOST_IDS, USED_HISTORY, read_request
from mlwright.tasks.recommend.wants import LONGEST_TEXT
from mlwright.values import as_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlwright.table import Table
    from mlwright.tasks.recommend.interactions import Interactions

HISTORY = "history"
WRITTEN = frozenset({"user", "id", "at", HISTORY})
"""Fields whose text is no JSON, or need not be."""


def requests_of_table(rows: object, parts: RecommenderParts) -> list[dict[str, Any]]:
    """Return one request for each row that has a history, or for each person of a log, in order of appearance.

    Raises ColumnError where the table has neither a column `history` nor the log's columns, DataError for a row that
    asks for what cannot be.
    """
    return requests_in(as_table(rows), parts)


def requests_in(table: Table, parts: RecommenderParts) -> list[dict[str, Any]]:
    """Return the same of a table. With the columns of the log that taught it is a log, whatever else it has."""
    columns = table.frame.columns
    log = {"user": str(parts.decision["user"]), "item": parts.target}
    lacks = [name for name in log.values() if name not in columns]
    if not lacks:
        return list(_of_people(table, log["user"], parts)) if table.rows else []
    if HISTORY in columns:
        return list(_of_rows(table, parts))
    there = ", ".join(map(repr, columns[:12])) + (", ..." if len(columns) > 12 else "")
    raise ColumnError(
        f"The table is no log, for it lacks {' and '.join(map(repr, lacks))}; and its rows ask for nothing, for it"
        f" lacks {HISTORY!r}.",
        where=table.origin,
        hint=f"give a log with {log['user']!r} and {log['item']!r}, or a table with {HISTORY!r} in which each cell is"
        f' like "[50, 181]". Columns: {there}.',
    )


LATER = (
    "All of this log is later than what the model learned from: what people had taken before is not in it, and may be"
    " recommended again. Give the earlier entries in the same file, too."
)


def begins_later(requests: Sequence[Mapping[str, Any]], parts: RecommenderParts) -> bool:
    """Tell whether the histories of people of a log all begin after the log that taught ended."""
    end = parts.answering.catalogue.end
    times = [
        entry["at"]
        for request in requests
        if request.get("user") is not None
        for entry in request.get(HISTORY) or ()
        if isinstance(entry, Mapping) and isinstance(entry.get("at"), float)
    ]
    return end is not None and bool(times) and min(times) > end


def _of_people(table: Table, user: str, parts: RecommenderParts) -> Iterator[dict[str, Any]]:
    """Yield a request for each person, also for one whose rows say that nothing was taken."""
    from mlwright.tasks.recommend.ids import read_ids

    log = read_asking(parts, table)
    order = np.argsort(log.user, kind="stable")
    ends = np.searchsorted(log.user[order], np.arange(len(log.users) + 1))
    codes = {key: code for code, key in enumerate(log.users)}
    keys = read_ids(table.frame[user], typed=table.typed).keys
    for key in keys.drop_nulls().unique(maintain_order=True).to_list():
        code = codes.get(key)
        places = order[:0] if code is None else order[ends[code] : ends[code + 1]]
        yield {"user": (as_text(key) or "")[:LONGEST_TEXT], **_history(log, places)}


def _history(log: Interactions, places: NDArray[np.intp]) -> dict[str, Any]:
    """Return the latest entries, oldest first; what is older is no reason any more, but is not recommended again."""
    used, older = places[-USED_HISTORY:], places[:-USED_HISTORY]
    entries: list[dict[str, Any]] = [{"item": log.items[code]} for code in log.item[used].tolist()]
    if log.has_time:
        for entry, at in zip(entries, log.time[used].tolist(), strict=True):
            entry["at"] = at
    if log.value is not None:
        for entry, rating in zip(entries, log.value[used].tolist(), strict=True):
            if not np.isnan(rating):
                entry["rating"] = rating
    found: dict[str, Any] = {HISTORY: entries}
    if len(older):
        found["exclude"] = [log.items[code] for code in np.unique(log.item[older])[:MOST_IDS].tolist()]
    return found


def _of_rows(table: Table, parts: RecommenderParts) -> Iterator[dict[str, Any]]:
    """Yield what each row asks for. Raises DataError, which names the row, where that cannot be."""
    fields = [name for name in table.frame.columns if name in FIELDS]
    for place, row in enumerate(table.frame.select(fields).iter_rows(named=True)):
        try:
            request = {name: _field(name, value) for name, value in row.items() if value is not None}
            read_request(request, columns=parts.answering.catalogue.columns)
        except OptionError as error:
            raise DataError(error.message, where=f"{table.origin}, row {place}", hint=error.hint) from error
        yield request


def _field(name: str, value: object) -> object:
    """Return what a cell says: a history as a list, also of one id; any other text as the JSON that it may be."""
    from mlwright.model.recommender.recommender import read_history

    if name == HISTORY:
        found = read_history(value)
        return found if isinstance(found, list) else [found]
    if name in WRITTEN or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
