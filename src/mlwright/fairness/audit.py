"""The audit: how each group of people fares, and between which of them the differences are more than chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import LEVEL
from mlwright.fairness.groups import People, people
from mlwright.fairness.rates import Measure, Rate, difference, measures, rate
from mlwright.schema import Column
from mlwright.tasks.base import Label, Prediction

Floats = NDArray[np.float64]

FEWEST_ROWS = 30
"""Groups of fewer rows are shown, and nothing is said of the difference to others."""


def audit(
    columns: Columns,
    described: Sequence[Column],
    held: HeldOut,
    P: Floats,
    *,
    answered: Prediction,
    classes: Sequence[Label],
    names: Sequence[str],
    crossed: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return how each group of the named columns, and of each two `crossed` ones, fares with the answers, as JSON.

    "groups" has each group's numbers with 95 % intervals, None where it has fewer than 10 rows of the kind that a
    number needs. "gaps" has for each column and number the two groups that differ most. All differences that are looked
    at for one column are judged together (Bonferroni), so that of all columns without any difference at most 5 % are
    said to have one; see `rates.difference` for the interval of a difference. By default all columns are crossed.
    """
    measured = measures(held, P, answered, classes)
    told: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for groups in people(columns, described, names, crossed=crossed):
        rates = [{each.name: rate(each, held, group.rows) for each in measured} for group in groups]
        told += [_group(group, found) for group, found in zip(groups, rates, strict=True)]
        gaps += _gaps(groups, rates, measured)
    return {"groups": told, "gaps": gaps, "sentence": _sentence(gaps, names, told)}


def _group(group: People, found: Mapping[str, Rate | None]) -> dict[str, Any]:
    return {
        "column": group.column,
        "group": group.group,
        "rows": int(group.rows.sum()),
        "metrics": {
            name: {"value": plain(each.value), "interval": [plain(end) for end in each.interval]}
            if each is not None
            else {"value": None, "interval": [None, None]}
            for name, each in found.items()
        },
    }


def _gaps(
    groups: Sequence[People], rates: Sequence[Mapping[str, Rate | None]], measured: Sequence[Measure]
) -> list[dict[str, Any]]:
    """Return the largest difference in each number: the one that is surest, where any is more than chance."""
    large = [place for place, group in enumerate(groups) if group.rows.sum() >= FEWEST_ROWS]
    pairs = {
        each.name: [(a, b) for a, b in combinations(large, 2) if rates[a][each.name] and rates[b][each.name]]
        for each in measured
    }
    many = sum(map(len, pairs.values()))
    level = 1.0 - (1.0 - LEVEL) / max(1, many)
    aside = {each.name: len(groups) - sum(bool(rates[at][each.name]) for at in large) for each in measured}
    return [{**_gap(groups, rates, each, pairs[each.name], level), "aside": aside[each.name]} for each in measured]


def _gap(
    groups: Sequence[People],
    rates: Sequence[Mapping[str, Rate | None]],
    measure: Measure,
    pairs: Sequence[tuple[int, int]],
    level: float,
) -> dict[str, Any]:
    column = groups[0].column
    gap: dict[str, Any] = {"column": column, "metric": measure.name}
    if not pairs:
        few = f"The groups of {column!r} have too few rows to compare their {_words(measure)}."
        return {
            **gap, "value": None, "interval": [None, None], "worst": None, "best": None,
            "widest": None, "verdict": "unknown", "sentence": few,
        }  # fmt: skip
    found = []
    for a, b in pairs:
        one, other = rates[a][measure.name], rates[b][measure.name]
        if one is None or other is None:
            continue
        more, less = (a, b) if one.value >= other.value else (b, a)
        value, low, high = difference(*((one, other) if more == a else (other, one)), level)
        found.append((low, value, high, more, less))
    # The surest difference, and where none is sure the largest one.
    sure = max(found, key=lambda each: (each[0] > 0, each[1]))
    low, _, _, more, less = sure
    worst, best = (less, more) if measure.better > 0 else (more, less)
    verdict = "none"
    if low > 0:
        verdict = "worse" if measure.better else "differs"
    return {
        **gap,
        **_ends(groups, measure, sure),
        "widest": _ends(groups, measure, max(found, key=lambda each: each[2] if np.isfinite(each[2]) else np.inf)),
        "verdict": verdict,
        "sentence": _told(measure, groups, rates, (worst, best), verdict),
    }


def _ends(groups: Sequence[People], measure: Measure, found: tuple[float, float, float, int, int]) -> dict[str, Any]:
    """Return the difference of a pair with its interval, and which of the two is worse off."""
    low, value, high, more, less = found
    worst, best = (less, more) if measure.better > 0 else (more, less)
    return {
        "value": plain(value),
        "interval": [plain(low), plain(high)],
        "worst": groups[worst].group,
        "best": groups[best].group,
    }


def _told(
    measure: Measure,
    groups: Sequence[People],
    rates: Sequence[Mapping[str, Rate | None]],
    pair: tuple[int, int],
    verdict: str,
) -> str:
    if verdict == "none":
        return (
            f"Between the groups of {groups[0].column!r} no difference in {_words(measure)} is larger than chance "
            "could make it on these rows."
        )
    values = [rates[place][measure.name] for place in pair]
    numbers = [measure.shown(each.value) for each in values if each is not None]
    opening = "It is worse" if verdict == "worse" else "It differs"
    here, there = (groups[place].where for place in pair)
    return f"{opening} where {here}: {measure.told.format(numbers[0])}, against {numbers[1]} where {there}."


def _words(measure: Measure) -> str:
    return measure.name.replace("_", " ")


def _sentence(gaps: Sequence[Mapping[str, Any]], names: Sequence[str], told: Sequence[Mapping[str, Any]]) -> str:
    """Say in one sentence whether some group fares worse."""
    if not told:
        return "No groups of people were compared."
    among = " and ".join(map(repr, names))
    worse = [str(gap["sentence"]) for gap in gaps if gap["verdict"] == "worse"]
    if worse:
        return f"Of the groups by {among}, some get worse answers. {worse[0]}"
    if all(gap["verdict"] == "unknown" for gap in gaps):
        return f"The groups by {among} have too few rows to tell whether some get worse answers."
    return f"Between the groups by {among}, these rows show no difference in errors that is larger than chance."
