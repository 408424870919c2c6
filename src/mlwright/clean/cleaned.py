"""mw.clean: what is wrong with a table, cell by cell, and the table with what is surely right put in its place."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection
from mlwright.clean.cell_errors import Cell, CellErrors
from mlwright.clean.cell_errors.engine import LABELLED
from mlwright.clean.cell_errors.repair import bounded
from mlwright.clean.detectors import detect
from mlwright.clean.given import checked_options, checked_shape, checked_value
from mlwright.clean.measures.telling_cells import page_of, sentence_of
from mlwright.clean.originals import Originals, fitting, writable
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.collect.rows_out import check_place, write_rows
from mlwright.errors import ColumnError, DataError
from mlwright.findings import Finding
from mlwright.values import OUTER

Labels = Mapping[int, Mapping[str, object]]
"""By row (counted from 0), the true values of its columns; columns that are not named are right as they stand."""

MOST_SHARE = 0.8
"""A finding of our own on a column is left out where a detector's findings name so many of its cells already."""
ALARMING = 0.8
"""Cells of which none is more surely wrong than that are worth knowing of, and no alarm."""
ORDER = {"error": 0, "warning": 1, "info": 2}


class Asked:
    """A row to be labelled: what stands in it, and which of its cells are doubtful."""

    def __init__(self, cleaned: Cleaned, row: int, values: dict[str, Any]) -> None:
        self._cleaned = cleaned
        self.row = row
        self.values = values

    @cached_property
    def doubtful(self) -> dict[str, float]:
        """The columns whose cell may be wrong, the most doubtful first, with the probability that it is."""
        sure = self._cleaned.probabilities(self.row)
        doubtful = sorted((name for name, p in sure.items() if p >= DOUBTFUL), key=lambda name: -sure[name])
        return {name: round(sure[name], 3) for name in doubtful}

    @cached_property
    def proposed(self) -> dict[str, str]:
        """What may have to stand there, where something is known: "" for nothing."""
        cells = self._cleaned.cells
        return {cell.column: cell.new for cell in cells if cell.row == self.row and cell.new is not None}

    def __repr__(self) -> str:
        """Name the row, its doubtful cells and the next call."""
        marked = ", ".join(f"{name!r}: {self.values[name]!r}" for name in self.doubtful) or "none"
        return (
            f"<row {self.row}, doubtful: {marked}; label it with .with_labels({{{self.row}: {{column: true value}}}})>"
        )


class Cleaned:
    """A table with its wrong cells named, and repaired where that is sure enough.

    What it holds is worked out when it is first asked for: labelling several rows one after the other costs little.
    """

    def __init__(
        self,
        engine: CellErrors,
        told: Iterable[Finding],
        labels: dict[int, dict[str, str]],
        *,
        apply: bool = True,
        originals: Originals | None = None,
    ) -> None:
        self._engine = engine
        self._originals = originals or Originals.of(engine.context.table.frame, engine.context.table)
        self._told = tuple(told)
        self._apply = apply
        self.labels = labels
        """The rows that a person has labelled, with all their values."""
        self.name = engine.context.table.name

    @cached_property
    def _repaired(self) -> tuple[pl.DataFrame, tuple[Cell, ...]]:
        cells = self._engine.cells(self.labels)
        if not self._apply:
            return self._originals.with_values({}), tuple(cells)
        frame, cells = put_in(self._engine.context, cells, self._originals)
        return frame, tuple(cells)

    @property
    def frame(self) -> pl.DataFrame:
        """The repaired rows: the same rows, columns and types; a column without a repair is the source's own."""
        return self._repaired[0]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that are wrong; `new` is None where nothing was surely better and the cell was left."""
        return self._repaired[1]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the table, the worst first."""
        detections = self._engine.detections
        told = _applied(self._told, detections, self.cells if self._apply else ())
        own = _findings(_untold(self.cells, told), detections, self.frame.height, applied=self._apply)
        return tuple(sorted((*told, *own), key=_rank))

    @property
    def repaired(self) -> int:
        """The number of cells that were changed."""
        return sum(cell.new is not None for cell in self.cells) if self._apply else 0

    def probabilities(self, row: int) -> dict[str, float]:
        """Return how likely each cell of a row is wrong."""
        return {name: float(each.probability[row]) for name, each in self._engine.verdicts(self.labels).items()}

    def next_tuple(self) -> Asked | None:
        """Return the row whose label would help most, or None where all are labelled."""
        row = self._engine.next_row(self.labels)
        return None if row is None else Asked(self, row, self._engine.context.table.frame.row(row, named=True))

    def with_labels(self, labels: Labels) -> Cleaned:
        """Return the table cleaned anew with these rows labelled besides those that were; it is not looked at again.

        By row (counted from 0), the true values of its columns; columns that are not named are right as they stand.
        """
        known = {**self.labels, **_checked(labels, self._engine.context)}
        return Cleaned(self._engine, self._told, known, apply=self._apply, originals=self._originals)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the repaired rows by the path's ending (.csv, .parquet, .json, .ndjson, .xlsx), whole or not at all."""
        place = Path(path)
        check_place(place, what="The ending of the file")
        whole = place.suffix.casefold() == ".parquet"
        write_rows(self.frame if whole else writable(self.frame), place, what="cleaned rows")
        return place

    def to_dict(self) -> dict[str, Any]:
        """Return findings and cells as they stand in JSON."""
        return {
            "rows": self.frame.height,
            "repaired": self.repaired,
            "left": len(self.cells) - self.repaired,
            "labelled": sorted(self.labels),
            "findings": [finding.to_dict() for finding in self.findings],
            "cells": [cell.to_dict() for cell in self.cells],
        }

    def __repr__(self) -> str:
        """Name what was found and the next call."""
        rows, columns = self.frame.shape
        left = len(self.cells) - self.repaired
        return (
            f"<Cleaned {self.name!r}: {rows:,} rows x {columns:,} columns, {len(self.cells):,} cells wrong: "
            f"{self.repaired:,} repaired, {left:,} left; see .cells and .findings, then .save(path) or .next_tuple()>"
        )

    def _repr_html_(self) -> str:
        """Show the findings and the first cells in a notebook."""
        return page_of(repr(self).strip("<>"), self.findings, self.cells)


DOUBTFUL = 0.2
"""A cell is shown as doubtful from this probability on."""


def clean(
    source: object,
    *,
    target: str | None = None,
    query: str | None = None,
    labels: Labels | None = None,
    exclude: Iterable[str] = (),
    apply: bool = True,
    seed: int = 0,
) -> Cleaned:
    """Find the wrong cells of a table and repair those of which it is sure.

    Rows are never deleted, and columns and their types stay. A cell is changed only while the clean cells that are
    expected to be changed by mistake stay below one in a thousand.

    Parameters
    ----------
    source
        A path, a frame, rows, ...: whatever `build` takes.
    target
        The column to be predicted later: it is left as it is, and no other column is repaired by it.
    query
        One SELECT, where the source is a database.
    labels
        By row (counted from 0), the true values of its columns; columns not named are right as they stand.
    exclude
        Columns to leave alone.
    apply
        Whether the repairs are made, or only proposed.
    seed
        Where randomness starts: that of the row asked for next and of what is learned from labels.

    Examples
    --------
    >>> import mlwright as mw
    >>> towns = ["Oslo", "Bergen", "Tromso", "Drammen"] * 30
    >>> towns[7] = "Dramen"
    >>> cleaned = mw.clean({"town": towns, "code": ["0150", "5003", "9008", "3015"] * 30})
    >>> [(cell.row, cell.old, cell.new) for cell in cleaned.cells]
    [(7, 'Dramen', 'Drammen')]
    """
    exclude, seed = checked_options(labels, exclude, apply, seed), int(seed)
    source = _held(source)
    table = collect(source, query=query, sample=False)
    originals = Originals.of(source, table)
    schema, found = infer_schema(table, Question(target=target, exclude=exclude))
    context = Context(table, schema, seed=seed)
    apart = (*exclude, *([] if target is None else [target]), *originals.opaque())
    detections = tuple(detect(table, context))
    engine = CellErrors(context, detections, apart, seed=seed)
    told = (*table.findings, *found, *(detection.finding for detection in detections))
    return Cleaned(engine, told, _checked(labels or {}, context), apply=bool(apply), originals=originals)


def _held(source: object) -> object:
    """Return rows that can be read once only, or that may be others the next time, as a frame that holds them."""
    stream: Any = source
    try:
        if isinstance(source, pl.LazyFrame):
            return source.collect(engine="streaming")
        if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "iloc") and not isinstance(source, pl.Series):
            return pl.DataFrame(stream)
    except (pl.exceptions.PolarsError, OSError, TypeError, ValueError):
        pass  # reading says what is wrong
    return source


def _rank(finding: Finding) -> tuple[int, float]:
    return ORDER[finding.severity], -finding.confidence


def _checked(labels: Labels, context: Context) -> dict[int, dict[str, str]]:
    """Return whole labelled rows as texts. Raises ColumnError, DataError or OptionError where one cannot be."""
    checked_shape(labels)
    table = context.table
    names = table.frame.columns
    known: dict[int, dict[str, str]] = {}
    for row, values in labels.items():
        if not _is_row(row, table.rows):
            hint = f"rows are counted from 0 to {table.rows - 1:,}." if table.rows else None
            raise DataError(f"There is no row {row!r} to be labelled.", where=table.origin, hint=hint)
        for column in values:
            if column not in names:
                raise ColumnError.missing(str(column), names, what="labelled column", where=table.origin)
        held = {name: context.texts(name)[int(row)] for name in names if name not in values}
        given = {name: checked_value(value, name, int(row), context) for name, value in values.items()}
        known[int(row)] = {name: _text((held | given)[name]) for name in names}
    return known


def _text(value: str | None) -> str:
    return "" if value is None or not value.strip(OUTER) else value


def _is_row(row: object, rows: int) -> bool:
    return isinstance(row, int | np.integer) and not isinstance(row, bool) and 0 <= int(row) < rows


def put_in(context: Context, cells: list[Cell], originals: Originals | None = None) -> tuple[pl.DataFrame, list[Cell]]:
    """Put the new values in their places; where one does not fit the column's type, the cell is left.

    All other cells are those of the source, in its own types, where `originals` has them.
    """
    frame = context.table.frame
    originals = originals or Originals.of(frame, context.table)
    leaves = originals.leaves()
    by_column: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        if cell.new is not None:
            by_column.setdefault(cell.column, []).append(at)
    made, columns = list(cells), dict[str, pl.Series]()
    for name, places in by_column.items():
        texts = [cells[at].new or None for at in places]
        values, fits = _typed(texts, frame[name], context)
        values = fitting(values, leaves[name].dtype)
        fits = [fit and (value is not None or not text) for fit, value, text in zip(fits, values, texts, strict=True)]
        for at, fit in zip(places, fits, strict=True):
            if not fit:
                made[at] = replace(cells[at], new=None, confidence=bounded(cells[at].wrong))
        kept = [place for place, fit in enumerate(fits) if fit]
        if kept:
            columns[name] = _placed(leaves[name], [cells[places[at]].row for at in kept], values.gather(kept))
    return originals.with_values(columns), made


def _typed(new: list[str | None], series: pl.Series, context: Context) -> tuple[pl.Series, list[bool]]:
    """Return new texts as values of a column's type, and which of them it can hold.

    A text that stands elsewhere in the column is the value that stands there, whatever its type.
    """
    texts = pl.Series(series.name, new, dtype=pl.String)
    if series.dtype == pl.String:
        return texts, [True] * len(new)
    held = context.texts(series.name)
    first = pl.DataFrame({"text": held, "row": pl.int_range(len(held), eager=True)}).unique("text", keep="first")
    rows = texts.to_frame("text").join(first, on="text", how="left", maintain_order="left")["row"]
    known = series.gather(rows)
    try:
        values = known.zip_with(rows.is_not_null(), texts.cast(series.dtype, strict=False))
    except pl.exceptions.PolarsError:
        values = known
    return values, (values.is_not_null() | texts.is_null()).to_list()


def _placed(series: pl.Series, rows: list[int], values: pl.Series) -> pl.Series:
    """Return a column with values in these rows."""
    place = pl.DataFrame({"row": rows, "new": values}).sort("row")
    new = pl.DataFrame({"row": pl.int_range(len(series), eager=True)}).join(
        place.with_columns(changed=True), on="row", how="left", maintain_order="left"
    )
    return series.zip_with(~new["changed"].fill_null(value=False), new["new"].cast(series.dtype)).alias(series.name)


def _applied(told: Iterable[Finding], detections: Iterable[Detection], cells: Iterable[Cell]) -> list[Finding]:
    """Return the findings, those marked as applied of whose cells most were repaired."""
    changed = {(cell.column, cell.row) for cell in cells if cell.new is not None}
    done = set[int]()
    for detection in detections:
        named = [(part.column, row) for part in detection.cells for row in part.rows.tolist()]
        if named and sum(each in changed for each in named) > 0.5 * len(named):
            done.add(id(detection.finding))
    return [replace(finding, applied=True) if id(finding) in done else finding for finding in told]


def _untold(cells: Iterable[Cell], told: Iterable[Finding]) -> list[Cell]:
    """Leave out cells of a kind that the reading of their column has told of."""
    known = {(finding.kind, name) for finding in told if len(finding.columns) == 1 for name in finding.columns}
    return [cell for cell in cells if (cell.kind, cell.column) not in known]


def _findings(cells: Iterable[Cell], detections: Iterable[Detection], rows: int, *, applied: bool) -> list[Finding]:
    """Return one finding for each column with wrong cells that no detector has told of."""
    told = {
        (part.column, row)
        for detection in detections
        if detection.finding.severity != "info"
        for part in detection.cells
        for row in part.rows.tolist()
    }
    by_column: dict[str, list[Cell]] = {}
    for cell in cells:
        by_column.setdefault(cell.column, []).append(cell)
    found = []
    for name, wrong in by_column.items():
        known = sum((name, cell.row) in told for cell in wrong)
        if known >= MOST_SHARE * len(wrong):
            continue
        repaired = sum(cell.new is not None for cell in wrong)
        kinds = Counter(cell.kind for cell in wrong if cell.kind != LABELLED)
        sure = [cell.wrong for cell in wrong]
        found.append(
            Finding(
                kind="cell_errors",
                columns=(name,),
                rows=tuple(cell.row for cell in wrong[:100]),
                message=sentence_of(name, wrong, rows, kinds),
                severity="warning" if max(sure) >= ALARMING else "info",
                confidence=round(min(0.99, sum(sure) / len(sure)), 3),
                repair="Put in what the rest of the table says." if repaired else "Look at these cells.",
                applied=applied and repaired > 0,
            )
        )
    return found
