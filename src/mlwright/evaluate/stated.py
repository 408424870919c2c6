"""Whether what a model states of itself comes true: its probabilities, and the intervals of its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.evaluate.wording import count, percent
from mlwright.tasks.base import Metric, Prediction, Target

PARTS = 5
LEAST_ROWS = 20
"""Rows below which a part of the rows is not looked at by itself."""

_HAPPENED = Metric(
    "happened",
    greater_is_better=True,
    score=lambda y, _, weight: float(np.average(y, weights=weight)),
    losses=lambda y, _: y,
    interval="wilson",
    bounds=(0.0, 1.0),
    meaning="How often it happened.",
)


def stated(held: HeldOut, answered: Prediction, decision: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how far what is stated is from what happens, as JSON; None where nothing is stated.

    Rows are sorted by the stated probability (of the case that is looked for, else of the likeliest class) and cut into
    five parts. In each the mean of what was stated is set against how often it happened, with Wilson's interval. Where
    numbers are predicted, the share of true numbers within their intervals is set against the level of these.
    """
    if (P := answered.probabilities) is not None:
        of_cases = P.shape[1] == 2
        probability = P[:, 1] if of_cases else P.max(axis=1)
        happened = (held.y == 1.0) if of_cases else (held.y == P.argmax(axis=1))
        parts = [_part(held, happened, probability, index) for index in _fifths(probability)]
        sentence = "Where it is farthest off, it states a probability of {stated} on average for {rows}, "
        sentence += "of which {happened} are {label}" if of_cases else "and is right in {happened}"
        about = "error of stated probabilities"
    elif answered.lower is not None and answered.upper is not None:
        level = np.full(len(held), float(decision["level"]))
        inside = (held.y >= answered.lower) & (held.y <= answered.upper)
        parts = [_part(held, inside, level, np.arange(len(held), dtype=np.intp))]
        sentence = "Its intervals are meant to hold {stated} of the numbers, and hold {happened} of {rows}"
        about = "error of stated intervals"
    else:
        return None
    label = repr(answered.classes[1]) if len(answered.classes) == 2 else ""
    return {"about": about, "parts": parts, "sentence": _told(max(parts, key=_off), sentence, label)}


def _fifths(probability: Floats) -> list[NDArray[np.intp]]:
    """Return the positions of the rows of each part, lowest probabilities first; equal ones stay together."""
    count = max(1, min(PARTS, len(probability) // LEAST_ROWS))
    cuts = np.unique(np.quantile(probability, np.linspace(0, 1, count + 1)[1:-1]))
    place = np.searchsorted(cuts, probability, side="right")
    return [np.flatnonzero(place == at) for at in np.unique(place)]


def _part(held: HeldOut, happened: NDArray[np.bool_], probability: Floats, index: NDArray[np.intp]) -> dict[str, Any]:
    """Return what was stated of some rows and how often it happened; `value` is how far apart the two are."""
    rows = held.take(index)
    mean = float(np.average(probability[index], weights=_usable(rows.weight)))
    found = share_of(rows, happened[index])
    low, high = found.low - mean, found.high - mean
    ends = (max(0.0, low, -high), max(abs(low), abs(high))) if math.isfinite(low + high) else (math.nan, math.nan)
    return {
        "rows": len(index),
        "stated": mean,
        "happened": plain(found.value),
        "happened_interval": found.interval,
        "value": plain(abs(found.value - mean)),
        "interval": [plain(end) for end in ends],
        "range": [float(probability[index].min()), float(probability[index].max())],
    }


def share_of(held: HeldOut, happened: NDArray[Any]) -> Scored:
    """Return the share of rows (n,) of which something is true, with Wilson's interval; weights and groups count."""
    truth = happened.astype(np.float64)
    return score(_HAPPENED, replace(held, target=Target(truth)), truth[:, None])


def _usable(weight: Floats | None) -> Floats | None:
    return weight if weight is not None and weight.sum() > 0 else None


def _off(part: Mapping[str, Any]) -> float:
    return part["value"] or 0.0


def _told(worst: Mapping[str, Any], sentence: str, label: str) -> str:
    """Return what was stated and what happened where the two are farthest apart."""
    if worst["happened"] is None or worst["interval"][0] is None:
        return "There are too few rows to tell whether what the model states comes true."
    rows = count(worst["rows"], "row")
    stated, happened = percent(worst["stated"]), percent(worst["happened"])
    return sentence.format(stated=stated, happened=happened, rows=rows, label=label) + "."
