"""How the service does: how often the model's answer is withheld by a policy or a rule of humility."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlwright.monitor.watchers.base import Clock, Seen, Streams

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject


class Health:
    """Withheld answers (0 or 1), ranked among the first rows answered. How long answers take, /metrics tells."""

    kind: ClassVar[str] = "health"
    clock: ClassVar[Clock] = "answers"
    rising: ClassVar[bool] = True
    meaning: ClassVar[str] = "how often no answer is given"

    def streams(self, subject: Subject) -> Streams | None:
        """Return the one stream; what it was before nobody knows."""
        del subject
        return Streams(("withheld answers",), np.zeros((1, 2), dtype=np.int64))

    def see(self, events: Events, subject: Subject) -> Seen:
        """Return whether answers were withheld."""
        del subject
        return Seen((~events.given).astype(np.intp)[:, None])
