"""Rows to a file by its ending: whole or not at all."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mlwright.errors import MissingExtraError, OptionError, OutputError

if TYPE_CHECKING:
    import polars as pl


MOMENT = "%Y-%m-%dT%H:%M:%S%.f%:z"
"""How a time with a zone is written as text: ISO 8601 with its offset."""
TEXTS_STAY = {"strings_to_urls": False, "strings_to_formulas": False, "nan_inf_to_errors": True}
"""Else "mailto:ann@example.org" loses its beginning, and "=1+1" becomes a formula."""
EXCEL_ROWS, EXCEL_COLUMNS = 1_048_575, 16_384
"""A sheet holds no more, under the names of its columns."""


def _csv(frame: pl.DataFrame, file: io.BytesIO) -> None:
    _durations_told(frame).write_csv(file)


def _parquet(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_parquet(file)


def _json(frame: pl.DataFrame, file: io.BytesIO) -> None:
    _durations_told(frame).write_json(file)


def _ndjson(frame: pl.DataFrame, file: io.BytesIO) -> None:
    _durations_told(frame).write_ndjson(file)


def _excel(frame: pl.DataFrame, file: io.BytesIO) -> None:
    if frame.height > EXCEL_ROWS or frame.width > EXCEL_COLUMNS:
        raise OutputError(
            f"An Excel sheet cannot hold {frame.height:,} rows and {frame.width:,} columns, at most {EXCEL_ROWS:,} "
            f"and {EXCEL_COLUMNS:,}.",
            hint="write .csv or .parquet.",
        )
    from xlsxwriter import Workbook

    with Workbook(file, TEXTS_STAY) as book:
        _moments_told(_durations_told(frame)).write_excel(book)


def _durations_told(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with durations as text ("P1DT6H30M"), which is read back as durations: such files have none."""
    names = [name for name, kind in frame.schema.items() if kind == _polars().Duration]
    return frame.with_columns(frame[name].dt.to_string("iso") for name in names)


def _moments_told(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with those times as text that Excel does not know: with a zone, or of other years than 1 to 9999.

    The text of a time with a zone has its offset, so that it stays the same moment.
    """
    texts, dated = [], {_polars().Date, _polars().Datetime}
    for series in frame.get_columns():
        if getattr(series.dtype, "time_zone", None) is not None:
            texts.append(series.dt.to_string(MOMENT))
        elif series.dtype.base_type() in dated and not series.dt.year().is_between(1, 9999).all():
            texts.append(series.dt.to_string("iso"))
    return frame.with_columns(texts)


def _polars() -> ModuleType:
    import polars as pl

    return pl


WRITERS: dict[str, Callable[[pl.DataFrame, io.BytesIO], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".ndjson": _ndjson,
    ".xlsx": _excel,
}


def check_place(path: Path, *, what: str = "The ending of --out") -> None:
    """Raise OptionError, OutputError or MissingExtraError where rows could not be written there afterwards."""
    ending = path.suffix.casefold()
    if ending not in WRITERS:
        raise OptionError.unknown(what, ending, WRITERS)
    if ending == ".xlsx":
        try:
            import xlsxwriter  # noqa: F401
        except ImportError:
            raise MissingExtraError.of("excel", "Writing .xlsx") from None
    try:
        _check_folder(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"Nothing can be written here: {reason}.", where=str(path), hint="name another.") from error


def _check_folder(path: Path) -> None:
    if path.is_dir():
        raise OutputError("This is a folder, not a file.", where=str(path))
    if not path.parent.is_dir():
        raise OutputError("There is no such folder.", where=str(path.parent), hint="make it first, or name another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError("There is no permission to write here.", where=str(path.parent))
    with suppress(FileNotFoundError):
        os.lstat(_part(path))  # a name that is too long is refused here


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def write_rows(frame: pl.DataFrame, path: Path, *, what: str = "answers") -> None:
    """Write rows by the path's ending. Raises OutputError that says `what` they are; nothing is left half-written."""
    content = io.BytesIO()
    # Into memory first: on a full disk Polars and the writer of .xlsx fail in ways of their own.
    WRITERS[path.suffix.casefold()](frame, content)
    write_bytes(bytes(content.getbuffer()), path, what=what)


def write_bytes(content: bytes, path: Path, *, what: str) -> None:
    """Write a file beside its place and put it there. Raises OutputError and leaves nothing half-written."""
    beside = _part(path)
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full else (error.strerror or str(error))
        raise OutputError(f"The {what} cannot be written: {reason}.", where=str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
