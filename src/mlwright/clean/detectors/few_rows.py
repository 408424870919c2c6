"""Too few rows for the question, or for so many columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.wording import count_of_rows
from mlwright.findings import Finding
from mlwright.table import Table

FEW = 50
WIDE = 10
"""So few columns are never too many for the rows."""
COLUMNS_FOR_A_ROW = 2


class FewRows:
    """Finds tables with hardly any rows to learn from, and ones with many more columns than rows."""

    name: ClassVar[str] = "few_rows"
    kinds: ClassVar[tuple[str, ...]] = ("few_rows", "more_columns_than_rows")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return a finding for either."""
        target = context.schema.only("target")
        rows = table.rows - (round(target.missing_share * table.rows) if target is not None else 0)
        if 0 < rows < FEW:
            yield Detection(
                finding=Finding(
                    kind="few_rows",
                    message=f"There {'is' if rows == 1 else 'are'} only {count_of_rows(rows)} to learn from: every "
                    "score here is very uncertain.",
                    severity="warning",
                    repair="Bring more rows; a few hundred make a useful model.",
                )
            )
        width = len(context.schema.features)
        if width > COLUMNS_FOR_A_ROW * rows and width > WIDE:
            yield Detection(
                finding=Finding(
                    kind="more_columns_than_rows",
                    message=f"There are {width:,} columns to learn from and only {count_of_rows(rows)}: some columns "
                    "will seem to matter by chance.",
                    severity="warning",
                    repair="Exclude columns that cannot matter (--exclude), or bring more rows.",
                )
            )
