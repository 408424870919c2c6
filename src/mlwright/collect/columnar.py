"""What Parquet and Arrow files have in common: they say themselves what their columns are."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mlwright.collect.files import File
from mlwright.collect.memory import fit
from mlwright.collect.options import ReadOptions
from mlwright.collect.tidy import tidied
from mlwright.errors import DataError, SourceError
from mlwright.table import Table

TEXT = 40
"""Bytes that a value of no fixed width takes, about."""
NUMBER = 8


def read_columnar(file: File, options: ReadOptions, opened: Callable[[], pl.LazyFrame], kind: str) -> Table:
    """Return the rows of a lazy scan. Raises SourceError where the file is damaged."""
    try:
        lazy = opened()
        schema = lazy.collect_schema()
        rows = lazy.select(pl.len()).collect().item()
        width = sum(NUMBER if dtype.is_numeric() or dtype.is_temporal() else TEXT for dtype in schema.dtypes())
        frame, sampled = fit(lazy, rows=rows, size=rows * width, options=options, where=file.shown)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise SourceError(f"The {kind} file is damaged, or is none: {reason}.", where=file.shown) from error
    if not rows:
        raise DataError("The file has columns but no rows.", where=file.shown)
    frame, findings = tidied(frame)
    return Table(frame, name=file.name, origin=file.shown, findings=(*findings, *sampled))
