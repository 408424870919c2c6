"""What is told of an adaptation: its stages, its verdicts, and the acts of whoever works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from mlwright.monitor.store import Adaptation, Fence, LeaseLostError
from mlwright.monitor.store import TrailEntry as Line

__all__ = ["STAGES", "Act", "Adaptation", "Adaptations", "Fence", "LeaseLostError", "Line", "Stage", "Verdict"]

Stage = Literal["waiting", "chosen", "built", "replayed", "shadow", "asking", "canary", "promoted", "ended"]
Verdict = Literal["promoted", "refused", "rolled back", "cancelled"]
STAGES: Mapping[str, str] = {
    "waiting": "waits for outcomes to learn from",
    "chosen": "has chosen the rows that teach",
    "built": "has built a challenger",
    "replayed": "has compared the challenger with the champion on rows that neither learned from",
    "shadow": "lets the challenger answer unheard",
    "asking": "waits for a person to promote the challenger",
    "canary": "lets the challenger answer some of the requests",
    "promoted": "watches the new champion beside the former one",
    "ended": "has ended",
}


class Adaptations(Protocol):
    """Where adaptations are kept: `monitor.store.Store`. Every method is whole or not at all, also among processes."""

    def current(self, name: str) -> Adaptation | None:
        """Return the adaptation of a model that has not ended."""

    def adaptations(self, name: str) -> Sequence[Adaptation]:
        """Return all adaptations of a model, the newest first."""

    def begin(self, adaptation: Adaptation, lines: Sequence[Line] = (), *, fence: Fence | None = None) -> bool:
        """Keep a new one; False where there is one that has not ended, or one with this id."""

    def move(self, adaptation: Adaptation, lines: Sequence[Line] = (), *, fence: Fence | None = None) -> bool:
        """Put it in the place of the one with the step before; False where that was changed by another process."""

    def trail(self, adaptation: str) -> Sequence[Line]:
        """Return the audit trail of an adaptation, the oldest line first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done, or in a dry run would be, about a model."""

    name: str
    what: str
    """One word or two: "begin", "learn", "shadow", "canary", "promote", "refuse", "roll back", "wait", ..."""
    sentence: str
    adaptation: str | None = None
    stage: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)
