"""The Encoder: how one raw column becomes one or more columns of numbers.

An encoder is one class and one line in `encoders.ENCODERS`. It is fitted on training rows, and what it has learned is
JSON plus arrays. `encode` answers whole columns and `encode_one` one value; both must give the same numbers, and both
need NumPy alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Floats, Values

Value = float | str | None
"""One typed value; None (or NaN) is missing."""

Arrays = Mapping[str, NDArray[Any]]
Options = Mapping[str, float]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of X: its name for people, the raw column it comes from, and whether it holds category codes."""

    name: str
    source: str
    categorical: bool = False


@dataclass(frozen=True, slots=True)
class Training:
    """What encoders may learn from besides the column itself.

    `signals` (n, k) are numbers that a category's average is worth taking of; `folds` (n,) says which part of the
    rows each row belongs to when its own signal must not be used to encode it.
    """

    signals: Floats
    folds: NDArray[np.int8]
    seed: int

    @classmethod
    def of(cls, signals: Floats, seed: int, *, parts: int = 5) -> Training:
        """Shuffle the rows into parts of equal size."""
        rows = len(signals)
        folds = np.random.default_rng(seed).permutation(np.arange(rows) % parts).astype(np.int8)
        return cls(signals, folds, seed)

    def generator(self, name: str) -> np.random.Generator:
        """Return random numbers of one column's own, whatever other columns there are."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode("utf-8", "surrogatepass"))])


class Encoder(Protocol):
    """Turns the values of one raw column into numbers."""

    kind: ClassVar[str]
    reads: ClassVar[Literal["floats", "strings", "either"]]

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns of X it makes, in order."""

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Learn, and return the encoder with the training rows encoded (n, width) without looking at their own signals.

        None says "not mine": the column holds nothing that this encoder could make a number of.
        """

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state; raises ModelError where it cannot be one."""


def floats(values: Values) -> Floats:
    """Return the values of a column of floats."""
    if isinstance(values, Coded):
        raise TypeError("a column of strings was given where floats are read")
    return values


def coded(values: Values) -> Coded:
    """Return the values of a column of strings."""
    if not isinstance(values, Coded):
        raise TypeError("a column of floats was given where strings are read")
    return values
