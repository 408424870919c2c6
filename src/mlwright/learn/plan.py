"""How thoroughly each trial is scored: what the rows deserve, cut down to what the budget allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

CELLS_PER_SECOND = 600_000
"""Rows x features that one thread learns well from in a second: about 300 boosting rounds, deliberately pessimistic."""
FIRST_TRIAL_SHARE = 0.06
"""The first strong trial may take this share of the budget, so that many follow it: of more rows than that allows a
sample chooses, and the chosen then learn from as many rows as there is time for."""
MANY_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`folds` x `repeats` fits score a trial, on at most `rows` rows; at most `trials` are made."""

    folds: int
    repeats: int
    rows: int
    trials: int


def make_plan(
    rows: int,
    features: int,
    *,
    seconds: float,
    threads: int,
    trials: int | None,
    judged: bool,
    patient: float = 1.0,
) -> Plan:
    """Return the plan for so many rows to learn from.

    `patient` multiplies the number of trials that so many rows deserve. `judged` tells that other rows judge; without,
    the cross-validation is the judgement and is repeated. A number of `trials` promises the same model twice, so the
    plan then looks at the rows alone, never at the clock.
    """
    most = round(patient * patience(rows))
    one_fit = rows * max(features, 1) / CELLS_PER_SECOND
    allowed = FIRST_TRIAL_SHARE * seconds
    if not judged:
        folds, repeats = 5, 3 if rows < 500 else 2
        if trials is None and math.ceil(folds * repeats / threads) * one_fit > 2 * allowed:
            folds, repeats = 5 if math.ceil(5 / threads) * one_fit <= 2 * allowed else 3, 1
        return Plan(folds=folds, repeats=repeats, rows=rows, trials=trials or most)
    folds = 5 if rows <= MANY_ROWS else 3
    if trials is not None or math.isinf(seconds):
        return Plan(folds=folds, repeats=1, rows=rows, trials=trials or most)
    while folds > 1 and math.ceil(folds / threads) * one_fit > 2 * allowed:
        folds = 3 if folds == 5 else 1
    kept = rows if one_fit <= allowed else max(2_000, int(rows * allowed / one_fit))
    return Plan(folds=folds, repeats=1, rows=min(rows, kept), trials=most)


def patience(rows: int) -> int:
    """Return how many trials so many rows can tell apart: more would fit the choice to chance.

    >>> [patience(n) for n in (50, 300, 1_000, 10_000, 1_000_000)]
    [8, 10, 20, 48, 48]
    """
    return min(48, max(8, round(8 + rows / 150) if rows < 1_000 else round(20 + 28 * math.log10(rows / 1_000))))
