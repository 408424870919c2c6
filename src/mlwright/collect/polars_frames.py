"""Polars frames, eager and lazy."""

from __future__ import annotations

import polars as pl

from mlwright.collect.options import ReadOptions
from mlwright.collect.tidy import tidied
from mlwright.errors import SourceError
from mlwright.table import Table


class PolarsConnector:
    """Takes a Polars frame as it is, but for nested columns."""

    name = "polars"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a Polars frame."""
        return isinstance(source, pl.DataFrame | pl.LazyFrame)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - a frame needs no options
        """Return the rows."""
        if isinstance(source, pl.LazyFrame):
            try:
                source = source.collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as error:
                raise SourceError(f"The lazy frame cannot be computed: {str(error).splitlines()[0]}") from error
        if not isinstance(source, pl.DataFrame):
            raise TypeError(source)
        frame, findings = tidied(source)
        return Table(frame, findings=findings)
