"""Datetimes: calendar parts, their cycles, and age."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Options, Training, Value, floats
from mlwright.features.numbers import robust, squash, squash_all

T = TypeVar("T", int, NDArray[np.int64])

DAY = 86_400
EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999; a date outside is read as the nearest one inside."""
PARTS = ("year", "month", "day", "weekday", "hour", "day of year", "is weekend")
PERIODS = {"month": 12.0, "day": 31.0, "weekday": 7.0, "hour": 24.0, "day of year": 365.25}


def calendar(seconds: T) -> tuple[T, ...]:
    """Return the `PARTS` of whole seconds since 1970 UTC, for one number or an array of them.

    Hinnant's civil-from-days algorithm, in whole numbers alone, so that both ways agree exactly.

    >>> calendar(951_782_400 + 3600)
    (2000, 2, 29, 2, 1, 60, 0)
    """
    days = seconds // DAY
    shifted = days + 719_468
    era_day = shifted % 146_097
    era_year = (era_day - era_day // 1460 + era_day // 36_524 - era_day // 146_096) // 365
    march_day = era_day - (365 * era_year + era_year // 4 - era_year // 100)
    march_month = (5 * march_day + 2) // 153
    month = (march_month + 2) % 12 + 1
    day = march_day - (153 * march_month + 2) // 5 + 1
    year = era_year + shifted // 146_097 * 400 + (month <= 2)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    day_of_year = (march_day + 59 + leap) % (365 + leap) + 1
    weekday = (days + 3) % 7 + 1
    return year, month, day, weekday, seconds % DAY // 3600, day_of_year, 1 * (weekday >= 6)


def _parts(values: Floats) -> dict[str, Floats]:
    """Return every part as floats, NaN where the datetime is missing."""
    missing = np.isnan(values)
    seconds = np.floor(np.clip(np.where(missing, 0.0, values), EARLIEST, LATEST)).astype(np.int64)
    return {name: np.where(missing, NAN, part) for name, part in zip(PARTS, calendar(seconds), strict=True)}


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool((known != known[0]).any())


class CalendarEncoder:
    """The calendar parts that vary in training, and age: days since the earliest training row. NaN where missing."""

    __slots__ = ("_indexes", "_missing", "name", "origin", "parts")
    kind: ClassVar[str] = "calendar"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "floats"

    def __init__(self, name: str, parts: tuple[str, ...], origin: float) -> None:
        self.name, self.parts, self.origin = name, parts, origin
        self._indexes = [PARTS.index(part) for part in parts]
        self._missing = (NAN,) * (len(parts) + 1)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The parts, and age."""
        parts = (Feature(f"{self.name}.{part}", self.name) for part in self.parts)
        return (*parts, Feature(f"{self.name}.age in days", self.name, order="rises"))

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Keep what varies, or with the option "ordered" age alone; a column without two moments is not mine."""
        del training
        moments = floats(values)
        if not _varies(moments):
            return None
        parts: tuple[str, ...] = ()
        if not options.get("ordered"):
            parts = tuple(part for part, column in _parts(moments).items() if _varies(column))
        encoder = cls(name, parts, float(np.clip(np.nanmin(moments), EARLIEST, LATEST)))
        return encoder, encoder.encode(values)

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""
        moments = floats(values)
        parts = _parts(moments)
        age = (np.clip(moments, EARLIEST, LATEST) - self.origin) / DAY
        return np.column_stack([*(parts[part] for part in self.parts), age])

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if not isinstance(value, (float, int)) or math.isnan(value):
            return self._missing
        moment = min(max(value, EARLIEST), LATEST)
        parts = calendar(math.floor(moment))
        return [*(parts[index] for index in self._indexes), (moment - self.origin) / DAY]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"parts": list(self.parts), "origin": self.origin}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        parts = state.strings(plain, "parts")
        if unknown := [part for part in parts if part not in PARTS]:
            raise state.damaged(f"a datetime has no part {unknown[0]!r:.40}")
        return cls(name, parts, state.number(plain, "origin"))


class CyclesEncoder:
    """Sine and cosine of the parts that vary, whether it is weekend, and scaled age; 0 where missing.

    December is then next to January, which a linear model cannot learn from 12 and 1.
    """

    __slots__ = ("_cycles", "_missing", "_weekend", "center", "name", "parts", "scale")
    kind: ClassVar[str] = "cycles"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "floats"

    def __init__(self, name: str, parts: tuple[str, ...], center: float, scale: float) -> None:
        self.name, self.parts, self.center, self.scale = name, parts, center, scale
        self._cycles = [(PARTS.index(part), 2 * math.pi / PERIODS[part]) for part in parts if part in PERIODS]
        self._weekend = "is weekend" in parts
        self._missing = (0.0,) * len(self.features)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The cycles, the weekend, and age."""
        names = [f"{part} {wave}" for part in self.parts if part in PERIODS for wave in ("sine", "cosine")]
        names += ["is weekend"] * self._weekend
        parts = (Feature(f"{self.name}.{name}", self.name) for name in names)
        return (*parts, Feature(f"{self.name}.age", self.name, order="rises"))

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Keep what varies, or with the option "ordered" age alone; a column without two moments is not mine."""
        del training
        moments = np.clip(floats(values), EARLIEST, LATEST)
        found = robust(moments)
        if found is None:
            return None
        parts: tuple[str, ...] = ()
        if not options.get("ordered"):  # the year moves with age, and has no cycle
            parts = tuple(part for part, column in _parts(moments).items() if part != "year" and _varies(column))
        encoder = cls(name, parts, *found)
        return encoder, encoder.encode(values)

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""
        moments = np.clip(floats(values), EARLIEST, LATEST)
        parts = list(_parts(moments).values())
        columns = [wave(parts[index] * turn) for index, turn in self._cycles for wave in (np.sin, np.cos)]
        if self._weekend:
            columns.append(parts[PARTS.index("is weekend")])
        encoded = np.column_stack([*columns, squash_all(moments, self.center, self.scale)])
        encoded[np.isnan(moments)] = 0.0
        return encoded

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if not isinstance(value, (float, int)) or math.isnan(value):
            return self._missing
        moment = min(max(value, EARLIEST), LATEST)
        parts = calendar(math.floor(moment))
        row = [wave(parts[index] * turn) for index, turn in self._cycles for wave in (math.sin, math.cos)]
        if self._weekend:
            row.append(float(parts[PARTS.index("is weekend")]))
        row.append(squash(moment, self.center, self.scale))
        return row

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"parts": list(self.parts), "center": self.center, "scale": self.scale}, {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        parts = state.strings(plain, "parts")
        if unknown := [part for part in parts if part not in PARTS]:
            raise state.damaged(f"a datetime has no part {unknown[0]!r:.40}")
        return cls(name, parts, state.number(plain, "center"), state.number(plain, "scale", above=0.0))
