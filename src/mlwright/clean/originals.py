"""The columns as their source had them: looking needs few types, and what was only looked at is given back untouched.

Reading makes one sort of column out of many: decimals become floats, bytes text, structs columns of their own, dates
that Python's calendar has not are missing. A table that is cleaned has to come back with the types and values that it
had, but for the cells that were repaired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlwright.collect.tidy import tidied
from mlwright.table import Table

PARQUET, ARROW = frozenset({".parquet", ".pq", ".parq"}), frozenset({".arrow", ".feather", ".ipc"})
KEPT = (Decimal, bytes, list, tuple, dict)
"""Values of Python that Polars has a type for, and that are read as another one."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The columns of a source before they were made simple, and which simple columns each of them became."""

    columns: tuple[pl.Series, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    """For each column, the names of the columns of the table that hold its values, in order."""

    @classmethod
    def of(cls, source: object, table: Table) -> Originals:
        """Return the source's own columns; those of the table where the source has no types of its own."""
        own = _columns_of(source)
        sizes = [len(_leaves(column)) for column in own]
        if not own or sum(sizes) != table.frame.width or any(len(column) != table.rows for column in own):
            own, sizes = table.frame.get_columns(), [1] * table.frame.width
        names = iter(table.frame.columns)
        return cls(tuple(own), tuple(tuple(next(names) for _ in range(size)) for size in sizes))

    def leaves(self) -> dict[str, pl.Series]:
        """Return for each column of the table the values as the source had them."""
        return {
            name: leaf
            for column, names in zip(self.columns, self.parts, strict=True)
            for name, leaf in zip(names, _leaves(column), strict=True)
        }

    def opaque(self) -> list[str]:
        """Return the columns of the table whose values are no single plain ones: they are never repaired."""
        odd = {pl.Binary, pl.Object}
        return [name for name, leaf in self.leaves().items() if leaf.dtype.is_nested() or leaf.dtype in odd]

    def with_values(self, changed: Mapping[str, pl.Series]) -> pl.DataFrame:
        """Return the source's columns with these in place of their own; all others are given back as they were."""
        made = []
        for column, names in zip(self.columns, self.parts, strict=True):
            new = [changed.get(name) for name in names]
            made.append(column if all(each is None for each in new) else _rebuilt(column, iter(new)))
        taken, called = set[str](), list[str]()
        for column, names in zip(made, self.parts, strict=True):
            called.append(column.name if column.name and column.name not in taken else names[0])
            taken.add(called[-1])
        return pl.DataFrame([column.alias(name) for column, name in zip(made, called, strict=True)])


def writable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows for a file that holds one plain value in each cell: structs as columns, lists and bytes as text.

    >>> writable(pl.DataFrame({"a": [{"b": 1}], "c": [b"x"]})).to_dicts()
    [{'a.b': 1, 'c': 'x'}]
    """
    made: list[pl.Series] = []
    for column in frame.get_columns():
        odd = column.dtype.is_nested() or column.dtype in {pl.Binary, pl.Object}
        made += tidied(column.to_frame())[0].get_columns() if odd else [column]
    names = [column.name for column in made]
    if len(set(names)) < len(names):
        return tidied(frame)[0]
    return pl.DataFrame(made)


def _columns_of(source: object) -> list[pl.Series]:
    """Return the columns of a source that says itself what they are; none where it does not, or cannot be read."""
    try:
        if isinstance(source, pl.DataFrame):
            return source.get_columns()
        if isinstance(source, str | Path):
            return _file_columns(Path(source))
        if isinstance(source, Mapping):
            return [_python_column(str(name), values) for name, values in source.items()]
        if _is_pandas(source):
            return _pandas_columns(source)
    except (pl.exceptions.PolarsError, OSError, TypeError, ValueError, OverflowError):
        pass  # what cannot be read so was read in another way, and that is what is given back
    return []


def _file_columns(path: Path) -> list[pl.Series]:
    ending = path.suffix.casefold()
    if ending not in PARQUET | ARROW or not path.is_file():
        return []
    lazy = pl.scan_parquet(path, glob=False) if ending in PARQUET else pl.scan_ipc(path, glob=False)
    return lazy.collect().get_columns()


def _is_pandas(source: object) -> bool:
    return any(base.__module__.split(".")[0] == "pandas" for base in type(source).__mro__) and hasattr(source, "iloc")


def _pandas_columns(source: Any) -> list[pl.Series]:
    """Return the columns of a pandas frame; none where its index is kept as a column, which has no such place."""
    if any(label is not None for label in source.index.names):
        return []
    from mlwright.collect import collect

    read = collect(source).frame
    return [
        _kept(read.columns[place], source.iloc[:, place].tolist(), read.to_series(place))
        if source.dtypes.iloc[place] == np.dtype(object)
        else _pandas_column(source.dtypes.iloc[place], read.to_series(place))
        for place in range(read.width)
    ]


def _pandas_column(dtype: object, read: pl.Series) -> pl.Series:
    named = type(dtype).__name__ == "CategoricalDtype" and read.dtype == pl.String
    return read.cast(pl.Categorical) if named else read


def _python_column(name: str, values: object) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping):
        raise TypeError(name)
    from mlwright.collect.python_rows import table_of

    if isinstance(values, np.ndarray):
        return table_of({name: values}).frame.to_series().alias(name)
    held = list(values)
    return _kept(name, held, table_of({name: held}).frame.to_series())


def _kept(name: str, values: Sequence[object], read: pl.Series) -> pl.Series:
    """Return values of one sort that Polars has a type for in that type, others as they were read."""
    kinds = {type(value) for value in values if value is not None and value == value}  # noqa: PLR0124  not NaN
    if len(kinds) != 1 or not kinds <= set(KEPT) or kinds == {dict}:
        return read.alias(name)
    try:
        return pl.Series(name, [value if type(value) in kinds else None for value in values])
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        return read.alias(name)


def _leaves(column: pl.Series) -> list[pl.Series]:
    """Return the columns without structs that a column becomes, as reading takes it apart."""
    if not isinstance(column.dtype, pl.Struct) or not column.dtype.fields:
        return [column]
    return [leaf for field in column.dtype.fields for leaf in _leaves(column.struct.field(field.name))]


def _rebuilt(column: pl.Series, new: Iterator[pl.Series | None]) -> pl.Series:
    """Return a column with those of its leaves replaced that are not None; what was no struct at all stays none."""
    if not isinstance(column.dtype, pl.Struct) or not column.dtype.fields:
        leaf = next(new)
        return column if leaf is None else leaf.alias(column.name)
    fields = [_rebuilt(column.struct.field(field.name), new).alias(field.name) for field in column.dtype.fields]
    made = pl.DataFrame(fields).to_struct(column.name)
    empty = column.is_null()
    if empty.any():
        still = pl.Series([all(value is None for value in row) for row in zip(*fields, strict=True)])
        made = made.set(empty & still, None) if (empty & still).any() else made
    return made


def fitting(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return new values in the type of the source's column; null where that type cannot hold one."""
    if values.dtype == dtype:
        return values
    if isinstance(dtype, pl.Decimal) and values.dtype.is_float():
        values = values.map_elements(repr, return_dtype=pl.String)  # the shortest text that says the same
    return values.cast(dtype, strict=False)
