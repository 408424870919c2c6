"""Repair with restraint: what is changed is chosen so that hardly any clean cell is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.values import parse_number

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

    What is one rule is made everywhere or nowhere: the cells of one text in a column, and all its numbers of one kind.
    A column that is half in one unit and half in another is worse than before.

    >>> cell = Cell(0, "a", "x", "y", "typo", 0.9, "", 0.99)
    >>> restrained([cell, cell], 10_000), restrained([cell], 5)
    ([True, True], [False])
    """
    clean = max(0.0, total - sum(cell.wrong for cell in cells))
    rules: dict[tuple[str, str, str | None], list[int]] = {}
    for at, cell in enumerate(cells):
        if cell.new is not None and cell.confidence >= SURE_ENOUGH:
            text = cell.old if parse_number(cell.old or "") is None else None
            rules.setdefault((cell.column, cell.kind, text), []).append(at)
    doubts = {rule: sum(1.0 - cells[at].wrong for at in places) for rule, places in rules.items()}
    made = [False] * len(cells)
    hit = 0.0
    for rule, places in sorted(rules.items(), key=lambda each: doubts[each[0]] / len(each[1])):
        if hit + doubts[rule] <= most * clean:
            hit += doubts[rule]
            for at in places:
                made[at] = True
    return made


def bounded(probability: float) -> float:
    """Return a probability as it is shown: never quite sure.

    >>> bounded(1.0)
    0.999
    """
    return float(np.round(min(probability, 0.999), 3))
