"""The Encoder: how one raw column becomes one or more columns of numbers.

An encoder is one class and one line in `encoders.ENCODERS`, or in `encoders.CROSSED` where it reads several columns. It
is fitted on training rows, and what it has learned is JSON plus arrays. `encode` answers whole columns and `encode_one`
one value; both must give the same numbers, and both need NumPy alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
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
    """One column of X: its name for people, the raw column it comes from, and whether it holds category codes.

    What is made of several raw columns names the first as its source and the rest as `others`.
    """

    name: str
    source: str
    categorical: bool = False
    others: tuple[str, ...] = ()
    order: Literal["rises", "flat"] | None = None
    """How it moves with its source, where that is known: never down where that goes up, or not at all. A source that is
    missing stands apart."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All the raw columns it comes from."""
        return (self.source, *self.others)

    @property
    def only_source(self) -> str | None:
        """The raw column it comes from, or None where it comes from several."""
        return None if self.others else self.source


@dataclass(frozen=True, slots=True)
class Training:
    """What encoders may learn from besides the column itself.

    `signals` (n, k) are numbers that a category's average is worth taking of; `folds` (n,) says which part of the
    rows each row belongs to when its own signal must not be used to encode it.
    """

    signals: Floats
    folds: NDArray[np.int8]
    seed: int
    weight: Floats | None = None
    """How much each row counts, 1 on average; None where all count the same."""

    @classmethod
    def of(cls, signals: Floats, seed: int, *, weight: Floats | None = None, parts: int = 5) -> Training:
        """Shuffle the rows into parts of equal size."""
        rows = len(signals)
        folds = np.random.default_rng(seed).permutation(np.arange(rows) % parts).astype(np.int8)
        if weight is not None and (not weight.any() or (weight == weight[0]).all()):
            weight = None
        return cls(signals, folds, seed, None if weight is None else weight / weight.mean())

    def take(self, index: NDArray[np.intp]) -> Training:
        """Return the rows at these positions."""
        weight = None if self.weight is None else self.weight[index]
        return Training(self.signals[index], self.folds[index], self.seed, weight)

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


class Crossed(Protocol):
    """Turns the values of one or two raw columns into one number: what no encoder of a single column can say.

    It is fitted by whoever chooses it (see `engineering.py`).
    """

    kind: ClassVar[str]
    reads: ClassVar[tuple[Literal["floats", "strings", "either"], ...]]
    sources: tuple[str, ...]
    encode_one: Callable[..., float]
    """Return what `encode` would give for one value of each source."""

    @property
    def feature(self) -> Feature:
        """The column of X it makes."""

    def encode(self, *values: Values) -> Floats:
        """Return (n,), for the values of each source."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""

    @classmethod
    def from_state(cls, sources: tuple[str, ...], plain: Mapping[str, Any], arrays: Arrays) -> Self:
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
