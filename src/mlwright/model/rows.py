"""Rows as people bring them: a dict, a Series, a list of dicts, a frame, an array, a path. The Schema reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns, column_name, read_frame, read_rows
from mlwright.errors import ColumnError, OptionError
from mlwright.learn.ensemble import Values
from mlwright.schema import Column, Schema
from mlwright.values import reader

if TYPE_CHECKING:
    import polars as pl

    from mlwright.table import Table

FEW = 32
"""Up to this many dicts are read one by one; more become columns first."""

_NOT_A_VALUE = frozenset({list, tuple, dict, set, np.ndarray})

Typed = list[Values] | Columns


class Reader:
    """Reads the columns that a model needs; others are ignored, and so is the order.

    >>> columns = (Column(name="age", kind="integer"), Column(name="town", kind="text"))
    >>> Reader(columns, Schema(columns)).read({"town": " Oslo ", "age": "41"})
    [{'age': 41.0, 'town': 'Oslo'}]
    """

    def __init__(self, columns: Sequence[Column], schema: Schema) -> None:
        self._columns, self._schema = columns, schema
        self._readers = [(column.name, reader(column)) for column in columns]

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave behind what was kept of rows."""
        return type(self), (self._columns, self._schema)

    def read(self, rows: object) -> Typed:
        """Return the typed values: row by row for a few dicts, else column by column.

        Raises ColumnError where a column is missing.
        """
        if isinstance(rows, dict):
            return [self._row(rows)]
        if isinstance(rows, Mapping):
            return [self._row(dict(rows))]
        if isinstance(rows, (list, tuple)) and all(isinstance(row, Mapping) for row in rows):
            return self._dicts(rows)
        if isinstance(rows, np.ndarray):
            return self._array(rows)
        if _is_series(rows):
            return [self._series(rows)]
        frame = as_frame(rows)
        require(self._columns, frame.columns)
        return read_frame(frame, self._columns)

    def _row(self, row: Mapping[str, Any], where: str | None = None) -> Values:
        try:
            if _NOT_A_VALUE.isdisjoint(map(type, row.values())):
                return {name: read(row[name]) for name, read in self._readers}
        except KeyError:
            named = _named(row)
            require(self._columns, named, where)
            return self._row(named, where)
        return self._odd_row(row, where)

    def _series(self, series: Any) -> Values:
        """Read one row of a pandas frame, whose index names the columns."""
        row = _named(series)
        if self._readers and row.keys().isdisjoint(name for name, _ in self._readers):
            raise OptionError(
                "A Series is read as one row, but its index names none of the columns that the model needs.",
                hint="give a frame for several rows, or a row such as frame.iloc[0].",
            )
        return self._row(row)

    def _odd_row(self, row: Mapping[str, Any], where: str | None) -> Values:
        """Read a row that holds a list or the like, which matters only in a column that is needed."""
        row = _named(row)
        require(self._columns, row, where)
        for name, _ in self._readers:
            if type(row[name]) in _NOT_A_VALUE:
                raise ColumnError(
                    f"Column {name!r} holds a {type(row[name]).__name__} where one value was expected.",
                    where=where,
                    hint="give one dict for each row: [{...}, {...}].",
                )
        return {name: read(row[name]) for name, read in self._readers}

    def _dicts(self, rows: Sequence[Mapping[str, Any]]) -> Typed:
        if len(rows) <= FEW:
            return [self._row(row, f"row {place}" if len(rows) > 1 else None) for place, row in enumerate(rows)]
        names = {column.name for column in self._columns}
        if not all(names <= row.keys() for row in rows):
            rows = [_named(row) for row in rows]
            for place, row in enumerate(rows):
                require(self._columns, row, where=f"row {place}")
        return read_rows(rows, self._columns)

    def _array(self, array: NDArray[Any]) -> Typed:
        """Read a matrix with its columns in the order of the training data, with or without those not learned from."""
        seen = tuple(column.name for column in self._schema if column.role != "target")
        features = tuple(column.name for column in self._schema.features)
        if array.ndim != 2:
            raise OptionError(f"rows cannot be an array of {array.ndim} dimensions.", hint="give rows x columns.")
        width = array.shape[1]
        if width not in {len(seen), len(features)}:
            raise ColumnError(
                f"The array has {width} columns; the model knows {len(seen)}, of which it looks at {len(features)}.",
                hint=f"in this order: {', '.join(map(repr, seen[:12]))}{', ...' if len(seen) > 12 else ''}.",
            )
        names = seen if width == len(seen) else features
        require(self._columns, names)
        if len(array) <= FEW or array.dtype == object:
            return self._dicts([dict(zip(names, row, strict=True)) for row in array.tolist()])
        import polars as pl

        from mlwright.collect.numpy_arrays import array_series

        frame = pl.DataFrame([array_series(name, array[:, place]) for place, name in enumerate(names)])
        return read_frame(frame, self._columns)


def as_frame(rows: object) -> pl.DataFrame:
    """Return raw rows as a Polars frame."""
    return as_table(rows).frame


def as_table(rows: object) -> Table:
    """Return raw rows with where they come from."""
    from mlwright.collect import collect

    try:
        return collect(rows, sample=False)  # every row gets its answer
    except ImportError as error:  # it offers its rows by way of a package that is not there
        raise OptionError(
            f"Rows cannot be read from a {type(rows).__name__}.",
            hint="give a dict, a list of dicts, a data frame, a 2-D NumPy array or a path.",
        ) from error


def _is_series(rows: object) -> bool:
    """Tell whether this is a pandas Series, without importing pandas."""
    kinds = type(rows).__mro__
    return any(kind.__name__ == "Series" and kind.__module__.split(".")[0] == "pandas" for kind in kinds)


def _named(row: Any) -> dict[str, Any]:
    """Return a row with its labels written as the names of columns are: numbers, tuples, halves of surrogate pairs."""
    return {column_name(label): value for label, value in row.items()}


def require(columns: Sequence[Column], names: Iterable[str], where: str | None = None) -> None:
    """Raise ColumnError for the first column that is not among the names."""
    there = set(names)
    for column in columns:
        if column.name not in there:
            raise ColumnError.missing(column.name, names, where=where)
