"""What is wrong with a table as a whole: rows twice, columns that say nothing, too little to learn from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from mlwright.findings import Finding, percent
from mlwright.schema import Schema
from mlwright.table import Table

ROWS_SHOWN = 100
FEW_ROWS = 50
MOSTLY_MISSING = 0.5


def table_findings(table: Table, schema: Schema) -> tuple[Finding, ...]:
    """Return what is worth knowing of the table before anything is learned from it."""
    return tuple(finding for find in FINDERS for finding in find(table, schema))


def duplicate_rows(table: Table, schema: Schema) -> Iterator[Finding]:
    """Find rows that repeat an earlier one in every column, and tell copies from rows that are alike by chance."""
    frame = table.frame
    if not frame.width or any(kind == pl.Object or kind.is_nested() for kind in frame.dtypes):
        return
    repeated = (~frame.hash_rows().is_first_distinct()).to_numpy()
    count = int(repeated.sum())
    if count:
        share = count / table.rows
        if math.prod(max(column.distinct, 1) for column in schema) < table.rows:
            yield Finding(
                kind="few_different_rows",
                message=f"There are only {table.rows - count:,} different rows among {table.rows:,}: the columns have "
                "so few values that rows must repeat.",
            )
            return
        yield Finding(
            kind="duplicate_rows",
            rows=tuple(int(row) for row in np.flatnonzero(repeated)[:ROWS_SHOWN]),
            message=f"{_rows(count)} ({percent(share)}) repeat an earlier row in every column: where a row and its "
            "copy fall on both sides of the split, the score is too good.",
            severity="warning" if share >= 0.01 else "info",
            repair="Remove the copies, unless each one is a case of its own.",
        )


def constant_columns(table: Table, schema: Schema) -> Iterator[Finding]:  # noqa: ARG001  one signature for all
    """Find columns with one value."""
    names = tuple(column.name for column in schema if column.kind == "constant" and column.role == "ignored")
    if names:
        yield Finding(
            kind="constant_columns",
            columns=names,
            message=f"{_columns(names)} the same value in every row and {_left(names)} out.",
            repair="Leave them out.",
            applied=True,
        )


def id_columns(table: Table, schema: Schema) -> Iterator[Finding]:  # noqa: ARG001
    """Find columns that only say which row it is."""
    names = tuple(column.name for column in schema if column.kind == "id" and column.role == "ignored")
    if names:
        yield Finding(
            kind="id_columns",
            columns=names,
            message=f"{_columns(names)} a value of its own in (nearly) every row and {_left(names)} out.",
            repair="Leave them out.",
            applied=True,
        )


def mostly_missing(table: Table, schema: Schema) -> Iterator[Finding]:  # noqa: ARG001
    """Find columns that are empty in most rows."""
    sparse = [
        column
        for column in schema
        if column.missing_share > MOSTLY_MISSING and column.role not in {"ignored", "target"}
    ]
    if sparse:
        worst = max(sparse, key=lambda column: column.missing_share)
        names = tuple(column.name for column in sparse)
        others = f" and {len(sparse) - 1} more" if len(sparse) > 1 else ""
        yield Finding(
            kind="mostly_missing",
            columns=names,
            message=f"{worst.name!r} ({percent(worst.missing_share)} missing){others} "
            f"{'is' if len(sparse) == 1 else 'are'} empty in more than half of the rows.",
        )


def target_missing(table: Table, schema: Schema) -> Iterator[Finding]:
    """Find rows without a target, which can neither teach nor judge."""
    target = schema.only("target")
    if target is not None and target.missing_share > 0:
        count = round(target.missing_share * table.rows)
        yield Finding(
            kind="target_missing",
            columns=(target.name,),
            message=f"{_rows(count)} ({percent(target.missing_share)}) have no known target {target.name!r} and are "
            "neither learned from nor scored.",
            severity="warning" if target.missing_share > 0.2 else "info",
            repair="Leave these rows out.",
            applied=True,
        )


def few_rows(table: Table, schema: Schema) -> Iterator[Finding]:
    """Find tables with hardly any rows, or with many more columns than rows."""
    target = schema.only("target")
    rows = table.rows - (round(target.missing_share * table.rows) if target is not None else 0)
    width = len(schema.features)
    if 0 < rows < FEW_ROWS:
        yield Finding(
            kind="few_rows",
            message=f"There {'is' if rows == 1 else 'are'} only {_rows(rows)} to learn from: every score here is very "
            "uncertain.",
            severity="warning",
            repair="Bring more rows; a few hundred make a useful model.",
        )
    if width > 2 * rows and width > 10:
        yield Finding(
            kind="more_columns_than_rows",
            message=f"There are {width:,} columns to learn from and only {_rows(rows)}: some columns will seem to "
            "matter by chance.",
            severity="warning",
            repair="Exclude columns that cannot matter (--exclude), or bring more rows.",
        )


FINDERS: tuple[Callable[[Table, Schema], Iterator[Finding]], ...] = (
    duplicate_rows,
    constant_columns,
    id_columns,
    mostly_missing,
    target_missing,
    few_rows,
)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _columns(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{shown} {'has' if len(names) == 1 else 'have'}"


def _left(names: tuple[str, ...]) -> str:
    return "was left" if len(names) == 1 else "were left"
