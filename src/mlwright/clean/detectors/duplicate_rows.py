"""Rows that repeat an earlier one, told apart from rows that are alike because there are few values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.measures.wording import count_of_rows
from mlwright.findings import Finding, percent
from mlwright.table import Table

MANY = 0.01
"""The share of repeated rows from which on a person should look."""
BY_CHANCE = 0.5
"""Where chance alone explains so large a part of the repeated rows, they are no copies."""
LOOK = 100_000


class DuplicateRows:
    """Finds rows that repeat an earlier row in every column."""

    name: ClassVar[str] = "duplicate_rows"
    kinds: ClassVar[tuple[str, ...]] = ("duplicate_rows", "few_different_rows")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for all of them."""
        frame = table.frame
        if not frame.width or any(kind == pl.Object or kind.is_nested() for kind in frame.dtypes):
            return
        repeated = (~frame.hash_rows().is_first_distinct()).to_numpy()
        count = int(repeated.sum())
        if not count:
            return
        share = count / table.rows
        left = table.rows - count
        if math.prod(max(column.distinct, 1) for column in context.schema) < table.rows:
            yield Detection(
                finding=Finding(
                    kind="few_different_rows",
                    message=f"There {'is' if left == 1 else 'are'} only {left:,} different row{'s' * (left > 1)} among "
                    f"{table.rows:,}: the columns have so few values that rows must repeat.",
                )
            )
            return
        rows = np.flatnonzero(repeated)
        chance = share >= MANY and by_chance(frame) >= BY_CHANCE
        why = (
            ", but so many more do in all columns but one that they are alike by chance rather than copies."
            if chance
            else ": where a row and its copy fall on both sides of the split, the score is too good."
        )
        yield Detection(
            finding=Finding(
                kind="duplicate_rows",
                rows=shown(rows),
                message=f"{count_of_rows(count)} ({percent(share)}) {'repeats' if count == 1 else 'repeat'} an earlier "
                f"row in every column{why}",
                severity="warning" if share >= MANY and not chance else "info",
                confidence=0.5 if chance else 1.0,
                repair="Remove the copies, unless each one is a case of its own.",
            ),
            rows=rows,
        )


def by_chance(frame: pl.DataFrame) -> float:
    """Return which part of the rows that repeat an earlier one would do so by chance, at least.

    Of rows that differ in one column alone, so many would agree there too as any two rows do: that many repeated rows
    need no copying. The column that explains the most is asked.
    """
    if frame.height > LOOK:
        frame = frame.sample(LOOK, seed=0)
    first = frame.hash_rows().is_first_distinct()
    exact, rows = frame.height - int(first.sum()), int(first.sum())
    each = [series.hash(seed=place).to_numpy() for place, series in enumerate(frame.filter(first).iter_columns())]
    whole = np.sum(each, axis=0, dtype=np.uint64)  # the sum wraps around, and so does taking one column out of it
    most = 0.0
    for one in each:
        nearly = rows - np.unique(whole - one).size
        counts = np.unique(one, return_counts=True)[1].astype(np.float64)
        agree = float((counts * (counts - 1.0)).sum()) / max(rows * (rows - 1.0), 1.0)
        most = max(most, nearly * agree / max(1.0 - agree, 1e-9) if agree < 1.0 else 0.0)
    return most / max(exact, 1)
