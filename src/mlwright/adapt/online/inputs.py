"""What a correction reads of a row besides the model's answer: a few columns, as numbers around 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.errors import ColumnError, ModelError

Floats = NDArray[np.float64]

MOST = 12
"""Numbers that a correction reads: more of them cost more than they tell in a few thousand rows."""
LEVELS = 3
"""Of a column of categories, so many of the commonest ones become a number each."""
RAREST = 0.02
"""A category has this share of the rows at least."""
EDGE = 3.0
"""Numbers further away than so many spreads count as being so far."""


@dataclass(frozen=True, slots=True)
class Input:
    """One number: a column around its mean in units of its spread, or whether it has this level."""

    column: str
    centre: float
    spread: float
    level: str | None = None

    def read(self, columns: Columns) -> Floats:
        """Return (n,) the numbers; 0 where a value is missing. Raises ColumnError where the column is."""
        if self.column not in columns:
            raise ColumnError.missing(self.column, columns)
        values = columns[self.column]
        if isinstance(values, Coded) != (self.level is not None):
            raise ColumnError(f"The column {self.column!r} holds another kind of value than it did.")
        if isinstance(values, Coded):
            at = values.values.index(self.level) if self.level in values.values else -2
            values = np.where(values.codes < 0, np.nan, (values.codes == at).astype(np.float64))
        found: Floats = np.nan_to_num(np.clip((values - self.centre) / self.spread, -EDGE, EDGE), nan=0.0)
        return found


@dataclass(frozen=True, slots=True)
class Inputs:
    """The numbers that are read of each row."""

    inputs: tuple[Input, ...] = ()

    @classmethod
    def fitted(cls, columns: Columns, names: Sequence[str] | None = None) -> Inputs:
        """Return what to read, as it is on rows of the reference.

        Parameters
        ----------
        columns
            Rows like those the model was built from.
        names
            Columns, the most important one first; those that fit within `MOST` numbers are read. None: as they stand.
        """
        found: list[Input] = []
        for name in columns if names is None else names:
            if name not in columns:
                raise ColumnError.missing(name, columns)
            values = columns[name]
            found += _levels(name, values) if isinstance(values, Coded) else _number(name, values)
        return cls(tuple(found[:MOST]))

    def read(self, columns: Columns | None, rows: int) -> Floats:
        """Return (n, m) the numbers of rows. Raises ColumnError where a column is missing or of another kind."""
        if not self.inputs:
            return np.empty((rows, 0))
        if columns is None or columns.rows != rows:
            raise ColumnError(f"The layer reads columns of {rows} rows, and there are those of {_rows(columns)}.")
        return np.column_stack([each.read(columns) for each in self.inputs])

    def to_list(self) -> list[list[Any]]:
        """Return it for JSON."""
        return [[each.column, each.centre, each.spread, each.level] for each in self.inputs]

    @classmethod
    def from_list(cls, plain: Sequence[Sequence[Any]]) -> Inputs:
        """Return what `to_list` has written. Raises ModelError where it is none."""
        try:
            return cls(tuple(Input(str(name), float(a), float(b), level) for name, a, b, level in plain))
        except (TypeError, ValueError) as error:
            raise ModelError(f"What a layer reads cannot be read: {error}.", hint="start it anew.") from error


def _rows(columns: Columns | None) -> str:
    return "none" if columns is None else f"{columns.rows}"


def _number(name: str, values: Floats) -> list[Input]:
    known = values[np.isfinite(values)]
    low, middle, high = np.quantile(known, [0.16, 0.5, 0.84]) if len(known) else (0.0, 0.0, 0.0)
    spread = (high - low) / 2.0 or (float(known.std()) if len(known) else 0.0)
    return [Input(name, float(middle), float(spread))] if spread > 0 else []


def _levels(name: str, values: Coded) -> list[Input]:
    known = values.codes[values.codes >= 0]
    counts = np.bincount(known, minlength=len(values.values))
    shares = (counts / max(len(known), 1)).tolist()
    common = [(at, shares[at]) for at in np.argsort(-counts, kind="stable").tolist()]
    common = [(at, share) for at, share in common if RAREST <= share <= 1.0 - RAREST][:LEVELS]
    return [Input(name, float(share), float(np.sqrt(share * (1.0 - share))), values.values[at]) for at, share in common]
