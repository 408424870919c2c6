"""How columns go together: whether rows come that are more unlike past cases than the first ones were."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.ranks import Bins
    from mlwright.monitor.subject import Subject

ONE_IN = 100
"""Of the rows so many are looked at, chosen by their ids: it takes as long as a hundred rows of all else."""
HALVES = 12
"""Rows as odd as 1 in 2, 1 in 4, ... 1 in 2^12 fall into bins of their own."""


class Joint:
    """How odd whole rows are, in bins that rise with it. What they are ranked among are the first rows answered."""

    kind: ClassVar[str] = "joint"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how columns go together"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the one stream of oddness; None where the model keeps no cases, or too few to tell."""
        if subject.usual is None:
            return None
        return Streams(("rows",), np.zeros((1, HALVES + 1), dtype=np.int64))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return how odd one in a hundred rows is."""
        bins: Bins = np.full((len(events), 1), -1, dtype=np.intp)
        chosen = [place for place, each in enumerate(events.ids) if zlib.crc32(each.encode()) % ONE_IN == 0]
        whole = all(column.name in events.columns for column in subject.columns)
        if not chosen or not whole or subject.usual is None:
            return Seen(bins)
        p = subject.usual_shares(events.columns.take(np.array(chosen, dtype=np.intp)))
        bins[chosen, 0] = np.clip(np.floor(-np.log2(np.maximum(p, 2.0**-HALVES))), 0, HALVES).astype(np.intp)
        return Seen(bins)
