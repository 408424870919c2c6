"""The chart of a column: a histogram of numbers or dates, or bars for the most frequent values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.histogram import Heights, histogram
from mlwright.report.charts.plot import percentage
from mlwright.report.document import Figure, Table, headers, row
from mlwright.report.profile.sentences import PERIODS

TOP: Final = 6
NAME: Final = 40

Column = Mapping[str, Any]


def chart(column: Column, rows: int) -> Figure | None:
    """Return the chart, or None where there is nothing to see."""
    numbers, dates = column.get("numbers"), column.get("dates")
    if numbers:
        return _of_numbers(column, numbers["histogram"]) if numbers["histogram"] else None
    if dates:
        return _of_dates(column, dates["periods"]) if dates["periods"] else None
    if column["kind"] in {"category", "boolean"} and column["distinct"] > 1:
        return _of_values(column, rows - column["missing"])
    return None


def _of_numbers(column: Column, found: Mapping[str, Any]) -> Figure:
    name = words.clipped(column["name"], 60)
    edges, counts = found["edges"], found["counts"]
    seconds = column["kind"] == "duration"
    single = column["kind"] == "integer" and edges[1] - edges[0] == 1.0
    ends = f"{words.amount(edges[0])} to {words.amount(edges[-1])}"
    label = f"Histogram of {name}: how many rows have which values, from {ends}."
    title = f"{words.clipped(name, NAME)}{' in seconds' if seconds else ''}"
    names = [words.amount((low + high) / 2) for low, high in pairwise(edges)] if single else ()
    heights = Heights(edges, counts, title, logarithmic=found["logarithmic"], names=names)
    table = Table(
        f"Rows by {name}",
        headers("Value" if single else "From – to", "Rows"),
        tuple(
            row(_range(low, high, single=single), words.count(n))
            for low, high, n in zip(edges, edges[1:], counts, strict=False)
        ),
    )
    return Figure(histogram(heights, label), label, _caption(column, found), table)


def _range(low: float, high: float, *, single: bool) -> str:
    return words.amount((low + high) / 2) if single else f"{words.amount(low)} – {words.amount(high)}"


def _caption(column: Column, found: Mapping[str, Any]) -> str:
    """Return what must be known to read the chart rightly."""
    told = "How many rows have which value."
    if found["logarithmic"]:
        return f"{told} The axis grows by factors, so that small and large values can both be seen."
    numbers, out = column["numbers"], []
    if found["below"]:
        out.append(f"{words.counted(found['below'], 'value')} down to {words.amount(numbers['low'])}")
    if found["above"]:
        out.append(f"{words.counted(found['above'], 'value')} up to {words.amount(numbers['high'])}")
    return f"{told} Not drawn, because far from the others: {' and '.join(out)}." if out else told


def _of_dates(column: Column, found: Mapping[str, Any]) -> Figure:
    one, _ = PERIODS[found["unit"]]
    name = words.clipped(column["name"], 60)
    label = f"Rows by {one} of {name}, from {found['starts'][0]} to {found['starts'][-1]}."
    edges = tuple(float(place) for place in range(len(found["counts"]) + 1))
    heights = Heights(
        edges,
        found["counts"],
        words.clipped(name, NAME),
        names=tuple(_period(start, found["unit"]) for start in found["starts"]),
    )
    table = Table(
        f"Rows by {one}",
        headers(one.capitalize(), "Rows"),
        tuple(
            row(_period(start, found["unit"]), words.count(n))
            for start, n in zip(found["starts"], found["counts"], strict=True)
        ),
    )
    return Figure(histogram(heights, label), label, f"How many rows fall into which {one}.", table)


def _period(start: str, unit: str) -> str:
    """Return a period's name as short as it can be."""
    if unit == "year":
        return start[:-6]
    if unit == "decade":
        return f"{start[:-6]}s"
    if unit == "month":
        return start[:-3]
    if unit == "quarter":
        return f"{start[:-6]} Q{(int(start[-5:-3]) + 2) // 3}"
    return start


def _of_values(column: Column, present: int) -> Figure:
    name = words.clipped(column["name"], 60)
    top = column["top"][:TOP]
    rest, others = present - sum(each["count"] for each in top), column["distinct"] - len(top)
    marks = [
        Bar(words.clipped(each["value"], NAME), each["count"] / present, words.share(each["count"] / present))
        for each in top
    ]
    if others > 0 and rest > 0:
        marks.append(Bar(f"{words.counted(others, 'other value')}", rest / present, words.share(rest / present)))
    label = f"The most frequent values of {name} and their shares of the rows."
    rows = [
        row(words.clipped(each["value"], 60), words.count(each["count"]), words.share(each["count"] / present))
        for each in column["top"]
    ]
    table = Table(f"Most frequent values of {name}", headers("Value", "Rows", "Share"), tuple(rows))
    caption = "How often each value occurs." if others <= 0 else "How often the most frequent values occur."
    return Figure(
        bars(marks, Look("bar", "share of the rows that have a value", percentage), label), label, caption, table
    )
