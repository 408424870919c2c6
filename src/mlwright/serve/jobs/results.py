"""Answers to a file: written as they are given, as lines of JSON, as CSV or as Parquet."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mlwright.serve.answers import Answer
from mlwright.serve.bodies import written
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON, PARQUET
from mlwright.serve.serving import Serving
from mlwright.serve.tables import Columns, csv_cells, frame

GIVEN: Mapping[str, str] = {CSV: CSV, NDJSON: NDJSON, JSON: NDJSON, PARQUET: PARQUET, ARROW: PARQUET}
"""As what kind of content answers are written, by what kind the rows are."""
AT_A_TIME = 50_000
"""So many rows make a part of a Parquet file."""


class Writer(Protocol):
    """Writes answers to a file; where `close` was not reached, there is none."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some answers."""

    def close(self) -> None:
        """End the file."""


def writer(media_type: str, path: Path, served: Serving, *, explain: bool) -> Writer:
    """Return what writes answers of a model as one kind of content. Raises OSError."""
    if media_type == NDJSON:
        return Lines(path, served.shown)
    columns = served.table(explain=explain)
    return Commas(path, columns) if media_type == CSV else Parts(path, columns)


class Lines:
    """Answers as lines of JSON."""

    def __init__(self, path: Path, model: Mapping[str, Any]) -> None:
        self._file, self._model = path.open("wb"), model

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some answers."""
        self._file.write(written(answers, self._model, NDJSON))

    def close(self) -> None:
        """End the file."""
        self._file.close()


class Commas:
    """Answers as CSV."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._file, self._columns = path.open("w", encoding="utf-8", newline="", errors="replace"), columns
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(columns.names)

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some answers."""
        self._writer.writerows(csv_cells(self._columns, answers))

    def close(self) -> None:
        """End the file."""
        self._file.close()


class Parts:
    """Answers as Parquet: in parts, which become one file in the end."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._path, self._columns = path, columns
        self._folder = path.with_suffix(".parts")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        self._rows: list[list[Any]] = []
        self._count = 0

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some answers."""
        self._rows += [self._columns.row(answer) for answer in answers]
        if len(self._rows) >= AT_A_TIME:
            self._flush()

    def _flush(self) -> None:
        frame(self._columns, self._rows).write_parquet(self._folder / f"{self._count:06}.parquet")
        self._count, self._rows = self._count + 1, []

    def close(self) -> None:
        """Make one file of all parts."""
        import polars as pl

        if self._rows:
            self._flush()
        files = sorted(self._folder.glob("*.parquet"))
        pl.scan_parquet(files, glob=False).sink_parquet(self._path)
        with suppress(OSError):
            shutil.rmtree(self._folder)
