"""Rows without a target, which can neither teach nor judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.wording import count_of_rows
from mlwright.findings import Finding, percent
from mlwright.table import Table

MANY = 0.2
"""The share of rows without a target from which on a person should look."""


class TargetMissing:
    """Finds rows whose target is not known."""

    name: ClassVar[str] = "target_missing"
    kinds: ClassVar[tuple[str, ...]] = ("target_missing",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for all of them."""
        target = context.schema.only("target")
        if target is None or not target.missing_share:
            return
        count = round(target.missing_share * table.rows)
        yield Detection(
            finding=Finding(
                kind="target_missing",
                columns=(target.name,),
                message=f"{count_of_rows(count)} ({percent(target.missing_share)}) have no known target "
                f"{target.name!r} and are neither learned from nor scored.",
                severity="warning" if target.missing_share > MANY else "info",
                repair="Leave these rows out.",
                applied=True,
            )
        )
