"""Performance over time, with its interval: one drawing, and the same numbers as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mlwright.report import format as words
from mlwright.report.charts.dates import date_label
from mlwright.report.charts.plot import Axis, Plot, percentage, spanning
from mlwright.report.charts.svg import Canvas
from mlwright.web.facts import Period, Series

DAY_S = 86_400.0
MOST_DOTS = 60
"""More periods are a line alone."""
MOST_ROWS = 60
"""So many periods are in the table, the newest first."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as the page shows it."""

    title: str
    sentence: str
    svg: str
    rows: tuple[tuple[str, str, str], ...]
    """When, value with interval, rows."""
    more: str


def drawn(series: Series) -> Drawn:
    """Return the chart of a series that has at least one period."""
    first, last = series.periods[0], series.periods[-1]
    written = written_of(series, last)
    sentence = f"In the newest period, {when(last.at)}, it was {written}, on {words.counted(last.rows, 'row')}."
    label = f"{series.title} from {when(first.at)} to {when(last.at)}. {sentence}"
    shown = series.periods[: -MOST_ROWS - 1 : -1]
    rows = tuple((when(each.at), written_of(series, each), words.count(each.rows)) for each in shown)
    left = len(series.periods) - len(shown)
    more = f"and {words.counted(left, 'earlier period')}" if left else ""
    return Drawn(series.title, sentence, _svg(series, label), rows, more)


def when(seconds: float) -> str:
    """Return a moment to the minute, or the day alone where it is its beginning.

    >>> when(0.0), when(90_000.0)
    ('1970-01-01', '1970-01-02 01:00 UTC')
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d}" if seconds % DAY_S == 0 else f"{moment:%Y-%m-%d %H:%M} UTC"


def written_of(series: Series, period: Period) -> str:
    """Return what was measured in a period, with its interval."""
    ends = None if period.lower is None or period.upper is None else [period.lower, period.upper]
    return words.interval(period.value, ends, percent=series.percent)


def _svg(series: Series, label: str) -> str:
    periods = series.periods
    canvas = Canvas(272)
    low, high = periods[0].at, periods[-1].at
    if high <= low:
        low, high = low - DAY_S / 2, high + DAY_S / 2
    ends = [end for each in periods for end in (each.value, each.lower, each.upper) if end is not None]
    x = Axis(low, high, "when the period began", _clock if high - low < 2 * DAY_S else date_label, dates=True, steps=4)
    label_y = percentage if series.percent else words.short
    y = Axis(*spanning(ends, margin=0.1), "mean of each period, with its 95 % interval", label_y)
    plot = Plot(canvas, x, y, top=26, bottom=226)
    plot.frame()
    sure = [each for each in periods if each.lower is not None and each.upper is not None]
    upper = [plot.at(each.at, each.upper) for each in sure if each.upper is not None]
    lower = [plot.at(each.at, each.lower) for each in sure if each.lower is not None]
    if len(sure) == 1:
        canvas.line(upper[0], lower[0], "edge")
    canvas.area([*upper, *reversed(lower)], "band")
    canvas.polyline(upper, "edge")
    canvas.polyline(lower, "edge")
    middle = [plot.at(each.at, each.value) for each in periods]
    canvas.polyline(middle, "line a")
    for centre in middle if len(middle) <= MOST_DOTS else []:
        canvas.circle(centre, 3.5, "dot a")
    return canvas.drawn(label)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M}"
