"""Slices: kinds of rows on which the model is clearly worse, said by up to three conditions.

How they are looked for and tested is told in `evaluate.slicing`; here is what they are of: the losses of one model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import rankdata

from mlwright.columns import Columns
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import quantile_t
from mlwright.evaluate.slicing import Flags, Floats, Side, Slice, apart, chance_of_larger, sampled, sure_slices
from mlwright.learn.base import Stop, never
from mlwright.schema import Column
from mlwright.tasks.base import Metric
from mlwright.tasks.scores import log_loss_rows

KNOWN: Final = {
    "": "",
    "no": " It is surer of itself there than it may be: do not rely on its probabilities.",
    "yes": " It is less sure there too: its probabilities know of it.",
    "unclear": " Whether its probabilities know of it cannot be told from these rows.",
}
SHARE_MISSED = 0.5
"""Probabilities know of a slice where they miss less than this share of what is lost more there."""


def worst_slices(
    columns: Columns,
    described: Sequence[Column],
    held: HeldOut,
    P: Floats,
    metric: Metric,
    *,
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the slices on which the model's losses are larger than elsewhere, the worst first; empty where none are.

    Parameters
    ----------
    columns, described
        The typed rows (n), and what their columns are.
    held, P
        Their target, weights and groups, and what is predicted of them (n, k).
    metric
        What the losses are of; where it has none of single rows (ROC AUC), log loss stands for it.
    seed
        Decides which half a row is in; the rows of one group are in the same half.
    stop
        Ends the search.

    The test of numbers is one of ranks (whether a row of the slice has a larger loss than another row), so that a few
    huge losses decide nothing; of classes it is one of means, as losses there follow from the probability itself and
    ranks would tell the smallest differences of it. Rows of one group are one piece of evidence.

    """
    kept = sampled(len(held), seed)
    if kept is not None:
        columns, held, P = columns.take(kept), held.take(kept), P[kept]
    losses = judged(held, P, metric)
    sure, testing = sure_slices(
        columns, described, held.units, [Side(losses.compared, chance_of_larger)], seed=seed, stop=stop
    )
    told = [_told(each.slice, each.p, losses, testing) for each in sure]
    return sorted((each for each in told if each["difference"] > 0), key=lambda each: -each["difference"])


@dataclass(frozen=True)
class Judged:
    """The rows, a loss for each, what it is called, and the score of some of them that people read."""

    held: HeldOut
    P: Floats
    losses: Floats
    name: str
    metric: Metric | None

    @property
    def weight(self) -> Floats:
        """How much each row counts."""
        return np.ones(len(self.held)) if self.held.weight is None else self.held.weight

    def compared(self, rows: Flags) -> Floats:
        """Return what these rows are compared by: ranks of the losses of numbers, the losses of classes."""
        return rankdata(self.losses[rows]) if self.P.shape[1] == 1 else self.losses[rows]

    def score(self, rows: Flags) -> float:
        """Return the score of some rows, or their mean loss where the metric cannot tell of so few."""
        if self.metric is None:
            return float(np.average(self.losses[rows], weights=self.weight[rows]))
        return self.metric.score(self.held.y[rows], self.P[rows], self.weight[rows])


def judged(held: HeldOut, P: Floats, metric: Metric) -> Judged:
    """Return a loss for each row (n,): the metric's own, else absolute errors, else log loss."""
    if metric.losses is not None and not metric.percent:
        return Judged(held, P, metric.losses(held.y, P), metric.label or metric.name, metric)
    if P.shape[1] == 1:
        return Judged(held, P, np.abs(P[:, 0] - held.y), "absolute error", None)
    return Judged(held, P, log_loss_rows(held.y, P), "log loss", None)


def _told(found: Slice, chance: float, judged: Judged, testing: Flags) -> dict[str, Any]:
    """Return a slice as JSON: its scores are of the rows that tested it alone."""
    inside, outside = testing & found.rows, testing & ~found.rows
    units = judged.held.units[testing]
    difference, error, pieces = apart(judged.losses[testing], found.rows[testing], judged.weight[testing], units)
    half = quantile_t(max(1, pieces - 1)) * error
    value, rest = judged.score(inside), judged.score(outside)
    many = int(found.rows.sum())
    excess, known = _excess(judged, inside, outside)
    return {
        "conditions": [{"column": each.column, "text": each.text} for each in found.conditions],
        "rows": many,
        "metric": judged.name,
        "value": plain(value),
        "rest": plain(rest),
        "difference": plain(difference) or 0.0,
        "interval": [plain(difference - half), plain(difference + half)],
        "p": plain(chance),
        "excess": excess,
        "known": known or None,
        "sentence": f"Where {found.text} ({wording.count(many, 'row')}), the model errs more: "
        f"{_effect(judged, inside, outside)}.{KNOWN[known]}",
    }


def _effect(judged: Judged, inside: Flags, outside: Flags) -> str:
    """Return in words what the score is there and elsewhere, for classes with what is given to the true one."""
    value, rest = (wording.number(judged.score(rows)) for rows in (inside, outside))
    said = f"{judged.name} {value} instead of {rest} elsewhere"
    if not judged.held.target.classes:
        return said
    true = judged.P[np.arange(len(judged.P)), judged.held.y.astype(np.intp)]
    own, other = (float(np.average(true[rows], weights=judged.weight[rows])) for rows in (inside, outside))
    if not own < other:
        return said
    true_for = f"it gives the true answer a chance of {100 * own:.0f} % on average, elsewhere {100 * other:.0f} %"
    return f"{true_for} ({judged.name} {value} and {rest})"


def _excess(judged: Judged, inside: Flags, outside: Flags) -> tuple[list[float | None] | None, str]:
    """Return the interval of how much more rows of a slice lose than they themselves expect, and whether they know.

    Where the probabilities p are right, the log loss of a row is on average their entropy, whatever p is: the mean of
    loss minus entropy is then zero. That they know of it is said only where the interval rules out that they
    miss half of what is lost more there than elsewhere. Only probabilities can say how unsure they are; of numbers
    nothing is returned.
    """
    P = judged.P[inside]
    if not judged.held.target.classes:
        return None, ""
    held = judged.held.take(np.flatnonzero(inside))
    sure = np.clip(P, 1e-15, 1.0)
    excess = log_loss_rows(held.y, P) + (sure * np.log(sure)).sum(axis=1)
    mean = float(np.average(excess, weights=held.weight))
    parts = (np.ones(len(held)) if held.weight is None else held.weight / held.weight.mean()) * (excess - mean)
    pieces = np.bincount(np.unique(held.units, return_inverse=True)[1], weights=parts)
    many = len(pieces)
    half = quantile_t(max(1, many - 1)) * math.sqrt(float((pieces**2).sum()) * many / max(1, many - 1)) / len(held)
    found = [plain(mean - half), plain(mean + half)]
    if mean - half > 0:
        return found, "no"
    if mean + half < SHARE_MISSED * _lost_more(judged, inside, outside):
        return found, "yes"
    return found, "unclear"


def _lost_more(judged: Judged, inside: Flags, outside: Flags) -> float:
    """Return how much more log loss a row of the slice has on average than one elsewhere."""
    losses = log_loss_rows(judged.held.y, judged.P)
    within, rest = (float(np.average(losses[rows], weights=judged.weight[rows])) for rows in (inside, outside))
    return within - rest
