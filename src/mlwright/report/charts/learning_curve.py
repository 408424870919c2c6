"""Would more rows help? The score by the number of rows learned from, with a band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Figure, Table, headers, row


def figure(curve: Mapping[str, Any], metric: str, *, percent: bool) -> Figure:
    """Return the chart with its numbers."""
    parts = list(zip(*(curve[key] for key in ("rows", "score", "low", "high")), strict=True))
    label = f"Learning curve: {metric} after learning from {', '.join(words.count(part[0]) for part in parts)} rows."
    rows = tuple(row(words.count(n), words.interval(s, [low, high], percent=percent)) for n, s, low, high in parts)
    table = Table("Score by rows learned from", headers("Rows", f"{metric} (interval)"), rows)
    return Figure(_svg(curve, metric, label, percent=percent), label, curve["sentence"], table, "Learning curve")


def _svg(curve: Mapping[str, Any], metric: str, label: str, *, percent: bool) -> str:
    canvas = Canvas(272)
    fewest, most = spanning(curve["rows"], margin=0)
    logarithmic = fewest > 0 and most / fewest > 6
    low, high = spanning([*curve["low"], *curve["high"], *curve["score"]], margin=0.1)
    x = Axis(fewest, most, "rows learned from", logarithmic=logarithmic, steps=4)
    y = Axis(low, high, metric, percentage if percent else words.short)
    plot = Plot(canvas, x, y, top=26, bottom=226)
    plot.frame()
    upper, lower = plot.points(curve["rows"], curve["high"]), plot.points(curve["rows"], curve["low"])
    canvas.area([*upper, *reversed(lower)], "band")
    canvas.polyline(upper, "edge")
    canvas.polyline(lower, "edge")
    middle = plot.points(curve["rows"], curve["score"])
    canvas.polyline(middle, "line a")
    for centre in middle:
        canvas.circle(centre, 4.5, "dot a")
    return canvas.drawn(label)
