"""Parquet files."""

from __future__ import annotations

import polars as pl

from mlwright.collect.columnar import read_columnar
from mlwright.collect.files import File
from mlwright.collect.options import ReadOptions
from mlwright.table import Table


class ParquetConnector:
    """Reads Parquet."""

    name = "parquet"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a Parquet file."""
        return isinstance(source, File) and source.ending in {".parquet", ".pq", ".parq"}

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows."""
        if not isinstance(source, File):
            raise TypeError(source)
        whole = source.path or source.data or b""
        return read_columnar(source, options, lambda: pl.scan_parquet(whole, glob=False), "Parquet")
