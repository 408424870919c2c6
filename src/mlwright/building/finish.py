"""The last steps from what members say to answers: calibration, the floor of numbers, and the decision.

All are fitted on out-of-fold predictions of the rows that may teach; the rows that judge have no part in them, and the
twin that is judged takes the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlwright.learn.base import Stop
from mlwright.learn.calibrated import Calibrated, Rows, choose_calibration
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.material import Folds
from mlwright.learn.refit import Chosen
from mlwright.learn.splits import Order
from mlwright.tasks.base import Costs, Floats
from mlwright.tasks.decide import floor_of


@dataclass(frozen=True, slots=True)
class Finish:
    """What turns the weighted mean of the members into answers."""

    calibrated: Calibrated | None
    """What was found of calibration; None where numbers are predicted."""
    floor: float | None
    decision: dict[str, Any]

    def floored(self, P: Floats) -> Floats:
        """Return numbers none of which is below the floor; probabilities as they are."""
        return P if self.floor is None else np.maximum(P, self.floor)

    def of(self, ensemble: Ensemble) -> Ensemble:
        """Return the ensemble with these last steps."""
        calibration = None if self.calibrated is None else self.calibrated.calibration
        return replace(ensemble, floor=self.floor, calibration=calibration)


def finish(
    folds: Folds, chosen: Sequence[Chosen], order: Order | None, *, costs: Costs, seed: int, stop: Stop
) -> Finish:
    """Fit the last steps on what the folds predict for rows they did not learn from.

    `order` is what cuts of the rows respect; None where there is no time to look for a calibration. None is looked for
    either where no rows judge: the rows that score would have chosen it, and they are too few to choose well.
    """
    scored = np.flatnonzero(folds.scored)
    rows = folds.material.take(scored)
    P = _blended(chosen)[:, scored]
    floor = floor_of(folds.material.target)
    calibrated = None
    if rows.target.classes and (folds.judging or order is None):
        calibrated = Calibrated(None, reason="few rows" if folds.judging else "no time")
    elif rows.target.classes and order is not None:
        known = Rows.of(P, rows.target.y, rows.weight, order.take(scored), seed=seed)
        calibrated = choose_calibration(known, rows.metric, stop=stop)
        if calibrated.calibration is not None:
            P = np.stack([calibrated.calibration.apply(each) for each in P])
    elif floor is not None:
        P = np.maximum(P, floor)
    return Finish(calibrated, floor, rows.task.decide(rows.target, P, costs, rows.weight))


def _blended(chosen: Sequence[Chosen]) -> Floats:
    """Return (repeats, n, k): what the members predict on average, repeat by repeat.

    An average over repeats predicts better than the one model that will be fitted.
    """
    total: Floats | float = 0.0
    for one in chosen:
        if one.trial.repeated is not None:
            total = total + one.weight * one.trial.repeated
    return np.asarray(total, dtype=np.float64)
