"""How wrong the answers are, once it is known what was right."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject


class Losses:
    """The losses of the task, each in bins that rise with it."""

    kind: ClassVar[str] = "losses"
    clock: ClassVar[Clock] = "outcomes"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how wrong the answers are"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the losses that are watched; None where fewer than 50 rows judged."""
        reference, places = subject.reference, list(subject.losses)
        if not places or reference.rows < LEAST:
            return None
        names = tuple(reference.losses[place].metric for place in places)
        means = np.array([reference.losses[place].clipped for place in places])
        return Streams(names, reference.loss_counts[places], means)

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the losses of rows whose outcome is known, clipped as those of the reference."""
        reference, places = subject.reference, list(subject.losses)
        losses = reference.losses_of(events.y, events.P, events.answered)
        bounds = np.array([reference.losses[place].bound for place in places])
        return Seen(reference.bin_losses(losses)[:, places], np.minimum(losses[:, places], bounds))
