"""Requests from tables: a request in each row, or a log of whom each person took what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlwright.errors import ColumnError
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.rows import as_frame
from mlwright.tasks.recommend.request import FIELDS
from mlwright.values import as_text

if TYPE_CHECKING:
    import polars as pl

HISTORY = "history"


def requests_of_table(rows: object, parts: RecommenderParts) -> list[dict[str, Any]]:
    """Return one request for each row that has a history, or for each person of a log, in order of appearance.

    Raises ColumnError where the table has neither a column `history` nor the log's columns.
    """
    return requests_of_frame(as_frame(rows), parts)


def requests_of_frame(frame: pl.DataFrame, parts: RecommenderParts) -> list[dict[str, Any]]:
    """Return the same of a frame."""
    if HISTORY in frame.columns:
        fields = [name for name in frame.columns if name in FIELDS]
        return [_request(row) for row in frame.select(fields).iter_rows(named=True)]
    return [request for _, request in people(frame, parts)]


def people(frame: pl.DataFrame, parts: RecommenderParts) -> list[tuple[object, dict[str, Any]]]:
    """Return each person of a log with the request that their entries make, in order of appearance."""
    import polars as pl

    said = parts.decision
    names = {"user": str(said["user"]), "item": parts.target}
    for name in names.values():
        if name not in frame.columns:
            raise ColumnError.missing(name, [*frame.columns, HISTORY], what="column of the log")
    for option in ("time", "rating"):
        if (column := said.get(option)) is not None and column in frame.columns:
            names[option] = str(column)
    found = frame.select(pl.col(name).alias(option) for option, name in names.items()).drop_nulls(["user", "item"])
    if "time" in names:
        found = found.with_columns(_moments(found["time"])).sort("time", maintain_order=True, nulls_last=False)
    grouped = found.group_by("user", maintain_order=True).agg(pl.exclude("user"))
    place = {key: at for at, key in enumerate(frame[names["user"]].unique(maintain_order=True).to_list())}
    made = [(row["user"], _of_person(row, at="time" in names)) for row in grouped.iter_rows(named=True)]
    return sorted(made, key=lambda one: place[one[0]])


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


def _of_person(row: dict[str, Any], *, at: bool) -> dict[str, Any]:
    entries = [{"item": item} for item in row["item"]]
    for place, entry in enumerate(entries):
        if at and row["time"][place] is not None:
            entry["at"] = row["time"][place]
        if "rating" in row and _is_number(row["rating"][place]):
            entry["rating"] = float(row["rating"][place])
    return {"user": as_text(row["user"]), HISTORY: entries}


def _moments(series: pl.Series) -> pl.Series:
    """Return seconds since 1970, null where none can be read."""
    import time

    import polars as pl

    from mlwright.tasks.recommend.moments import read_moments

    moments = read_moments(series, now=time.time())
    if moments is None:
        return pl.Series("time", [None] * len(series), dtype=pl.Float64)
    return pl.Series("time", moments.seconds).fill_nan(None)


def _is_number(value: object) -> bool:
    try:
        return value is not None and abs(float(str(value))) < float("inf")
    except ValueError:
        return False


def _request(row: dict[str, Any]) -> dict[str, Any]:
    from mlwright.model.recommender.recommender import read_history

    return {name: read_history(value) if name == HISTORY else value for name, value in row.items() if value is not None}
