"""Source -> Table: whatever holds rows, as a Polars frame with what was noticed while reading it."""

from __future__ import annotations

from mlwright.collect.options import Connector, ReadOptions
from mlwright.collect.sources import SOURCES, read_source
from mlwright.table import Table

__all__ = ["SOURCES", "Connector", "ReadOptions", "collect"]


def collect(
    source: object,
    *,
    query: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    sheet: str | int | None = None,
    sample: bool = True,
    memory_limit: int | None = None,
) -> Table:
    """Read the rows of a source; what is not said of it is found out.

    Parameters
    ----------
    source
        A path, a glob, "-" for standard input, a URL (https, s3, sqlite, duckdb, postgresql, ...), a data frame of any
        library that Narwhals or Arrow's C stream reaches, a list of dicts, a dict of columns, a 2-D NumPy array.
    query
        One SELECT for a database; without it, its only table is read.
    delimiter, encoding, header
        How a text file is written.
    sheet
        The sheet of a workbook, by name or position; by default the first.
    sample
        Whether a source larger than memory is thinned out evenly; where not, it is refused.
    memory_limit
        Bytes that the rows may take; by default half of the memory that is free.

    Examples
    --------
    >>> collect([{"a": 1, "b": "x"}, {"a": 2, "b": None}]).frame.shape
    (2, 2)
    """
    options = ReadOptions(
        query=query,
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        sheet=sheet,
        sample=sample,
        memory_limit=memory_limit,
    )
    return read_source(source, options)
