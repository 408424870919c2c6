"""A later log for a recommender: read by the columns of the log that taught, wherever they are still called so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlwright.model.recommender.parts import RecommenderParts

if TYPE_CHECKING:
    from mlwright.table import Table
    from mlwright.tasks.recommend.propose import Names
    from mlwright.tasks.recommend.read import Log

NONE = "none"
OPTIONAL = ("time", "rating")


def names_of(parts: RecommenderParts, columns: list[str], *, time: str | None = None) -> Names:
    """Return which column is what in a table with these columns; `time`: the column of times, where it is another.

    Times and ratings are read where the log that taught had some: of a log without, a column of times may be named.
    """
    from mlwright.tasks.recommend.propose import Names

    said = parts.decision
    named = {option: said.get(option) for option in OPTIONAL}
    named["time"] = time or named["time"]
    there = {
        option: str(name) if name and (name in columns or name == time) else NONE for option, name in named.items()
    }
    return Names(user=str(said["user"]), item=parts.target, time=there["time"], rating=there["rating"])


def read_later(parts: RecommenderParts, table: Table, *, time: str | None = None) -> Log:
    """Return a log that is read as the one that taught. Raises ColumnError, OptionError, DataError."""
    from mlwright.tasks.recommend.read import read_log

    return read_log(table, names_of(parts, table.frame.columns, time=time))
