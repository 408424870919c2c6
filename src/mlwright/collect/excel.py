"""Excel workbooks and OpenDocument sheets."""

from __future__ import annotations

from typing import Any

import polars as pl

from mlwright.collect.files import File
from mlwright.collect.memory import fit
from mlwright.collect.names import tidy_names
from mlwright.collect.options import ReadOptions
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
            # A sample of the rows would turn what does not fit its types into nulls: look at all of them.
            loaded = workbook.load_sheet(sheet, header_row=0 if header else None, schema_sample_rows=None)
            frame = pl.DataFrame(loaded)
        except errors as error:
            raise SourceError(
                f"The sheet {sheet!r} cannot be read: {_first_line(error)}.", where=source.shown
            ) from error
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame
        if not frame.height:
            raise DataError(f"The sheet {sheet!r} has no rows.", where=source.shown)
        names, renamed = tidy_names(_labels(workbook, sheet, frame) if header else [""] * frame.width)
        frame.columns = names
        frame, findings = tidied(frame)
        frame, sampled = fit(
            frame.lazy(), rows=frame.height, size=int(frame.estimated_size()), options=options, where=source.shown
        )
        found = (*told, *(renamed if header else ()), *findings, *sampled)
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


def _labels(workbook: Any, sheet: str, frame: pl.DataFrame) -> list[str]:
    """Return the names as the sheet has them: fastexcel gives empty and repeated ones names of its own."""
    first = workbook.load_sheet(sheet, header_row=None, n_rows=1, schema_sample_rows=None, dtypes="string")
    cells = pl.DataFrame(first).row(0)
    return [str(cell or "") for cell in cells] if len(cells) == frame.width else frame.columns


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
