"""Rows that break the contract: values unlike any that the model has seen, where more come than chance brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

LEAST_SHARE, MOST_SHARE = 0.01, 0.5
CHANCE = 3.0
"""A new row goes beyond the least or largest of n others with a chance of 2 / (n + 1): so many times that, in each
column, is nothing unusual. It holds a new category as often as categories were seen once (Good 1953), which is at most
how many there are, in n."""
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
        broken = subject.broken(events.columns).any(axis=1, keepdims=True)
        return Seen(np.asarray(broken, dtype=np.intp), np.asarray(broken, dtype=np.float64))

    def usual(self, subject: Subject) -> float:
        """Return the share of broken rows that is nothing unusual."""
        rows = max(subject.reference.column_rows, 1)
        levels = [each.distinct if not each.is_float else 0 for each in subject.columns]
        return float(np.clip(sum(max(2.0 * CHANCE, each) for each in levels) / rows, LEAST_SHARE, MOST_SHARE))
