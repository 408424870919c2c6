"""The facts of each column, from all of its rows: what Polars and NumPy count fast is counted, not estimated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from mlwright.clean.base import Context
from mlwright.clean.distinct import Distinct
from mlwright.clean.profile.dates import date_facts
from mlwright.clean.profile.facts import ColumnFacts
from mlwright.clean.profile.numbers import different, number_facts
from mlwright.clean.profile.texts import examples, text_facts, top_coded, top_distinct
from mlwright.columns import Coded, Floats, read_frame, read_series
from mlwright.schema import Column, Schema
from mlwright.table import Table
from mlwright.values import as_text

BATCH = 16
"""So many columns are read as numbers together: quick enough, and little memory beside the table."""
LOOKED_AT = 50
REPEATED = 0.5
"""Texts of which fewer than this part are different have frequent values worth naming."""


def column_facts(table: Table, schema: Schema) -> Iterator[ColumnFacts]:
    """Yield the facts of each column in order, reading a few columns at a time."""
    columns = list(schema)
    for start in range(0, len(columns), BATCH):
        part = columns[start : start + BATCH]
        floats = [column for column in part if column.is_float]
        typed = read_frame(table.frame.select(column.name for column in floats), floats)
        for column in part:
            series = table.frame[column.name]
            values = typed.get(column.name)
            if column.is_float and values is not None and not isinstance(values, Coded):
                yield _of_floats(series, column, values)
            elif column.kind in {"text", "id"}:
                yield _of_texts(column, _distinct(series))
            else:
                yield _of_categories(series, column)


def _of_floats(series: pl.Series, column: Column, values: Floats) -> ColumnFacts:
    there = ~np.isnan(values)
    known = np.sort(values[there])
    dated, truth = column.kind == "datetime", column.kind == "boolean"
    return ColumnFacts(
        name=column.name,
        kind=column.kind,
        role=column.role,
        missing=len(values) - len(known),
        missing_share=_share(len(values) - len(known), len(values)),
        distinct=different(known),
        examples=_examples(series, np.flatnonzero(there)),
        top=top_distinct(_distinct(series)) if truth else (),
        numbers=None if dated or truth else number_facts(known, whole=column.kind == "integer"),
        dates=date_facts(known) if dated else None,
        note=column.note,
    )


def _of_texts(column: Column, distinct: Distinct) -> ColumnFacts:
    rows = len(distinct.stripped)
    repeated = len(distinct.texts) < REPEATED * distinct.present
    return ColumnFacts(
        name=column.name,
        kind=column.kind,
        role=column.role,
        missing=rows - distinct.present,
        missing_share=_share(rows - distinct.present, rows),
        distinct=len(distinct.texts),
        examples=examples(distinct.texts.head(LOOKED_AT).to_list()),
        top=top_distinct(distinct, repeated=True) if repeated else (),
        texts=text_facts(distinct, words=column.kind == "text"),
        note=column.note,
    )


def _of_categories(series: pl.Series, column: Column) -> ColumnFacts:
    values = read_series(series, column)
    if not isinstance(values, Coded):
        raise TypeError(f"column {column.name!r} holds numbers")
    missing = int((values.codes < 0).sum())
    top = top_coded(values)
    return ColumnFacts(
        name=column.name,
        kind=column.kind,
        role=column.role,
        missing=missing,
        missing_share=_share(missing, len(values)),
        distinct=len(values.values),
        examples=examples([each.value for each in top]),
        top=top,
        note=column.note,
    )


def _distinct(series: pl.Series) -> Distinct:
    """Return the distinct texts of a column as detectors see them."""
    alone = Schema((Column(name=series.name, kind="text"),))
    return Context(Table(series.to_frame()), alone).distinct(series.name)


def _examples(series: pl.Series, there: np.ndarray) -> tuple[str, ...]:
    """Return the first different values as they are written in the source."""
    raw = series.gather(there[:LOOKED_AT]).to_list()
    return examples([text.strip() for value in raw if (text := as_text(value)) is not None])


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0
