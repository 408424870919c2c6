"""Rows that break the contract: values unlike any that the model has seen, where more come than chance brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.columns import Coded
from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlwright.columns import Columns, Values
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject
    from mlwright.schema import Column

LEAST_SHARE, MOST_SHARE = 0.01, 0.25
CHANCE = 3.0
"""A new row goes beyond the least or largest of n others with a chance of 2 / (n + 1), and holds what none of them held
about as often: so many times that, in each column, is nothing unusual."""
MANY = 10**8
"""Rows of a made-up reference: so many that its share is known exactly."""


class Contract:
    """Whether a row holds anything that the schema does not know: 0 or 1.

    What is compared with is no sample but a share that chance hardly exceeds: the schema was written with all rows at
    hand, so that those which judged never go beyond it.
    """

    kind: ClassVar[str] = "contract"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how many rows hold values that the model has never seen"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the one stream of broken rows."""
        if not subject.columns:
            return None
        share = self.usual(subject)
        counts = np.array([[round(MANY * (1.0 - share)), round(MANY * share)]], dtype=np.int64)
        return Streams(("rows",), counts, np.array([share]))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return whether rows are broken."""
        broken = broken_cells(events.columns, subject.columns).any(axis=1, keepdims=True)
        return Seen(np.asarray(broken, dtype=np.intp), np.asarray(broken, dtype=np.float64))

    def usual(self, subject: Subject) -> float:
        """Return the share of broken rows that is nothing unusual."""
        rows = max(subject.reference.column_rows, 1)
        return float(np.clip(CHANCE * 2.0 * len(subject.columns) / rows, LEAST_SHARE, MOST_SHARE))


def broken_cells(columns: Columns, known: Sequence[Column]) -> NDArray[np.bool_]:
    """Return (n, c) which values the schema's columns do not know: missing where none was, out of range, or new.

    Nothing is broken in a column that the rows do not hold.
    """
    found = np.zeros((columns.rows, len(known)), dtype=np.bool_)
    for place, column in enumerate(known):
        if column.name in columns:
            found[:, place] = _broken(columns[column.name], column)
    return found


def _broken(values: Values, column: Column) -> NDArray[np.bool_]:
    never_missing = column.missing_share == 0
    if isinstance(values, Coded):
        missing = values.codes < 0
        if column.categories is None or column.distinct > len(column.categories):
            return missing & never_missing
        levels = {each.casefold() for each in column.categories}
        new = np.array([*(value.casefold() not in levels for value in values.values), never_missing], dtype=np.bool_)
        return new[values.codes]  # a code of -1 takes the last
    missing = np.isnan(values)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None or column.kind == "datetime" else column.high  # time goes on
    with np.errstate(invalid="ignore"):
        beyond: NDArray[np.bool_] = (values < low) | (values > high)
    return np.where(missing, never_missing, beyond)
