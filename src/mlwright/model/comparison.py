"""The Comparison: what is known of two models on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mlwright.evaluate.compared import Better
from mlwright.model.text import plain

Said = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models, A and B, on the same rows. All its parts are JSON; docs/reference/json.md says what they hold."""

    a: Said
    b: Said
    """Each model: its name, size and speed, and whether it learned from these rows."""
    target: str
    task: str
    rows: int
    rows_without_target: int
    labelled: bool
    """Whether the rows have their target, so that it can be said whose answers are right."""
    metric: str
    """The name of the metric that decides."""
    better: Better
    """"a", "b", "same" (as far as these rows can tell) or "unknown"."""
    sentence: str
    """That in words."""
    metrics: Mapping[str, Said]
    """The difference in each metric, the deciding one first; above 0 speaks for B. Empty where nothing is labelled."""
    changed: Said
    """Who gets another answer."""
    slices: Sequence[Said]
    """Kinds of rows on which one of the two is clearly better, and more so than elsewhere."""
    groups: Sequence[Said]
    """Groups of people by the sensitive columns."""
    notes: Sequence[str]
    """What has to be known to read the rest."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {each.name: plain(getattr(self, each.name)) for each in fields(self)}

    def __repr__(self) -> str:
        """Return the verdict and where to look."""
        return f"<Comparison: {self.sentence} Look closer: .metrics, .changed, .slices, .groups, .notes, .to_dict()>"
