"""How far off numbers are: predicted against actual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Block, Figure, Figures, Paragraph, Table, cut, headers, row

LARGEST = 12


def blocks(curve: Mapping[str, Any], question: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the chart with the largest misses."""
    target = words.clipped(question["target"], 30)
    pairs = list(zip(curve["predicted"], curve["actual"], strict=True))
    label = (
        f"{len(pairs)} rows: the predicted {target} across, the actual one up, beside the line where both are equal."
    )
    worst = sorted(pairs, key=lambda pair: (-abs(pair[1] - pair[0]), pair))[:LARGEST]
    rows = tuple(row(words.number(a), words.number(p), words.number(a - p)) for p, a in worst)
    head = headers("Actual", "Predicted", "Difference")
    table = Table("The largest misses among the rows drawn", head, rows, cut(len(pairs), len(rows)))
    figure = Figure(_svg(pairs, target, label), label, curve["sentence"], table, "Predicted and actual")
    return (Figures((figure,)),)


def _svg(pairs: list[tuple[float, float]], target: str, label: str) -> str:
    canvas = Canvas(338)
    low, high = spanning([value for pair in pairs for value in pair], margin=0.03)
    x, y = Axis(low, high, f"predicted {target}", steps=4), Axis(low, high, f"actual {target}")
    plot = Plot(canvas, x, y, top=26, bottom=292)
    plot.frame()
    canvas.dots((plot.at(p, a) for p, a in pairs), "cloud a")
    canvas.line(plot.at(low, low), plot.at(high, high), "reference")
    canvas.text((plot.right - 6, plot.bottom - 12), "dashed: perfect", "t e halo")
    return canvas.drawn(label)


def coverage(curve: Mapping[str, Any], _question: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return how often the true number lay between the predicted bounds: two numbers need no chart."""
    level, share = words.number(curve["level"], percent=True), words.number(curve["coverage"], percent=True)
    told = f"Of the lower and upper bounds given with each number, {level} should hold the true one; {share} did."
    return (Paragraph(curve["sentence"] or told),)
