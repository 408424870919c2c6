"""What a counterfactual shall reach: another answer, a probability or a number beyond a bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.evaluate import wording
from mlwright.learn.base import Floats
from mlwright.tasks.base import Label
from mlwright.values import as_text

MOVED = 0.5
"""Where nothing is asked of a number, it shall rise by so many standard deviations of the past ones."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: the answer `want`, or the probability of the class `of` or the number below or above."""

    want: Label | None = None
    below: float | None = None
    above: float | None = None
    of: Label | None = None

    def check(self, classes: tuple[Label, ...]) -> None:
        """Raise OptionError where that cannot be asked of a model with these classes."""
        bounds = [bound for bound in (self.below, self.above) if bound is not None]
        if len(bounds) + (self.want is not None) > 1:
            raise OptionError("Only one of want, below and above can be asked for at once.")
        for name, label in (("want", self.want), ("of", self.of)):
            if label is not None and label not in classes:
                if not classes:
                    raise OptionError(
                        f"{name} names a class, but the model predicts a number.", hint="use below or above."
                    )
                raise OptionError.unknown("class", str(label), [str(each) for each in classes])
        if self.of is not None and not bounds:
            raise OptionError("of says whose probability shall be below or above a bound, but there is no bound.")
        for bound in bounds:
            if isinstance(bound, (bool, str)) or not math.isfinite(bound):
                raise OptionError(f"The bound cannot be {bound!r}.", hint="give a number.")
            if classes and not 0.0 < bound < 1.0:
                raise OptionError(
                    f"The bound of a probability cannot be {bound}.", hint="give a number between 0 and 1."
                )


@dataclass(frozen=True, slots=True)
class Goal:
    """A wish beside the answer that a row gets now."""

    classes: tuple[Label, ...]
    now: Label
    want: int | None
    """The position of the class that shall be answered; None: any other than now, or a bound."""
    bound: float | None
    sign: float
    """1 where the bound shall be exceeded, -1 where the number shall fall below it."""
    of: int
    """The column of the predictions that the bound is about, and that is told."""
    P: Floats
    """(k,): what is predicted now."""

    @classmethod
    def of_row(cls, wish: Wish, classes: tuple[Label, ...], now: Label, P: Floats, spread: float) -> Goal:
        """Return the goal of one row, of which P (k,) is predicted; `spread` is the deviation of past numbers."""
        of = int(P.argmax()) if len(classes) > 2 else max(len(classes) - 1, 0)
        if wish.of is not None:
            of = classes.index(wish.of)
        if wish.below is not None:
            return cls(classes, now, None, float(wish.below), -1.0, of, P)
        if wish.above is not None:
            return cls(classes, now, None, float(wish.above), 1.0, of, P)
        if not classes:
            return cls(classes, now, None, float(P[0]) + MOVED * spread, 1.0, 0, P)
        want = None if wish.want is None else classes.index(wish.want)
        if want is not None and len(classes) > 2:
            of = want
        if want is None and len(classes) == 2:
            want = 1 - classes.index(now)
        return cls(classes, now, want, None, 1.0, of, P)

    @property
    def here(self) -> float:
        """How near the row is to the goal now."""
        return float(self.nearness(self.P[None])[0])

    def reached(self, P: Floats, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Return (m,) whether predictions P (m, k), answered so, are what is asked for."""
        if self.bound is not None:
            beyond: NDArray[np.bool_] = self.sign * (P[:, self.of] - self.bound) > 0
            return beyond
        if self.want is not None:
            return np.array([answer == self.classes[self.want] for answer in answers.tolist()], dtype=bool)
        return np.array([answer != self.now for answer in answers.tolist()], dtype=bool)

    def nearness(self, P: Floats) -> Floats:
        """Return (m,) how near predictions are to the goal: more is nearer."""
        if self.bound is not None:
            return self.sign * P[:, self.of]
        if self.want is not None:
            return P[:, self.want] - _others(P, self.want)
        place = self.classes.index(self.now)
        return _others(P, place) - P[:, place]

    @property
    def text(self) -> str:
        """What is asked for, as the end of a sentence: "for the answer No"."""
        if self.want is not None:
            return f"for the answer {as_text(self.classes[self.want])}"
        if self.bound is None:
            return f"for another answer than {as_text(self.now)}"
        side = "above" if self.sign > 0 else "below"
        if self.classes:
            return f"for a probability of {as_text(self.classes[self.of])} {side} {wording.percent(self.bound)}"
        return f"for an answer {side} {wording.number(self.bound)}"


def _others(P: Floats, place: int) -> Floats:
    """Return (m,) the largest probability of the other classes."""
    largest: Floats = np.delete(P, place, axis=1).max(axis=1)
    return largest
