"""A part of a large table, spread evenly over it, whose rows still know which rows they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mlwright.clean.base import Rows
from mlwright.findings import Finding
from mlwright.table import Table

MOST_ROWS = 200_000
MOST_CELLS = 10_000_000
FEWEST_ROWS = 20_000
"""Kinds, findings, words and associations are judged on at most `MOST_ROWS` rows, and of many columns on fewer, but not
below `FEWEST_ROWS`."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The rows that are looked at closely, and where each stands in the whole table; `rows` is None where all are."""

    table: Table
    rows: Rows | None
    total: int

    @classmethod
    def of(cls, table: Table, *, most_cells: int = MOST_CELLS, seed: int = 0) -> Spread:
        """Return all rows of a table, or as many as can be looked at in reasonable time."""
        width = max(table.frame.width, 1)
        most = min(MOST_ROWS, max(FEWEST_ROWS, most_cells // width))
        if table.rows <= most:
            return cls(table, None, table.rows)
        rows = spread_rows(table.rows, most, seed=seed)
        return cls(replace(table, frame=table.frame[rows]), rows, table.rows)

    @property
    def whole(self) -> bool:
        """Whether all rows are looked at."""
        return self.rows is None

    def placed(self, finding: Finding) -> Finding:
        """Return a finding that names rows of the whole table, and says what its counts are counts of."""
        return finding if self.rows is None else placed(finding, self.rows, self.total)


def placed(finding: Finding, rows: Rows, total: int) -> Finding:
    """Return what was found in some rows of a table as a finding about the table."""
    named = tuple(int(rows[row]) for row in finding.rows)
    if len(rows) == total:
        return replace(finding, rows=named)
    told = finding.message.rstrip(".")
    return replace(finding, rows=named, message=f"{told} (counted in {len(rows):,} of {total:,} rows).")


def spread_rows(total: int, most: int, *, seed: int = 0) -> Rows:
    """Return `most` of `total` rows in order: one from each of as many equal stretches, so that no rhythm is missed.

    >>> rows = spread_rows(1_000, 10)
    >>> len(rows), all(100 * place <= row < 100 * place + 100 for place, row in enumerate(rows))
    (10, True)
    """
    if total <= most:
        return np.arange(total, dtype=np.intp)
    edges = np.linspace(0, total, most + 1).astype(np.intp)
    room = np.diff(edges)
    picked = edges[:-1] + np.floor(np.random.default_rng(seed).random(most) * room).astype(np.intp)
    return np.asarray(picked, dtype=np.intp)
