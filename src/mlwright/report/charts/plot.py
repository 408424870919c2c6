"""A plot with two axes: scales from numbers to places, ticks at round numbers, a grid and titles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlwright.report import format as words
from mlwright.report.charts.dates import date_ticks
from mlwright.report.charts.svg import Canvas, Point, nice_ticks, text_width

Labeller = Callable[[float], str]


def percentage(value: float) -> str:
    """Return a share as a percentage for an axis.

    >>> percentage(0.25)
    '25 %'
    """
    return f"{words.short(round(100 * value, 6))} %"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: the numbers at its ends, its title, how its ticks are chosen and written."""

    low: float
    high: float
    title: str
    label: Labeller = words.short
    logarithmic: bool = False
    dates: bool = False
    """Whether the numbers are seconds since 1970."""
    steps: int = 5

    def place(self, value: float) -> float:
        """Return where a number stands between the ends, from 0 to 1."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(max(at, low))
        return 0.5 if high == low else (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Return the round numbers to write at the axis."""
        if self.dates:
            return date_ticks(self.low, self.high, self.steps)
        if not self.logarithmic:
            return nice_ticks(self.low, self.high, self.steps)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        fine = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        inside = [tick for tick in fine if self.low * 0.999 <= tick <= self.high * 1.001]
        coarse = [tick for tick in inside if math.log10(tick) % 1 < 1e-9]
        return coarse if len(inside) > 7 and len(coarse) > 1 else inside


def spanning(values: Iterable[float], *, zero: bool = False, margin: float = 0.05) -> tuple[float, float]:
    """Return ends that hold all values with some room; never the same number twice.

    >>> spanning([1.0, 2.0]), spanning([3.0]), spanning([])
    ((0.95, 2.05), (2.0, 4.0), (0.0, 1.0))
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(low) / 3 or 1.0
        return low - room, high + room
    room = margin * (high - low)
    return (low if zero and low == 0 else low - room), (high if zero and high == 0 else high + room)


class Plot:
    """A frame on a canvas in which numbers have places."""

    def __init__(self, canvas: Canvas, x: Axis, y: Axis, *, top: float, bottom: float) -> None:
        self.canvas, self.x, self.y, self.top, self.bottom = canvas, x, y, top, bottom
        widest = max((text_width(y.label(tick)) for tick in y.ticks()), default=0.0)
        self.left = min(max(widest + 8, 24.0), 110.0)
        self.right = canvas.width - 14.0

    def at(self, x: float, y: float) -> Point:
        """Return where a pair of numbers stands."""
        return self.across(x), self.bottom - self.y.place(y) * (self.bottom - self.top)

    def across(self, x: float) -> float:
        """Return how far to the right a number stands."""
        return self.left + self.x.place(x) * (self.right - self.left)

    def points(self, xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
        """Return where pairs of numbers stand."""
        return [self.at(x, y) for x, y in zip(xs, ys, strict=True)]

    def frame(self, *, x_labels: bool = True) -> None:
        """Draw the grid, the ticks and the titles: that of the upright axis stands over it, so that it reads flat."""
        canvas = self.canvas
        heights = [(self.at(self.x.low, tick)[1], tick) for tick in self.y.ticks()]
        canvas.lines((((self.left, height), (self.right, height)) for height, _ in heights), "grid")
        for height, tick in heights:
            canvas.text((self.left - 6, height + 4), self.y.label(tick), "t e")
        canvas.line((self.left, self.bottom), (self.right, self.bottom), "axis")
        canvas.text((0, self.top - 10), self.y.title, "t b")
        if x_labels:
            self._x_labels()

    def _x_labels(self) -> None:
        canvas, taken = self.canvas, -1e9
        for tick in self.x.ticks():
            label, across = self.x.label(tick), self.across(tick)
            half = text_width(label) / 2
            across_text = min(max(across, half), canvas.width - half)
            canvas.line((across, self.bottom), (across, self.bottom + 4), "axis")
            if across_text - half > taken + 4:
                canvas.text((across_text, self.bottom + 17), label, "t m")
                taken = across_text + half
        canvas.text(((self.left + self.right) / 2, self.bottom + 34), self.x.title, "t b m")
