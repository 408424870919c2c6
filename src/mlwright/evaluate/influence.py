"""What each row contributes to a score: the one source of intervals and of paired differences.

A score is close to a mean of per-row parts (its influence function): exactly so for a mean of losses, to first order
for its square root, and by DeLong's structural components for the ROC AUC. Adding parts up by group gives the
uncertainty of clustered rows; subtracting two models' parts gives that of their difference.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.tasks.base import Metric


@dataclass(frozen=True, slots=True)
class Link:
    """How a score follows from the mean of its losses, and the slope of that."""

    name: str
    score: Callable[[float], float]
    slope: Callable[[float], float]


LINKS: tuple[Link, ...] = (
    Link("mean", lambda mean: mean, lambda _: 1.0),
    Link("complement", lambda mean: 1.0 - mean, lambda _: -1.0),
    Link("negative", lambda mean: -mean, lambda _: -1.0),
    Link("root", lambda mean: math.sqrt(max(mean, 0.0)), lambda mean: 0.5 / math.sqrt(mean) if mean > 0.0 else 0.0),
)


@dataclass(frozen=True, slots=True)
class Averaged:
    """A score that is a function of a weighted mean of losses; `parts` (n,) average to 0 and vary as the mean does."""

    mean: float
    parts: Floats
    losses: Floats
    link: Link

    @property
    def value(self) -> float:
        """The score."""
        return self.link.score(self.mean)

    @property
    def score_parts(self) -> Floats:
        """What each row adds to the score's deviation."""
        return self.link.slope(self.mean) * self.parts


@dataclass(frozen=True, slots=True)
class Ranked:
    """An area under the ROC curve (averaged over classes where there are more than two) and its parts (n,)."""

    value: float
    parts: Floats
    positive: Floats
    """(n, c): 1 where the row is of the class whose curve that is."""

    @property
    def score_parts(self) -> Floats:
        """What each row adds to the score's deviation."""
        return self.parts


def score_of(metric: Metric, held_out: HeldOut, P: Floats) -> float:
    """Return the score, NaN where the rows do not define it (a class that none of them has)."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return float(metric.score(held_out.y, P, held_out.weight))
        except (ValueError, ZeroDivisionError):
            return math.nan


def influence(metric: Metric, held_out: HeldOut, P: Floats) -> Averaged | Ranked | None:
    """Return the score's parts, or None where only resampling can tell (F1, R squared)."""
    if metric.losses is not None:
        return averaged(metric, held_out, P)
    if metric.interval == "delong":
        return ranked(metric, held_out, P)
    return None


def averaged(metric: Metric, held_out: HeldOut, P: Floats) -> Averaged | None:
    """Return the score as a function of its mean loss.

    A metric does not say how its score follows from its losses; the link is the one that reproduces the score on all
    rows and on half of them, and where none does there is no answer.
    """
    if metric.losses is None or not len(held_out):
        return None
    losses = np.asarray(metric.losses(held_out.y, P), dtype=np.float64)
    if losses.shape != held_out.y.shape or not np.isfinite(losses).all():
        return None
    weight = np.ones(len(losses)) if held_out.weight is None else held_out.weight
    if weight.sum() <= 0.0:
        return None
    half = np.arange(0, len(losses), 2)
    checks = [
        (score_of(metric, held_out, P), float(np.average(losses, weights=weight))),
        (score_of(metric, held_out.take(half), P[half]), _mean(losses[half], weight[half])),
    ]
    mean = checks[0][1]
    if math.isnan(checks[0][0]):
        return None
    for link in LINKS:
        if all(math.isnan(score) or _close(score, link.score(loss)) for score, loss in checks):
            return Averaged(mean, weight * (losses - mean) / weight.mean(), losses, link)
    return None


def ranked(metric: Metric, held_out: HeldOut, P: Floats) -> Ranked | None:
    """Return the ROC AUC's parts, or None where the metric is another one or no row has a class."""
    columns = (1,) if P.shape[1] == 2 else tuple(range(P.shape[1]))
    curves = []
    for column in columns:
        positive = held_out.y == column
        found = _area(P[:, column], positive, held_out.weight)
        if found is None:
            return None
        curves.append((found, positive))
    value = float(np.mean([area for (area, _), _ in curves]))
    if not _close(score_of(metric, held_out, P), value):
        return None
    parts = np.mean([parts for (_, parts), _ in curves], axis=0)
    return Ranked(value, parts, np.column_stack([positive for _, positive in curves]).astype(np.float64))


def _area(scores: Floats, positive: np.ndarray, weight: Floats | None) -> tuple[float, Floats] | None:
    """Return the weighted area under the ROC curve and its structural components (DeLong 1988) in O(n log n).

    Sun and Xu (2014) take mid-ranks; counting by `searchsorted` is the same thing and carries weights.
    """
    weight = np.ones(len(scores)) if weight is None else weight
    weight_up, weight_down = weight[positive], weight[~positive]
    if weight_up.sum() <= 0.0 or weight_down.sum() <= 0.0:
        return None
    up = _share_below(scores[positive], scores[~positive], weight_down)
    down = 1.0 - _share_below(scores[~positive], scores[positive], weight_up)
    area = float(np.average(up, weights=weight_up))
    parts = np.empty(len(scores))
    parts[positive] = len(scores) * weight_up * (up - area) / weight_up.sum()
    parts[~positive] = len(scores) * weight_down * (down - area) / weight_down.sum()
    return area, parts


def _share_below(scores: Floats, others: Floats, weight: Floats) -> Floats:
    """Return for each score the share of the others' weight that is below it, ties counting half."""
    order = np.argsort(others, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(weight[order])])
    ordered = others[order]
    below, upto = (running[np.searchsorted(ordered, scores, side=side)] for side in ("left", "right"))
    shares: Floats = (below + upto) / (2.0 * running[-1])
    return shares


def _mean(losses: Floats, weight: Floats) -> float:
    """Return the weighted mean, NaN where nothing has a weight."""
    return float(np.average(losses, weights=weight)) if weight.sum() > 0.0 else math.nan


def _close(one: float, other: float) -> bool:
    """Tell whether two scores are the same number but for rounding."""
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
