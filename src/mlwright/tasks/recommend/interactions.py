"""Interactions: who took what when, as arrays; and Histories: what is known of whoever asks, at the moment of asking.

A recommender never sees who somebody is, only what they took: a person it has never seen and one it learned from are
answered in the same way, and an answer can be made again from what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Floats, Label

Codes = NDArray[np.int32]
"""Positions in a tuple of ids; -1 is an id that is not there."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """The log: one entry for each time somebody took something, oldest first, ties in the order of the table.

    Somebody may take the same thing more than once. Ids are as the table has them.
    """

    users: tuple[Label, ...]
    items: tuple[Label, ...]
    user: Codes
    """(n,) positions in `users`."""
    item: Codes
    """(n,) positions in `items`."""
    time: Floats
    """(n,) seconds since 1970; where no times are known, the number of the entry in the table."""
    value: Floats | None = None
    """(n,) ratings as they were given; None where all that is known is that it happened."""
    has_time: bool = True
    """Whether times are known: without them, nothing is said of the past and the future."""
    rows: NDArray[np.intp] | None = None
    """(n,) the rows of the table that the entries come from; None where there is no table."""

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.user)

    def take(self, index: NDArray[np.intp]) -> Interactions:
        """Return these entries, in this order; users and items keep their codes."""
        value = None if self.value is None else self.value[index]
        rows = None if self.rows is None else self.rows[index]
        return replace(
            self, user=self.user[index], item=self.item[index], time=self.time[index], value=value, rows=rows
        )

    def before(self, moment: float) -> Interactions:
        """Return the entries before a moment, without a copy."""
        end = int(np.searchsorted(self.time, moment, side="left"))
        value = None if self.value is None else self.value[:end]
        rows = None if self.rows is None else self.rows[:end]
        return replace(self, user=self.user[:end], item=self.item[:end], time=self.time[:end], value=value, rows=rows)

    def histories(self, users: Codes, at: Floats) -> Histories:
        """Return what is known of users (q,) from entries before the moments at (q,): all of them, oldest first."""
        order = np.argsort(self.user, kind="stable")  # by user, within one by time
        sorted_users = self.user[order]
        first = np.searchsorted(sorted_users, users, side="left")
        last = np.searchsorted(sorted_users, users, side="right")
        times = self.time[order]
        ends = np.array(
            [
                begin + np.searchsorted(times[begin:end], moment, side="left")
                for begin, end, moment in zip(first, last, at, strict=True)
            ],
            dtype=np.intp,
        )
        counts = ends - first
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        places = order[np.repeat(first - starts[:-1], counts) + np.arange(starts[-1])]
        return Histories(
            starts=starts,
            item=self.item[places],
            age=np.maximum(np.repeat(at, counts) - self.time[places], 0.0) if self.has_time else np.zeros(len(places)),
            value=None if self.value is None else self.value[places],
            at=np.asarray(at, dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class Histories:
    """(q,) people who ask, and what each of them took before, oldest first, as compressed rows."""

    starts: NDArray[np.intp]
    """(q + 1,): the history of i is entries starts[i]:starts[i + 1]."""
    item: Codes
    """(m,) positions in the items that the log has; never -1: what is not known is left out before."""
    age: Floats
    """(m,) seconds before the moment of asking, 0 or more; 0 where no times are known."""
    value: Floats | None
    """(m,) ratings; None where none are known, NaN where one is not."""
    at: Floats
    """(q,) the moments of asking, in seconds since 1970; NaN where no times are known."""

    def __len__(self) -> int:
        """Return how many ask."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.intp]:
        """(q,) how many entries each history has."""
        return np.diff(self.starts)

    def take(self, index: NDArray[np.intp]) -> Histories:
        """Return the histories at these positions."""
        counts = self.lengths[index]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        places = np.repeat(self.starts[index] - starts[:-1], counts) + np.arange(starts[-1])
        return Histories(
            starts=starts,
            item=self.item[places],
            age=self.age[places],
            value=None if self.value is None else self.value[places],
            at=self.at[index],
        )


@dataclass(frozen=True, slots=True)
class Features:
    """What a table of items (or of users) says of each: one raw column after the other, beside the ids of the log.

    `columns[name]` (ids,) are raw texts, numbers or None; what the table does not tell of an id is None.
    """

    columns: dict[str, Sequence[object]]
    listed: NDArray[np.bool_] | None = None
    """(ids,) which ids the table has; None where it has all."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.columns)
