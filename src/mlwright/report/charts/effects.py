"""How the answer changes with one column: a line for numbers, dots for categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.plot import Axis, Labeller, Plot, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Figure, Table, cut, headers, row

MOST = 12
"""So many categories are drawn."""

Triple = tuple[Any, float, float]


def figure(effect: Mapping[str, Any], *, dates: bool = False) -> Figure:
    """Return the chart with its numbers; `dates` where the column's numbers are seconds since 1970."""
    triples: list[Triple] = [
        (x, y, n or 0) for x, y, n in zip(effect["x"], effect["y"], effect["count"], strict=True)
        if words.known(y) is not None
    ]
    name, unit = words.tidy(effect["column"]), words.tidy(effect["y_label"])
    numeric = [triple for triple in triples if words.known(triple[0]) is not None]
    as_line = effect["kind"] == "number" and len(numeric) > 1
    written: Labeller = words.day if dates else words.number
    label = f"{unit} by {name}, with the number of rows at each value."
    drawn = _line(numeric, name, unit, label, dates=dates) if as_line else _dots(triples, unit, label)
    listed = triples if as_line else sorted(triples, key=lambda triple: -triple[2])
    rows = tuple(row(_name(x, written), words.number(y), words.count(n)) for x, y, n in listed[:24])
    table = Table(f"{unit} by {name}", headers(name, unit, "Rows"), rows, cut(len(listed), len(rows)))
    return Figure(drawn, label, effect["sentence"], table, name)


def _name(x: Any, written: Labeller) -> str:
    if x is None:
        return "(missing)"
    value = words.known(x)
    return words.tidy(x) if value is None else written(value)


def _line(triples: list[Triple], name: str, unit: str, label: str, *, dates: bool) -> str:
    """Draw the line over bars that tell how many rows there are."""
    canvas = Canvas(268)
    xs, ys = [float(x) for x, _, _ in triples], [y for _, y, _ in triples]
    low, high = spanning(ys, margin=0.15)
    across = Axis(*spanning(xs, margin=0), words.clipped(name, 40), words.day if dates else words.short, steps=4)
    plot = Plot(canvas, across, Axis(low, high, words.clipped(unit, 50), steps=4), top=26, bottom=222)
    plot.frame()
    most = max((n for _, _, n in triples), default=0) or 1
    wide = max(2.0, min(10.0, 0.6 * (plot.right - plot.left) / len(triples)))
    for x, _, n in triples:
        tall = 34 * n / most
        canvas.rectangle((plot.across(x) - wide / 2, plot.bottom - tall), wide, tall, "rows")
    points = plot.points(xs, ys)
    canvas.polyline(points, "line a")
    for centre in points if len(points) <= 30 else ():
        canvas.circle(centre, 3.5, "dot a")
    return canvas.drawn(label)


def _dots(triples: list[Triple], unit: str, label: str) -> str:
    """Draw the most frequent categories, best first, beside the average of all."""
    rows = sum(n for _, _, n in triples)
    average = sum(y * n for _, y, n in triples) / rows if rows else None
    kept = sorted(sorted(triples, key=lambda triple: -triple[2])[:MOST], key=lambda triple: -triple[1])
    marks = [
        Bar(f"{_name(x, words.number)} ({words.counted(n, 'row')})", y, words.number(y)) for x, y, n in kept
    ]
    look = Look("dot", words.clipped(unit, 50), reference=average, reference_name="average" if average else "")
    return bars(marks, look, label)
