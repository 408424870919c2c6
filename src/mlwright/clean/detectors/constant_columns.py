"""Columns with the same value in every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.wording import columns_have, were_left
from mlwright.findings import Finding
from mlwright.table import Table


class ConstantColumns:
    """Finds columns that were left out because they have one value."""

    name: ClassVar[str] = "constant_columns"
    kinds: ClassVar[tuple[str, ...]] = ("constant_columns",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for all of them."""
        names = tuple(
            column.name for column in context.schema if column.kind == "constant" and column.role == "ignored"
        )
        if names:
            yield Detection(
                finding=Finding(
                    kind="constant_columns",
                    columns=names,
                    message=f"{columns_have(names)} the same value in every row and {were_left(names)} out.",
                    repair="Leave them out.",
                    applied=True,
                )
            )
