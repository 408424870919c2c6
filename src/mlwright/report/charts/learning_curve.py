"""Would more rows help? The score by the number of rows learned from, with a band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Figure, Table, headers, row

Part = tuple[int, float, float | None, float | None]
"""Rows, score, and the ends of its interval."""


def figure(curve: Mapping[str, Any], metric: str, *, percent: bool) -> Figure:
    """Return the chart with its numbers."""
    every = zip(*(curve[key] for key in ("rows", "score", "low", "high")), strict=True)
    parts: list[Part] = [part for part in every if words.known(part[1]) is not None]
    label = f"Learning curve: {metric} after learning from {', '.join(words.count(part[0]) for part in parts)} rows."
    rows = tuple(row(words.count(n), words.interval(s, [low, high], percent=percent)) for n, s, low, high in parts)
    table = Table("Score by rows learned from", headers("Rows", f"{metric} and interval"), rows)
    return Figure(_svg(parts, metric, label, percent=percent), label, curve["sentence"], table, "Learning curve")


def _svg(parts: list[Part], metric: str, label: str, *, percent: bool) -> str:
    canvas = Canvas(272)
    fewest, most = spanning([float(part[0]) for part in parts], margin=0)
    sure = [part for part in parts if part[2] is not None and part[3] is not None]
    ends = [end for part in parts for end in part[1:] if end is not None]
    x = Axis(fewest, most, "rows learned from", logarithmic=fewest > 0 and most / fewest > 6, steps=4)
    y = Axis(*spanning(ends, margin=0.1), metric, percentage if percent else words.short)
    plot = Plot(canvas, x, y, top=26, bottom=226)
    plot.frame()
    upper = [plot.at(rows, high) for rows, _, _, high in sure if high is not None]
    lower = [plot.at(rows, low) for rows, _, low, _ in sure if low is not None]
    canvas.area([*upper, *reversed(lower)], "band")
    canvas.polyline(upper, "edge")
    canvas.polyline(lower, "edge")
    middle = [plot.at(rows, score) for rows, score, _, _ in parts]
    canvas.polyline(middle, "line a")
    for centre in middle:
        canvas.circle(centre, 4.5, "dot a")
    return canvas.drawn(label)
