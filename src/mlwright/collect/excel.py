"""Excel workbooks and OpenDocument sheets."""

from __future__ import annotations

from typing import Any

import polars as pl

from mlwright.collect.files import File
from mlwright.collect.memory import fit
from mlwright.collect.names import tidy_names
from mlwright.collect.options import ReadOptions
from mlwright.collect.sniff import PREAMBLE, ROWS, passed_over, title_lines
from mlwright.collect.tidy import tidied
from mlwright.errors import DataError, OptionError, SourceError
from mlwright.findings import Finding
from mlwright.table import Table

ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})


class ExcelConnector:
    """Reads one sheet of a workbook: the first, or the one that is named."""

    name = "excel"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a workbook."""
        return isinstance(source, File) and source.ending in ENDINGS

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the sheet."""
        if not isinstance(source, File):
            raise TypeError(source)
        workbook, errors = _opened(source)
        sheet, told = _chosen(workbook.sheet_names, options, source.shown)
        header = options.header is not False
        try:
            labels, row = _header(workbook, sheet) if header else ([], None)
            # A sample of the rows would turn what does not fit its types into nulls: look at all of them.
            loaded = workbook.load_sheet(sheet, header_row=row, schema_sample_rows=None)
            frame = pl.DataFrame(loaded)
        except errors as error:
            raise SourceError(
                f"The sheet {sheet!r} cannot be read: {_first_line(error)}.", where=source.shown
            ) from error
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame
        if not frame.height:
            raise DataError(f"The sheet {sheet!r} has no rows.", where=source.shown)
        if header and len(labels) != frame.width:
            labels = frame.columns
        names, renamed = tidy_names(labels if header else [""] * frame.width)
        frame.columns = names
        frame, findings = tidied(frame)
        frame, sampled = fit(
            frame.lazy(), rows=frame.height, size=int(frame.estimated_size()), options=options, where=source.shown
        )
        above = (passed_over(row, 1),) if row else ()
        found = (*told, *above, *(renamed if header else ()), *findings, *sampled)
        return Table(frame, name=source.name, origin=source.shown, findings=found)


def _opened(file: File) -> tuple[Any, tuple[type[Exception], ...]]:
    import fastexcel

    errors: tuple[type[Exception], ...] = (fastexcel.FastExcelError, pl.exceptions.PolarsError, ValueError, OSError)
    try:
        return fastexcel.read_excel(str(file.path) if file.path is not None else file.data), errors
    except errors as error:
        raise SourceError(
            f"The workbook is damaged, or is none: {_first_line(error)}.",
            where=file.shown,
            hint="open it in a spreadsheet program and save it again.",
        ) from error


def _chosen(names: list[str], options: ReadOptions, shown: str) -> tuple[str, tuple[Finding, ...]]:
    listed = ", ".join(map(repr, names))
    sheet = options.sheet
    if sheet is None:
        if not names:
            raise SourceError("The workbook has no sheets.", where=shown)
        if len(names) == 1:
            return names[0], ()
        message = f"The workbook has {len(names)} sheets ({listed}), and the first was read."
        return names[0], (Finding(kind="other_sheets", message=message, repair="name the sheet", applied=True),)
    if isinstance(sheet, str) and sheet in names:
        return sheet, ()
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return names[sheet], ()
    if isinstance(sheet, str):
        raise OptionError.unknown("The sheet", sheet, names)
    raise OptionError(f"There is no sheet {sheet}.", where=shown, hint=f"the sheets, from 0: {listed}.")


def _header(workbook: Any, sheet: str) -> tuple[list[str], int]:
    """Return the names as the sheet has them, and the row that holds them, which may stand below a title.

    fastexcel gives empty and repeated names others of its own.
    """
    rows = _first_rows(workbook, sheet, None)
    # A row of one cell is a title; any other is as wide as the table, however many of its cells are empty.
    sizes = [sum(cell is not None and bool(cell.strip()) for cell in row) for row in rows]
    cells = [[cell or "" for cell in row] for row in rows]
    above = title_lines([row if size > 1 else row[:size] for row, size in zip(cells, sizes, strict=True)] or [[]])
    # fastexcel counts blank rows at the top for the header's row, and leaves them out of what it reads.
    for row in range(above, above + PREAMBLE) if above else ():
        below = _first_rows(workbook, sheet, row)[: len(rows) - above - 1]
        if below == rows[above + 1 :]:
            return cells[above], row
    return (cells[0] if cells else []), 0


def _first_rows(workbook: Any, sheet: str, header: int | None) -> list[tuple[str | None, ...]]:
    loaded = workbook.load_sheet(sheet, header_row=header, n_rows=ROWS, schema_sample_rows=None, dtypes="string")
    return pl.DataFrame(loaded).rows()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
