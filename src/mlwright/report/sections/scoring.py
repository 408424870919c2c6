"""How scores of the one metric that decides are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.report import format as words


@dataclass(frozen=True, slots=True)
class Scoring:
    """The metric's name, and how its numbers are read."""

    label: str
    percent: bool
    greater_is_better: bool

    @classmethod
    def of(cls, evidence: Mapping[str, Any]) -> Scoring:
        """Return how the deciding metric of this evidence is written."""
        question = evidence["question"]
        metric = evidence["metrics"].get(question["metric"], {})
        label = words.tidy(question["metric_label"] or question["metric"])
        return cls(label, bool(metric.get("percent", False)), bool(metric.get("greater_is_better", True)))

    def number(self, value: object) -> str:
        """Return a score."""
        return words.number(value, percent=self.percent)

    def interval(self, value: object, bounds: Sequence[object] | None, *, like: object = None) -> str:
        """Return a score with its interval; with as many decimals as `like` has, where it is given."""
        return words.interval(value, bounds, percent=self.percent, like=like)

    def split(self, value: object, bounds: Sequence[object] | None) -> tuple[str, str]:
        """Return a score and, apart from it, its interval."""
        text, _, rest = self.interval(value, bounds).partition(" (")
        return text, f"95 % interval {rest.rstrip(')')}" if rest else ""
