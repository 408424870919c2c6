"""The statistics that a gate can be about. A new one is a function that reads an evaluation, and one entry in KINDS.

Each reads the JSON that `Model.evaluate` makes, and says what it found as a number with its interval.
"""

from __future__ import annotations

from mlwright.evaluate.gates.kinds import honesty, people, scores, working
from mlwright.evaluate.gates.kinds.base import Asked, Statistic

STATISTICS: dict[str, Statistic] = {**scores.KINDS, **people.KINDS, **honesty.KINDS, **working.KINDS}
"""Every kind of statistic, by the name that it has in a file."""

__all__ = ["STATISTICS", "Asked", "Statistic"]
