"""Plain Python: a list of dicts, or a dict of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized

import numpy as np
import polars as pl

from mlwright.collect.cells import columns_of, series_of
from mlwright.collect.names import tidy_names
from mlwright.collect.numpy_arrays import array_series
from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError
from mlwright.table import Table


class RowsConnector:
    """Reads a list of dicts; nested dicts get dots in their names, and what a row lacks is missing."""

    name = "rows"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a list."""
        return isinstance(source, list | tuple)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - rows need no options
        """Return the rows."""
        if not isinstance(source, list | tuple):
            raise TypeError(source)
        if not source:
            raise SourceError("The list of rows is empty.")
        for position, row in enumerate(source):
            if not isinstance(row, Mapping):
                raise SourceError(
                    f"Each row must be a dict, and row {position} is a {type(row).__name__}.",
                    hint='give rows as [{"column": value, ...}, ...], or a dict of columns.',
                )
        return table_of(columns_of(source))


class ColumnsConnector:
    """Reads a dict of columns; a dict of single values is one row."""

    name = "columns"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a dict."""
        return isinstance(source, Mapping)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - columns need no options
        """Return the rows."""
        if not isinstance(source, Mapping):
            raise TypeError(source)
        if not source:
            raise SourceError("The dict has no columns.")
        if not any(_is_column(values) for values in source.values()):
            return table_of(columns_of([source]))
        columns = {str(name): values if _is_column(values) else [values] for name, values in source.items()}
        lengths = {name: len(values) for name, values in columns.items() if isinstance(values, Sized)}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name!r} {length:,}" for name, length in list(lengths.items())[:10])
            raise SourceError(f"The columns differ in length: {shown}.")
        return table_of(columns)


def table_of(columns: Mapping[str, object]) -> Table:
    """Return columns of Python values, arrays or Series as a table."""
    names, findings = tidy_names(list(columns), strip=False)
    series = [_series(name, values) for name, values in zip(names, columns.values(), strict=True)]
    return Table(pl.DataFrame(series), findings=findings)


def _is_column(values: object) -> bool:
    return isinstance(values, Sized) and not isinstance(values, str | bytes | Mapping)


def _series(name: str, values: object) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if isinstance(values, np.ndarray):
        return array_series(name, values)
    return series_of(name, list(values) if isinstance(values, Iterable) else [values])
