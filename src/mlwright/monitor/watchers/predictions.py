"""What the model says: the probabilities it gives, or the numbers; of lists what is known when they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject


class Predictions:
    """Predictions in bins: of up to eight classes, or of the one number; or the signals of lists."""

    kind: ClassVar[str] = "predictions"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = False
    meaning: ClassVar[str] = "what the model answers"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the predictions that are watched; None where fewer than 50 rows judged."""
        reference = subject.reference
        if reference.rows < LEAST:
            return None
        return Streams(tuple(each.name for each in reference.predictions), reference.prediction_counts)

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the bins of predictions."""
        return Seen(subject.reference.bin_predictions(events.signals))
