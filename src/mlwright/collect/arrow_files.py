"""Arrow IPC files, also called Feather, and Arrow streams."""

from __future__ import annotations

import polars as pl

from mlwright.collect.columnar import read_columnar
from mlwright.collect.files import File
from mlwright.collect.options import ReadOptions
from mlwright.table import Table

FILE_SIGNATURE = b"ARROW1"


class ArrowFileConnector:
    """Reads Arrow's file format, and its stream format under the same endings."""

    name = "arrow"

    def accepts(self, source: object) -> bool:
        """Tell whether this is an Arrow file."""
        return isinstance(source, File) and source.ending in {".arrow", ".feather", ".ipc", ".arrows"}

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows."""
        if not isinstance(source, File):
            raise TypeError(source)
        whole = source.path or source.data or b""
        if source.head.startswith(FILE_SIGNATURE):
            return read_columnar(source, options, lambda: pl.scan_ipc(whole, glob=False), "Arrow")
        return read_columnar(source, options, lambda: pl.read_ipc_stream(whole).lazy(), "Arrow")
