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
    positive = words.tidy(question["positive"]) if question.get("positive") is not None else "yes"
    parts = list(zip(*(curve[key] for key in ("predicted", "observed", "lower", "upper", "count")), strict=True))
    label = (
        f"Calibration: for {len(parts)} groups of rows, the probability of {positive} that the model gave and the "
        "share that came true, with intervals, beside the line where both are equal."
    )
    rows = tuple(
        row(words.number(p, percent=True), words.interval(o, [low, high], percent=True), words.count(n))
        for p, o, low, high, n in parts
    )
    table = Table("Predicted and observed shares", headers("Predicted", "Came true (95 % interval)", "Rows"), rows)
    figure = Figure(_svg(curve, positive, label), label, curve["sentence"], table, "Calibration")
    return (Figures((figure,)),)


def _svg(curve: Mapping[str, Any], positive: str, label: str) -> str:
    canvas = Canvas(318)
    name = words.clipped(positive, 18)
    x = Axis(0, 1, f"probability of {name} the model gave", percentage)
    y = Axis(0, 1, f"share that really was {name}", percentage)
    plot = Plot(canvas, x, y, top=26, bottom=272)
    plot.frame()
    canvas.line(plot.at(0, 0), plot.at(1, 1), "reference")
    canvas.text((plot.right - 6, plot.bottom - 12), "dashed: perfect", "t e halo")
    ends = [
        (plot.at(p, low), plot.at(p, high))
        for p, low, high in zip(curve["predicted"], curve["lower"], curve["upper"], strict=True)
    ]
    canvas.lines(ends, "whisker")
    middle = plot.points(curve["predicted"], curve["observed"])
    canvas.polyline(middle, "line a")
    for centre in middle:
        canvas.circle(centre, 4.5, "dot a")
    return canvas.drawn(label)
