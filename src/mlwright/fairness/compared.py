"""Two models group by group: for whom one of them is clearly better, and who gets another answer how often."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.comparison import paired_shares
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, plain
from mlwright.evaluate.limits import LEVEL, UNKNOWN, add_up, around_mean
from mlwright.fairness.groups import People, people
from mlwright.fairness.rates import FEWEST, Measure, measures
from mlwright.schema import Column
from mlwright.tasks.base import Label, Prediction

Flags = NDArray[np.bool_]
Said = tuple[Floats, Prediction]
"""What a model predicts (n, k), classes in the order that both share, and the answers it gives."""


def compared_groups(
    columns: Columns,
    described: Sequence[Column],
    held: HeldOut,
    a: Said,
    b: Said,
    changed: Flags,
    *,
    classes: Sequence[Label],
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """Return each group of the named columns, and of each two of them, with what both models are to it, as JSON.

    Each number is measured of the same rows for both (of precision that is not so, which is left out), and their
    difference row by row. All differences of one column are judged together (Bonferroni): the intervals are so wide
    that of all columns without any difference at most 5 % are said to have one.
    """
    mine, theirs = ({each.name: each for each in measures(held, *said, classes)} for said in (a, b))
    pairs = [
        (one, theirs[name])
        for name, one in mine.items()
        if name in theirs and np.array_equal(one.counts, theirs[name].counts)
    ]
    told: list[dict[str, Any]] = []
    for groups in people(columns, described, names):
        level = 1.0 - (1.0 - LEVEL) / (len(groups) * len(pairs))
        told += [_group(group, pairs, held, changed, level) for group in groups]
    return told


def _group(
    group: People, pairs: Sequence[tuple[Measure, Measure]], held: HeldOut, changed: Flags, level: float
) -> dict[str, Any]:
    found = {one.name: _measured(one, other, held, group.rows, level) for one, other in pairs}
    sentences = [_sentence(group, one, found[one.name]) for one, _ in pairs if found[one.name]["verdict"] in {"a", "b"}]
    return {
        "column": group.column,
        "group": group.group,
        "rows": int(group.rows.sum()),
        "changed": int((changed & group.rows).sum()),
        "metrics": found,
        "sentences": sentences,
    }


def _measured(one: Measure, other: Measure, held: HeldOut, rows: Flags, level: float) -> dict[str, Any]:
    """Return a number of a group for both models, and how much larger it is for B."""
    index = np.flatnonzero(rows & one.counts)
    weight = np.ones(len(index)) if held.weight is None else held.weight[index]
    if len(index) < FEWEST or not weight.sum() > 0:
        nothing: dict[str, Any] = dict.fromkeys(("a", "b", "difference"))
        return {**nothing, "interval": [None, None], "share": one.share, "verdict": "unknown"}
    a, b = (float(np.average(each.values[index], weights=weight)) for each in (one, other))
    gap = other.values[index] - one.values[index]
    value = float(np.average(gap, weights=weight))
    units = None if held.groups is None else np.unique(held.units[index], return_inverse=True)[1]
    parts = add_up(weight / weight.mean() * (gap - value), units)
    if not gap.any():
        low, high = 0.0, 0.0
    elif len(parts) < 2:
        low, high = UNKNOWN
    elif one.share:
        low, high = paired_shares(value, parts, level)
    else:
        low, high = around_mean(value, value + parts, level)
    found = Scored(value, low, high)
    return {
        "a": a,
        "b": b,
        "difference": plain(value),
        "interval": found.interval,
        "share": one.share,
        "verdict": _verdict(found, one),
    }


def _verdict(found: Scored, measure: Measure) -> str:
    """Return for whom it speaks: "a", "b", "differs" (neither more nor less is better), "none", "unknown"."""
    if not math.isfinite(found.low + found.high):
        return "unknown"
    sign = 1 if found.low > 0 else -1 if found.high < 0 else 0
    if not sign:
        return "none"
    return "differs" if not measure.better else "b" if sign == measure.better else "a"


def _sentence(group: People, measure: Measure, found: dict[str, Any]) -> str:
    better, worse = ("A", "B") if found["verdict"] == "a" else ("B", "A")
    here, there = (measure.shown(found[each.lower()]) for each in (better, worse))
    told = measure.told.format(here).replace("the model", "it", 1)
    return f"{better} is better where {group.where}: {told}; with {worse} it is {there}."
