"""The Mender: the cleaning steps that were chosen, fitted anew on whatever rows teach.

A step says which detector finds what is wrong in which column. What it does to a value (which number is in another
unit, which word is a typing error of which) is found on the rows that teach alone, fold by fold, and is then the same
rule for rows that are scored, and for one row in a service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlwright.clean.base import Context, Detection, Rows
from mlwright.clean.detectors import detect
from mlwright.clean.repairs import MOST_ENTRIES, Repair, Repairs, size
from mlwright.schema import Schema
from mlwright.table import Table

MOST_ROWS = 100_000
"""A repair is fitted on at most so many rows, taken evenly."""


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One cleaning step: a kind of finding, in one column."""

    detector: str
    kind: str
    column: str

    @classmethod
    def of(cls, detector: str, detection: Detection) -> Step | None:
        """Return the step that would mend what was found; None where there is no rule for it."""
        if detection.repair is None:
            return None
        return cls(detector, detection.finding.kind, detection.repair.column)


def breaks_order(repair: Repair, schema: Schema) -> str | None:
    """Return a column whose order the repair may break, or None: one that the answer may only rise or fall with.

    Where such a number is moved, or moves another column, a larger one may come to stand for a smaller one.
    """
    return next((name for name in (repair.column, *repair.reads) if name in schema and schema[name].sign), None)


@dataclass(frozen=True)
class Mender:
    """Fits repairs on rows of one table."""

    table: Table
    schema: Schema
    steps: tuple[Step, ...]
    seed: int = 0

    def only(self, steps: Iterable[Step]) -> Mender:
        """Return the mender that takes these steps alone."""
        return Mender(self.table, self.schema, tuple(steps), self.seed)

    def fit(self, rows: Rows) -> Repairs:
        """Return the repairs that the steps make of these rows; a step that finds nothing there makes none."""
        if not self.steps:
            return Repairs()
        taken = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
        part = Table(self.table.frame[taken], self.table.name, self.table.origin)
        context = Context(part, self.schema, seed=self.seed)
        found: dict[Step, Repair] = {}
        for name in dict.fromkeys(step.detector for step in self.steps):
            for detection in detect(part, context, only=(name,)):
                step = Step.of(name, detection)
                if step not in self.steps or detection.repair is None or breaks_order(detection.repair, self.schema):
                    continue
                if size(detection.repair) <= MOST_ENTRIES:
                    found.setdefault(step, detection.repair)
        return Repairs(found[step] for step in self.steps if step in found)
