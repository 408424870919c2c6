"""Rows of a file, a few at a time: read as the bodies of requests are, so that the same rows get the same answers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mlwright.schema import Column
from mlwright.serve.arrow_stream import refuse_hostile
from mlwright.serve.bodies import csv_rows, ndjson_rows, read_rows, refuse_absent, refuse_nested
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON, PARQUET
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import CELLS, Row, Rows, Shape

T = TypeVar("T")
AT_A_TIME = 1_000
MOST_ROWS = 100_000_000
"""Of an Arrow stream, which is read as a whole."""
MOST_JSON = 256_000_000
"""JSON is one value, and so is read as a whole; larger files are better lines of JSON."""


def rows_in(path: Path, media_type: str, columns: Sequence[Column] = (), shape: Shape = CELLS) -> Iterator[Rows]:
    """Yield the rows of a file, so many at a time. Raises Problem where it cannot be read, or lacks a column."""
    rows = _READERS[media_type](path, shape)
    is_first = True
    while part := list(itertools.islice(rows, AT_A_TIME)):
        if is_first:
            refuse_absent(part[0], columns, media_type)
            is_first = False
        yield part


def _csv(path: Path, shape: Shape) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield from map(shape.of_cells, csv_rows(text))


def _ndjson(path: Path, shape: Shape) -> Iterator[Row]:
    with path.open("rb") as lines:
        yield from ndjson_rows(lines, shape)


def _json(path: Path, shape: Shape) -> Iterator[Row]:
    if path.stat().st_size > MOST_JSON:
        said = f"The file is longer than the {MOST_JSON:,} bytes that are read of JSON."
        raise Problem("too-large", said, hint="send each row as a line of its own (application/x-ndjson), or CSV.")
    yield from read_rows(path.read_bytes(), JSON, MOST_JSON, shape)


def _arrow(path: Path, shape: Shape) -> Iterator[Row]:
    import polars as pl

    body = path.read_bytes()
    refuse_hostile(body, MOST_ROWS)
    frame = _opened(lambda: pl.read_ipc_stream(body), "Arrow stream")
    refuse_nested(frame.schema)
    for start in range(0, frame.height, AT_A_TIME):
        yield from map(shape.of_cells, frame[start : start + AT_A_TIME].iter_rows(named=True))


def _parquet(path: Path, shape: Shape) -> Iterator[Row]:
    import polars as pl

    lazy = pl.scan_parquet(path, glob=False)
    refuse_nested(_opened(lazy.collect_schema, "Parquet file"))
    start = 0
    step = 50 * AT_A_TIME
    while not (frame := _opened(lazy.slice(start, step).collect, "Parquet file")).is_empty():
        yield from map(shape.of_cells, frame.iter_rows(named=True))
        start += step


def _opened(read: Callable[[], T], what: str) -> T:
    """Return what is read; a damaged file makes the reader panic, which is no Exception."""
    try:
        return read()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise Problem("malformed-request", f"The file is no {what}, or a damaged one.") from error


_READERS: Mapping[str, Callable[[Path, Shape], Iterator[Row]]] = {
    CSV: _csv,
    NDJSON: _ndjson,
    JSON: _json,
    PARQUET: _parquet,
    ARROW: _arrow,
}
TAKEN = tuple(_READERS)
"""The kinds of content that a file may be."""
