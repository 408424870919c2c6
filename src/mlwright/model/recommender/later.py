"""A later log for a recommender: read by the columns of the log that taught, wherever they are still called so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlwright.errors import DataError
from mlwright.model.recommender.parts import RecommenderParts

if TYPE_CHECKING:
    from mlwright.model.recommender.known import Catalogue
    from mlwright.table import Table
    from mlwright.tasks.recommend.interactions import Interactions
    from mlwright.tasks.recommend.propose import Names
    from mlwright.tasks.recommend.read import Log

NONE = "none"
OPTIONAL = ("time", "rating")


def names_of(parts: RecommenderParts, columns: list[str], *, time: str | None = None) -> Names:
    """Return which column is what in a table with these columns; `time`: the column of times, where it is another.

    Times, ratings, amounts and kinds of events are read where the log that taught had some: of a log without, a column
    of times may be named.
    """
    from mlwright.tasks.recommend.propose import Names

    said = parts.decision
    named = {option: said.get(option) for option in OPTIONAL}
    named["time"] = time or named["time"]
    there = {
        option: str(name) if name and (name in columns or name == time) else NONE for option, name in named.items()
    }
    amount, event = said.get("amount"), said.get("event")
    return Names(
        user=str(said["user"]),
        item=parts.target,
        time=there["time"],
        rating=there["rating"],
        amount=None if amount is None else str(amount),
        event=None if event is None else str(event),
    )


def read_later(parts: RecommenderParts, table: Table, *, time: str | None = None) -> Log:
    """Return a log that is read as the one that taught. Raises ColumnError, OptionError, DataError."""
    from mlwright.tasks.recommend.read import read_log

    return read_log(table, names_of(parts, table.frame.columns, time=time))


def read_asking(parts: RecommenderParts, table: Table) -> Interactions:
    """Return the entries of a log of whoever asks, read as the one that taught; it need not be able to teach.

    Raises ColumnError, OptionError, DataError.
    """
    from mlwright.tasks.recommend.read import read_entries

    return read_entries(table, names_of(parts, table.frame.columns))


def check_has_history(log: Interactions, catalogue: Catalogue, where: str) -> None:
    """Raise DataError where all of a log is later than the one that taught: what people took before is not in it."""
    if not log.has_time or catalogue.end is None or not len(log) or log.time[0] <= catalogue.end:
        return
    from mlwright.tasks.recommend.moments import day

    began, ended = day(float(log.time[0])), day(catalogue.end)
    raise DataError(
        f"All of this log is later ({began}) than the log that taught ({ended}): what people took before is not in it,"
        " so they would be taken for newcomers.",
        where=where,
        hint="give the earlier entries in the same file, too; they are history and do not judge.",
    )
