"""Rows of a log that are no interactions: without a user or an item, copies, machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.errors import ColumnError, DataError
from mlwright.findings import Finding, percent
from mlwright.table import Table
from mlwright.tasks.recommend.ids import Ids
from mlwright.tasks.recommend.interactions import Codes
from mlwright.tasks.recommend.moments import Moments
from mlwright.tasks.recommend.propose import Proposed
from mlwright.tasks.recommend.ratings import Ratings

MACHINE_TIMES = 20
MACHINE_SHARE = 0.02
LEFT_TO_MACHINES = 10
FEWEST_USERS = 50
"""Who has 20 times what the busiest hundredth begins with, and 2 % of the log, is hardly one person."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that are kept, in the order of the table, and how many are not, by reason."""

    rows: NDArray[np.intp]
    gone: dict[str, int] = field(default_factory=dict)
    machines: tuple[tuple[object, int, int], ...] = ()
    """Users that are hardly people: the id, how many entries it had, how many are kept."""

    def only(self, other: Kept) -> Kept:
        """Return the rows of the other, with the reasons of both."""
        return Kept(other.rows, self.gone | other.gone, (*self.machines, *other.machines))


def check_is_log(user: Ids, item: Ids, table: Table, person: str | None = None) -> None:
    """Raise DataError or ColumnError where the columns cannot be those of a log; `person` may be a better user."""
    for ids, what in ((user, "user"), (item, "item")):
        if ids.missing == table.rows:
            raise ColumnError(
                f"The {what} column {ids.name!r} is empty in all {table.rows:,} rows.",
                where=table.origin,
                hint=f"name another with --{what}.",
            )
    if len(item.labels) < 2:
        raise DataError(
            f"The log has one item only: the item column {item.name!r} is {item.labels[0]!r} in every row, so there is"
            " nothing to choose from.",
            where=table.origin,
            hint="name the column that says what was taken with --item.",
        )
    if len(user.labels) == len(user.keys) - user.missing:
        raise DataError(
            f"Each row has a {user.name!r} of its own: a log has several rows of the same user.",
            where=table.origin,
            hint="write one row for each thing that was taken, not all in one cell."
            if holds_several(item.labels)
            else "name the column that says who took something with --user"
            + ("." if person is None else f": --user {person} has ids that come again."),
        )


def holds_several(labels: pl.Series) -> bool:
    """Tell whether the ids of items are lists of ids: "12|7|93"."""
    if labels.dtype != pl.String or not len(labels):
        return False
    share = labels.str.contains(r"[^|;, ]+[|;,][^|;,]+[|;,][^|;,]+").mean()
    return isinstance(share, float) and share >= 0.5


def without_copies(kept: Kept, user: Ids, item: Ids, times: Moments | None, ratings: Ratings | None) -> Kept:
    """Leave out entries that say again what an earlier one says.

    With times, the same user, item and moment; without, the same user and item where there are ratings: then the last
    one counts. Without both, who took something twice has two entries.
    """
    if times is None and (ratings is None or ratings.values is None):
        return kept
    index = pl.Series(kept.rows)
    frame = pl.DataFrame({"user": user.keys.gather(index), "item": item.keys.gather(index)})
    if times is None:
        first = frame.reverse().select(pl.struct("user", "item").is_first_distinct()).to_series().reverse().to_numpy()
        return Kept(kept.rows[first], kept.gone | {"rated again": int((~first).sum())})
    frame = frame.with_columns(time=pl.Series(times.seconds[kept.rows]))
    first = frame.select(pl.struct("user", "item", "time").is_first_distinct()).to_series().to_numpy()
    return Kept(kept.rows[first], kept.gone | {"copies": int((~first).sum())})


def different_pairs(user: Codes, item: Codes, items: int) -> NDArray[np.int64]:
    """Return user * items + item of each user and item that go together, each once."""
    pairs = np.sort(user.astype(np.int64) * items + item)
    return pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])] if len(pairs) else pairs


def without_machines(kept: Kept, user: Ids, times: Moments | None) -> Kept:
    """Keep of a user with an absurd share of the log only the latest entries, so that it does not speak for all."""
    keys = user.keys.gather(pl.Series(kept.rows))
    counts = keys.value_counts(sort=True)
    name, total = counts.columns[0], len(kept.rows)
    if len(counts) < FEWEST_USERS:
        return kept
    busy = float(np.quantile(counts["count"].to_numpy(), 0.99, method="lower"))
    limit = max(100, int(LEFT_TO_MACHINES * busy))
    heavy = counts.filter((pl.col("count") > MACHINE_TIMES * busy) & (pl.col("count") > MACHINE_SHARE * total))
    heavy = heavy.filter(pl.col("count") > limit)
    if not len(heavy):
        return kept
    seconds = kept.rows.astype(np.float64) if times is None else times.seconds[kept.rows]
    stays = np.ones(total, dtype=np.bool_)
    machines = []
    for who, count in heavy.select(name, "count").iter_rows():
        own = np.flatnonzero((keys == who).to_numpy())
        oldest = own[np.argsort(seconds[own], kind="stable")][: len(own) - limit]
        stays[oldest] = False
        machines.append((who, int(count), limit))
    return Kept(kept.rows[stays], kept.gone, tuple(machines))


def left_out_findings(kept: Kept, proposed: Proposed, rows: int) -> list[Finding]:
    """Say which rows are left out, and why."""
    found = [make(proposed, _counted(kept.gone[why], rows)) for why, make in _TOLD.items() if kept.gone.get(why)]
    for who, count, limit in kept.machines:
        found.append(
            Finding(
                kind="heavy_user",
                columns=(proposed.user,),
                message=f"The user {who!r} has {count:,} entries, {percent(count / rows)} of the log and far more than"
                f" any other: hardly one person. Only the latest {limit:,} are learned from.",
                severity="warning",
                repair="Keep the latest entries only; remove the user from the log if it is a machine.",
                applied=True,
            )
        )
    return found


def _counted(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} rows ({percent(count / rows)})"


def _missing(column: str, told: str, what: str) -> Finding:
    return Finding(
        kind="missing_ids",
        columns=(column,),
        message=f"{told} say {what} in {column!r}: they are left out.",
        severity="warning",
        repair="Leave the rows out.",
        applied=True,
    )


def _nobody(proposed: Proposed, told: str) -> Finding:
    return Finding(
        kind="nobody",
        columns=(proposed.user,),
        message=f"{told} have a {proposed.user!r} that stands for whoever is not known: they are left out.",
        severity="warning",
        repair="Leave the rows out.",
        applied=True,
    )


def _not_taken(proposed: Proposed, told: str) -> Finding:
    column = proposed.rating or proposed.amount or ""
    return Finding(
        kind="not_taken",
        columns=(column,),
        message=f"{told} say by {column!r} that nothing was taken, or that it was given back: they are left out.",
        repair="Leave the rows out.",
        applied=True,
    )


def _given_back(proposed: Proposed, told: str) -> Finding:
    return Finding(
        kind="given_back",
        columns=(proposed.user, proposed.item),
        message=f"{told} are purchases that the same user gave back later in full: they do not count as taken.",
        repair="Leave out what was bought and given back.",
        applied=True,
    )


def _copies(proposed: Proposed, told: str) -> Finding:
    return Finding(
        kind="copied_interactions",
        columns=(proposed.user, proposed.item),
        message=f"{told} say again who took what at which moment: they are left out.",
        repair="Leave the rows out.",
        applied=True,
    )


def _again(proposed: Proposed, told: str) -> Finding:
    return Finding(
        kind="rated_again",
        columns=(proposed.user, proposed.item),
        message=f"{told} are rated again further down by the same user: the last rating counts.",
        repair="Leave the earlier rows out.",
        applied=True,
    )


_TOLD: dict[str, Callable[[Proposed, str], Finding]] = {
    "no user": lambda proposed, told: _missing(proposed.user, told, "nobody"),
    "no item": lambda proposed, told: _missing(proposed.item, told, "nothing"),
    "nobody": _nobody,
    "not taken": _not_taken,
    "given back": _given_back,
    "copies": _copies,
    "rated again": _again,
}
