"""Importance: how much worse the answers get when a column's values are shuffled among the rows.

Permutation importance (Breiman 2001, "Random forests", Machine Learning 45), on held-out rows and on raw columns. Where
two columns say the same thing, shuffling one leaves the model the other: both then look less important than they are
together, and a column without importance here may still be worth a lot alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.influence import influence, score_of
from mlwright.evaluate.intervals import Scored, plain
from mlwright.evaluate.limits import add_up, deviation, quantile_t
from mlwright.evaluate.resample import FOLDS
from mlwright.learn.base import Stop, never
from mlwright.tasks.base import Metric

ROWS = 2_000
FEWEST_OF_CLASS = 200
REPEATS = 5

Predict = Callable[[Columns], Floats]


def importance(
    predict: Predict,
    columns: Columns,
    names: Sequence[str],
    held_out: HeldOut,
    metric: Metric,
    *,
    seed: int = 0,
    seconds: float | None = None,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the "importance" of the evidence: what the score loses when each column is shuffled, the largest first.

    At most 2,000 rows, and 200 of each class where there are as many, and 5 shuffles. Rare classes are then more
    frequent than among all rows: an importance is a difference of scores on the same rows, not from the headline's
    score. With `seconds`, fewer of both where the first prediction says that so many would take longer (two builds may
    then differ). `stop` ends it between predictions: columns not reached are left out. The interval covers the choice
    of rows and of shuffles.
    """
    random = np.random.default_rng(seed)
    if not len(held_out) or not names:
        return []
    columns, held_out = _sample(columns, held_out, ROWS, random)
    begun = time.perf_counter()
    P = predict(columns)
    cost = time.perf_counter() - begun
    if seconds is not None:
        share = max(seconds - cost, 0.0) / max(cost * len(names), 1e-9)
        repeats = int(min(REPEATS, max(1, share)))
        if share < 1.0:
            # Not even one shuffle of all rows: fewer rows, down to a tenth.
            columns, held_out = _sample(columns, held_out, max(200, round(share * len(held_out))), random)
            P = predict(columns)
    else:
        repeats = REPEATS
    found = []
    for name in names:
        if stop():
            break
        orders = [random.permutation(columns.rows).astype(np.intp) for _ in range(repeats)]
        shuffled = _shuffled(predict, columns, name, orders, stop)
        value = _loss_of_score(metric, held_out, P, shuffled, orders)
        if math.isfinite(value.value):
            found.append({"column": name, "value": plain(value.value), "interval": value.interval})
    return sorted(found, key=lambda entry: -float(entry["value"] or 0.0))


def _sample(columns: Columns, held_out: HeldOut, most: int, random: np.random.Generator) -> tuple[Columns, HeldOut]:
    """Return at most so many rows, and where there are classes as many as there are, up to 200, of each.

    A difference of scores on the same rows is what matters: six cases among 2,000 rows would tell nothing of a case.
    """
    if len(held_out) <= most:
        return columns, held_out
    kept = [random.choice(len(held_out), most, replace=False)]
    if held_out.target.classes:
        rows = [np.flatnonzero(held_out.y == position) for position in range(len(held_out.target.classes))]
        few = max(1, min(FEWEST_OF_CLASS, most // len(rows)))
        kept += [random.choice(each, min(few, len(each)), replace=False) for each in rows if len(each)]
    index = np.unique(np.concatenate(kept)).astype(np.intp)
    return columns.take(index), held_out.take(index)


def _shuffled(
    predict: Predict, columns: Columns, name: str, orders: Sequence[NDArray[np.intp]], stop: Stop
) -> list[Floats]:
    """Return the predictions with the column's values in each of these orders."""
    predictions: list[Floats] = []
    for order in orders:
        if predictions and stop():
            break
        values = columns[name]
        moved = values.take(order) if isinstance(values, Coded) else values[order]
        predictions.append(predict(Columns({**columns, name: moved}, columns.rows)))
    return predictions


def _loss_of_score(
    metric: Metric, held_out: HeldOut, P: Floats, shuffled: Sequence[Floats], orders: Sequence[NDArray[np.intp]]
) -> Scored:
    """Return how much the score loses on average over the shuffles, with its interval."""
    if all(np.array_equal(P, other) for other in shuffled):
        return Scored(0.0, 0.0, 0.0)
    sign = 1.0 if metric.greater_is_better else -1.0
    value = score_of(metric, held_out, P)
    lost = float(np.mean([sign * (value - score_of(metric, held_out, other)) for other in shuffled]))
    found = [influence(metric, held_out, each) for each in (P, *shuffled)]
    if all(each is not None for each in found):
        parts = [each.score_parts for each in found if each is not None]
        error, freedom = _error_of_parts(held_out, parts, orders)
    else:
        error, freedom = _error_left_out(metric, held_out, P, shuffled, orders)
    if freedom < 1 or not math.isfinite(error):
        return Scored(lost, math.nan, math.nan)
    half = quantile_t(freedom) * error
    return Scored(lost, lost - half, lost + half)


def _error_of_parts(
    held_out: HeldOut, parts: Sequence[Floats], orders: Sequence[NDArray[np.intp]]
) -> tuple[float, int]:
    """Return the standard error and its degrees of freedom from the parts of the score and of the shuffled ones.

    A row stands in a shuffled score twice: with somebody's value, and by its own value in somebody's row.
    """
    gaps = parts[0].copy()
    for moved, order in zip(parts[1:], orders, strict=False):
        gaps -= moved / (len(parts) - 1)
        gaps[order] -= moved / (len(parts) - 1)
    units = add_up(gaps, None if held_out.groups is None else held_out.units)
    return deviation(units), len(units) - 1


def _error_left_out(
    metric: Metric, held_out: HeldOut, P: Floats, shuffled: Sequence[Floats], orders: Sequence[NDArray[np.intp]]
) -> tuple[float, int]:
    """Return the same for scores without parts, by leaving out one part of the rows after the other (the jackknife)."""
    units = held_out.units
    folds = min(FOLDS, int(units.max()) + 1)
    if folds < 2:
        return math.nan, 0
    part, gaps = units % folds, []
    for fold in range(folds):
        kept = np.flatnonzero(part != fold).astype(np.intp)
        plain_score = score_of(metric, held_out.take(kept), P[kept])
        others = []
        for other, order in zip(shuffled, orders, strict=False):
            both = kept[part[order[kept]] != fold]
            others.append(score_of(metric, held_out.take(both), other[both]))
        gaps.append(plain_score - float(np.mean(others)))
    # Leaving out one of f parts moves the score f - 1 times less than that part's own error.
    return (folds - 1) * deviation(np.array(gaps)), folds - 1
