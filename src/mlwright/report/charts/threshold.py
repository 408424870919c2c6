"""From which probability on to say yes: precision, recall and cost, and the threshold that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas, text_width
from mlwright.report.document import Block, Figure, Figures, Paragraph, Table, headers, row

KEPT = 11
"""So many rows of the data table."""


def blocks(curve: Mapping[str, Any], _question: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the chart with its numbers."""
    chosen = words.number(curve["chosen"])
    label = f"Precision, recall and cost for every threshold; the chosen one, {chosen}, is marked by an upright line."
    costs = (
        "The costs of a false alarm and of a missed case were stated."
        if curve.get("stated")
        else "No costs were stated, so a false alarm and a missed case count the same; --cost-fp and --cost-fn say "
        "what they really cost and move the threshold."
    )
    figure = Figure(_svg(curve, label), label, curve["sentence"], _table(curve), "Threshold")
    return Figures((figure,)), Paragraph(costs, quiet=True)


def _table(curve: Mapping[str, Any]) -> Table:
    size = len(curve["threshold"])
    nearest = min(range(size), key=lambda i: abs(curve["threshold"][i] - curve["chosen"]), default=0)
    kept = sorted({nearest, *(round(i * (size - 1) / (KEPT - 1)) for i in range(KEPT))}) if size else []
    rows = tuple(
        row(
            words.number(curve["threshold"][i]) + (" (chosen)" if i == nearest else ""),
            words.number(curve["precision"][i], percent=True),
            words.number(curve["recall"][i], percent=True),
            words.number(curve["cost"][i]),
        )
        for i in kept
    )
    return Table("Thresholds", headers("Threshold", "Precision", "Recall", "Cost"), rows)


def _svg(curve: Mapping[str, Any], label: str) -> str:
    canvas = Canvas(392)
    axis = spanning(curve["threshold"], margin=0)
    x = Axis(*axis, "threshold: from here on the answer is yes")
    shares = Plot(canvas, x, Axis(0, 1, "share of rows", percentage), top=46, bottom=206)
    _, dearest = spanning((value for value in curve["cost"] if value is not None), zero=True)
    costs = Plot(canvas, x, Axis(0, dearest, "cost", steps=3), top=256, bottom=346)
    shares.left = costs.left = max(shares.left, costs.left)
    _legend(canvas, (("precision", "line a"), ("recall", "line b dashed")))
    shares.frame(x_labels=False)
    costs.frame()
    for plot, key, style in (
        (shares, "precision", "line a"),
        (shares, "recall", "line b dashed"),
        (costs, "cost", "line c"),
    ):
        known = [(t, v) for t, v in zip(curve["threshold"], curve[key], strict=True) if v is not None]
        canvas.polyline([plot.at(t, v) for t, v in known], style)
    at = shares.across(curve["chosen"])
    canvas.line((at, shares.top), (at, shares.bottom), "chosen")
    canvas.line((at, costs.top), (at, costs.bottom), "chosen")
    name = f"chosen: {words.number(curve['chosen'])}"
    half = text_width(name) / 2
    canvas.text((min(max(at, shares.left + half), canvas.width - half), 224), name, "t b m")
    return canvas.drawn(label)


def _legend(canvas: Canvas, entries: tuple[tuple[str, str], ...]) -> None:
    at = 0.0
    for name, style in entries:
        canvas.line((at, 9), (at + 26, 9), style)
        canvas.text((at + 32, 13), name)
        at += 32 + text_width(name) + 22
