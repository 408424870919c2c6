"""Rows as people bring them: a dict, a list of dicts, a frame, an array, a path. All are read by the Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns, read_frame, read_row, read_rows
from mlwright.errors import ColumnError, OptionError
from mlwright.learn.ensemble import Values
from mlwright.schema import Column, Schema

if TYPE_CHECKING:
    import polars as pl

FEW = 32
"""Up to this many dicts are read one by one; more become columns first."""

_NOT_A_VALUE = frozenset({list, tuple, dict, set, np.ndarray})

Typed = list[Values] | Columns


def read(rows: object, columns: Sequence[Column], schema: Schema) -> Typed:
    """Return the typed values of these columns: row by row for a few dicts, else column by column.

    Columns that are not needed are ignored, whatever their order. Raises ColumnError where a needed one is missing.
    """
    if isinstance(rows, Mapping):
        return [_row(rows, columns)]
    if isinstance(rows, (list, tuple)) and all(isinstance(row, Mapping) for row in rows):
        return _dicts(rows, columns)
    if isinstance(rows, np.ndarray):
        return _array(rows, columns, schema)
    frame = as_frame(rows)
    require(columns, frame.columns)
    return read_frame(frame, columns)


def as_frame(rows: object) -> pl.DataFrame:
    """Return raw rows as a Polars frame."""
    from mlwright.collect import collect

    return collect(rows, sample=False).frame  # every row gets its answer


def require(columns: Sequence[Column], names: Iterable[str], where: str | None = None) -> None:
    """Raise ColumnError for the first column that is not among the names."""
    there = set(names)
    for column in columns:
        if column.name not in there:
            raise ColumnError.missing(column.name, names, where=where)


def _row(row: Mapping[str, Any], columns: Sequence[Column], where: str | None = None) -> Values:
    for column in columns:
        if column.name not in row:
            raise ColumnError.missing(column.name, row, where=where)
        if type(row[column.name]) in _NOT_A_VALUE:
            raise ColumnError(
                f"Column {column.name!r} holds a {type(row[column.name]).__name__} where one value was expected.",
                where=where,
                hint="give one dict for each row: [{...}, {...}].",
            )
    return read_row(row, columns)


def _dicts(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> Typed:
    if len(rows) <= FEW:
        return [_row(row, columns, f"row {place}" if len(rows) > 1 else None) for place, row in enumerate(rows)]
    names = {column.name for column in columns}
    for place, row in enumerate(rows):
        if not names <= row.keys():
            require(columns, row, where=f"row {place}")
    return read_rows(rows, columns)


def _array(array: NDArray[Any], columns: Sequence[Column], schema: Schema) -> Typed:
    """Read a matrix whose columns stand in the order of the training data, with or without those never learned from."""
    seen = tuple(column.name for column in schema if column.role != "target")
    features = tuple(column.name for column in schema.features)
    if array.ndim != 2:
        raise OptionError(f"rows cannot be an array of {array.ndim} dimensions.", hint="give rows x columns.")
    width = array.shape[1]
    if width not in {len(seen), len(features)}:
        raise ColumnError(
            f"The array has {width} columns; the model knows {len(seen)}, of which it looks at {len(features)}.",
            hint=f"in this order: {', '.join(map(repr, seen[:12]))}{', ...' if len(seen) > 12 else ''}.",
        )
    names = seen if width == len(seen) else features
    require(columns, names)
    if len(array) <= FEW or array.dtype == object:
        return _dicts([dict(zip(names, row, strict=True)) for row in array.tolist()], columns)
    import polars as pl

    return read_frame(pl.DataFrame({name: array[:, place] for place, name in enumerate(names)}), columns)
