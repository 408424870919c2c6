"""Rows that repeat an earlier one, told apart from rows that are alike because there are few values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.wording import count_of_rows
from mlwright.findings import Finding, percent
from mlwright.table import Table

MANY = 0.01
"""The share of repeated rows from which on a person should look."""
BY_CHANCE = 5.0
"""Where so many times more rows equal another one in all columns but one, rows are alike by chance, and no copies."""
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
        if math.prod(max(column.distinct, 1) for column in context.schema) < table.rows:
            yield Detection(
                finding=Finding(
                    kind="few_different_rows",
                    message=f"There are only {table.rows - count:,} different rows among {table.rows:,}: the columns "
                    "have so few values that rows must repeat.",
                )
            )
            return
        rows = np.flatnonzero(repeated)
        chance = share >= MANY and _nearly_repeated(frame) > BY_CHANCE
        why = (
            "as many more do in all columns but one: they are alike by chance rather than copies."
            if chance
            else "where a row and its copy fall on both sides of the split, the score is too good."
        )
        yield Detection(
            finding=Finding(
                kind="duplicate_rows",
                rows=shown(rows),
                message=f"{count_of_rows(count)} ({percent(share)}) repeat an earlier row in every column{',' if chance else ':'} "
                f"{why}",
                severity="warning" if share >= MANY and not chance else "info",
                confidence=0.5 if chance else 1.0,
                repair="Remove the copies, unless each one is a case of its own.",
            ),
            rows=rows,
        )


def _nearly_repeated(frame: pl.DataFrame) -> float:
    """Return how many rows equal another one in all columns but one, for each that equals one in all of them."""
    if frame.height > LOOK:
        frame = frame.sample(LOOK, seed=0)
    first = frame.hash_rows().is_first_distinct()
    exact = frame.height - int(first.sum())
    different = frame.filter(first)
    each = [series.hash(seed=place).to_numpy() for place, series in enumerate(different.iter_columns())]
    with np.errstate(over="ignore"):
        whole = np.sum(each, axis=0, dtype=np.uint64)
        near = sum(len(whole) - len(np.unique(whole - one)) for one in each)
    return near / max(exact, 1)
