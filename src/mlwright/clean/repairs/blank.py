"""Blank: numbers that cannot be become missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mlwright.clean.repairs.base import Value, damaged, floats_of, number_in, text_in
from mlwright.columns import Columns, Floats

MOST_NUMBERS = 1_000
"""Each is compared with every value."""


@dataclass(frozen=True, slots=True)
class Blank:
    """Numbers below `low`, above `high`, or equal to one of `numbers` become missing.

    >>> Blank("age", low=0.0, high=130.0, numbers=(99.0,)).apply_one({"age": -4.0}) is None
    True
    """

    kind: ClassVar[str] = "blank"
    column: str
    low: float | None = None
    high: float | None = None
    numbers: tuple[float, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return ()

    @property
    def words(self) -> str:
        """What it does."""
        said = [f"below {self.low:g}"] if self.low is not None else []
        said += [f"above {self.high:g}"] if self.high is not None else []
        said += [f"{number:g}" for number in self.numbers[:3]] + (["..."] if len(self.numbers) > 3 else [])
        return f"{self.column!r} becomes missing where it is {' or '.join(said)}"

    def apply(self, columns: Columns) -> Floats:
        """Return the mended values."""
        values = floats_of(columns, self.column)
        gone = np.isin(values, self.numbers)
        with np.errstate(invalid="ignore"):
            if self.low is not None:
                gone |= values < self.low
            if self.high is not None:
                gone |= values > self.high
        return np.where(gone, np.nan, values)

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        value = values[self.column]
        if not isinstance(value, float):
            return value
        gone = (
            value in self.numbers
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
        )
        return None if gone else value

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "kind": self.kind, "column": self.column, "low": self.low, "high": self.high, "numbers": list(self.numbers),
        }  # fmt: skip

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        held = plain.get("numbers")
        if not isinstance(held, list):
            raise damaged("'numbers' is no list")
        numbers = [number_in({"number": each}, "number") for each in held]
        known = tuple(number for number in numbers if number is not None)
        low, high = number_in(plain, "low"), number_in(plain, "high")
        if len(known) > MOST_NUMBERS or (low is not None and high is not None and low > high):
            raise damaged("it makes numbers missing by bounds that contradict each other, or too many of them")
        return cls(text_in(plain, "column"), low, high, known)
