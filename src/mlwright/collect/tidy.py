"""Tidying a frame: few types, no nesting, so that whatever comes after has one way to read a column."""

from __future__ import annotations

import polars as pl

from mlwright.collect.cells import in_calendar, series_of, texts
from mlwright.collect.names import tidy_names
from mlwright.findings import Finding
from mlwright.values import json_text


def tidied(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the frame with structs flattened ("a.b"), lists as JSON text, and categories and bytes as text.

    >>> tidied(pl.DataFrame({"a": [{"b": 1, "c": [1, 2]}]}))[0].to_dicts()
    [{'a.b': 1, 'a.c': '[1, 2]'}]
    """
    names, series = list[str](), list[pl.Series]()
    for column in frame.iter_columns():
        for piece in _unnested(column):
            names.append(piece.name)
            series.append(_simple(piece))
    tidy, findings = tidy_names(names, strip=False)
    return pl.DataFrame([piece.alias(name) for piece, name in zip(series, tidy, strict=True)]), findings


def _unnested(column: pl.Series) -> list[pl.Series]:
    if not isinstance(column.dtype, pl.Struct) or not column.dtype.fields:
        return [column]
    fields = [column.struct.field(field.name).alias(f"{column.name}.{field.name}") for field in column.dtype.fields]
    return [piece for field in fields for piece in _unnested(field)]


def _simple(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype in {pl.Categorical, pl.Enum, pl.Null}:
        return column.cast(pl.String)
    if dtype == pl.Decimal:
        return column.cast(pl.Float64)
    if dtype == pl.Binary:
        decoded = [None if value is None else value.decode("utf-8", errors="backslashreplace") for value in column]
        return texts(column.name, decoded)
    if dtype == pl.Object:
        return series_of(column.name, column.to_list())
    if dtype.is_nested():
        return texts(column.name, [None if value is None else json_text(value) for value in column.to_list()])
    return in_calendar(column)
