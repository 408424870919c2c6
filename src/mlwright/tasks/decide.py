"""From predictions to answers: the threshold that costs least, and the interval that covers.

Both are fitted on out-of-fold predictions, on rows that the predicting model did not learn from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.errors import OptionError
from mlwright.tasks.base import Costs, Floats

LEVEL = 0.9
BINS = 10
ROWS_PER_BIN = 100


def checked(costs: Costs) -> Costs:
    """Return the costs, or raise OptionError where they are no costs."""
    for option, value in (("--cost-fp", costs.false_positive), ("--cost-fn", costs.false_negative)):
        if not math.isfinite(value) or value < 0:
            raise OptionError(f"{option} cannot be {value:g}: a cost is a number of at least 0.")
    if costs.false_positive + costs.false_negative <= 0:
        raise OptionError("--cost-fp and --cost-fn cannot both be 0: then no answer is better than another.")
    return costs


def expected_costs(y: Floats, probability: Floats, grid: Floats, costs: Costs) -> Floats:
    """Return what an average row costs when it is called positive from each threshold of the grid on."""
    negatives, positives = np.sort(probability[y == 0]), np.sort(probability[y == 1])
    false_alarms = len(negatives) - np.searchsorted(negatives, grid, side="left")
    missed = np.searchsorted(positives, grid, side="left")
    total = costs.false_positive * false_alarms + costs.false_negative * missed
    return np.asarray(total / max(len(y), 1), dtype=np.float64)


def cheapest_threshold(y: Floats, probability: Floats, costs: Costs) -> float:
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
    cost = expected_costs(y, probability, high, costs)
    best = np.flatnonzero(cost <= cost.min() + 1e-12 * max(1.0, float(cost.min())))
    inside = (low[best] < theory) & (theory <= high[best])
    middle = (np.clip(low[best], 0.0, 1.0) + np.clip(high[best], 0.0, 1.0)) / 2
    # Where even a probability of 1 is to be called negative, the threshold lies above it.
    middle = np.where(low[best] >= 1.0, math.nextafter(1.0, 2.0), middle)
    candidates = np.where(inside, theory, middle)
    return float(candidates[np.argmin(np.abs(candidates - theory))])


def conformal(y: Floats, predicted: Floats) -> dict[str, Any]:
    """Return the half-widths of intervals that hold the true number in at least 90 % of new rows.

    Split conformal prediction (Lei et al., 2018) on out-of-fold absolute errors, apart for bins of the predicted number
    (Mondrian; Vovk et al., 2005), so that small predictions may have narrow intervals and large ones wide ones. A bin
    has at least 100 rows. The quantile is the ceil((n + 1) level)-th smallest error; below nine rows that is beyond the
    largest, which is then taken.
    """
    bins = max(1, min(BINS, len(y) // ROWS_PER_BIN))
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, predicted, side="right")
    # Many equal predictions can starve a bin: join it with the one below.
    while len(edges) and (count := np.bincount(place, minlength=len(edges) + 1)).min() < ROWS_PER_BIN // 2:
        edges = np.delete(edges, max(int(np.argmin(count)) - 1, 0))
        place = np.searchsorted(edges, predicted, side="right")
    errors = np.abs(y - predicted)
    widths = [_quantile(errors[place == position]) for position in range(len(edges) + 1)]
    decision: dict[str, Any] = {"level": LEVEL, "edges": edges.tolist(), "widths": widths}
    if len(y) >= ROWS_PER_BIN and y.min() >= 0:
        # Prices, counts and durations are never below zero: an interval that is says nothing true.
        decision["floor"] = 0.0
    return decision


def _quantile(errors: Floats) -> float:
    rank = math.ceil((len(errors) + 1) * LEVEL)
    return float(np.sort(errors)[min(rank, len(errors)) - 1])


def interval(predicted: Floats, decision: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return the lower and upper ends around predicted numbers."""
    edges = np.asarray(decision["edges"], dtype=np.float64)
    width = np.asarray(decision["widths"], dtype=np.float64)[np.searchsorted(edges, predicted, side="right")]
    lower, upper = predicted - width, predicted + width
    if (floor := decision.get("floor")) is not None:
        lower = np.minimum(np.maximum(lower, floor), predicted)
    return lower, upper
