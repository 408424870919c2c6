"""Columns that are missing in the same rows: they come from one source, or one thing did not apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.measures.wording import named
from mlwright.columns import Coded
from mlwright.findings import Finding, percent
from mlwright.table import Table

FEWEST, LEAST_SHARE, MOST_SHARE = 10, 0.005, 0.98
ALIKE = 0.98
"""Of the rows in which one of two columns is missing, both are in at least this share."""
SAMPLE = 200_000
MOST_COLUMNS, MOST_GROUPS = 2_000, 5


class MissingPattern:
    """Finds groups of columns whose values are missing together."""

    name: ClassVar[str] = "missing_pattern"
    kinds: ClassVar[tuple[str, ...]] = ("missing_together",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each group of columns."""
        able = [
            column.name
            for column in context.schema
            if LEAST_SHARE <= column.missing_share <= MOST_SHARE and column.kind != "constant"
        ][:MOST_COLUMNS]
        if len(able) < 2:
            return
        missing = np.column_stack([_missing(context, name) for name in able])
        step = max(1, table.rows // SAMPLE)
        for group in sorted(_groups(missing[::step]), key=len, reverse=True)[:MOST_GROUPS]:
            names = tuple(able[place] for place in group)
            rows = np.flatnonzero(missing[:, group].all(axis=1)).astype(np.intp)
            if len(rows) < FEWEST:
                continue
            yield Detection(
                finding=Finding(
                    kind="missing_together",
                    columns=names,
                    rows=shown(rows),
                    message=f"{named(names)} are missing in the same {len(rows):,} rows "
                    f"({percent(len(rows) / table.rows)}): they come from one source, or do not apply there.",
                    severity="info",
                    confidence=0.9,
                    repair="Find out why: whether they are there may itself tell something.",
                ),
                rows=rows,
            )


def _missing(context: Context, name: str) -> NDArray[np.bool_]:
    values = context.values(name)
    return values.codes < 0 if isinstance(values, Coded) else np.isnan(values)


def _groups(missing: NDArray[np.bool_]) -> list[list[int]]:
    """Return groups of columns that are missing in nearly the same rows, each column in one of them at most."""
    masks = missing.astype(np.float32)
    both = masks.T @ masks
    counts = np.diag(both)
    alike = both >= ALIKE * (counts[:, None] + counts[None, :] - both)
    left, groups = set(range(len(counts))), list[list[int]]()
    for place in range(len(counts)):
        if place not in left or not counts[place]:
            continue
        group = [other for other in np.flatnonzero(alike[place]).tolist() if other in left]
        if len(group) > 1:
            groups.append(group)
            left.difference_update(group)
    return groups
