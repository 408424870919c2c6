"""The metrics of recommending: how good a list of ten is for somebody, when it is known what they took afterwards.

A judged row is one person at one moment. `y` (n,) is how many items there were to find, `P` (n, 10) holds 1 where the
item at that place of their list was one of them, else 0. All scores are means over people: so each has losses, and
intervals, paired tests and slices are those of every other task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mlwright.tasks.base import Floats, Metric

LIST = 10
"""How many items of a list count."""
_DISCOUNTS: Floats = 1.0 / np.log2(np.arange(2, LIST + 2))
_IDEAL: Floats = np.concatenate([[0.0], np.cumsum(_DISCOUNTS)])

Rows = Callable[[Floats, Floats], Floats]


def ndcg_rows(y: Floats, P: Floats) -> Floats:
    """Return each person's NDCG@10: 1 where all that fits into the list is found and stands first; 0 for nothing.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20 (2002), with gains 0 and 1.
    """
    ideal = _IDEAL[np.minimum(y, LIST).astype(np.intp)]
    return _share(P @ _DISCOUNTS, ideal)


def recall_rows(y: Floats, P: Floats) -> Floats:
    """Return the share of what each person took that is in their list; nobody with more than ten reaches 1."""
    return _share(P.sum(axis=1), y)


def hit_rows(y: Floats, P: Floats) -> Floats:  # noqa: ARG001  all rows' functions are asked alike
    """Return 1 for each person whose list has at least one item that they took, else 0."""
    return np.asarray(P.any(axis=1), dtype=np.float64)


def reciprocal_rows(y: Floats, P: Floats) -> Floats:  # noqa: ARG001
    """Return 1 / the place of the first item in each person's list that they took; 0 where there is none."""
    found: Floats = np.where(P.any(axis=1), 1.0 / (P.argmax(axis=1) + 1.0), 0.0)
    return found


def _share(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 0 where there was nothing to find."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _mean(rows: Rows) -> Callable[[Floats, Floats, Floats | None], float]:
    """Return the score that is the mean of these rows; NaN where nobody is judged."""

    def score(y: Floats, P: Floats, weight: Floats | None = None) -> float:
        if not len(y) or (weight is not None and weight.sum() <= 0):
            return float("nan")
        return float(np.average(rows(y, P), weights=weight))

    return score


def _losses(rows: Rows) -> Rows:
    return lambda y, P: 1.0 - rows(y, P)


RECOMMEND: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "ndcg_10",
            greater_is_better=True,
            score=_mean(ndcg_rows),
            losses=_losses(ndcg_rows),
            interval="bootstrap",
            bounds=(0.0, 1.0),
            meaning="How much of what people then took is in their list of ten, where the top of the list counts most; "
            "1 is a perfect list.",
            label="NDCG@10",
            verdict="makes lists of ten that are worth {score_100} of 100 points (95 % interval {low_100} to "
            "{high_100}), 100 being lists with what people then took, and that first",
        ),
        Metric(
            "recall_10",
            greater_is_better=True,
            score=_mean(recall_rows),
            losses=_losses(recall_rows),
            interval="bootstrap",
            bounds=(0.0, 1.0),
            meaning="The share of what a person then took that was in their list of ten.",
            label="recall@10",
            verdict="has {score} of what a person then takes in their list of ten (95 % interval {low} to {high})",
            percent=True,
        ),
        Metric(
            "hit_rate_10",
            greater_is_better=True,
            score=_mean(hit_rows),
            losses=_losses(hit_rows),
            interval="wilson",
            bounds=(0.0, 1.0),
            meaning="The share of people whose list of ten had at least one thing that they then took.",
            label="hit rate@10",
            verdict="shows {score} of people at least one thing that they then take (95 % interval {low} to {high})",
            percent=True,
        ),
        Metric(
            "mrr_10",
            greater_is_better=True,
            score=_mean(reciprocal_rows),
            losses=_losses(reciprocal_rows),
            interval="bootstrap",
            bounds=(0.0, 1.0),
            meaning="One over the place in the list of the first thing that a person then took, on average; 1 means "
            "that the first thing of every list was taken, and 0.5 that the second was.",
            label="MRR@10",
        ),
    )
}
"""All metrics of the task, the default one first."""
