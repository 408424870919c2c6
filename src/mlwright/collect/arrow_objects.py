"""PyArrow tables, and any object that streams Arrow data (DuckDB relations, cuDF, GeoPandas, ...)."""

from __future__ import annotations

from typing import Any

import polars as pl

from mlwright.collect.options import ReadOptions
from mlwright.collect.tidy import tidied
from mlwright.errors import SourceError
from mlwright.table import Table


class ArrowStreamConnector:
    """Reads through Arrow's C stream interface, which needs no package beside Polars."""

    name = "arrow stream"

    def accepts(self, source: object) -> bool:
        """Tell whether this streams Arrow data."""
        return hasattr(source, "__arrow_c_stream__")

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - a frame needs no options
        """Return the rows."""
        stream: Any = source
        try:
            frame = pl.DataFrame(stream)
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise SourceError(f"The {type(source).__name__} cannot be read as a table: {error}") from error
        frame, findings = tidied(frame)
        return Table(frame, findings=findings)
