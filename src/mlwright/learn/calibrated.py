"""Whether a calibration pays: tried by cross-validation on out-of-fold predictions, none unless clearly better.

Many strong models need none, and a calibration fitted where none is needed does harm: so none is the rule. The rows of
one entity, copies of a row and neighbours in time stay in one part, and count as one piece of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Stop, never
from mlwright.learn.calibration import Calibration
from mlwright.learn.calibrators import CALIBRATORS, Calibrator
from mlwright.learn.splits import Order, folds
from mlwright.tasks.base import Metric
from mlwright.tasks.metrics import BINARY
from mlwright.tasks.scores import log_loss_rows

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

PARTS = 5
STRETCHES = 50
"""Pieces that rows in order of time are cut into: neighbours tell the same."""
FEWEST_ROWS, FEWEST_CASES = 500, 50
"""Rows, and rows not of the commonest class, below which nothing is tried. The share of 50 cases is known to 14 % of
itself (1 / sqrt(50)) at best; of 300 rows, simulated, those that were calibrated lost more than they gained."""
CELLS = 150_000
"""Rows x classes that are looked at: three numbers need no more, and a budget has to be kept."""
CLEARLY = 1.25
"""Standard errors by which a calibration has to be better. With one, up to 9 of 100 simulated cases that needed none
were calibrated, with this at most 4; where one is clearly needed, as much is gained (benchmarks/calibration.py)."""
WORSE = 1e-4
"""By how much a calibration may worsen the ranking, or the metric that decides."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What was chosen: a calibration or none, its name, and by which share it lowers log loss (cross-validated)."""

    calibration: Calibration | None
    name: str = "none"
    label: str = "none"
    gain: float = 0.0
    error: float = 0.0
    """The standard error of the gain."""
    reason: Literal["better", "no better", "few rows", "no time", "interrupted"] = "no better"
    before: float = 0.0
    """The log loss without a calibration, out of fold."""

    def to_dict(self) -> dict[str, Any]:
        """Return what the evidence says of it, with one plain sentence."""
        return {
            "method": self.name,
            "label": self.label,
            "gain": self.gain,
            "error": self.error,
            "log_loss": self.before,
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """Say whether probabilities were calibrated, and with what gain."""
        if self.reason == "few rows":
            return (
                "The probabilities stand as the models gave them: there are too few rows to tell whether a calibration "
                "would make them truer."
            )
        if self.reason in {"no time", "interrupted"}:
            why = "there was no time" if self.reason == "no time" else "Ctrl-C left no time"
            return (
                f"The probabilities stand as the models gave them: {why} to see whether a calibration would make them "
                "truer."
            )
        if self.calibration is None:
            return (
                "The probabilities stand as the models gave them: on rows the models had not learned from, no "
                "calibration made them clearly truer."
            )
        return (
            f"The probabilities were calibrated ({self.label}): on rows the models had not learned from, that lowers "
            f"log loss by {100 * self.gain:.2g} % (give or take {100 * self.error:.1g})."
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Out-of-fold predictions (r, n, k) of rows with known class, where to cut them, and what is one piece."""

    P: Floats
    y: Floats
    weight: Floats
    part: Index
    unit: Index

    @classmethod
    def of(cls, predictions: Floats, y: Floats, weight: Floats | None, order: Order, *, seed: int) -> Rows:
        """Cut rows into parts as the order has it; rows beyond a number are thinned out evenly within classes."""
        P = predictions if predictions.ndim == 3 else predictions[None]
        weights = np.ones(len(y)) if weight is None else weight
        part, unit = _parts(order, seed)
        kept, times = _thinned(y, weights, CELLS // (len(P) * P.shape[2]))
        return cls(P[:, kept], y[kept], weights[kept] * times, part[kept], unit[kept])

    def entries(self, inside: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
        """Return predictions, classes and weights of some rows, the repeats below one another."""
        P = self.P[:, inside]
        return P.reshape(-1, P.shape[2]), np.tile(self.y[inside], len(P)), np.tile(self.weight[inside], len(P))

    @property
    def counts(self) -> NDArray[np.intp]:
        """Rows of each class."""
        return np.bincount(self.y.astype(np.intp), minlength=self.P.shape[2])


def choose_calibration(rows: Rows, metric: Metric, *, stop: Stop = never) -> Calibrated:
    """Return the calibration whose log loss is best (cross-validated, weighted), or none where none is clearly better.

    Never one that worsens the ranking of yes/no questions or the metric that decides.
    """
    counts, classes = rows.counts, rows.P.shape[2]
    if len(rows.y) < FEWEST_ROWS or len(rows.y) - counts.max() < FEWEST_CASES:
        return Calibrated(None, reason="few rows")
    before = _losses(rows, rows.P)
    base = float(np.average(before, weights=rows.weight))
    best = Calibrated(None, before=base)
    for name, calibrator in CALIBRATORS.items():
        if (calibrator.binary and classes > 2) or counts.min() < calibrator.rows_of_each:
            continue
        if stop():
            return best if best.calibration is not None else Calibrated(None, reason="no time", before=base)
        gain, error = _difference(before - _losses(rows, _out_of_part(rows, calibrator)), rows)
        if gain > max(CLEARLY * error, best.gain * base):
            found = calibrator.fit(*rows.entries(np.ones(len(rows.y), dtype=np.bool_)))
            if _harmless(rows, found, metric):
                best = Calibrated(found, name, calibrator.label, gain / base, error / base, "better", base)
    return best


def _out_of_part(rows: Rows, calibrator: Calibrator) -> Floats:
    """Return each row's probabilities as calibrated on the rows of other parts."""
    found = np.empty_like(rows.P)
    for part in np.unique(rows.part):
        inside = rows.part == part
        calibration = calibrator.fit(*rows.entries(~inside))
        for repeat, P in enumerate(rows.P):
            found[repeat, inside] = calibration.apply(P[inside])
    return found


def _losses(rows: Rows, P: Floats) -> Floats:
    """Return each row's log loss, the mean of its repeats."""
    return np.asarray(np.mean([log_loss_rows(rows.y, each) for each in P], axis=0), dtype=np.float64)


def _difference(gain: Floats, rows: Rows) -> tuple[float, float]:
    """Return the mean of the rows' gains and its standard error, a unit's rows together."""
    whole = rows.weight.sum()
    mean = float(rows.weight @ gain / whole)
    sums = np.bincount(rows.unit, weights=rows.weight * (gain - mean))
    units = len(np.unique(rows.unit))
    return mean, float(np.sqrt(np.sum(sums**2) * units / max(units - 1, 1)) / whole)


def _harmless(rows: Rows, calibration: Calibration, metric: Metric) -> bool:
    """Whether neither the ranking nor the metric that decides gets worse."""
    P, y, weight = rows.entries(np.ones(len(rows.y), dtype=np.bool_))
    after = calibration.apply(P)
    ranking = (BINARY["roc_auc"],) if P.shape[1] == 2 else ()
    return all(each.loss(y, after, weight) <= each.loss(y, P, weight) + WORSE for each in (metric, *ranking))


def _parts(order: Order, seed: int) -> tuple[Index, Index]:
    """Return for each row its part, and the unit it belongs to."""
    rows = len(order.strata)
    if order.time is not None:
        rank = np.empty(rows, dtype=np.intp)
        rank[np.argsort(order.time, kind="stable")] = np.arange(rows)
        return rank * PARTS // rows, rank * STRETCHES // rows
    part = np.zeros(rows, dtype=np.intp)
    for number, (_, inside) in enumerate(folds(order, PARTS, 1, seed)):
        part[inside] = number
    together = order.copies if order.groups is None else order.groups
    unit = np.arange(rows) if together is None else np.unique(together, return_inverse=True)[1]
    return part, unit.astype(np.intp)


def _thinned(y: Floats, weight: Floats, most: int) -> tuple[Index, Floats]:
    """Return rows to look at and how many each stands for: all of rare classes, evenly taken ones of common classes."""
    if len(y) <= most:
        return np.arange(len(y)), np.ones(len(y))
    values, counts = np.unique(y, return_counts=True)
    kept: list[Index] = []
    times: list[Floats] = []
    left, classes = most, len(values)
    for at in np.argsort(counts, kind="stable"):
        share = max(1, min(int(counts[at]), left // classes))
        members = np.flatnonzero(y == values[at])
        chosen = members[np.linspace(0, len(members) - 1, share).astype(np.intp)]
        kept.append(chosen)
        times.append(np.full(share, weight[members].sum() / max(weight[chosen].sum(), 1e-300)))
        left, classes = left - share, classes - 1
    index = np.concatenate(kept)
    order = np.argsort(index)
    return index[order], np.concatenate(times)[order]
