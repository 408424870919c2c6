"""What is particular to watching one form of models; all evidence, alarms and states are shared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mlwright.columns import Columns
    from mlwright.model import Model
    from mlwright.monitor.events import Cursor, Events
    from mlwright.monitor.subject import Subject
    from mlwright.monitor.watchers import Watch
    from mlwright.tasks.base import Metric


@dataclass(frozen=True, slots=True)
class Change:
    """What has risen: shares and means as texts, and the columns it is most of."""

    now: str
    before: str
    where: tuple[str, ...] = ()


class FileRows(Protocol):
    """Rows of a file, as if a model had answered them."""

    has_outcomes: bool
    """Whether the file says what came of them."""
    has_moments: bool
    """Whether it says when they came; else moments are the numbers of rows, in seconds."""

    def blocks(self, cursor: Cursor | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give the rows behind the cursor in blocks, each with the new cursor."""


class Watching(Protocol):
    """How one form of models is watched. It holds no state."""

    once: ClassVar[bool]
    """Whether somebody who asks again and again on one day counts once."""

    def file(self, model: Model, source: object, *, time: str | None, query: str | None) -> FileRows:
        """Return the rows of a file, as if the model had answered them. Raises what `collect` raises, ColumnError."""

    def broken(self, subject: Subject, columns: Columns) -> NDArray[np.bool_]:
        """Return (n, c) which cells of what was asked break the contract, for the columns of the subject."""

    def usual_broken(self, subject: Subject) -> float:
        """Return the share of rows that break it without anything being wrong."""

    # --- words --------------------------------------------------------------------------------------------------------

    def answered(self, count: str) -> str:
        """Return that so many were answered, as a clause."""

    def loss_label(self, metric: Metric, bound: float) -> str:
        """Return what a loss is called in a table; `bound`: where it is clipped."""

    def loss_risen(self, metric: Metric) -> tuple[str, bool]:
        """Return what has risen, as the subject of a sentence, and whether it is a share."""

    def contract_broken(self, change: Change) -> tuple[str, str]:
        """Return the sentence that too many rows break the contract, and what to do."""

    def matters(self, kind: str, watch: Watch, place: int) -> bool:
        """Tell whether a stream that lies elsewhere than it did is worth telling of, whichever way it went."""

    def drifted(self, kind: str, subject: Subject, watch: Watch, places: Sequence[int]) -> tuple[str, str]:
        """Return the sentence that streams of a watcher lie elsewhere, those first that moved most; and what to do."""

    def learn_again(self, name: str, beside: Collection[str]) -> str:
        """Return what to do about a loss that has risen; `beside`: the columns that other open alarms are about."""
