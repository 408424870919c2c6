"""From raw tables to a log: who took what when, tidied, with everything that was assumed and left out told."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.findings import Finding
from mlwright.schema import Column, Role, Schema
from mlwright.table import Table
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.attributes import Attributes, attributes, left_columns
from mlwright.tasks.recommend.clocks import with_clock
from mlwright.tasks.recommend.events import read_events
from mlwright.tasks.recommend.features import Described
from mlwright.tasks.recommend.findings import log_findings
from mlwright.tasks.recommend.given_back import undone
from mlwright.tasks.recommend.ids import Ids, as_labels, codes_of, id_findings, nobody, read_ids
from mlwright.tasks.recommend.interactions import Codes, Features, Interactions
from mlwright.tasks.recommend.leaks import without_leaks
from mlwright.tasks.recommend.left_out import (
    Kept,
    check_is_log,
    different_pairs,
    left_out_findings,
    without_copies,
    without_machines,
)
from mlwright.tasks.recommend.moments import Moments, mostly_unread, no_moments, read_moments
from mlwright.tasks.recommend.propose import Names, Proposed, propose
from mlwright.tasks.recommend.ratings import Ratings, read_amounts, read_ratings, shown_or_taken, taken_amounts


@dataclass(frozen=True, slots=True)
class Log:
    """A log read: the interactions, what is known of items and users, and every assumption that was made."""

    interactions: Interactions
    items: Features | None
    users: Features | None
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]
    schema: Schema
    """The columns of the log's table: user (role "group"), item ("target"), time ("time"), all others "ignored"."""
    columns: Proposed
    """Which column is what."""
    item_columns: tuple[Described, ...] = ()
    """What each column of `items` holds: at most one is the title."""
    user_columns: tuple[Described, ...] = ()
    event: str | None = None
    """The column that tells kinds of events apart."""


def read_log(
    table: Table, names: Names, *, items: Table | None = None, users: Table | None = None, now: float | None = None
) -> Log:
    """Read a log; `items` and `users` describe what and who is in it; `now` is today, in seconds since 1970.

    Rows without a user, an item or (where there are times) a time are left out and counted; so are exact copies of an
    entry. Ids are taken as tidied texts or whole numbers. Raises ColumnError and OptionError where columns are not what
    was said or cannot be told, DataError where the table is no log.
    """
    now = clock.time() if now is None else now
    proposed = propose(table, names)
    user, item = (read_ids(table.frame[name], typed=table.typed) for name in (proposed.user, proposed.item))
    check_is_log(user, item, table, proposed.person)
    times, time_findings = _times(table, proposed, now)
    ratings, amounts, taken = _ratings(table, proposed)
    events = read_events(table.frame, left_columns(table, proposed, names), names.event)
    back = undone(user, item, times, amounts, events)
    kept = _kept(user, item, times, taken, events.taken, None if back is None else ~back)
    kept = kept.only(without_copies(kept, user, item, times, ratings))
    kept = kept.only(without_machines(kept, user, times))
    told = attributes(table, proposed, names, items=items, users=users, item_ids=item.labels, user_ids=user.labels)
    log = _interactions(kept, user, item, times, ratings, told.item_ids)
    _check_repeats(log.user, log.item, table.origin)
    told, leaks = without_leaks(told, log)
    findings = (
        *table.findings,
        *id_findings(user),
        *id_findings(item),
        *time_findings,
        *(ratings.findings if ratings is not None else ()),
        *events.findings,
        *left_out_findings(kept, proposed, table.rows),
        *told.findings,
        *leaks,
        *log_findings(log, proposed, now=now, described=told.items is not None),
    )
    return Log(
        interactions=log,
        items=told.items,
        users=_of_users(told, log, user),
        findings=findings,
        assumptions=_assumptions(proposed, times, ratings, told, log),
        schema=_schema(table, proposed, user, item, times, ratings),
        columns=proposed,
        item_columns=told.item_columns,
        user_columns=told.user_columns,
        event=events.column,
    )


def read_entries(table: Table, names: Names) -> Interactions:
    """Read the entries of a log that asks and does not teach: one person alone, or things taken once, will do.

    Rows are left out as `read_log` does, but of nobody because they are many. Raises ColumnError, OptionError, and
    DataError where there are no rows.
    """
    proposed = propose(table, names)
    user, item = (read_ids(table.frame[name], typed=table.typed) for name in (proposed.user, proposed.item))
    times = None if proposed.time is None else read_moments(table.frame[proposed.time], now=clock.time())
    if times is not None and bool(np.isnan(times.seconds).all()):
        times = None
    times = None if times is None else with_clock(times, table.frame, proposed.named)
    ratings, amounts, taken = _ratings(table, proposed)
    if taken is None and proposed.rating is not None:
        taken = shown_or_taken(table.frame[proposed.rating])
    events = read_events(table.frame, left_columns(table, proposed, names), names.event)
    back = undone(user, item, times, amounts, events)
    kept = _kept(user, item, times, taken, events.taken, None if back is None else ~back, teaches=False)
    kept = kept.only(without_copies(kept, user, item, times, ratings))
    return _interactions(kept, user, item, times, ratings, item.labels)


def _times(table: Table, proposed: Proposed, now: float) -> tuple[Moments | None, tuple[Finding, ...]]:
    """Read the times; None where there are none that put the entries in order, with the finding that says so."""
    if proposed.time is None:
        return None, (_no_times(None, "The log has no times"),)
    series = table.frame[proposed.time]
    moments = read_moments(series, now=now)
    error = no_moments(series) if moments is None else mostly_unread(moments)
    if error is not None and proposed.asked_time:
        raise error
    if error is not None or moments is None:
        return None, (_no_times(proposed.time, f"{proposed.time!r} holds no times that can be read"),)
    moments = with_clock(moments, table.frame, proposed.named)
    if not moments.known:
        return None, (_no_times(proposed.time, f"{proposed.time!r} has the same moment in every row"),)
    return moments, moments.findings


def _no_times(name: str | None, why: str) -> Finding:
    return Finding(
        kind="no_times",
        columns=() if name is None else (name,),
        message=f"{why}, so what was taken before and what after cannot be told apart: scores are measured on entries"
        " drawn at random, and will be lower when the model is asked about the future.",
        severity="warning",
        repair="Bring a log with times, and name them with --time.",
    )


def _ratings(table: Table, proposed: Proposed) -> tuple[Ratings | None, Floats | None, NDArray[np.bool_] | None]:
    """Return the ratings, or the amounts, and which rows they say were taken."""
    if proposed.rating is not None:
        ratings = read_ratings(table.frame[proposed.rating])
        return ratings, None, ratings.taken
    if proposed.amount is not None:
        amounts = read_amounts(table.frame[proposed.amount])
        return None, amounts, taken_amounts(amounts)
    return None, None, None


def _kept(user: Ids, item: Ids, times: Moments | None, *taken: NDArray[np.bool_] | None, teaches: bool = True) -> Kept:
    """Return the rows that are entries of the log, with how many are not, by reason."""
    no_user = user.keys.is_null().to_numpy()
    no_item = item.keys.is_null().to_numpy()
    stranger = nobody(user.keys, by_count=teaches).to_numpy() & ~no_user
    mask = ~(no_user | no_item | stranger)
    gone = {"no user": int(no_user.sum()), "no item": int((no_item & ~no_user).sum()), "nobody": int(stranger.sum())}
    for key, rows in zip(("not taken", "not an event of taking", "given back"), taken, strict=True):
        if rows is not None:
            gone[key] = int((mask & ~rows).sum())
            mask &= rows
    if times is not None:
        mask &= ~np.isnan(times.seconds)
    return Kept(np.flatnonzero(mask).astype(np.intp), gone)


def _interactions(
    kept: Kept, user: Ids, item: Ids, times: Moments | None, ratings: Ratings | None, item_ids: pl.Series
) -> Interactions:
    """Return the log, oldest first."""
    rows = kept.rows
    seconds: Floats = rows.astype(np.float64) if times is None else times.seconds[rows]
    order = np.argsort(seconds, kind="stable")
    rows, seconds = rows[order], seconds[order]
    index = pl.Series(rows)
    users = user.keys.gather(index).unique().sort()
    who, what = codes_of(user.keys.gather(index), users), codes_of(item.keys.gather(index), item_ids)
    values = None if ratings is None or ratings.values is None else ratings.values[rows]
    return Interactions(
        users=as_labels(users),
        items=as_labels(item_ids),
        user=who,
        item=what,
        time=seconds,
        value=values,
        has_time=times is not None,
        rows=rows,
    )


def _check_repeats(user: Codes, item: Codes, where: str) -> None:
    """Raise DataError where nobody, or nothing, is left that repeats."""
    if not len(user):
        raise DataError("No row of the log is left that has a user, an item and a time.", where=where)
    items = int(item.max()) + 1
    pairs = different_pairs(user, item, items)
    if np.bincount(pairs // items).max() < 2:
        raise DataError(
            "Nobody in the log took two different things, so nothing shows what goes with what.",
            where=where,
            hint="name the column that says who with --user: its values have to come again.",
        )
    if np.bincount(pairs % items).max() < 2:
        raise DataError(
            "Nothing in the log was taken by two people, so nobody's taste says anything of another's.",
            where=where,
            hint="name the column that says what was taken with --item: its values have to come again.",
        )


def _of_users(told: Attributes, log: Interactions, user: Ids) -> Features | None:
    """Return what is known of the users that are left in the log, in their order."""
    if told.users is None:
        return None
    labels = pl.Series(log.users, dtype=user.keys.dtype)
    places = codes_of(labels, told.user_ids)
    columns: dict[str, Sequence[object]] = {
        name: [values[place] for place in places.tolist()] for name, values in told.users.columns.items()
    }
    listed = told.users.listed
    return replace(told.users, columns=columns, listed=None if listed is None else listed[places])


def _assumptions(
    proposed: Proposed, times: Moments | None, ratings: Ratings | None, told: Attributes, log: Interactions
) -> tuple[str, ...]:
    """Return what was assumed, what is most likely to be wrong first: the first two are shown while it is built."""
    counted = f"{len(log):,} entries of {len(log.users):,} users and {len(log.items):,} items."
    risky = (*(times.assumptions if times is not None else ()), *told.matched)
    return (
        *proposed.assumptions[:1],
        *((" ".join(risky),) if risky else ()),
        *proposed.assumptions[1:],
        *(ratings.assumptions if ratings is not None else ("Every row that is left counts as taken.",)),
        *told.assumptions,
        counted,
    )


def _schema(
    table: Table, proposed: Proposed, user: Ids, item: Ids, times: Moments | None, ratings: Ratings | None
) -> Schema:
    """Return what each column of the log's table is."""
    rows = max(table.rows, 1)
    roles: tuple[tuple[Ids, Role], ...] = ((user, "group"), (item, "target"))
    described = {
        ids.name: Column(
            name=ids.name,
            kind="id",
            role=role,
            missing_share=ids.missing / rows,
            distinct=len(ids.labels),
            numeric_text=ids.keys.dtype != pl.String,
        )
        for ids, role in roles
    }
    if times is not None and proposed.time is not None:
        described[proposed.time] = replace(times.column, role="time")
    if ratings is not None and proposed.rating is not None:
        described[proposed.rating] = replace(ratings.column, role="feature")
    columns = [described.get(name, Column(name=name, kind="text", role="ignored")) for name in table.frame.columns]
    return Schema(tuple(columns), rows=table.rows)
