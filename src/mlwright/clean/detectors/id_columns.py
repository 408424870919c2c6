"""Columns that only say which row it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.wording import columns_have, were_left
from mlwright.findings import Finding
from mlwright.table import Table


class IdColumns:
    """Finds columns that were left out because nearly every row has a value of its own."""

    name: ClassVar[str] = "id_columns"
    kinds: ClassVar[tuple[str, ...]] = ("id_columns",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for all of them."""
        names = tuple(column.name for column in context.schema if column.kind == "id" and column.role == "ignored")
        if names:
            values = "a value of its own" if len(names) == 1 else "values of their own"
            yield Detection(
                finding=Finding(
                    kind="id_columns",
                    columns=names,
                    message=f"{columns_have(names)} {values} in (nearly) every row and {were_left(names)} out.",
                    repair="Leave them out.",
                    applied=True,
                )
            )
