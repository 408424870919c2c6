"""What a kind of statistic is made of, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlwright.clean.contract.fields import Field, NotOne, number, share
from mlwright.errors import OptionError, nearest
from mlwright.evaluate.gates.measured import Measured, Side, points, shown_as

Result = Mapping[str, Any]


class Asked(Protocol):
    """What a statistic may know of the gate that asks for it."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Which metric, column or test is meant."""

    @property
    def side(self) -> Side:
        """On which side of the threshold it has to be."""

    @property
    def threshold(self) -> float:
        """The threshold."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A kind of statistic: what it is, which side its thresholds are on, and how it is read from an evaluation."""

    meaning: str
    """What it is, as a line of the reference says it."""
    read: Callable[[Result, Asked], Measured]
    sides: tuple[Side, ...] = ("at_most",)
    threshold: Callable[[object], float] = share
    """How a threshold is written."""
    default: float | None = None
    """The threshold where none is written."""
    options: Mapping[str, Field] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    """The options that have to be there."""
    strict: bool = False
    """Whether the threshold itself is on the bad side."""
    of_answers: bool = True
    """Whether it measures how good answers are, of which rows that the model learned from tell nothing."""
    needs: str = ""
    """What an evaluation does for it alone."""


@dataclass(frozen=True, slots=True)
class Main:
    """The metric that the model was chosen by: its name, and how a score and a difference of scores are written."""

    label: str
    show: Callable[[float], str]
    show_gain: Callable[[float], str]


def main_metric(result: Result) -> Main:
    """Return the metric that the model was chosen by."""
    facts = result["metrics"][result["metric"]]
    is_share = bool(facts["percent"])
    return Main(facts["label"] or result["metric"], shown_as(is_share=is_share), points if is_share else shown_as())


def rows_of(result: Result) -> int:
    """Return the labelled rows, more of which would tell more."""
    return int(result["rows"])


def among(name: str, known: Mapping[str, Any], what: str) -> str:
    """Return the name where it is known. Raises OptionError with the nearest one that is."""
    if name in known:
        return name
    near = nearest(name, known)
    hint = (f"did you mean {near!r}? " if near else "") + (f"There are: {', '.join(known)}." if known else "")
    raise OptionError(f"There is no {what} {name!r} in this evaluation.", hint=hint or None)


def finite(value: object) -> float:
    """Return a number."""
    found = number(value)
    if found is None:
        raise NotOne("a number")
    return found


def difference(value: object) -> float:
    """Return a difference of scores: a number, or percentage points such as "-1 %"."""
    if isinstance(value, str) and value.strip().startswith("-"):
        return -score_or_share(value.strip()[1:])
    return score_or_share(value)


def score_or_share(value: object) -> float:
    """Return a number, or a share that is written as "5 %"."""
    if not isinstance(value, str):
        return finite(value)
    try:
        return share(value)
    except NotOne:
        raise NotOne('a number, or a text such as "5 %"') from None


def count(value: object) -> float:
    """Return a count."""
    found = finite(value)
    if found < 0 or found != int(found):
        raise NotOne("a whole number of at least 0")
    return found


def amount(value: object) -> float:
    """Return a number that is not below 0."""
    found = finite(value)
    if found < 0:
        raise NotOne("a number of at least 0")
    return found
