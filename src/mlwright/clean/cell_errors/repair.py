"""Repair with restraint: what is changed is chosen so that hardly any clean cell is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_CORRUPTED = 0.001
"""The expected share of the clean cells that may be changed."""
SURE_ENOUGH = 0.7
"""A repair is made where it is right at least so surely: wrong cell and right value together."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that is wrong: what stood there, what stands there now, why, and how sure that is."""

    row: int
    column: str
    old: str | None
    new: str | None
    """What stands there now, None where nothing better is known and it was left; "" where it was emptied."""
    kind: str
    confidence: float
    reason: str
    wrong: float
    """The probability that it is wrong."""

    def to_dict(self) -> dict[str, Any]:
        """Return the cell as it stands in JSON."""
        return {
            "row": self.row, "column": self.column, "old": self.old, "new": self.new, "kind": self.kind,
            "confidence": self.confidence, "reason": self.reason,
        }  # fmt: skip


def restrained(cells: Sequence[Cell], total: int, *, most: float = MOST_CORRUPTED) -> list[bool]:
    """Tell which proposed repairs are made: the surest first, while the clean cells expected to be hit stay few.

    >>> cell = Cell(0, "a", "x", "y", "typo", 0.9, "", 0.99)
    >>> restrained([cell, cell], 10_000), restrained([cell], 5)
    ([True, True], [False])
    """
    clean = max(0.0, total - sum(cell.wrong for cell in cells))
    order = sorted(range(len(cells)), key=lambda at: (-cells[at].wrong, at))
    made = [False] * len(cells)
    hit = 0.0
    for at in order:
        cell = cells[at]
        if cell.new is None or cell.confidence < SURE_ENOUGH:
            continue
        hit += 1.0 - cell.wrong
        if hit > most * clean:
            break
        made[at] = True
    return made


def bounded(probability: float) -> float:
    """Return a probability as it is shown: never quite sure.

    >>> bounded(1.0)
    0.999
    """
    return float(np.round(min(probability, 0.999), 3))
