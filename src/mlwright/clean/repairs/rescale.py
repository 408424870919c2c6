"""Rescale: numbers in another unit than the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mlwright.clean.repairs.base import Value, damaged, floats_of, number_in, text_in
from mlwright.columns import Columns, Floats

LEAST, MOST = 1e-15, 1e15
"""No unit is larger or smaller than another by more."""


@dataclass(frozen=True, slots=True)
class Rescale:
    """Numbers between `low` and `high` (both included; None: no bound) become factor * number + offset.

    >>> Rescale("height", low=100.0, high=None, factor=0.01, offset=0.0).apply_one({"height": 183.0})
    1.83
    """

    kind: ClassVar[str] = "rescale"
    column: str
    low: float | None
    high: float | None
    factor: float
    offset: float = 0.0

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return ()

    @property
    def words(self) -> str:
        """What it does."""
        bounds = [f"at least {self.low:g}"] if self.low is not None else []
        bounds += [f"at most {self.high:g}"] if self.high is not None else []
        more = f", {'plus' if self.offset > 0 else 'minus'} {abs(self.offset):.4g}" if self.offset else ""
        where = f" where it is {' and '.join(bounds)}" if bounds else ""
        return f"{self.column!r}{where} becomes {self.factor:.4g} times as much{more}"

    def apply(self, columns: Columns) -> Floats:
        """Return the mended values."""
        values = floats_of(columns, self.column)
        inside = ~np.isnan(values)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values <= self.high
        return np.where(inside, self.factor * values + self.offset, values)

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        value = values[self.column]
        if not isinstance(value, float) or value != value:  # noqa: PLR0124  NaN
            return value
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return value
        return self.factor * value + self.offset

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "kind": self.kind, "column": self.column, "low": self.low, "high": self.high, "factor": self.factor,
            "offset": self.offset,
        }  # fmt: skip

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        factor, offset = number_in(plain, "factor"), number_in(plain, "offset")
        low, high = number_in(plain, "low"), number_in(plain, "high")
        if factor is None or offset is None or (low is None and high is None):
            raise damaged("a rescaling lacks its factor or its bounds")
        if (
            not LEAST <= abs(factor) <= MOST
            or abs(offset) > MOST
            or (low is not None and high is not None and low > high)
        ):
            raise damaged("a rescaling has a factor, an offset or bounds that no unit has")
        return cls(text_in(plain, "column"), low, high, factor, offset)
