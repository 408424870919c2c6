"""Pandas frames, without PyArrow, which pandas' users need not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mlwright.collect.cells import series_of
from mlwright.collect.names import tidy_names
from mlwright.collect.numpy_arrays import array_series
from mlwright.collect.options import ReadOptions
from mlwright.table import Table


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
        columns = [
            (str(name), index.get_level_values(level)) for level, name in enumerate(index.names) if name is not None
        ]
        columns += [(_label(label), frame.iloc[:, position]) for position, label in enumerate(frame.columns)]
        names, findings = tidy_names([name for name, _ in columns], strip=False)
        series = [_series(name, values) for name, (_, values) in zip(names, columns, strict=True)]
        return Table(pl.DataFrame(series), findings=findings)


def _label(label: object) -> str:
    """Return a column's name; the levels of a MultiIndex are joined by dots."""
    return ".".join(str(part) for part in label if part != "") if isinstance(label, tuple) else str(label)


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
    missing = np.asarray(values.isna())
    plain = getattr(dtype, "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "biuf":
        filled = values.to_numpy(dtype=plain, na_value=plain.type(0))
        return array_series(name, filled).set(pl.Series(missing), None)
    objects = values.astype(object).tolist()
    return series_of(name, [None if absent else value for value, absent in zip(objects, missing, strict=True)])
