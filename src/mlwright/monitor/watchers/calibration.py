"""Whether what is said to be likely happens as often as it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.evaluate.sketches import MOST_BINS, Sketch, stacked
from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.ranks import Floats
    from mlwright.monitor.subject import Subject


class Calibration:
    """Outcome less prediction in bins: it moves up where too little is predicted, and down where too much is."""

    kind: ClassVar[str] = "calibration"
    clock: ClassVar[Clock] = "outcomes"
    rising: ClassVar[bool] = False
    meaning: ClassVar[str] = "how far what is predicted is from what happens"

    def streams(self, subject: Subject) -> Streams | None:
        """Return one stream for each prediction that is watched; None where fewer than 50 rows judged.

        None, too, where what is watched states nothing that could come true.
        """
        if len(subject.reference.sample) < LEAST or not subject.reference.calibration:
            return None
        sketches = self._sketches(subject)
        return Streams(tuple(each.name for each in sketches), stacked([each.counts for each in sketches], MOST_BINS))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return the bins of what is left over."""
        rest = self._rest(events.y, events.P, subject)
        bins = [sketch.bins(column) for sketch, column in zip(self._sketches(subject), rest.T, strict=True)]
        return Seen(np.stack(bins, axis=1))

    def _sketches(self, subject: Subject) -> list[Sketch]:
        if subject.residuals is None:
            sample = subject.reference.sample
            rest = self._rest(sample.y, sample.P, subject)
            names = [each.name for each in subject.reference.predictions]
            subject.residuals = [Sketch.of(name, column) for name, column in zip(names, rest.T, strict=True)]
        return subject.residuals

    def _rest(self, y: Floats, P: Floats, subject: Subject) -> Floats:
        """Return (n, s) outcome less prediction; NaN where no outcome is known."""
        reference = subject.reference
        rest: Floats
        if reference.classes:
            happened = (y[:, None] == np.array(reference.watched)).astype(np.float64)
            rest = np.where(np.isnan(y)[:, None], np.nan, happened - P[:, reference.watched])
        else:
            rest = y[:, None] - P[:, :1]
        return rest
