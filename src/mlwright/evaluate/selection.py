"""Selection: how good the chosen model is where the rows that score it also chose it.

Below some 1,000 rows a holdout is too small to tell anything, so that the score comes from cross-validation. The best
of many candidates looks better there than it is. Bootstrap bias corrected cross-validation (Tsamardinos, Greasidou and
Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation", Machine
Learning 107) repeats the choice on resampled rows and scores it on the rows left out: no model is fitted again. What is
left of the bias is on the careful side, for a resample has fewer distinct rows to choose by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.decided import answered, scored_by
from mlwright.evaluate.evaluation import Baseline, Evaluation, conclude
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.influence import score_of
from mlwright.evaluate.intervals import Scored, within
from mlwright.evaluate.limits import LEVEL, UNKNOWN, Z
from mlwright.evaluate.resample import Draws
from mlwright.learn.base import Stop, never
from mlwright.tasks.base import Metric, RowTask

Choose = Callable[[Sequence[Floats], Floats, Floats | None], Floats]
"""From the candidates' predictions, y and weights of some rows to the candidates' weights (m,)."""

Finish = Callable[[Floats], Floats]
"""From what the chosen say on average to what people get."""


def unchanged(P: Floats) -> Floats:
    """Return the predictions as they are."""
    return P


FEWEST = 20
ENOUGH = 100
"""Resamples below which their percentiles are too uncertain, and their standard deviation is used."""
ATTEMPTS = 3
"""Resamples that are drawn for each one wanted; those of a single class are no use."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen from: each candidate's out-of-fold predictions, and how the choice is made.

    A candidate is (n, k), or (r, n, k) where cross-validation was repeated r times. Repeats are not averaged: an
    average of r models predicts better than the one that will be fitted. The b-th resample reads repeat b modulo r.
    """

    candidates: Sequence[Floats]
    choose: Choose
    resamples: int = 200
    stop: Stop = never
    """Ends it early, after 20 resamples at the least."""
    finish: Finish = unchanged
    """The last step from what the chosen say to what people get."""


def evaluate_selection(
    task: RowTask,
    metric: Metric,
    held_out: HeldOut,
    selection: Selection,
    *,
    baselines: Mapping[str, tuple[str, Floats]],
    decision: Mapping[str, Any],
    method: str,
    seed: int = 0,
) -> Evaluation:
    """Score the choice among candidates on all rows' out-of-fold predictions, without the advantage of having chosen.

    The baselines' out-of-fold predictions are {name: (label, P)}, P as the candidates'. Each resample costs one call
    of `choose`. Differences to the baselines are paired: same rows, same resamples.
    """

    def given(P: Floats) -> Floats | None:
        return answered(task.answer(P, decision, held_out.target.classes))

    replay = Replay(held_out, selection, seed, given)
    metrics = {metric.name: metric, **task.metrics}
    scores = {name: replay.scores(each) for name, each in metrics.items()}
    measured = {name: (each, within(each.bounds, summary(scores[name]))) for name, each in metrics.items()}
    rivals = []
    for name, (label, P) in baselines.items():
        other = replay.scores(metric, repeats_of(P))
        sign = 1.0 if metric.greater_is_better else -1.0
        difference = sign * (scores[metric.name] - other)
        rivals.append(Baseline(name, label, within(metric.bounds, summary(other)), summary(difference)))
    return conclude(
        metric,
        held_out,
        measured=measured,
        baselines=rivals,
        curves=task.curves(held_out.target, replay.P, decision),
        method=method,
    )


def summary(values: Floats) -> Scored:
    """Return the mean of the resamples' scores, and their percentiles as the interval, as published.

    Narrower intervals, from the rows' own variance around that mean, were tried: they cover 0.63 to 0.95 of true scores
    instead of 0.95, for cross-validation's predictions also vary with the rows that were learned from.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < max(2, len(values) / 2):
        return Scored(math.nan, *UNKNOWN)
    mean, tail = float(finite.mean()), (1.0 - LEVEL) / 2.0
    if len(finite) < ENOUGH:
        half = Z * float(finite.std(ddof=1))
        return Scored(mean, mean - half, mean + half)
    low, high = (float(end) for end in np.quantile(finite, [tail, 1.0 - tail]))
    return Scored(mean, low, high)


def nothing(_: Floats) -> None:
    """Answer nothing: metrics of answers then score the likeliest."""


class Replay:
    """The choice made again on each resample of the rows (of whole groups), and its predictions on the rows left out.

    `P` (n, k) holds each row's mean prediction over the resamples that left it out: what the curves are drawn from.
    """

    def __init__(
        self, held_out: HeldOut, selection: Selection, seed: int, given: Callable[[Floats], Floats | None] = nothing
    ) -> None:
        self.held_out, self._given = held_out, given
        candidates = [repeats_of(P) for P in selection.candidates]
        draws = Draws(held_out, seed, most=len(held_out))
        self.repeat: list[int] = []
        self.outside: list[NDArray[np.intp]] = []
        self.blends: list[Floats] = []
        for number in range(ATTEMPTS * selection.resamples):
            inside = draws.next()
            outside = np.setdiff1d(np.arange(len(held_out), dtype=np.intp), inside)
            drawn = held_out.take(inside)
            if min(len(np.unique(drawn.y)), len(np.unique(held_out.y[outside]))) < 2:
                continue  # nothing to score by, or nothing to choose by
            predictions = [P[number % len(P)] for P in candidates]
            weights = selection.choose([P[inside] for P in predictions], drawn.y, drawn.weight)
            self.repeat.append(number)
            self.outside.append(outside)
            self.blends.append(selection.finish(_blend([P[outside] for P in predictions], weights)))
            made = len(self.outside)
            if made == selection.resamples or (made >= FEWEST and selection.stop()):
                break
        self.P = self._averaged(candidates, selection)

    def scores(self, metric: Metric, repeats: Sequence[Floats] | None = None) -> Floats:
        """Return (b,) the scores on the rows left out: of the choice, or of other predictions on the same rows."""
        values = []
        for number, outside, blend in zip(self.repeat, self.outside, self.blends, strict=True):
            P = blend if repeats is None else repeats[number % len(repeats)][outside]
            P = scored_by(metric, P, self._given(P)) if metric.decided else P
            values.append(score_of(metric, self.held_out.take(outside), P))
        return np.array(values, dtype=np.float64)

    def _averaged(self, candidates: Sequence[Sequence[Floats]], selection: Selection) -> Floats:
        """Return the mean prediction of the resamples that left a row out; the plain choice where none did."""
        first = [repeats[0] for repeats in candidates]
        plain = selection.finish(_blend(first, selection.choose(first, self.held_out.y, self.held_out.weight)))
        total, count = np.zeros_like(plain), np.zeros(len(plain))
        for outside, P in zip(self.outside, self.blends, strict=True):
            total[outside] += P
            count[outside] += 1
        return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], plain)


def repeats_of(P: Floats) -> Sequence[Floats]:
    """Return the predictions of each repeat of cross-validation."""
    return list(P) if P.ndim == 3 else [P]


def _blend(predictions: Sequence[Floats], weights: Floats) -> Floats:
    """Return the weighted sum of predictions; candidates without a weight cost nothing."""
    total = np.zeros_like(predictions[0])
    for P, weight in zip(predictions, weights, strict=True):
        if weight:
            total += weight * P
    return total
