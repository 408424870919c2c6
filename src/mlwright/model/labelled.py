"""Labelled rows that somebody brings, read as a model reads them: what judges and comparisons start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, read_frame
from mlwright.errors import ColumnError, DataError
from mlwright.evaluate.held_out import HeldOut, mean_one, time_blocks
from mlwright.learn.base import Floats
from mlwright.model.parts import RowParts
from mlwright.model.rows import require
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Target

if TYPE_CHECKING:
    import polars as pl

EVERY_KIND = "labelled row"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows with a known target, and what a model predicts for them."""

    frame: pl.DataFrame
    """The raw rows that were kept."""
    described: tuple[Column, ...]
    """The columns that were read: those that the model needs, and the sensitive ones that are there."""
    columns: Columns
    held: HeldOut
    P: Floats
    """(n, k) predictions."""
    places: NDArray[np.intp]
    """Where the kept rows stand among all."""
    left_out: int
    """The rows that were left out because their target is missing or no class that the model knows."""


def labelled(parts: RowParts, frame: pl.DataFrame, *, also: Sequence[str] = ()) -> Labelled:
    """Return the rows with a known target and what the model predicts for them.

    `also` names columns of the schema that are read as well where they are there. Raises ColumnError where the target
    or a column that the model needs is missing, DataError where no row has a known target.
    """
    column = parts.schema[parts.target]
    if column.name not in frame.columns:
        raise ColumnError.missing(column.name, frame.columns, what="target column")
    require(parts.columns, frame.columns)
    y = ROW_TASKS[parts.task].encode_known(frame[column.name].to_list(), column, parts.classes)
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        seen = [repr(value) for value in frame[column.name].unique(maintain_order=True).head(4).to_list()]
        raise DataError(
            f"None of the {len(y):,} rows has a {column.name!r} that the model knows, so there is nothing to score; "
            f"the first {'is' if len(seen) == 1 else 'are'}: {', '.join(seen)}.",
            hint=f"it knows: {', '.join(map(str, parts.classes[:12]))}." if parts.classes else None,
        )
    kept = frame if len(known) == len(y) else frame[known]
    described = described_for(parts, kept, also)
    columns = read_frame(kept, described)
    held = HeldOut(Target(y[known], parts.classes), _weight(parts, kept), _groups(parts, kept), noun=EVERY_KIND)
    return Labelled(kept, described, columns, held, parts.ensemble.predict(columns), known, len(y) - len(known))


def described_for(parts: RowParts, frame: pl.DataFrame, also: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns to read: what the model needs first, then what is looked at beside it."""
    named = [column.name for column in parts.schema.with_role("sensitive")]
    more = dict.fromkeys([*named, *(name for name in also if name in parts.schema)])
    read = {column.name for column in parts.columns}
    return (*parts.columns, *(parts.schema[name] for name in more if name not in read and name in frame.columns))


def _weight(parts: RowParts, frame: pl.DataFrame) -> Floats | None:
    column = parts.schema.only("weight")
    if column is None or column.name not in frame.columns:
        return None
    weight = read_frame(frame.select(column.name), [column])[column.name]
    if isinstance(weight, Coded) or not (weight >= 0).all() or not weight.max(initial=0.0) > 0:
        raise DataError(f"The weight column {column.name!r} holds values that are not numbers of 0 or more.")
    return mean_one(weight)


def _groups(parts: RowParts, frame: pl.DataFrame) -> NDArray[Any] | None:
    """Return which rows are one piece of evidence, as the build judged: neighbours in time, else rows of one entity."""
    time = parts.schema.only("time")
    if time is not None and time.name in frame.columns:
        values = read_frame(frame.select(time.name), [time])[time.name]
        if not isinstance(values, Coded):
            return time_blocks(values)
    column = parts.schema.only("group")
    if column is None or column.name not in frame.columns:
        return None
    return np.array([str(value) for value in frame[column.name].to_list()])
