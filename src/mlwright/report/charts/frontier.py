"""What fairness costs: the gap between groups against what the model is worth, the model as it is among the points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.charts.plot import Axis, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.report.document import Figure, Table, headers, row

TITLE: Final = "What each step towards equal treatment costs"
Point = Mapping[str, Any]


def figure(told: Mapping[str, Any]) -> Figure:
    """Return the chart with its numbers; a point whose gap cannot be told stands in the table only."""
    points: Sequence[Point] = told["curve"]
    percent = told["unit"] == "accuracy"
    worth = "Answers that are right" if percent else "Cost of an average row"
    shown = [
        point for point in points if words.known(point["gap"]) is not None and words.known(point["value"]) is not None
    ]
    label = f"{worth} by the largest gap between groups: " + "; ".join(
        f"{name(point)}: gap {words.number(point['gap'], percent=True)}, {_worth(point, percent=percent)}"
        for point in shown
    )
    rows = tuple(
        row(
            name(point),
            words.interval(point["gap"], point["gap_interval"], percent=True),
            words.interval(point["value"], point["value_interval"], percent=percent),
            words.difference([point["lost"], *point["lost_interval"]], percent=percent),
        )
        for point in points
    )
    lost = "Fewer right than as it is" if percent else "More than as it is"
    table = Table(
        "Gap and worth of each point, with 95 % intervals", headers("Thresholds", "Largest gap", worth, lost), rows
    )
    caption = "The farther left, the more alike groups are treated; what that costs is how far it goes " + (
        "down." if percent else "up."
    )
    return Figure(_svg(shown, worth, label, percent=percent), label, caption, table, TITLE)


def name(point: Point) -> str:
    """Return what a point is called."""
    if point["tolerance"] is None:
        return "the model as it was"
    return f"gap of at most {words.number(point['tolerance'], percent=True)}{' (in use)' if point['chosen'] else ''}"


def _worth(point: Point, *, percent: bool) -> str:
    return words.number(point["value"], percent=True) if percent else words.short(point["value"])


def _svg(points: Sequence[Point], worth: str, label: str, *, percent: bool) -> str:
    canvas = Canvas(288)
    x = Axis(*spanning([float(point["gap"]) for point in points], zero=True), "largest gap between groups", percentage)
    ends = [end for point in points for end in (point["value"], *(point["value_interval"] or ())) if end is not None]
    y = Axis(*spanning(ends, margin=0.1), worth, percentage if percent else words.short)
    plot = Plot(canvas, x, y, top=26, bottom=242)
    plot.frame()
    ordered = sorted(points, key=lambda point: point["gap"])
    for point in ordered:
        low, high = point["value_interval"] or (None, None)
        if low is not None and high is not None:
            canvas.line(plot.at(point["gap"], low), plot.at(point["gap"], high), "whisker")
    canvas.polyline([plot.at(point["gap"], point["value"]) for point in ordered], "line a")
    for point in ordered:
        here = plot.at(point["gap"], point["value"])
        marked = point["chosen"] or point["tolerance"] is None
        canvas.circle(here, 6.5 if marked else 4.0, "dot f" if point["tolerance"] is None else "dot a")
        if marked:
            left = here[0] > (plot.left + plot.right) / 2
            text = "as it was" if point["tolerance"] is None else "in use"
            canvas.text((here[0] + (-11 if left else 11), here[1] + 18), text, "t e" if left else "t")
    return canvas.drawn(label)
