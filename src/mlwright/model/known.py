"""Whether a model learned from the rows that somebody brings: seen by the few of its rows that it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from mlwright.columns import Columns, read_rows
from mlwright.fairness.mitigation.draws import draws
from mlwright.learn.base import Floats
from mlwright.model.parts import RowParts

KNOWN_ROWS = 12
"""Rows the model remembers, and rows brought, below which nothing is said of whether it learned from them."""
SUSPICIOUS = 0.3
"""By what share more of the rows it learned from may be among those brought than repeat by chance."""
SOME = 0.05
"""It learned from more than this share of the rows brought, or nothing is said of those few."""
SURE = 1e-3
"""Probability that rows it never saw look as if it had learned from some of them."""


@dataclass(frozen=True, slots=True)
class Known:
    """How many of the rows that a model remembers to have learned from are among those brought."""

    share: float
    """Of the rows it remembers, how many are here."""
    by_chance: float
    """How many would be here by chance: as often as rows that are here are copies of one another."""
    remembered: int
    of_these: float | None
    """Of the rows that are here, how many it learned from, about; None where it does not know how many those were."""

    @property
    def sure(self) -> bool:
        """Whether so many are here that it cannot be chance."""
        found = round(self.share * self.remembered)
        least = max(self.by_chance, 1.0 / self.remembered)
        return float(binom.sf(found - 1, self.remembered, min(least, 1.0))) < SURE

    @property
    def many(self) -> bool:
        """Whether so many of its rows are here, or so many of these are its rows, that they tell nothing of others."""
        if self.share > self.by_chance + SUSPICIOUS:
            return self.of_these is None or self.of_these > SOME
        return self.sure and self.of_these is not None and self.of_these > SUSPICIOUS

    @property
    def sentence(self) -> str:
        """What is wrong with rows of which many are known."""
        why = f"{100 * self.share:.0f} % of the rows it remembers are here"
        if self.share <= self.by_chance + SUSPICIOUS and self.of_these is not None:
            why = f"from about {100 * self.of_these:.0f} % of them, by those of its rows that are here"
        return f"The model learned from these rows, or from many of them: {why}. What it says of them is too good."

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"share": self.share, "by_chance": self.by_chance, "sentence": self.sentence}


def known(parts: RowParts, columns: Columns) -> Known | None:
    """Return how many of the rows that a model remembers are among typed rows; None where that cannot be told.

    It remembers a random few, so that the rows it learned from are as often among these as those few are (Lincoln
    1930 and Petersen 1896 count fish so).
    """
    names = parts.ensemble.sources
    described = [parts.schema[name] for name in names]
    if parts.cases is not None:
        cases = parts.cases.read(described)
    else:  # where there are thresholds by group, the golden rows are some that those were found on
        cases = read_rows(parts.golden if parts.policy is None else [], described)
    if cases.rows < KNOWN_ROWS or columns.rows < KNOWN_ROWS:
        return None
    here, there = _marks(columns, names), _marks(cases, names)
    values, times = np.unique(here, return_counts=True)
    by_chance = float(times[times > 1].sum() / len(here))
    share = float(np.isin(there, values).mean())
    if parts.cases is None and not share:  # its golden rows may be made up
        return None
    learned = parts.schema.rows
    of_these = min(1.0, max(0.0, share - by_chance) * learned / columns.rows) if learned else None
    return Known(share, by_chance, cases.rows, of_these)


def _marks(columns: Columns, names: Sequence[str]) -> Floats:
    """Return a number for each row that only its copies have."""
    return draws(columns, names, 0)
