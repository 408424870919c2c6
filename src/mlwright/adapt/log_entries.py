"""Entries: who took what when, from logs and from the record, in one table, so that nothing is there twice.

A table of entries has the columns `who` and `what` (texts), `at` (seconds since 1970; null: before all others) and
`rating` (null: none).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.adapt.rows import Known
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.values import as_text, parse_datetime

if TYPE_CHECKING:
    import polars as pl

    from mlwright.tasks.recommend.interactions import Interactions

SECOND = 1_000_000
USED = 1_000
"""Entries of a history that somebody is asked with."""
Taken = tuple[str, str, float | None, float | None]


def empty() -> pl.DataFrame:
    """Return a table of no entries."""
    return table_of([])


def of_log(log: Interactions) -> pl.DataFrame:
    """Return the entries of a log that was read."""
    import polars as pl

    who, what = (
        pl.Series([as_text(label) or "" for label in labels], dtype=pl.String).gather(pl.Series(codes))
        for labels, codes in ((log.users, log.user), (log.items, log.item))
    )
    at = pl.Series(log.time, dtype=pl.Float64) if log.has_time else pl.Series([None] * len(log), dtype=pl.Float64)
    rating = [None] * len(log) if log.value is None else log.value
    made = pl.DataFrame({"who": who, "what": what, "at": at, "rating": pl.Series(rating, dtype=pl.Float64)})
    return made.with_columns(pl.col("rating").fill_nan(None))


def of_known(known: Known, catalogue: Catalogue, *, kept: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what recorded requests and outcomes say that people took.

    The history of a request tells it with its times. What was taken after a list is told by the outcome, at the moment
    of the list, unless what is `kept`, or the history of a later request, tells it better: by a clock of its own, so
    that their times are not compared. What a history says without a time counts once, when it was first said.
    """
    told: list[Taken] = []
    untimed: dict[tuple[str, str], Taken] = {}
    said: dict[tuple[str, str], float] = {}
    """When a request last told that somebody had taken an item."""
    for who, what, moment, _ in () if kept is None else kept.iter_rows():
        said[who, what] = max(moment, said.get((who, what), -np.inf))
    for unit, at, row in zip(known.units, known.at.tolist(), known.rows, strict=True):
        asked = at / SECOND
        for item, moment, rating in _history(row, catalogue):
            if moment is None:
                untimed.setdefault((unit, item), (unit, item, asked - 1.0, rating))
            else:
                told.append((unit, item, moment, rating))
            said[unit, item] = max(asked, said.get((unit, item), -np.inf))
    timed = {(unit, item) for unit, item, _, _ in told}
    told += [entry for pair, entry in untimed.items() if pair not in timed]
    for unit, at, outcome in zip(known.units, known.at.tolist(), known.outcomes, strict=True):
        for place, raw in enumerate(outcome if isinstance(outcome, list) else [outcome]):
            key = key_of(catalogue, raw)
            if key is not None and said.get((unit, key), -np.inf) <= at / SECOND:
                told.append((unit, key, at / SECOND + place, None))
    return table_of(told)


def _history(row: Mapping[str, Any], catalogue: Catalogue) -> Iterator[tuple[str, float | None, float | None]]:
    history = row.get("history")
    for entry in history if isinstance(history, list) else ():
        raw = entry.get("item") if isinstance(entry, Mapping) else entry
        item = key_of(catalogue, raw)
        if item is None:
            continue
        said = entry if isinstance(entry, Mapping) else {}
        moment, rating = said.get("at"), said.get("rating")
        if isinstance(moment, str):
            moment = parse_datetime(moment)
        yield item, _number(moment), _number(rating)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def key_of(catalogue: Catalogue, raw: object) -> str | None:
    """Return the text by which an item is known, however it is written."""
    code = catalogue.find(raw)
    return as_text(catalogue.ids[code] if code >= 0 else raw)


def table_of(entries: Sequence[Taken]) -> pl.DataFrame:
    """Return entries as a table: who, what, seconds since 1970 or None, rating or None."""
    import polars as pl

    schema = {"who": pl.String, "what": pl.String, "at": pl.Float64, "rating": pl.Float64}
    return pl.DataFrame(entries, schema=schema, orient="row")


def joined(*tables: pl.DataFrame) -> pl.DataFrame:
    """Return all entries, each once, the oldest first; the first table's of two that are the same."""
    import polars as pl

    second = pl.col("at").round(0).alias("second")  # a request may have rounded what a log tells
    every = pl.concat(tables).with_columns(second)
    found = every.unique(["who", "what", "second"], keep="first", maintain_order=True).drop("second")
    return found.sort("at", nulls_last=False, maintain_order=True)


def before(entries: pl.DataFrame, moment: float) -> pl.DataFrame:
    """Return the entries before a moment, and those without one."""
    import polars as pl

    return entries.filter(pl.col("at").is_null() | (pl.col("at") < moment))


def asked_at(entries: pl.DataFrame, moment: float, until: float, *, version: int, ends: int) -> Known:
    """Return who took something new from a moment until another, as answers that count from `ends` on.

    Each of them asks once, at the moment, with what they had taken before.
    """
    import polars as pl

    after = entries.filter(pl.col("at") >= moment, pl.col("at") < until)
    earlier = before(entries, moment).join(after.select("who").unique(), on="who", how="semi")
    names = ["what", "at", "rating"]
    histories = {row["who"]: row for row in earlier.group_by("who").agg(names).iter_rows(named=True)}
    ids, rows, outcomes = [], [], []
    for row in after.group_by("who", maintain_order=True).agg("what").iter_rows(named=True):
        history = _entries(histories.get(row["who"]))
        seen = {entry["item"] for entry in history}
        if new := [item for item in dict.fromkeys(row["what"]) if item not in seen]:
            ids.append(row["who"])
            rows.append({"user": row["who"], "history": history[-USED:], "at": moment})
            outcomes.append(new)
    count = len(ids)
    at, ending = np.full(count, round(moment * SECOND), dtype=np.int64), np.full(count, ends, dtype=np.int64)
    return Known(
        tuple(f"{name} at {moment:.0f}" for name in ids), tuple(ids), at, ending, (version,) * count, tuple(rows),
        ({},) * count, tuple(outcomes),
    )  # fmt: skip


def _entries(row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if row is None:
        return []
    return [
        {name: value for name, value in (("item", item), ("at", at), ("rating", rating)) if value is not None}
        for item, at, rating in zip(row["what"], row["at"], row["rating"], strict=True)
    ]


def as_log(entries: pl.DataFrame, parts: RecommenderParts) -> pl.DataFrame:
    """Return entries as the table of a log, with the columns of the one that taught; ids of items as it has them."""
    import polars as pl

    said = parts.decision
    ids = parts.answering.catalogue.ids
    labels = {as_text(label): label for label in ids}
    items: list[Any] = [labels.get(text, text) for text in entries["what"].to_list()]
    if not all(type(item) is int for item in items):
        # Ids that were texts stay texts, whatever they look like: "00037" is not 37.
        whole = all(type(label) is int for label in ids) and all(str(item).isdecimal() for item in items)
        items = [int(item) if whole else as_text(item) for item in items]
    made = {str(said["user"]): entries["who"], parts.target: pl.Series(items)}
    if said.get("time") is not None:
        moments = (entries["at"] * SECOND).round(0).cast(pl.Int64)
        made[str(said["time"])] = moments.cast(pl.Datetime("us"))
    if said.get("rating") is not None:
        made[str(said["rating"])] = entries["rating"]
    return pl.DataFrame(made)
