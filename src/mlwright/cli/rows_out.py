"""Rows to a file by its ending, or to stdout: whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlwright.cli.console import encodable
from mlwright.collect import rows_out

if TYPE_CHECKING:
    import polars as pl


def check_place(path: Path | None) -> None:
    """Raise OptionError, OutputError or MissingExtraError where the rows could not be written there afterwards."""
    if path is not None:
        rows_out.check_place(path)


def write_rows(frame: pl.DataFrame, path: Path | None) -> None:
    """Write rows by the path's ending, or as CSV to stdout. Raises OutputError and leaves nothing half-written."""
    if path is None:
        sys.stdout.write(encodable(frame.write_csv(), sys.stdout))
    else:
        rows_out.write_rows(frame, path)
