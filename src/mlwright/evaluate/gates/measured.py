"""Measured: what an evaluation found for a gate, as a number with its interval and the words for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mlwright.evaluate.wording import number, percent

Answer = Literal["pass", "fail", "unknown"]
Side = Literal["at_least", "at_most"]

POWER = ((1.959963984540054 + 0.8416212335729143) / 1.959963984540054) ** 2
"""So many times more rows than just enough are needed for an interval that clears the limit in 8 of 10 samples."""
HOPELESS = 100.0
"""A limit that takes more than so many times the rows is too near to say how many."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A statistic with the ends of its 95 % interval, NaN where nobody can tell, and how people read it."""

    value: float
    low: float
    high: float
    about: str
    """What is measured, in a few words that hold of any model: "ROC AUC"."""
    show: Callable[[float], str] = number
    rows: int = 0
    """The labelled rows that it was measured on, more of which would tell more; 0 where rows are not what it takes."""
    why: str = ""
    """Why an end of the interval cannot be told."""
    clause: str = ""
    """What was found, as a sentence begins: "the ROC AUC is 0.82"."""
    ends: str = "95 % interval"
    """What the two ends are, where they are something else than those of an interval."""
    fixed: tuple[float, float] = (0.0, 0.0)
    """How far the ends below and above would be from the value however many rows there were."""
    said: Mapping[Answer, str] = field(default_factory=dict)
    """The whole sentence by verdict, where nothing is gained by telling the limit."""

    def verdict(self, side: Side, threshold: float, *, strict: bool = False, fails_at: float | None = None) -> Answer:
        """Return pass where the whole interval is on the good side, fail where all of it is on the bad side.

        `strict`: the limit itself is on the bad side. `fails_at`: fail already where all of it is beyond this.

        >>> found = Measured(0.82, 0.77, 0.86, "ROC AUC")
        >>> found.verdict("at_least", 0.75), found.verdict("at_least", 0.8), found.verdict("at_most", 0.75)
        ('pass', 'unknown', 'fail')
        """
        sign = 1.0 if side == "at_least" else -1.0
        worst, best = (self.low, self.high) if side == "at_least" else (-self.high, -self.low)
        limit = sign * threshold
        end = limit if fails_at is None else sign * fails_at
        if best < end or (strict and best <= end):
            return "fail"
        if worst > limit or (not strict and worst >= limit):
            return "pass"
        return "unknown"

    def more_rows(self, threshold: float) -> int | None:
        """Return about how many more rows settle an unknown verdict in 8 of 10 cases, were the statistic the truth.

        Intervals shrink with the square root of the rows, but for what is `fixed`. None where nobody can say: rows are
        not what it takes, or the statistic lies so near the threshold that it would take a hundred times as many.
        """
        gap = abs(self.value - threshold)
        half, fixed = self.value - self.low, self.fixed[0]
        if self.value <= threshold:
            half, fixed = self.high - self.value, self.fixed[1]
        room = gap**2 / POWER - fixed**2
        if not self.rows or not math.isfinite(half) or not room > 0.0:
            return None
        times = max(half**2 - fixed**2, 0.0) / room
        return _rounded(self.rows * (times - 1.0)) if times <= HOPELESS else None


def decisive(several: Sequence[Measured], side: Side, threshold: float) -> Measured:
    """Return the one of several that decides whether all of them are on the good side: all pass where it does.

    It is the one that is most surely beyond the threshold where any is; else, of those that cannot be told, the one
    that is nearest to that; else the one whose interval reaches farthest.

    >>> one, other = Measured(0.2, 0.15, 0.25, "one"), Measured(0.18, 0.0, 0.36, "other")
    >>> [decisive([one, other], "at_most", limit).about for limit in (0.1, 0.3)]
    ['one', 'other']
    """
    sign = 1.0 if side == "at_most" else -1.0

    def near(one: Measured) -> float:
        return _or(one.low if sign > 0 else -one.high, -math.inf)

    def far(one: Measured) -> float:
        return _or(one.high if sign > 0 else -one.low, math.inf)

    untold = [one for one in several if far(one) > sign * threshold]  # among them those that are surely beyond
    return max(untold, key=near) if untold else max(several, key=far)


def nothing(about: str, why: str, show: Callable[[float], str] = number) -> Measured:
    """Return what is known of a statistic that could not be measured."""
    return Measured(math.nan, math.nan, math.nan, about, show, why=why)


def exact(value: float, about: str, clause: str, show: Callable[[float], str]) -> Measured:
    """Return a number that was counted, and has no uncertainty."""
    return Measured(value, value, value, about, show, clause=clause)


def ends_of(found: Mapping[str, Any], value: str = "value") -> tuple[float, float, float]:
    """Return value and ends from JSON, NaN where they are null.

    >>> ends_of({"value": 0.5, "interval": [0.25, None]})
    (0.5, 0.25, nan)
    """
    low, high = found.get("interval") or (None, None)
    return as_float(found.get(value)), as_float(low), as_float(high)


def as_float(value: object) -> float:
    """Return a number of JSON, NaN for null."""
    return float(value) if isinstance(value, (int, float)) else math.nan


def points(value: float) -> str:
    """Return a difference of shares as people read it.

    >>> points(0.123), points(-0.004), points(0.1)
    ('12.3 points', '-0.4 points', '10 points')
    """
    return f"{_short(f'{100.0 * value:.1f}')} points" if math.isfinite(value) else "unknown"


def whole(value: float) -> str:
    """Return a count."""
    return f"{value:,.0f}" if math.isfinite(value) else "unknown"


def milliseconds(value: float) -> str:
    """Return a time in milliseconds.

    >>> milliseconds(0.1234), milliseconds(20.0)
    ('0.123 ms', '20 ms')
    """
    return f"{_short(number(value))} ms"


def _short(number: str) -> str:
    """Return a number without zeros that say nothing."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def span(show: Callable[[float], str], low: float, high: float) -> str:
    """Return the ends of an interval, with their unit once.

    >>> span(points, -0.01, 0.023), span(number, 0.5, 0.75)
    ('-1 to 2.3 points', '0.500 to 0.750')
    """
    ends = [show(low), show(high)]
    numbers, units = zip(*((end.partition(" ")[0], end.partition(" ")[2]) for end in ends), strict=True)
    return f"{numbers[0]} to {ends[1]}" if units[0] == units[1] else " to ".join(ends)


def shown_as(*, is_share: bool = False) -> Callable[[float], str]:
    """Return how a score is written."""
    return percent if is_share else number


def listed(several: Iterable[str], most: int = 3) -> str:
    """Return a few texts as a list in words, and how many more there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    every = list(several)
    shown, more = every[:most], len(every) - most
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _rounded(rows: float) -> int:
    """Return a number of rows with two digits that are not 0, never less."""
    if rows <= 10:
        return max(1, math.ceil(rows))
    step: int = 10 ** (math.floor(math.log10(rows)) - 1)
    return math.ceil(rows / step) * step


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value
