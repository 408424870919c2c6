"""What turns out to be true: how often each class comes, or how the numbers lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject


class Labels:
    """Outcomes in bins."""

    kind: ClassVar[str] = "labels"
    clock: ClassVar[Clock] = "outcomes"
    rising: ClassVar[bool] = False
    meaning: ClassVar[str] = "what turns out to be true"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the one stream of outcomes; None where fewer than 50 rows judged."""
        reference = subject.reference
        if reference.rows < LEAST:
            return None
        return Streams((subject.model.target,), reference.labels.counts[None])

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the bins of outcomes."""
        return Seen(subject.reference.bin_labels(events.y)[:, None])
