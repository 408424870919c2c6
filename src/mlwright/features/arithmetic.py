"""Arithmetic: the difference, sum, product or ratio of two columns of numbers.

A tree has to draw a diagonal in small steps, which costs it rows; one of these columns draws it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import add, mul, sub
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Value, floats
from mlwright.features.numbers import LARGEST

SIGNS = ("-", "+", "*", "/")


def _by(first: float, second: float) -> float:
    return first / second if second else NAN


_ONE: Mapping[str, Callable[[Any, Any], Any]] = {"-": sub, "+": add, "*": mul, "/": _by}
_ALL: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "-": np.subtract,
    "+": np.add,
    "*": np.multiply,
    "/": np.divide,
}


def _drawn_in(value: float) -> float:
    # NaN is greater and less than nothing, and stays.
    return LARGEST if value > LARGEST else max(value, -LARGEST)


class ArithmeticEncoder:
    """Two numbers made one; NaN where either is missing, or would have to be divided by 0."""

    __slots__ = ("encode_one", "sign", "sources")
    kind: ClassVar[str] = "arithmetic"
    reads: ClassVar[tuple[Literal["floats", "strings", "either"], ...]] = ("floats", "floats")

    def __init__(self, sources: tuple[str, ...], sign: str) -> None:
        self.sources, self.sign = sources, sign
        make = _ONE[sign]

        def encode_one(first: Value, second: Value) -> float:
            if first is None or second is None:
                return NAN
            try:
                made: float = make(first, second)
                return made if -LARGEST <= made <= LARGEST else _drawn_in(made)
            except TypeError:  # a text, where only a damaged model reads one
                return NAN

        self.encode_one: Callable[..., float] = encode_one

    @property
    def feature(self) -> Feature:
        """The made number."""
        first, second = self.sources
        return Feature(f"{first} {self.sign} {second}", first, others=(second,))

    def encode(self, *values: Values) -> Floats:
        """Return (n,)."""
        first, second = (floats(each) for each in values)
        with np.errstate(all="ignore"):
            made = _ALL[self.sign](first, second)
        if self.sign == "/":
            made[second == 0] = NAN
        return np.clip(made, -LARGEST, LARGEST, out=made)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"sign": self.sign}, {}

    @classmethod
    def from_state(cls, sources: tuple[str, ...], plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        sign = state.text(plain, "sign")
        if sign not in SIGNS or len(sources) != 2:
            raise state.damaged(f"{sign!r:.40} of {len(sources)} columns is no arithmetic")
        return cls(sources, sign)
