"""What a change of loss comes from: other inputs, another relation of inputs and outcome, or broken data.

The loss of the reference and that of new rows are both looked at on the rows that the two have in common (DISDE; Cai,
Namkoong and Yadlowsky, "Diagnosing model performance under distribution shift", 2023): where the loss differs between
rows that are alike, the relation has changed; what is left comes from rows that are more or less frequent than before.
Each row counts by how much rows like it occur on both sides, so that no row counts much more than others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.evaluate.intervals import effective_rows
from mlwright.evaluate.limits import Z
from mlwright.monitor.ranks import Floats

LEAST = 20
"""Rows with known loss, on each side, below which nothing is told apart."""


def split_of_change(
    reference: Floats, losses: Floats, alike: tuple[Floats, Floats], *, broken: NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """Split the change of the mean loss from reference to new rows into its parts, which add up to it.

    Parameters
    ----------
    reference
        (n,) the losses of the reference.
    losses
        (m,) the losses of new rows: measured; NaN where unknown.
    alike
        (n,) and (m,) how likely each row is to be a new one rather than one of the reference, were there as many of
        both: `Estimate.newness`.
    broken
        (m,) whether a new row violates the data contract.

    Returns
    -------
    dict
        "change", "inputs", "relation", "broken": numbers that are positive where the loss rose, each with its 95 %
        interval under "intervals"; "rows", the new rows counted; and "why", a sentence. Where rows do not tell, the
        parts are None.

    Raises
    ------
    OptionError
        The lengths do not fit.
    """
    chance_old, chance_new = alike
    bad = np.zeros(len(losses), dtype=np.bool_) if broken is None else broken
    if len(reference) != len(chance_old) or not len(losses) == len(chance_new) == len(bad):
        raise OptionError("Losses, chances and what is broken must be of the same rows.")
    known = np.isfinite(losses)
    new, chance_new, bad = losses[known], chance_new[known], bad[known]
    clean = ~bad
    # Overlap weights: proportional to the other side's density over both together.
    shared = np.clip(chance_old, 0.0, 1.0), np.clip(1.0 - chance_new[clean], 0.0, 1.0)
    if min(len(reference), int(clean.sum())) < LEAST:
        return _unknown(len(new), f"Too few outcomes are known to tell: at least {LEAST} are wanted on each side.")
    if min(effective_rows(each, len(each)) for each in shared) < LEAST:
        return _unknown(len(new), "Nothing can be told: hardly any rows are alike before and after.")
    return _split(reference, new, shared, clean)


def split_of_estimate(reference: float, value: float, *, trusted: bool) -> dict[str, Any]:
    """Split an estimated change: without outcomes all of it comes from inputs, and the relation stays unknown."""
    change = value - reference if trusted else None
    why = (
        "By estimate alone: what comes from inputs is known, whether rows alike still end alike is not."
        if trusted
        else "Nothing is known: there is no estimate to be trusted."
    )
    return {"change": change, "inputs": change, "relation": None, "broken": None, "intervals": {}, "why": why}


def _unknown(rows: int, why: str) -> dict[str, Any]:
    parts = dict.fromkeys(("change", "inputs", "relation", "broken"))
    return {**parts, "intervals": {}, "rows": rows, "why": why}


def _split(reference: Floats, new: Floats, shared: tuple[Floats, Floats], clean: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the parts and their intervals from how much each row moves them."""
    kept = new[clean]
    old_shared, old_shared_parts = _weighted(reference, shared[0])
    new_shared, new_shared_parts = _weighted(kept, shared[1])
    old, old_parts = _weighted(reference, np.ones(len(reference)))
    good, good_parts = _weighted(kept, np.ones(len(kept)))
    every, every_parts = _weighted(new, np.ones(len(new)))
    only_good = np.zeros(len(new))
    only_good[clean] = good_parts
    values = {
        "change": (every - old, old_parts, every_parts),
        "inputs": (good - old - (new_shared - old_shared), old_parts - old_shared_parts, good_parts - new_shared_parts),
        "relation": (new_shared - old_shared, old_shared_parts, new_shared_parts),
        "broken": (every - good, np.zeros(1), every_parts - only_good),
    }
    found: dict[str, Any] = {name: float(value) for name, (value, _, _) in values.items()}
    intervals = {}
    for name, (value, first, second) in values.items():
        reach = Z * math.sqrt(float(np.sum(first**2)) + float(np.sum(second**2)))
        intervals[name] = [float(value) - reach, float(value) + reach]
    return {**found, "intervals": intervals, "rows": len(new), "why": _told(found, intervals)}


def _weighted(values: Floats, weight: Floats) -> tuple[float, Floats]:
    """Return the weighted mean, and what each value adds to its error."""
    total = float(weight.sum())
    mean = float(weight @ values) / total
    return mean, weight * (values - mean) / total


def _told(found: dict[str, Any], intervals: dict[str, list[float]]) -> str:
    names = {
        "inputs": "other rows than before",
        "relation": "rows alike that end otherwise than before",
        "broken": "rows that violate the data contract",
    }
    sure = [name for name in names if intervals[name][0] > 0.0 or intervals[name][1] < 0.0]
    if not sure:
        return f"The loss changed by {found['change']:+.3g}; no part of it stands out from chance."
    largest = max(sure, key=lambda name: abs(found[name]))
    return f"The loss changed by {found['change']:+.3g}, {found[largest]:+.3g} of it from {names[largest]}."
