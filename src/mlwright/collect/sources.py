"""All connectors, in the order in which they are asked whether a source is theirs. A new one is one line here."""

from __future__ import annotations

from pathlib import Path

from mlwright.collect.archives import CompressedConnector
from mlwright.collect.arrow_files import ArrowFileConnector
from mlwright.collect.arrow_objects import ArrowStreamConnector
from mlwright.collect.excel import ExcelConnector
from mlwright.collect.globs import GlobConnector
from mlwright.collect.json_files import JsonConnector, NdjsonConnector
from mlwright.collect.narwhals_frames import NarwhalsConnector
from mlwright.collect.numpy_arrays import NumpyConnector
from mlwright.collect.options import Connector, ReadOptions
from mlwright.collect.pandas_frames import PandasConnector
from mlwright.collect.parquet import ParquetConnector
from mlwright.collect.paths import PathConnector, UnknownFileConnector
from mlwright.collect.polars_frames import PolarsConnector
from mlwright.collect.python_rows import ColumnsConnector, RowsConnector
from mlwright.collect.sql import DatabaseFileConnector, SqlConnector
from mlwright.collect.stdin import StdinConnector
from mlwright.collect.storage import RemoteFileConnector, StorageConnector
from mlwright.collect.text import TextConnector
from mlwright.collect.web import WebConnector
from mlwright.errors import OptionError, SourceError
from mlwright.table import Table

SOURCES: dict[str, Connector] = {
    connector.name: connector
    for connector in (
        PolarsConnector(),
        PandasConnector(),
        ArrowStreamConnector(),
        NumpyConnector(),
        RowsConnector(),
        ColumnsConnector(),
        StdinConnector(),
        SqlConnector(),
        WebConnector(),
        StorageConnector(),
        RemoteFileConnector(),
        GlobConnector(),
        PathConnector(),
        CompressedConnector(),
        TextConnector(),
        ParquetConnector(),
        JsonConnector(),
        NdjsonConnector(),
        ExcelConnector(),
        ArrowFileConnector(),
        DatabaseFileConnector(),
        UnknownFileConnector(),
        NarwhalsConnector(),
    )
}

QUERIED = frozenset({"sql", "database file", "compressed", "unknown file"})
"""Connectors that a query may reach; all others but addresses refuse it."""


def read_source(source: object, options: ReadOptions) -> Table:
    """Return the rows of a source, read by the first connector that accepts it."""
    for connector in SOURCES.values():
        if connector.accepts(source):
            if options.query is not None and connector.name not in QUERIED and not isinstance(source, str | Path):
                raise OptionError("A query is for databases, and this source is none.", hint="leave the query away.")
            return connector.read(source, options)
    raise SourceError(
        f"A source cannot be a {type(source).__name__}.",
        hint="give a path, a URL, a data frame, a list of dicts, a dict of columns or a 2-D NumPy array.",
    )
