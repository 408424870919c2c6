"""Said: a block of recorded answers and outcomes as numbers; and what reads them, whatever the model answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.serve.record.following import Row
from mlwright.tasks.base import Floats


@dataclass(frozen=True, slots=True)
class Said:
    """What was asked, answered and found out; the fields are those of `Events`."""

    columns: Columns
    P: Floats
    answered: Floats
    given: NDArray[np.bool_]
    interval: Floats
    y: Floats
    signals: Floats


class Reading(Protocol):
    """Reads what is recorded of one version of a model."""

    def read(self, rows: Sequence[Row], outcomes: Sequence[str | None], *, beside: bool) -> Said:
        """Return answers with their outcomes (JSON; None where none is known).

        `beside`: of what was asked, only the groups of people are read, because all else was seen before.
        """
