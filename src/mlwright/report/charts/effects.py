"""How the answer changes with one column: a line for numbers, dots for categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.dates import date_label
from mlwright.report.charts.plot import Axis, Labeller, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Figure, Table, cut, headers, row

MOST, LISTED = 12, 24
"""So many categories are drawn, so many values are in the table."""

Triple = tuple[Any, float, float]


def figure(effect: Mapping[str, Any], *, dates: bool = False) -> Figure:
    """Return the chart with its numbers; `dates` where the column holds dates: as seconds since 1970 or in ISO form."""
    triples: list[Triple] = [
        (_seconds(x) if dates else x, y, n or 0)
        for x, y, n in zip(effect["x"], effect["y"], effect["count"], strict=True)
        if words.known(y) is not None
    ]
    name, unit = words.tidy(effect["column"]), words.tidy(effect["y_label"])
    share = unit.startswith("probability") and all(0 <= y <= 1 for _, y, _ in triples)
    numeric = [triple for triple in triples if words.known(triple[0]) is not None]
    as_line = (effect["kind"] == "number" or (dates and len(numeric) == len(triples))) and len(numeric) > 1
    label = f"{unit} by {name}, with the number of rows at each value."
    y_axis = Axis(*spanning([y for _, y, _ in triples], margin=0.15), words.clipped(unit, 46))
    y_axis = replace(y_axis, label=percentage if share else words.short, steps=4)
    drawn = _line(numeric, name, y_axis, label, dates=dates) if as_line else _dots(triples, y_axis, label)
    listed = triples if as_line else sorted(triples, key=lambda triple: -triple[2])
    heights = _heights([y for _, y, _ in listed], share=share)
    written: Labeller = words.day if dates else words.number
    rows = tuple(
        row(_name(x, written), height, words.count(n))
        for (x, _, n), height in zip(listed[:LISTED], heights, strict=False)
    )
    table = Table(f"{unit} by {name}", headers(name, unit, "Rows"), rows, cut(len(listed), len(rows)))
    return Figure(drawn, label, effect["sentence"], table, name)


def _seconds(x: Any) -> Any:
    """Return a date in ISO form as seconds since 1970, so that it has a place on the axis; all else as it is."""
    try:
        return datetime.fromisoformat(x).replace(tzinfo=UTC).timestamp() if isinstance(x, str) else x
    except ValueError:
        return x


def _heights(values: Sequence[float], *, share: bool) -> list[str]:
    return [words.number(value, percent=True) for value in values] if share else words.aligned(values)


def _name(x: Any, written: Labeller) -> str:
    if x is None:
        return "(missing)"
    value = words.known(x)
    return words.tidy(x) if value is None else written(value)


def _line(triples: list[Triple], name: str, y_axis: Axis, label: str, *, dates: bool) -> str:
    """Draw the line over bars that tell how many rows there are."""
    canvas = Canvas(268)
    xs = [float(x) for x, _, _ in triples]
    title = f"{words.clipped(name, 26)} (grey: how many rows)"
    written = date_label if dates else words.short
    across = Axis(*spanning(xs, margin=0), title, written, dates=dates)
    plot = Plot(canvas, across, y_axis, top=26, bottom=222)
    plot.frame()
    most = max((n for _, _, n in triples), default=0) or 1
    wide = max(2.0, min(10.0, 0.6 * (plot.right - plot.left) / len(triples)))
    for x, _, n in triples:
        tall = 30 * n / most
        canvas.rectangle((plot.across(x) - wide / 2, plot.bottom - tall), wide, tall, "rows")
    points = plot.points(xs, [y for _, y, _ in triples])
    canvas.polyline(points, "line a")
    for centre in points if len(points) <= 30 else ():
        canvas.circle(centre, 3.5, "dot a")
    return canvas.drawn(label)


def _dots(triples: list[Triple], y_axis: Axis, label: str) -> str:
    """Draw the most frequent categories, best first, beside the average of all."""
    rows = sum(n for _, _, n in triples)
    average = sum(y * n for _, y, n in triples) / rows if rows else None
    kept = sorted(sorted(triples, key=lambda triple: -triple[2])[:MOST], key=lambda triple: -triple[1])
    heights = _heights([y for _, y, _ in kept], share=y_axis.label is percentage)
    marks = [
        Bar(f"{_name(x, words.number)} ({words.counted(n, 'row')})", y, height)
        for (x, y, n), height in zip(kept, heights, strict=True)
    ]
    name = "" if average is None else "dashed: average over these rows"
    return bars(marks, Look("dot", y_axis.title, y_axis.label, average, name), label)
