"""How often answers are wrong for each group of people that the model is watched for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import LEAST, Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.ranks import Bins
    from mlwright.monitor.subject import Subject

SEPARATOR = " = "


class Groups:
    """Wrong answers (0 or 1), group by group of each sensitive column."""

    kind: ClassVar[str] = "groups"
    clock: ClassVar[Clock] = "outcomes"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how wrong the answers are for groups of people"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the groups with at least 50 rows; None where there are none, or numbers are predicted."""
        found = self._watched(subject)
        if not found or not subject.reference.classes:
            return None
        names, counts, means = [], [], []
        for place, level in found:
            group = subject.reference.groups[place]
            rows, wrong = int(group.sketch.counts[level]), round(float(group.wrong[level]))
            names.append(f"{group.sketch.column}{SEPARATOR}{group.sketch.names()[level]}")
            counts.append((rows - wrong, wrong))
            means.append(wrong / rows)
        return Streams(tuple(names), np.array(counts, dtype=np.int64), np.array(means))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return for each group whether its rows were answered wrongly."""
        known = np.isfinite(events.y) & np.isfinite(events.answered)
        wrong = (events.y != events.answered).astype(np.intp)
        member = subject.reference.bin_groups(events.columns)
        bins: Bins = np.stack(
            [np.where(known & (member[:, place] == level), wrong, -1) for place, level in self._watched(subject)],
            axis=1,
        )
        return Seen(bins, np.maximum(bins, 0).astype(np.float64))

    def _watched(self, subject: Subject) -> list[tuple[int, int]]:
        """Return positions of columns and of their groups that have rows enough."""
        return [
            (place, level)
            for place, group in enumerate(subject.reference.groups)
            for level in np.flatnonzero(group.sketch.counts >= LEAST).tolist()
        ]
