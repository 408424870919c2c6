"""Rows that break the contract: values unlike any that the model has seen, where more come than chance brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

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
        share = subject.watching.usual_broken(subject)
        counts = np.array([[round(MANY * (1.0 - share)), round(MANY * share)]], dtype=np.int64)
        return Streams(("rows",), counts, np.array([share]))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return whether rows are broken."""
        broken = subject.broken(events.columns).any(axis=1, keepdims=True)
        return Seen(np.asarray(broken, dtype=np.intp), np.asarray(broken, dtype=np.float64))
