"""What goes into the model: each raw column by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject


class Columns:
    """Raw columns in bins, with one for what is missing."""

    kind: ClassVar[str] = "columns"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = False
    meaning: ClassVar[str] = "what goes into the model"

    def streams(self, subject: Subject) -> Streams | None:
        """Return all columns; None where fewer than 50 rows taught."""
        reference = subject.reference
        if reference.column_rows < LEAST or not reference.columns:
            return None
        return Streams(tuple(each.column for each in reference.columns), reference.column_counts)

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the bins of columns."""
        return Seen(subject.reference.bin_columns(events.columns))
