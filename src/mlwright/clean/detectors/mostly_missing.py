"""Columns that are empty in most rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.findings import Finding, percent
from mlwright.table import Table

MOSTLY = 0.5
"""The share of missing values above which a column is mostly missing."""


class MostlyMissing:
    """Finds columns that are learned from although most of their values are missing."""

    name: ClassVar[str] = "mostly_missing"
    kinds: ClassVar[tuple[str, ...]] = ("mostly_missing",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for all of them; it names the worst."""
        sparse = [
            column
            for column in context.schema
            if column.missing_share > MOSTLY and column.role not in {"ignored", "target"}
        ]
        if not sparse:
            return
        worst = max(sparse, key=lambda column: column.missing_share)
        others = f" and {len(sparse) - 1} more" if len(sparse) > 1 else ""
        yield Detection(
            finding=Finding(
                kind="mostly_missing",
                columns=tuple(column.name for column in sparse),
                message=f"{worst.name!r} ({percent(worst.missing_share)} missing){others} "
                f"{'is' if len(sparse) == 1 else 'are'} empty in more than half of the rows.",
            )
        )
