"""What describes items and is counted from the log itself: it knows what came later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlwright.findings import Finding
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.attributes import Attributes
from mlwright.tasks.recommend.features import Described
from mlwright.tasks.recommend.interactions import Features, Interactions

FEWEST_ITEMS = 30
COPY, CLOSE = 0.98, 0.9
"""A rank correlation from which on a number is a count of the log's own entries; and from which on it is suspicious."""


def without_leaks(told: Attributes, log: Interactions) -> tuple[Attributes, tuple[Finding, ...]]:
    """Leave out numbers of items that say again how often, or how well rated, the items are in the log as a whole.

    Such a number was counted after the fact: at the moment of asking it would not have been known.
    """
    if told.items is None:
        return told, ()
    measured = _measured(log)
    findings, gone = [], []
    for described in told.item_columns:
        if described.kind != "number":
            continue
        values = _floats(told.items, described.name)
        for what, numbers in measured.items():
            close = _rank_correlation(values, numbers)
            if close >= CLOSE:
                findings.append(_leak(described.name, what, close))
                gone += [described.name] if close >= COPY else []
                break
    return (_without(told, told.items, gone) if gone else told), tuple(findings)


def _without(told: Attributes, items: Features, gone: list[str]) -> Attributes:
    left: tuple[Described, ...] = tuple(each for each in told.item_columns if each.name not in gone)
    kept = {name: values for name, values in items.columns.items() if name not in gone}
    return replace(told, items=replace(items, columns=kept), item_columns=left)


def _measured(log: Interactions) -> dict[str, Floats]:
    """Return by name what can be counted of each item; NaN for items that nobody took."""
    counts = np.bincount(log.item, minlength=len(log.items)).astype(np.float64)
    counts[counts == 0] = np.nan
    measured = {"how often they were taken": counts}
    if log.value is not None:
        known = ~np.isnan(log.value)
        rated = np.bincount(log.item[known], minlength=len(log.items)).astype(np.float64)
        total = np.bincount(log.item[known], weights=log.value[known], minlength=len(log.items))
        rated[rated == 0] = np.nan
        measured["how they were rated"] = np.asarray(total / rated, dtype=np.float64)
    return measured


def _floats(items: Features, name: str) -> Floats:
    numbers = [float(value) if isinstance(value, int | float) else np.nan for value in items.columns[name]]
    return np.array(numbers, dtype=np.float64)


def _rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation over what both know; 0 where that is too little."""
    both: NDArray[np.bool_] = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < FEWEST_ITEMS:
        return 0.0
    ranks = [_ranks(values[both]) for values in (one, other)]
    if min(np.ptp(each) for each in ranks) == 0:
        return 0.0
    return abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1]))


def _ranks(values: Floats) -> Floats:
    """Return ranks, ties in the middle."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    upto = np.cumsum(counts)
    return np.asarray((upto - (counts - 1) / 2.0)[place], dtype=np.float64)


def _leak(name: str, what: str, close: float) -> Finding:
    surely = close >= COPY
    end = "it is left out" if surely else "look whether it was counted from this log"
    return Finding(
        kind="counted_from_the_log",
        columns=(name,),
        message=f"{name!r} says of the items {what} in the whole log (rank correlation {close:.2f}), which nobody knew"
        f" when they were taken: {end}.",
        severity="error" if surely else "warning",
        confidence=1.0 if surely else 0.5,
        repair="Leave the column out.",
        applied=surely,
    )
