"""Doubt: rows whose target is probably wrong teach less.

Which rows those are, a quick model says that did not learn from them; it is asked anew on whatever rows teach. Rows are
never thrown out: a rare case looks like an error too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mlwright.clean.base import Context, Detection, OutOfFold
from mlwright.clean.detectors import detect
from mlwright.learn.base import Stop, never
from mlwright.learn.material import Material
from mlwright.learn.quick import learn_quickly
from mlwright.learn.splits import Order, folds
from mlwright.schema import Schema
from mlwright.table import Table
from mlwright.tasks.base import Floats

DETECTOR = "label_errors"
FOLDS = 3
LEAST = 0.05
"""A doubted row keeps at least this share of its weight."""


@dataclass(frozen=True)
class Doubter:
    """Finds rows of one table whose target is doubtful."""

    table: Table
    schema: Schema
    seed: int = 0
    stop: Stop = never

    def trust(self, material: Material) -> Floats:
        """Return (n,) from 0 to 1 how much each row's target is to be trusted, 1 where nothing speaks against it."""
        trust = np.ones(material.rows)
        plain = replace(material, doubter=None)
        parts = folds(Order(material.task.strata(material.target)), FOLDS, 1, self.seed)
        quick = learn_quickly(plain, parts, seed=self.seed, threads=1, stop=self.stop)
        if quick is None:
            return trust
        for detection in self.doubts(plain, quick.P):
            for cells in detection.cells:
                doubt = np.ones(len(cells.rows)) if cells.confidence is None else cells.confidence
                trust[cells.rows] = np.minimum(trust[cells.rows], np.maximum(LEAST, 1.0 - doubt))
        return trust

    def doubts(self, material: Material, P: Floats) -> list[Detection]:
        """Return what is doubtful among the rows of the material, of which P was said out of fold."""
        if material.places is None:
            return []
        part = Table(self.table.frame[material.places], self.table.name, self.table.origin)
        said = OutOfFold(P, material.target.classes)
        return detect(part, Context(part, self.schema, seed=self.seed, out_of_fold=said), only=(DETECTOR,))
