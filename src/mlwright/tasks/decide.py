"""From predictions to answers: the threshold that costs least, the interval that covers, the labels not ruled out.

All are fitted on out-of-fold predictions, on rows that the predicting model did not learn from. Weights say how many
rows of the kind there are to come; only their ratios count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.tasks.base import Costs, Floats, Target

LEVEL = 0.9
BINS, ROWS_PER_BIN = 20, 50
ROWS_PER_KNOT = 0.2
"""How many more rows an interval has to hold for each bin whose scale was fitted to the same rows: with none, intervals
held 89.7 % instead of 90 in simulations of 100 to 1,000 rows."""
SMALLEST_SCALE = 1e-3
ENOUGH_ROWS = 100
"""Rows below which nothing is said of floors and sets."""
ROWS_PER_CUTOFF = 20
"""A class with fewer rows has no limit of its own to its sets."""
CLOSE = 1e-12
"""Sums of weights that differ by less are equal but for rounding."""


def checked(costs: Costs) -> Costs:
    """Return the costs, or raise OptionError where they are no costs."""
    for option, value in (("--cost-fp", costs.false_positive), ("--cost-fn", costs.false_negative)):
        if not math.isfinite(value) or value < 0:
            raise OptionError(f"{option} cannot be {value:g}: a cost is a number of at least 0.")
    if costs.false_positive + costs.false_negative <= 0:
        raise OptionError("--cost-fp and --cost-fn cannot both be 0: then no answer is better than another.")
    return costs


@dataclass(frozen=True, slots=True)
class Known:
    """Predictions of rows whose answer is known, as a decision is fitted on them: one entry a row and repeat."""

    y: Floats
    P: Floats
    weight: Floats
    repeats: int

    @classmethod
    def of(cls, target: Target, predictions: Floats, weight: Floats | None) -> Known:
        """Lay predictions (n, k) or (r, n, k) out; a row that weighs nothing is left out."""
        repeated = predictions if predictions.ndim == 3 else predictions[None]
        weights = np.ones(len(target.y)) if weight is None else weight
        kept = np.flatnonzero(weights > 0)
        repeats = len(repeated)
        return cls(
            np.tile(target.y[kept], repeats),
            repeated[:, kept].reshape(-1, repeated.shape[2]),
            np.tile(weights[kept], repeats),
            repeats,
        )

    def rows(self, entries: NDArray[np.bool_] | None = None) -> float:
        """Return how many rows of equal weight tell as much as these entries (Kish 1965)."""
        weight = self.weight if entries is None else self.weight[entries]
        return float(weight.sum() ** 2 / np.sum(weight**2)) / self.repeats if len(weight) else 0.0


# --- thresholds ------------------------------------------------------------------------------------------------------


def expected_costs(y: Floats, probability: Floats, grid: Floats, costs: Costs, weight: Floats | None = None) -> Floats:
    """Return what an average row costs when it is called positive from each threshold of the grid on."""
    weights = np.ones(len(y)) if weight is None else weight
    negatives, positives = (_sums_below(probability[y == side], weights[y == side], grid) for side in (0, 1))
    false_alarms = weights[y == 0].sum() - negatives
    total = costs.false_positive * false_alarms + costs.false_negative * positives
    return np.asarray(total / (weights.sum() if len(y) else 1.0), dtype=np.float64)


def _sums_below(values: Floats, weight: Floats, grid: Floats) -> Floats:
    """Return the weight of the values below each point of the grid."""
    order = np.argsort(values, kind="stable")
    sums: Floats = np.append(0.0, np.cumsum(weight[order]))
    return sums[np.searchsorted(values[order], grid, side="left")]


def cheapest_threshold(y: Floats, probability: Floats, costs: Costs, weight: Floats | None = None) -> float:
    """Return the threshold with the least expected cost on these rows.

    With perfect probabilities it is fp / (fp + fn) (Elkan, 2001, "The foundations of cost-sensitive learning"); among
    thresholds that cost the same, the one nearest to that is taken.

    >>> cheapest_threshold(np.array([0.0, 0.0, 1.0]), np.array([0.25, 0.5, 0.75]), Costs(1.0, 4.0))
    0.625
    >>> cheapest_threshold(np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.7]), Costs(1.0, 2.0))
    0.3333333333333333
    """
    theory = costs.false_positive / (costs.false_positive + costs.false_negative)
    values = np.unique(probability)
    # Every threshold in (low, high] makes the same decisions.
    low = np.append(-np.inf, values)
    high = np.append(values, np.inf)
    cost = expected_costs(y, probability, high, costs, weight)
    scale = max(costs.false_positive, costs.false_negative)
    best = np.flatnonzero(cost <= cost.min() + CLOSE * scale)
    inside = (low[best] < theory) & (theory <= high[best])
    middle = (np.clip(low[best], 0.0, 1.0) + np.clip(high[best], 0.0, 1.0)) / 2
    # Where even a probability of 1 is to be called negative, the threshold lies above it.
    middle = np.where(low[best] >= 1.0, math.nextafter(1.0, 2.0), middle)
    candidates = np.where(inside, theory, middle)
    return float(candidates[np.argmin(np.abs(candidates - theory))])


# --- intervals -------------------------------------------------------------------------------------------------------


def floor_of(target: Target) -> float | None:
    """Return the number below which no answer makes sense: prices, counts and durations are never below zero.

    None where the target has classes, was negative once, or has too few rows to tell.
    """
    if target.classes or len(target.y) < ENOUGH_ROWS or target.y.min() < 0:
        return None
    return 0.0


def conformal(known: Known) -> dict[str, Any]:
    """Return how wide intervals are that hold the true number in at least 90 % of new rows, by the predicted number.

    Split conformal prediction (Lei et al., 2018) on out-of-fold errors. How large errors are is told by the predicted
    number: large amounts are farther off than small ones. In bins of 50 rows or more it is the error that 90 % stay
    within, straight lines lie between the bins, and errors as shares of that are what is calibrated (normalised
    nonconformity; Papadopoulos, Gammerman and Vovk 2008). Errors of repeats are pooled: those of an average of repeats
    are smaller than a model's own.
    """
    predicted, errors = known.P[:, 0], np.abs(known.y - known.P[:, 0])
    place = _bins(known)
    bins = [place == at for at in range(place.max() + 1)]
    middle = np.array([np.average(predicted[inside], weights=known.weight[inside]) for inside in bins])
    scale = np.array([_within(errors[inside], known.weight[inside], known.repeats)[0] for inside in bins])
    # Where a bin has no errors at all, shares of them would say nothing.
    scale = np.maximum(scale, SMALLEST_SCALE * scale.mean() + np.finfo(np.float64).tiny)
    more = ROWS_PER_KNOT * len(bins) if len(bins) > 1 else 0.0
    shares = errors / np.interp(predicted, middle, scale)
    share, level = _within(shares, known.weight, known.repeats, more)
    return {"level": level, "at": middle.tolist(), "widths": (share * scale).tolist()}


def _bins(known: Known) -> NDArray[np.intp]:
    """Return for each entry its bin of the predicted number; bins hold about equally many."""
    predicted = known.P[:, 0]
    bins = max(1, min(BINS, int(known.rows() // ROWS_PER_BIN)))
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
    while True:
        place = np.searchsorted(edges, predicted, side="right")
        rows = [known.rows(place == at) for at in range(len(edges) + 1)]
        if not len(edges) or min(rows) >= ROWS_PER_BIN // 2:
            return place
        # Many equal predictions can starve a bin, and so can weights: join it with the one below.
        edges = np.delete(edges, max(int(np.argmin(rows)) - 1, 0))


def _within(errors: Floats, weight: Floats, repeats: int, more: float = 0.0) -> tuple[float, float]:
    """Return the error that a new one stays within at the level of 90 %, and the level that is reached.

    The new row weighs as much as those known do on average and may have any error (Tibshirani, Foygel Barber, Candes
    and Ramdas 2019, "Conformal prediction under covariate shift"); of n rows of equal weight it is the
    ceil((n + 1) level)-th smallest error, or so many `more`. Below nine rows that is beyond the largest, which is then
    taken at a lower level.
    """
    order = np.argsort(errors, kind="stable")
    below = np.cumsum(weight[order])
    row = below[-1] * repeats / len(errors)
    level = min(LEVEL, float(below[-1] / (below[-1] + row)))
    wanted = level * (below[-1] + row) + more * row
    at = int(np.searchsorted(below, wanted * (1.0 - CLOSE)))
    return float(errors[order[min(at, len(order) - 1)]]), level


def interval(predicted: Floats, decision: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return the lower and upper ends around predicted numbers."""
    width = np.interp(predicted, decision["at"], decision["widths"])
    lower, upper = predicted - width, predicted + width
    if (floor := decision.get("floor")) is not None:
        lower = np.minimum(np.maximum(lower, floor), predicted)
    return lower, upper


# --- sets ------------------------------------------------------------------------------------------------------------


def sets(known: Known, classes: int) -> dict[str, Any]:
    """Return for each class the probability from which on it is not ruled out; nothing where rows are too few to tell.

    Of the rows that are of a class, 90 % give it at least that probability, and so do 90 % of new ones: the smallest
    sets with that promise (Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers with bounded error
    levels"), which holds for each class (label-conditional; Vovk et al., 2005). For classes of fewer than 20 rows
    nothing is promised but what holds for all rows together: with a limit of their own they would be in every set.
    """
    if known.rows() < ENOUGH_ROWS:
        return {}
    place = known.y.astype(np.intp)
    given = known.P[np.arange(len(place)), place]
    together = -_within(-given, known.weight, known.repeats)[0]
    found = np.full(classes, np.nan)
    for label in range(classes):
        inside = place == label
        if known.rows(inside) >= ROWS_PER_CUTOFF:
            found[label] = -_within(-given[inside], known.weight[inside], known.repeats)[0]
    if np.isnan(found).any():
        # Rare classes may do worse than the rest: what is promised of all rows holds where no limit is above theirs.
        found = np.fmin(found, together)
    return {"level": LEVEL, "cutoffs": found.tolist()}
