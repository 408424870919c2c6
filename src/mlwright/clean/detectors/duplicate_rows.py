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
        yield Detection(
            finding=Finding(
                kind="duplicate_rows",
                rows=shown(rows),
                message=f"{count_of_rows(count)} ({percent(share)}) repeat an earlier row in every column: where a row "
                "and its copy fall on both sides of the split, the score is too good.",
                severity="warning" if share >= MANY else "info",
                repair="Remove the copies, unless each one is a case of its own.",
            ),
            rows=rows,
        )
