"""What may be asked of groups: which rates have to be close to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.tasks.base import Floats

RATES: Final[Mapping[str, str]] = {
    "selection": "share answered yes",
    "tpr": "share of true cases found",
    "fpr": "share of others wrongly answered yes",
}
"""What each rate is, in words."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A demand: these rates may differ by no more than a tolerance between any two groups."""

    name: str
    label: str
    rates: tuple[str, ...]
    meaning: str

    def gap(self, yes: Floats, known: Floats) -> float:
        """Return the largest difference of a rate between two groups.

        `yes` and `known` (groups, 2): the weight of rows answered yes, and of all, by group and label. NaN where a
        rate of a group has no rows to be told from.

        >>> round(CRITERIA["equal_opportunity"].gap(np.array([[1.0, 8.0], [1.0, 6.0]]), np.full((2, 2), 10.0)), 9)
        0.2
        """
        found = [np.ptp(rate_of(rate, yes, known)) for rate in self.rates]
        return float(max(found))


def rate_of(rate: str, yes: Floats, known: Floats) -> Floats:
    """Return a rate of each group, from (..., groups, 2) weights answered yes and (groups, 2) weights of all."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if rate == "selection":
            shares: Floats = yes.sum(axis=-1) / known.sum(axis=-1)
            return shares
        side = 1 if rate == "tpr" else 0
        return np.asarray(yes[..., side] / known[..., side], dtype=np.float64)


CRITERIA: Final[Mapping[str, Criterion]] = {
    each.name: each
    for each in (
        Criterion(
            "equalized_odds",
            "equalised odds",
            ("tpr", "fpr"),
            "In every group the same share of true cases is found, and the same share of the others is wrongly"
            " answered yes.",
        ),
        Criterion(
            "equal_opportunity",
            "equal opportunity",
            ("tpr",),
            "In every group the same share of true cases is found.",
        ),
        Criterion(
            "predictive_equality",
            "equal false alarms",
            ("fpr",),
            "In every group the same share of those who are no case is wrongly answered yes.",
        ),
        Criterion(
            "demographic_parity",
            "equal selection",
            ("selection",),
            "In every group the same share is answered yes, whatever is true of them.",
        ),
    )
}
"""The demands that can be met by thresholds and are linear in the answers, by name.

Equal precision is not among them: it is no linear demand, and answering nobody of a group yes would meet it."""


def criterion_of(name: str) -> Criterion:
    """Return a criterion by name. Raises OptionError."""
    if name not in CRITERIA:
        raise OptionError.unknown("--criterion", name, CRITERIA)
    return CRITERIA[name]


def counts(
    group: NDArray[np.intp], case: Floats, weight: Floats, groups: int, chosen: NDArray[np.bool_] | None = None
) -> Floats:
    """Return (groups, 2): the weight of the rows, or of the chosen ones, that are no case and that are one, by group.

    `case` is 0 or 1, or the probability between; a row of group -1 is in none.

    >>> counts(np.array([0, 0, 1, -1]), np.array([1.0, 0.0, 0.25, 1.0]), np.ones(4), 2).tolist()
    [[1.0, 1.0], [0.75, 0.25]]
    """
    kept = group >= 0 if chosen is None else (group >= 0) & chosen
    sides = [np.bincount(group[kept], (weight * share)[kept], groups) for share in (1.0 - case, case)]
    return np.stack(sides, axis=1).astype(np.float64)
