"""What is known of items and users: from tables beside the log, and from columns of the log that belong to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mlwright.findings import Finding
from mlwright.table import Table
from mlwright.tasks.recommend.beside import Beside, cells, read_beside
from mlwright.tasks.recommend.facts import determines
from mlwright.tasks.recommend.features import Described, describe
from mlwright.tasks.recommend.ids import codes_of, read_ids
from mlwright.tasks.recommend.interactions import Features
from mlwright.tasks.recommend.propose import Names, Proposed


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known beside the log; `item_ids` are all items, also those that nobody took."""

    item_ids: pl.Series
    user_ids: pl.Series
    items: Features | None = None
    users: Features | None = None
    item_columns: tuple[Described, ...] = ()
    user_columns: tuple[Described, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    """Which columns of the tables beside the log were taken for their ids, where that was not plain."""


def attributes(
    table: Table,
    proposed: Proposed,
    names: Names,
    *,
    items: Table | None,
    users: Table | None,
    item_ids: pl.Series,
    user_ids: pl.Series,
) -> Attributes:
    """Gather what is known of the ids. Raises ColumnError or DataError where a table does not belong to the log."""
    of_items = None if items is None else read_beside(items, item_ids, named=proposed.item, what="item")
    of_users = None if users is None else read_beside(users, user_ids, named=proposed.user, what="user")
    findings = [each for beside in (of_items, of_users) if beside is not None for each in beside.findings]
    matched = [each for beside in (of_items, of_users) if beside is not None for each in beside.assumptions]
    told = []
    if of_items is not None:
        untaken = of_items.keys.filter(~of_items.keys.is_in(item_ids.implode()))
        if len(untaken):
            findings.append(_untaken(of_items.id_column, len(untaken), len(item_ids)))
            item_ids = pl.concat([item_ids, untaken.alias(item_ids.name)]).sort()
    left = left_columns(table, proposed, names)
    item_like = [name for name in left if determines(table.frame, proposed.item, name)]
    user_like = [name for name in left if name not in item_like and determines(table.frame, proposed.user, name)]
    if item_like:
        told.append(_within(item_like, "item"))
    if user_like:
        told.append(_within(user_like, "user"))
    item_features = _features(table, of_items, item_ids, proposed.item, item_like)
    user_features = _features(table, of_users, user_ids, proposed.user, user_like)
    return Attributes(
        item_ids,
        user_ids,
        item_features,
        user_features,
        () if item_features is None else describe(item_features),
        () if user_features is None else describe(user_features),
        tuple(findings),
        tuple(told),
        tuple(matched),
    )


def left_columns(table: Table, proposed: Proposed, names: Names) -> list[str]:
    """Return the columns of the log that have no part in it yet and hold more than one value."""
    taken = {proposed.user, proposed.item, proposed.time, proposed.rating, proposed.amount, *names.exclude}
    return [
        series.name
        for series in table.frame.iter_columns()
        if series.name not in taken
        and not series.dtype.is_nested()
        and series.dtype != pl.Object
        and series.drop_nulls().n_unique() > 1
    ]


def _features(
    table: Table, beside: Beside | None, labels: pl.Series, named: str, within: Sequence[str]
) -> Features | None:
    """Return what the table beside the log says, and what the log's own columns say that the table does not."""
    features = None if beside is None else beside.features(labels)
    more = [name for name in within if features is None or name not in features.columns]
    if not more:
        return features
    keys = read_ids(table.frame[named], typed=table.typed, like=labels.dtype).keys
    frame = table.frame.select(more).with_columns(keys.alias("\0key")).filter(pl.col("\0key").is_not_null())
    first = frame.group_by("\0key", maintain_order=True).agg(pl.col(more).drop_nulls().first())
    places = codes_of(labels, first["\0key"])
    rows = pl.Series(np.maximum(places, 0))
    told = {name: cells(first[name].gather(rows), places >= 0) for name in more}
    if features is None:
        return Features(told, listed=places >= 0)
    return Features(features.columns | told, listed=features.listed)


def _untaken(name: str, untaken: int, taken: int) -> Finding:
    return Finding(
        kind="untaken_items",
        columns=(name,),
        message=f"{untaken:,} items of the table of items were never taken, beside {taken:,} that were: only what the"
        " table says of them can tell who may like them.",
    )


def _within(names: Sequence[str], what: str) -> str:
    shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    verb = "describes" if len(names) == 1 else "describe"
    return f"{shown} {verb} the {what}: the same in every row of one."
