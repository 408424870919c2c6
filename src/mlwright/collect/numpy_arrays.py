"""NumPy arrays: matrices, and structured arrays with named fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.collect.cells import in_calendar, series_of
from mlwright.collect.names import tidy_names
from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError
from mlwright.table import Table


class NumpyConnector:
    """Copies an array; the columns of a matrix are called column_1, column_2, ..."""

    name = "numpy"

    def accepts(self, source: object) -> bool:
        """Tell whether this is an array."""
        return isinstance(source, np.ndarray)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - an array needs no options
        """Return the rows."""
        if not isinstance(source, np.ndarray):
            raise TypeError(source)
        if source.dtype.names and source.ndim == 1:
            columns = {name: source[name] for name in source.dtype.names}
        elif source.ndim == 2 and not source.dtype.names:
            columns = {f"column_{i + 1}": source[:, i] for i in range(source.shape[1])}
        else:
            raise SourceError(
                f"An array must have two dimensions, and this one has the shape {source.shape}.",
                hint="reshape it to (rows, columns)." if source.ndim == 1 else None,
            )
        names, findings = tidy_names(list(columns), strip=False)
        series = [array_series(name, values) for name, values in zip(names, columns.values(), strict=True)]
        return Table(pl.DataFrame(series), findings=findings)


def array_series(name: str, values: NDArray[Any]) -> pl.Series:
    """Return a copy of a one-dimensional array; NaN, NaT and masked values are missing.

    It is a copy because Polars shares NumPy's memory, and the caller may write to the array later.
    """
    kind = values.dtype.kind
    if values.ndim != 1 or kind not in "biufmM" or values.dtype.itemsize > 8:
        return series_of(name, values.tolist())
    plain = np.ma.getdata(values)
    if kind in "mM":
        plain = plain.astype("datetime64[us]" if kind == "M" else "timedelta64[us]")
    elif kind == "f":
        plain = plain.astype(np.float64 if plain.dtype.itemsize > 4 else np.float32)
    series = pl.Series(name, np.array(plain, order="C", copy=True))
    if kind == "f":
        series = series.fill_nan(None)
    if np.ma.is_masked(values):
        series = series.set(pl.Series(np.ma.getmaskarray(values)), None)
    return in_calendar(series)
