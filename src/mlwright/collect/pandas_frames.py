"""Pandas frames, without PyArrow, which pandas' users need not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mlwright.collect.cells import series_of
from mlwright.collect.names import tidy_names
from mlwright.collect.numpy_arrays import array_series
from mlwright.collect.options import ReadOptions
from mlwright.columns import column_name
from mlwright.table import Table
from mlwright.values import is_null


class PandasConnector:
    """Copies a pandas frame; its index is kept where it has a name."""

    name = "pandas"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a pandas frame, without importing pandas."""
        kind = type(source)
        return any(base.__module__.split(".")[0] == "pandas" and base.__name__ == "DataFrame" for base in kind.__mro__)

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - a frame needs no options
        """Return the rows."""
        frame: Any = source
        index = frame.index
        levels = [(level, label) for level, label in enumerate(index.names) if label is not None]
        columns = [(column_name(label), index.get_level_values(level)) for level, label in levels]
        columns += [(column_name(label), frame.iloc[:, position]) for position, label in enumerate(frame.columns)]
        names, findings = tidy_names([name for name, _ in columns], strip=False)
        series = [_series(name, values) for name, (_, values) in zip(names, columns, strict=True)]
        return Table(pl.DataFrame(series), findings=findings)


def _series(name: str, values: Any) -> pl.Series:
    dtype, kind = values.dtype, type(values.dtype).__name__
    if kind == "DatetimeTZDtype":
        utc = (
            values.tz_convert("UTC")
            if hasattr(values, "tz_convert") and not hasattr(values, "dt")
            else values.dt.tz_convert("UTC")
        )
        return array_series(name, utc.to_numpy(dtype="datetime64[us]")).dt.replace_time_zone("UTC")
    if kind == "SparseDtype" or (isinstance(dtype, np.dtype) and dtype.kind in "biufmM"):
        return array_series(name, np.asarray(values))
    plain = getattr(dtype, "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "biuf":
        filled = values.to_numpy(dtype=plain, na_value=plain.type(0))
        return array_series(name, filled).set(pl.Series(np.asarray(values.isna())), None)
    objects = values.astype(object).tolist()
    try:
        missing = np.asarray(values.isna())
    except ArithmeticError:  # pandas compares values with themselves, which a signalling NaN does not allow
        missing = np.array([is_null(value) for value in objects], dtype=np.bool_)
    return series_of(name, [None if absent else value for value, absent in zip(objects, missing, strict=True)])
