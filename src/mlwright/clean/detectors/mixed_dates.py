"""Columns in which dates are written in several ways, and dates whose day and month changed places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.distinct import Distinct
from mlwright.clean.reading.kinds_times import FORMATS, SHORT
from mlwright.clean.repairs import Replace
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table
from mlwright.values import match_datetime

ENOUGH_ROWS = 5
ENOUGH = 0.9
"""So many of a column's values are dates of some format."""
LOOKED_AT = 30_000
"""Different texts that are read one by one."""
TRIED = 300
"""Texts of one shape by which its format is found."""
MOST_SHAPES = 60
FIRST, LAST = -5_364_662_400.0, 7_258_118_400.0
"""1800 and 2200: dates outside are numbers that look like dates."""
DATELIKE = r"^\D{0,12}\d{1,4}\D{1,12}(?:\d{1,2}|\p{L}{3,9}\.?)\D{0,4}\d{0,4}|^\d{8}$"
LEADS = 0.55
"""Where day and month change places from text to text, one order must have this share of those that prove theirs."""
MOST_REPLACED = 1_000
DAY = 86_400.0
AROUND = 11
"""The rows around one that tell which time it is, where rows are in order of time."""
ORDERED = 0.95
FAR_DAYS = 15.0
"""A date out of order by more days than this is looked at."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Texts that are built alike, "99/99/Y", and the formats that read all or nearly all of them."""

    texts: list[str]
    rows: int
    formats: tuple[str, ...]


class MixedDates:
    """Finds "2024-01-31" beside "31/01/2024" and "Jan 31, 2024", also where that made a text of the column.

    Texts are grouped by how they are built, so that a format is found once for each group; where day and month could
    be exchanged, another value of the group decides, then the dates of the rest.
    """

    name: ClassVar[str] = "mixed_dates"
    kinds: ClassVar[tuple[str, ...]] = ("inconsistent_dates",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column of dates that is written in more than one way."""
        for column in context.schema:
            if column.kind not in {"datetime", "text", "category", "id"}:
                continue
            if table.frame[column.name].dtype != pl.String:
                continue
            mixed = list(_mixed(context, column))
            yield from mixed
            if not mixed and column.kind == "datetime" and table.rows >= 3 * AROUND:
                yield from _swapped(context, column)


def _mixed(context: Context, column: Column) -> Iterator[Detection]:
    distinct = context.distinct(column.name)
    if distinct.present < ENOUGH_ROWS or len(distinct.texts) < 3:
        return
    sample = distinct.spread(TRIED)
    if sample.share(sample.matching(DATELIKE)) < 0.7 * ENOUGH:
        return
    looked_at = distinct.spread(LOOKED_AT)
    shapes = _shapes(looked_at)
    if sum(shape.rows for shape in shapes if shape.formats) < ENOUGH * looked_at.present:
        return
    written = _resolved([shape for shape in shapes if shape.formats])
    counts = dict(zip(looked_at.texts.to_list(), looked_at.counts.tolist(), strict=True))
    rows = {form: sum(counts[text] for text in read) for form, read in written.items()}
    if len(rows) < 2:
        return
    main = max(rows, key=lambda form: rows[form])
    if main in SHORT:
        return
    yield _told(context, column, written, rows, main)


def _shapes(distinct: Distinct) -> list[_Shape]:
    """Group texts by their shape, and find for each the formats that read it."""
    form = (
        distinct.texts.str.replace_all(r"\d{8}", "C")
        .str.replace_all(r"\d{4}", "Y")
        .str.replace_all(r"\d{1,2}", "9")
        .str.replace_all(r"\p{L}{3,}\.?", "a")
    )
    frame = pl.DataFrame({"shape": form, "text": distinct.texts, "count": distinct.counts})
    grouped = frame.group_by("shape", maintain_order=True).agg(pl.col("text"), pl.col("count").sum())
    grouped = grouped.sort("count", descending=True, maintain_order=True).head(MOST_SHAPES)
    return [
        _Shape(texts, count, _formats(texts))
        for texts, count in zip(grouped["text"].to_list(), grouped["count"].to_list(), strict=True)
    ]


def _formats(texts: list[str]) -> tuple[str, ...]:
    """Return the formats that read all of some texts; two where day and month come first in turn."""
    step = max(1, len(texts) // TRIED)
    some = texts[::step]
    read = {form: np.array([_seconds(text, form) is not None for text in some]) for form in FORMATS}
    whole = tuple(form for form, flags in read.items() if flags.all())
    if whole:
        return tuple(form for form in whole if form not in SHORT) or whole
    for first, second in _TWINS:
        if (read[first] | read[second]).mean() >= 0.98:
            return (first, second)
    most = max(read, key=lambda form: float(read[form].mean()))
    return (most,) if read[most].mean() >= 0.98 else ()


_TWINS = tuple(
    (form, twin)
    for form in FORMATS
    if form.startswith("%d")
    and (twin := form.replace("%d", "%#").replace("%m", "%d").replace("%#", "%m")) in FORMATS
    and twin != form
)
"""Formats that differ in whether the day or the month comes first."""


def _seconds(text: str, form: str) -> float | None:
    value = match_datetime(text, form)
    return value if value is not None and FIRST <= value <= LAST else None


def _resolved(shapes: list[_Shape]) -> dict[str, dict[str, float | None]]:
    """Return for each format the texts written in it and their moments; None where day and month are in doubt."""
    sure: list[float] = []
    for shape in shapes:
        if len(shape.formats) == 1:
            sure += [value for text in shape.texts if (value := _seconds(text, shape.formats[0])) is not None]
    span = (min(sure), max(sure)) if sure else None
    written: dict[str, dict[str, float | None]] = defaultdict(dict)
    for shape in sorted(shapes, key=lambda each: len(each.formats)):
        usual = [form for form in shape.formats if form in written]
        formats = shape.formats if len(shape.formats) == 1 else _narrowed(shape, span)
        if len(formats) > 1 and usual:
            formats = tuple(usual[:1])
        leading = _leading(shape, formats) if len(formats) > 1 else None
        for text in shape.texts:
            read = [(form, value) for form in formats if (value := _seconds(text, form)) is not None]
            if not read:
                continue
            doubtful = len({value for _, value in read}) > 1
            form, value = next((each for each in read if each[0] == leading), read[0])
            key = f"iso{text[4]}" if form == "iso" else form  # 2024/01/31 is not written like 2024-01-31
            written[key][text] = None if doubtful and leading is None else value
    return written


def _leading(shape: _Shape, formats: tuple[str, ...]) -> str | None:
    """Return which of two formats nearly all texts follow that could not be the other: it is meant in the rest too."""
    proved = dict.fromkeys(formats, 0)
    for text in shape.texts:
        able = [form for form in formats if _seconds(text, form) is not None]
        if len(able) == 1:
            proved[able[0]] += 1
    best = max(formats, key=lambda form: proved[form])
    return best if proved[best] >= LEADS * sum(proved.values()) > 0 else None


def _narrowed(shape: _Shape, span: tuple[float, float] | None) -> tuple[str, ...]:
    """Return the formats that put the dates of a shape where the other dates are; all where several do."""
    if span is None:
        return shape.formats
    some = shape.texts[:TRIED]
    share = {}
    for form in shape.formats:
        values = [value for text in some if (value := _seconds(text, form)) is not None]
        share[form] = sum(span[0] - DAY <= value <= span[1] + DAY for value in values) / len(some)
    best = max(share.values())
    kept = tuple(form for form in shape.formats if share[form] == best)
    if any(share[form] > 0 for form in shape.formats if form not in kept) and best < 1.0:
        return shape.formats
    return kept


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    if seconds % DAY == 0:
        return moment.date().isoformat()
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds" if seconds % 1 == 0 else "microseconds")


def _told(
    context: Context,
    column: Column,
    written: dict[str, dict[str, float | None]],
    counts: dict[str, int],
    main: str,
) -> Detection:
    new = {text: _iso(value) for form, read in written.items() if form != main for text, value in read.items()}
    stripped = context.distinct(column.name).stripped
    rows: Rows = np.flatnonzero(stripped.is_in(list(new)).fill_null(value=False).to_numpy()).astype(np.intp)
    ordered = sorted(written, key=lambda form: -counts[form])
    examples = [next(iter(written[form])) for form in ordered]
    listed = ", ".join(f"like {text!r} ({counts[form]:,})" for form, text in zip(ordered, examples, strict=True))
    lost = "" if column.is_float else f"; the Schema reads the column as {column.kind}"
    known = {text: value for text, value in new.items() if value is not None}
    everything = {text: _iso(value) for read in written.values() for text, value in read.items()}
    replaced = {text: value for text, value in everything.items() if value is not None and value != text}
    able = not column.is_float and 0 < len(replaced) <= MOST_REPLACED
    return Detection(
        finding=Finding(
            kind="inconsistent_dates",
            columns=(column.name,),
            rows=shown(rows),
            message=f"The dates of {column.name!r} are written in {len(ordered)} ways, {listed}: {len(rows):,} "
            f"({percent(len(rows) / len(stripped))} of the rows) are not like most{lost}.",
            severity="warning",
            confidence=0.95 if len(known) == len(new) else 0.85,
            repair="Write all of them as 2024-01-31.",
        ),
        rows=rows,
        cells=(Cells(column.name, rows, tuple(new[text] for text in stripped.gather(rows)), np.full(len(rows), 0.9)),),
        repair=Replace(column.name, replaced) if able else None,
    )


def _swapped(context: Context, column: Column) -> Iterator[Detection]:
    """Return dates that are out of order, and in order once day and month change places."""
    seconds = context.numbers(column.name)
    known = np.flatnonzero(~np.isnan(seconds))
    values = seconds[known]
    if len(values) < 3 * AROUND or not _in_order(values):
        return
    middle = pl.Series(values).rolling_median(AROUND, center=True, min_samples=3).to_numpy()
    off = np.flatnonzero(np.abs(values - middle) > FAR_DAYS * DAY)
    if not 0 < len(off) <= 0.1 * len(values):
        return
    exchanged = np.array([_exchanged(float(values[at])) for at in off])
    mended = np.abs(exchanged - middle[off]) <= np.maximum(0.2 * np.abs(values[off] - middle[off]), 3.0 * DAY)
    found: NDArray[np.intp] = off[mended]
    if len(found) < 2 or len(found) < 0.5 * len(off):
        return
    rows = known[found].astype(np.intp)
    new = tuple(_iso(float(value)) for value in exchanged[mended])
    example = context.texts(column.name)[int(rows[0])]
    yield Detection(
        finding=Finding(
            kind="inconsistent_dates",
            columns=(column.name,),
            rows=shown(rows),
            message=f"In {len(rows):,} values of {column.name!r} ({percent(len(rows) / len(seconds))} of the rows) day "
            f"and month seem to have changed places, such as {example!r}: as {new[0]!r} it is in order with the rest.",
            severity="warning",
            confidence=0.85,
            repair="Exchange day and month.",
        ),
        rows=rows,
        cells=(Cells(column.name, rows, new, np.full(len(rows), 0.85)),),
    )


def _in_order(values: NDArray[np.float64]) -> bool:
    """Tell whether moments rise, or fall, from row to row but for a few."""
    steps = np.diff(values)
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= ORDERED - 0.1 and (steps != 0).any())


def _exchanged(seconds: float) -> float:
    moment = datetime.fromtimestamp(seconds, UTC)
    if moment.day > 12:
        return np.inf
    return moment.replace(month=moment.day, day=moment.month).timestamp()
