"""Are probabilities to be taken at their word? Predicted against observed shares, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, percentage
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Block, Figure, Figures, Table, headers, row


def blocks(curve: Mapping[str, Any], question: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the chart with its numbers."""
    across, up = _titles(question.get("positive"))
    keys = ("predicted", "observed", "lower", "upper", "count")
    parts = list(zip(*(curve[key] for key in keys), strict=True))
    label = f"Calibration of {len(parts)} groups of rows: {across}, {up} with intervals, and where both are equal."
    rows = tuple(
        row(words.number(p, percent=True), words.interval(o, [low, high], percent=True), words.count(n))
        for p, o, low, high, n in parts
    )
    head = headers("Predicted", "Came true and 95 % interval", "Rows")
    table = Table("Predicted and observed shares", head, rows)
    figure = Figure(_svg(curve, (across, up), label), label, curve["sentence"], table, "Calibration")
    return (Figures((figure,)),)


def _titles(positive: object) -> tuple[str, str]:
    """Return what stands at the axes; where no answer counts as yes, the question is whether the answer was right."""
    if positive is None:
        return "probability given to the answer", "share of answers that were right"
    name = words.clipped(positive, 18)
    return f"probability of “{name}” that was given", f"share that really was “{name}”"


def _svg(curve: Mapping[str, Any], titles: tuple[str, str], label: str) -> str:
    canvas = Canvas(318)
    plot = Plot(canvas, Axis(0, 1, titles[0], percentage), Axis(0, 1, titles[1], percentage), top=26, bottom=272)
    plot.frame()
    canvas.line(plot.at(0, 0), plot.at(1, 1), "reference")
    canvas.text((plot.right - 6, plot.bottom - 12), "dashed: perfect", "t e halo")
    ends = [
        (plot.at(p, low), plot.at(p, high))
        for p, low, high in zip(curve["predicted"], curve["lower"], curve["upper"], strict=True)
        if low is not None and high is not None
    ]
    canvas.lines(ends, "whisker")
    middle = plot.points(curve["predicted"], curve["observed"])
    canvas.polyline(middle, "line a")
    for centre in middle:
        canvas.circle(centre, 4.5, "dot a")
    return canvas.drawn(label)
