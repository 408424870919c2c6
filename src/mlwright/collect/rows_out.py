"""Rows to a file by its ending: whole or not at all."""

from __future__ import annotations

import errno
import io
import os
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
    if path.is_dir():
        raise OutputError("This is a folder, not a file.", where=str(path))
    if not path.parent.is_dir():
        raise OutputError("There is no such folder.", where=str(path.parent), hint="make it first, or name another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError("There is no permission to write here.", where=str(path.parent))


def write_rows(frame: pl.DataFrame, path: Path, *, what: str = "answers") -> None:
    """Write rows by the path's ending. Raises OutputError that says `what` they are; nothing is left half-written."""
    content = io.BytesIO()
    # Into memory first: on a full disk Polars and the writer of .xlsx fail in ways of their own.
    WRITERS[path.suffix.casefold()](frame, content)
    write_bytes(bytes(content.getbuffer()), path, what=what)


def write_bytes(content: bytes, path: Path, *, what: str) -> None:
    """Write a file beside its place and put it there. Raises OutputError and leaves nothing half-written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
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
