"""Frames of any other library that Narwhals knows: Modin, Dask, PySpark, Ibis, ..."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from mlwright.collect.options import ReadOptions
from mlwright.collect.tidy import tidied
from mlwright.table import Table


class NarwhalsConnector:
    """Reads whatever Narwhals reads."""

    name = "narwhals"

    def accepts(self, source: object) -> bool:
        """Tell whether Narwhals knows this frame."""
        unknown: Any = source
        return isinstance(nw.from_native(unknown, pass_through=True), nw.DataFrame | nw.LazyFrame)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - a frame needs no options
        """Return the rows."""
        native: Any = source
        known = nw.from_native(native)
        eager = known.collect(backend="polars") if isinstance(known, nw.LazyFrame) else known
        frame, findings = tidied(eager.to_polars())
        return Table(frame, findings=findings)
