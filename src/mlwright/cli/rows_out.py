"""Rows to a file by its ending, or to stdout: whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlwright.errors import MissingExtraError, OptionError, OutputError

if TYPE_CHECKING:
    import polars as pl


def _csv(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_csv(file)


def _parquet(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_parquet(file)


def _json(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_json(file)


def _ndjson(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_ndjson(file)


def _excel(frame: pl.DataFrame, file: io.BytesIO) -> None:
    frame.write_excel(file)


WRITERS: dict[str, Callable[[pl.DataFrame, io.BytesIO], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".ndjson": _ndjson,
    ".xlsx": _excel,
}


def check_place(path: Path | None) -> None:
    """Raise OptionError, OutputError or MissingExtraError where the rows could not be written there afterwards."""
    if path is None:
        return
    ending = path.suffix.casefold()
    if ending not in WRITERS:
        raise OptionError.unknown("The ending of --out", ending, WRITERS)
    if ending == ".xlsx":
        try:
            import xlsxwriter  # noqa: F401
        except ImportError:
            raise MissingExtraError.of("excel", "Writing .xlsx") from None
    if path.is_dir():
        raise OutputError("This is a folder, not a file.", where=str(path))
    if not path.parent.is_dir():
        raise OutputError("There is no such folder.", where=str(path.parent), hint="make it first, or name another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError("There is no permission to write here.", where=str(path.parent))


def write_rows(frame: pl.DataFrame, path: Path | None) -> None:
    """Write rows by the path's ending, or as CSV to stdout. Raises OutputError and leaves nothing half-written."""
    if path is None:
        sys.stdout.write(frame.write_csv())
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # Into memory first: on a full disk Polars and the writer of .xlsx fail in ways of their own.
        content = io.BytesIO()
        WRITERS[path.suffix.casefold()](frame, content)
        with beside.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full else (error.strerror or str(error))
        raise OutputError(f"The answers cannot be written: {reason}.", where=str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
