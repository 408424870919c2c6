"""Rows that a model is asked about: whether its columns are there, and which of their cells it cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlwright.errors import ColumnError
from mlwright.schema import Column
from mlwright.table import Table

if TYPE_CHECKING:
    import polars as pl

SHOWN = 5
"""Columns that are named at most."""


def check_columns(table: Table, columns: Sequence[Column]) -> None:
    """Raise ColumnError that names the columns which the model reads and the table lacks."""
    there = table.frame.columns
    missing = [column.name for column in columns if column.name not in set(there)]
    if not missing:
        return
    error = ColumnError.missing(missing[0], there, where=table.origin)
    if len(missing) > 1:
        error.message = f"{len(missing)} columns that the model reads are not in the data: {_listed(missing)}."
        error.hint = f"columns in the data: {_listed(there, 12)}."
    raise error


def unread(frame: pl.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return a sentence for each column with values that cannot be read: the model takes them as missing."""
    from mlwright.clean.reading.unread import unread_values
    from mlwright.columns import read_frame

    known = [column for column in columns if column.is_float]
    typed = read_frame(frame, known)
    found = {column.name: unread_values(frame[column.name], column, np.asarray(typed[column.name])) for column in known}
    sentences = [_sentence(name, bad) for name, bad in found.items() if bad]
    more = len(sentences) - SHOWN
    return sentences[:SHOWN] + ([f"So it is in {more} more column{'s' * (more > 1)}."] if more > 0 else [])


def _sentence(name: str, bad: Sequence[tuple[object, int]]) -> str:
    """Return what is said of the values that could not be read, the most frequent first."""
    from mlwright.values import as_text

    count = sum(count for _, count in bad)
    example = min(as_text(raw) or "" for raw, number in bad if number == bad[0][1])[:60]
    values, were = ("value", "was") if count == 1 else ("values", "were")
    return f"{count:,} {values} of {name!r} could not be read and {were} taken as missing, for example {example!r}."


def _listed(names: Sequence[str], most: int = SHOWN) -> str:
    more = len(names) - most
    return ", ".join(map(repr, names[:most])) + (f" and {more} more" if more > 0 else "")
