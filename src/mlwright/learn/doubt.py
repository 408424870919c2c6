"""Doubt: rows whose target is probably wrong teach less.

Which rows those are, a quick model says that did not learn from them; it is asked anew on whatever rows teach. Whether
a model is better for it is found out by trying: a rare case looks like an error too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mlwright.clean.base import Context, Detection, OutOfFold
from mlwright.clean.detectors import detect
from mlwright.clean.measures.label_quality import class_weights, number_weights
from mlwright.learn.base import Stop, never
from mlwright.learn.material import Material
from mlwright.learn.quick import learn_quickly
from mlwright.learn.splits import Order, folds
from mlwright.schema import Schema
from mlwright.table import Table
from mlwright.tasks.base import Floats

DETECTOR = "label_errors"
FOLDS = 3
FEWEST_TRUSTED = 0.5
"""Where less than this share of the weight would be left, the quick model knows too little to doubt anything."""


@dataclass(frozen=True)
class Doubter:
    """Finds rows of one table whose target is doubtful."""

    table: Table
    schema: Schema
    seed: int = 0
    stop: Stop = never

    def trust(self, material: Material) -> Floats:
        """Return (n,) from 0 to 1 how much each row's target is to be trusted, 1 where nothing speaks against it."""
        plain = replace(material, doubter=None)
        parts = folds(Order(material.task.strata(material.target)), FOLDS, 1, self.seed)
        quick = learn_quickly(plain, parts, seed=self.seed, threads=1, stop=self.stop)
        known = np.zeros(material.rows, dtype=bool) if quick is None else np.isfinite(quick.P).all(axis=1)
        trust = np.ones(material.rows)
        if quick is None or not known.any():
            return trust
        y, P = material.target.y[known], quick.P[known]
        trust[known] = class_weights(y.astype(np.intp), P) if material.target.classes else number_weights(y, P[:, 0])
        return trust if trust.sum() >= FEWEST_TRUSTED * material.rows else np.ones(material.rows)

    def doubts(self, material: Material, P: Floats) -> list[Detection]:
        """Return what is doubtful among the rows of the material, of which P was said out of fold."""
        if material.places is None:
            return []
        part = Table(self.table.frame[material.places], self.table.name, self.table.origin)
        said = OutOfFold(P, material.target.classes)
        context = Context(part, self.schema, seed=self.seed, places=material.places, out_of_fold=said)
        return detect(part, context, only=(DETECTOR,))
