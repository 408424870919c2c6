"""Bars and dots with intervals, one row each: importance, the model among its baselines, effects of categories.

The name stands above its mark, so that long names and phones get on with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Labeller, spanning
from mlwright.report.charts.svg import CHARACTER, Canvas, text_width

ROW = 36.0
LEFT, RIGHT = 4.0, 388.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a name, a number with its interval, and how the number is written."""

    label: str
    value: float
    written: str
    interval: Sequence[float | None] | None = None
    strong: bool = False

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of the interval, where both are known."""
        low, high = self.interval or (None, None)
        return None if low is None or high is None else (low, high)


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are drawn: bars from zero, or dots on an axis that need not hold zero; and a line to compare with."""

    marks: Literal["bar", "dot"]
    title: str
    label: Labeller = words.short
    reference: float | None = None
    reference_name: str = ""


def bars(rows: Sequence[Bar], look: Look, description: str) -> str:
    """Return the chart as SVG."""
    top = 22.0 if look.reference_name else 4.0
    bottom = top + ROW * len(rows) + 2
    canvas = Canvas(bottom + 40)
    ends = [end for bar in rows for end in (bar.value, *(bar.ends or ()))]
    extra = [] if look.reference is None else [look.reference]
    low, high = spanning([*ends, *extra], zero=look.marks == "bar")
    axis = Axis(low, high, look.title, look.label)

    def across(value: float) -> float:
        return LEFT + axis.place(value) * (RIGHT - LEFT)

    _ticks(canvas, axis, top, bottom)
    if look.reference is not None:
        at = across(look.reference)
        # Beside the marks alone: the names between them stay readable.
        marks = [top + position * ROW for position in range(len(rows))]
        canvas.lines((((at, start + 19), (at, start + ROW + 2)) for start in marks), "reference")
        half = text_width(look.reference_name) / 2
        canvas.text((min(max(at, half), canvas.width - half), top - 8), look.reference_name, "t m")
    for position, bar in enumerate(rows):
        _row(canvas, bar, look, top + position * ROW, across)
    return canvas.drawn(description)


def _row(canvas: Canvas, bar: Bar, look: Look, top: float, place: Callable[[float], float]) -> None:
    height = top + 25.0
    room = int((canvas.width - text_width(bar.written) - 14) / CHARACTER)
    weight = "t halo b" if bar.strong else "t halo"
    canvas.text((0, top + 14), words.clipped(bar.label, max(room, 8)), weight, full=bar.label)
    canvas.text((canvas.width, top + 14), bar.written, weight + " e")
    start, end = place(0.0 if look.marks == "bar" else bar.value), place(bar.value)
    if look.marks == "dot":
        canvas.line((LEFT, height), (RIGHT, height), "grid")
    if look.marks == "bar":
        canvas.rectangle((min(start, end), height - 4), max(abs(end - start), 1.5), 8, "bar")
    if bar.ends is not None:
        low, high = map(place, bar.ends)
        canvas.lines(
            [
                ((low, height), (high, height)),
                ((low, height - 4), (low, height + 4)),
                ((high, height - 4), (high, height + 4)),
            ],
            "whisker",
        )
    if look.marks == "dot" and bar.strong:
        canvas.diamond((end, height), 6.5, "dot a")
    elif look.marks == "dot":
        canvas.circle((end, height), 4.5, "dot f")


def _ticks(canvas: Canvas, axis: Axis, top: float, bottom: float) -> None:
    taken = -1e9
    places = [(LEFT + axis.place(tick) * (RIGHT - LEFT), axis.label(tick)) for tick in axis.ticks()]
    canvas.lines((((at, top), (at, bottom)) for at, _ in places), "grid")
    for at, label in places:
        half = text_width(label) / 2
        centre = min(max(at, half), canvas.width - half)
        if centre - half > taken + 6:
            canvas.text((centre, bottom + 15), label, "t m")
            taken = centre + half
    canvas.text((canvas.width / 2, bottom + 33), axis.title, "t b m")
