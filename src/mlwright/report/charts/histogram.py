"""How values spread: bars without gaps, on a plain, a logarithmic or a named axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot
from mlwright.report.charts.svg import Canvas, text_width

TALL = 196.0
TOP, BOTTOM = 26.0, 150.0
LEAST = 1.5
"""A bar of few rows is at least so high: that there are any must be seen."""


@dataclass(frozen=True, slots=True)
class Heights:
    """Counts between edges; with `names`, each bar is one value or period, and that is written under it."""

    edges: Sequence[float]
    counts: Sequence[int]
    title: str
    logarithmic: bool = False
    names: Sequence[str] = ()


def histogram(heights: Heights, description: str) -> str:
    """Return the chart as SVG."""
    canvas = Canvas(TALL)
    x = Axis(heights.edges[0], heights.edges[-1], heights.title, logarithmic=heights.logarithmic)
    y = Axis(0.0, max(*heights.counts, 1) * 1.02, "rows", steps=3)
    plot = Plot(canvas, x, y, top=TOP, bottom=BOTTOM)
    plot.frame(x_labels=not heights.names)
    canvas.rectangles(_bars(heights, plot), "bar")
    canvas.line((plot.left, plot.bottom), (plot.right, plot.bottom), "axis")
    if heights.names:
        _named(canvas, plot, heights)
    return canvas.drawn(description)


def _bars(heights: Heights, plot: Plot) -> list[tuple[tuple[float, float], float, float]]:
    parts = []
    for low, high, count in zip(heights.edges, heights.edges[1:], heights.counts, strict=False):
        left, right = plot.across(low), plot.across(high)
        gap = 1.0 if right - left > 4 else 0.0
        tall = max(LEAST, plot.bottom - plot.at(low, count)[1]) if count else 0.0
        parts.append(((left + gap / 2, plot.bottom - tall), right - left - gap, tall))
    return parts


def _named(canvas: Canvas, plot: Plot, heights: Heights) -> None:
    """Write every so many of the names under their bars, as many as there is room for."""
    wide = max(map(text_width, heights.names)) + 10
    room = max(1, int((plot.right - plot.left) / wide))
    for place in range(0, len(heights.names), math.ceil(len(heights.names) / room)):
        half = text_width(heights.names[place]) / 2
        centre = (plot.across(heights.edges[place]) + plot.across(heights.edges[place + 1])) / 2
        canvas.line((centre, plot.bottom), (centre, plot.bottom + 4), "axis")
        across = min(max(centre, half), canvas.width - half)
        canvas.text((across, plot.bottom + 17), heights.names[place], "t m")
    canvas.text(((plot.left + plot.right) / 2, plot.bottom + 34), words.tidy(heights.title), "t b m")
