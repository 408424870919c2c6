"""Moves: how much each column moves the answers, on average, in the unit that people read.

The mean absolute contribution over rows that judge ("global SHAP importance": Lundberg et al. 2020, "From local
explanations to global understanding with explainable AI for trees", Nature Machine Intelligence 2). It tells what the
model goes by; permutation importance tells what the score owes to a column. Where the two differ, that is worth a
sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.held_out import HeldOut, mean_one
from mlwright.evaluate.intervals import Scored, plain
from mlwright.evaluate.limits import add_up, around_mean
from mlwright.explain.contributions import Explainer
from mlwright.explain.contributions.groups import groups_of
from mlwright.learn.base import Stop, never
from mlwright.schema import Column

Floats = NDArray[np.float64]

ROWS = 500
"""The mean over so many rows is known to a twentieth of the spread of one row (1 / sqrt(500))."""
AT_ONCE = 50
FEWEST = 20
"""Of fewer rows nothing is told."""
MOST_GROUPED = 30
"""Groups are looked for among so many of the columns that move the answers most."""
MOST_CELLS = 4_000_000
"""Rows x columns x classes that are worked on together, for each member."""
SMALL, LARGE = 0.1, 0.3
"""Shares of the first column's number: below the one a column hardly counts, from the other on it clearly does."""
MOST_NAMED = 4


def moves(
    explainer: Explainer,
    columns: Columns,
    held_out: HeldOut,
    described: Mapping[str, Column],
    *,
    seed: int = 0,
    stop: Stop = never,
) -> dict[str, Any] | None:
    """Return how far each column, and each group of columns that say nearly the same, moves an answer on average.

    In points of probability (as a share of 1) of the class that is told of: the second of two, else the one that the
    row most likely has; or in the target's unit. On at most 500 rows, drawn by the seed; `stop` ends it between fifty
    and fifty of them. The 95 % intervals cover the choice of rows; rows count what they weigh, those of one group are
    one piece of evidence. None where there was time for fewer than 20 rows.
    """
    order = np.random.default_rng(seed).permutation(len(held_out))[:ROWS].astype(np.intp)
    width = len(explainer.columns) * max(1, explainer.ensemble.classes)
    step = int(np.clip(MOST_CELLS // max(width, 1), 1, AT_ONCE))
    parts: list[Floats] = []
    for start in range(0, len(order), step):
        if stop():
            break
        found = explainer.explain(columns.take(order[start : start + step]))
        parts.append(found.values * _scale(found.base, found.prediction, explainer.ensemble.classes)[:, None])
    shifts = np.concatenate(parts) if parts else np.zeros((0, len(explainer.columns)))
    if len(shifts) < min(FEWEST, len(held_out)) or not len(shifts):
        return None
    rows = held_out.take(order[: len(shifts)])
    names = list(explainer.columns)
    single = [_mean_size(shifts[:, place], rows) for place in range(len(names))]
    told = [_entry({"column": name}, found) for name, found in zip(names, single, strict=True)]
    groups = [
        _entry({"columns": list(group)}, _mean_size(shifts[:, [names.index(name) for name in group]].sum(axis=1), rows))
        for group in _groups(explainer, described, single)
    ]
    return {
        "percent": explainer.ensemble.classes > 0,
        "rows": len(shifts),
        "exact": explainer.exact,
        "columns": sorted(told, key=_size),
        "groups": sorted(groups, key=_size),
    }


def _scale(base: Floats, prediction: Floats, classes: int) -> Floats:
    """Return (n,): what turns a row's contributions into points of probability, in proportion; 1 for numbers."""
    if not classes:
        return np.ones(len(base))
    typical, answer = _share(base), _share(prediction)
    apart = prediction - base
    far = np.abs(apart) > 1e-9
    scale: Floats = np.divide(answer - typical, apart, out=answer * (1.0 - answer), where=far)
    return scale


def _share(log_odds: Floats) -> Floats:
    share: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0)))
    return share


def _mean_size(shifts: Floats, rows: HeldOut) -> Scored:
    """Return the weighted mean of absolute values with its interval, which does not go below 0."""
    size = np.abs(shifts)
    weight = np.ones(len(size)) if rows.weight is None or not rows.weight.any() else mean_one(rows.weight)
    mean = float(np.mean(weight * size))
    units = None if rows.groups is None else rows.units
    low, high = around_mean(mean, add_up(weight * (size - mean), units))
    return Scored(mean, max(low, 0.0), high)


def _entry(names: dict[str, Any], found: Scored) -> dict[str, Any]:
    return {**names, "value": plain(found.value), "interval": found.interval}


def _size(entry: Mapping[str, Any]) -> float:
    return -float(entry["value"] or 0.0)


def _groups(
    explainer: Explainer, described: Mapping[str, Column], single: Sequence[Scored]
) -> tuple[tuple[str, ...], ...]:
    """Return the groups of two columns or more that move answers at all."""
    sizes = [found.value for found in single]
    first = [place for place in np.argsort(-np.array(sizes), kind="stable")[:MOST_GROUPED].tolist() if sizes[place] > 0]
    kept = sorted(first)
    return groups_of(
        explainer.background, [described[explainer.columns[place]] for place in kept], [sizes[place] for place in kept]
    )


def notes(told: Mapping[str, Any], importance: Sequence[Mapping[str, Any]], target: str) -> list[str]:
    """Return why columns that move answers much may cost little when shuffled, and the other way round.

    `told` comes from `moves`, `importance` from permutation; one sentence for each reason, about the columns that
    differ strongly.
    """
    lost = {entry["column"]: entry for entry in importance if entry["value"] is not None}
    most_moved = max((float(entry["value"] or 0.0) for entry in told["columns"]), default=0.0)
    most_lost = max((float(entry["value"]) for entry in lost.values()), default=0.0)
    if most_moved <= 0.0 or most_lost <= 0.0:
        return []
    groups = {name: each["columns"] for each in told["groups"] for name in each["columns"]}
    alike: dict[tuple[str, ...], list[str]] = {}
    idle: list[str] = []
    rare: list[str] = []
    for entry in told["columns"]:
        name = entry["column"]
        if name not in lost:
            continue
        moved, cost = float(entry["value"] or 0.0) / most_moved, float(lost[name]["value"]) / most_lost
        if moved >= LARGE and (cost < SMALL or not _clear(lost[name])):
            (alike.setdefault(tuple(groups[name]), []) if name in groups else idle).append(name)
        elif moved < SMALL and cost >= LARGE and _clear(lost[name]):
            rare.append(name)
    found = [_alike(names, [other for other in group if other not in names]) for group, names in alike.items()]
    if idle:
        found.append(
            f"The model uses {_named(idle)} much, but these rows do not show that anything is gained by it: shuffled,"
            f" the score loses little or nothing. Other columns may say the same of {target!r}, or it says nothing."
        )
    if rare:
        found.append(
            f"Much is lost by shuffling {_named(rare)}, though the answers move little with it on average: a few rows"
            " move much, or small moves decide which of two rows comes first."
        )
    return found


def _clear(entry: Mapping[str, Any]) -> bool:
    """Whether the loss is more than chance would make."""
    low = entry["interval"][0] if entry["interval"] else None
    return low is not None and low > 0


def _alike(names: Sequence[str], others: Sequence[str]) -> str:
    """Say of columns whose partners are all the model needs that they are to be read together."""
    left = f"{_named(others)} left, with nearly the same to say" if others else "the others left to say nearly the same"
    return (
        f"The answers move much with {_named(names)}, but little is lost by shuffling one column alone: the model still"
        f" has {left}. Read them together."
    )


def _named(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
