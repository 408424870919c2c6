"""Delimited text: CSV, TSV and their relatives. Every column is read as strings; the Schema decides what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from mlwright.collect.encoding import as_utf8
from mlwright.collect.files import File, signature_of
from mlwright.collect.memory import fit
from mlwright.collect.options import ReadOptions
from mlwright.collect.ragged import Rewriter, judged, odd_lines
from mlwright.collect.sniff import Layout, Sniffer
from mlwright.collect.spool import spooled
from mlwright.collect.structure import Scanner, Structure
from mlwright.errors import DataError, SourceError
from mlwright.findings import Finding
from mlwright.table import Table

ENDINGS = frozenset({".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".data", ".test"})
SAMPLE = 256 * 2**10
ENOUGH = 20
"""Lines that the sample holds at least, however long they are."""
CELL = 16
"""Bytes that a string takes in a frame beside its characters."""


class TextConnector:
    """Reads a file of delimited text."""

    name = "text"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a file that is called like delimited text."""
        return isinstance(source, File) and source.ending in ENDINGS

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows, all columns as strings, empty fields as null."""
        if not isinstance(source, File):
            raise TypeError(source)
        try:
            return _read(source, options, tolerant=False)
        except (pl.exceptions.PolarsError, _RowsDifferError):
            # Polars counts the rows otherwise than we do: what Python's reader rewrites leaves no room for that.
            return _read(source, options, tolerant=True)


class _RowsDifferError(Exception):
    """Polars read another number of rows than there are."""


def _read(source: File, options: ReadOptions, *, tolerant: bool) -> Table:
    with prepared(source, options, tolerant=tolerant) as text:
        if not text.rows:
            message = "The file has a header but no rows." if text.has_header else "The file has no rows."
            raise DataError(message, where=source.shown)
        size = text.file.size + CELL * text.rows * len(text.names)
        frame, sampled = fit(text.lazy(), rows=text.rows, size=size, options=options, where=source.shown)
    if not tolerant and not sampled and frame.height != text.rows:
        raise _RowsDifferError
    return Table(frame, name=source.name, origin=source.shown, findings=(*text.findings, *sampled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A text that Polars reads correctly: UTF-8, quotes as in RFC 4180, known columns."""

    file: File
    names: list[str]
    delimiter: str
    offset: int
    """The bytes before the first row."""
    lines: int
    """The lines before the first row."""
    quoted: bool
    rows: int
    blank: tuple[int, ...]
    """Lines, counted from the first row, that hold nothing and are no rows."""
    has_header: bool
    findings: tuple[Finding, ...]

    def lazy(self) -> pl.LazyFrame:
        """Return the rows to be read."""
        source = (self.file.data or b"")[self.offset :] if self.file.path is None else self.file.path
        frame = pl.scan_csv(
            source,
            has_header=False,
            skip_lines=self.lines if self.file.path is not None else 0,
            schema=dict.fromkeys(self.names, pl.String),
            separator=self.delimiter,
            quote_char='"' if self.quoted else None,
            null_values="",
            truncate_ragged_lines=True,
            glob=False,
        )
        if not self.blank:
            return frame
        index = "\x00line"
        lines = pl.Series(self.blank, dtype=pl.UInt32)
        return frame.with_row_index(index).filter(~pl.col(index).is_in(lines.implode())).drop(index)


@contextmanager
def prepared(file: File, options: ReadOptions, *, tolerant: bool = False) -> Iterator[Prepared]:
    """Give a text ready to be scanned, with everything found out about it."""
    _refuse_other_formats(file)
    with as_utf8(file, options) as (text, findings):
        layout = _layout(text, options)
        structure = _scanned(text, layout)
        if not structure.regular and layout.delimiter == "\t":
            layout, structure = _with_plain_quotes(text, layout, structure)
        if structure.regular and not layout.skip_space and not tolerant and _starts_well(structure):
            yield _regular(text, layout, structure, findings)
            return
        with _rewritten(text, layout, findings, options) as regular:
            yield regular


def _refuse_other_formats(file: File) -> None:
    ending = signature_of(file.head)
    if ending is not None:
        hint = f"rename it to end in {ending}." if ending not in {".pdf", ".png", ".jpg", "program"} else None
        kind = ending.lstrip(".")
        raise SourceError(
            f"The file is called {file.ending} but is binary data of the kind {kind!r}.", where=file.shown, hint=hint
        )


def _layout(text: File, options: ReadOptions) -> Layout:
    with text.opened() as content:
        size = SAMPLE
        while size < len(content) and content[:size].count(b"\n") < ENOUGH:
            size *= 4
        sample, complete = bytes(content[:size]), size >= len(content)
    sniffer = Sniffer(
        sample.decode("utf-8", "ignore"), options, shown=text.shown, ending=text.ending, complete=complete
    )
    return sniffer.layout()


def _scanned(text: File, layout: Layout) -> Structure:
    with text.opened() as content:
        return Scanner(content, layout.body_offset, layout.delimiter, len(layout.names), quoted=layout.quoted).scan()


def _starts_well(structure: Structure) -> bool:
    """Tell whether the first line is a full row: Polars takes it for the measure of all others."""
    return 0 not in {*structure.blank[:1], *(ragged.record for ragged in structure.ragged[:1])}


def _with_plain_quotes(text: File, layout: Layout, structure: Structure) -> tuple[Layout, Structure]:
    """Return tab-separated text with quotes taken as mere characters, where all its lines fit that way."""
    from dataclasses import replace

    plain = replace(layout, quoted=False)
    scanned = _scanned(text, plain)
    return (layout, structure) if scanned.ragged else (plain, scanned)


def _regular(text: File, layout: Layout, structure: Structure, findings: list[Finding]) -> Prepared:
    width = len(layout.names)
    blank = structure.blank
    if width == 1:
        # In a single column an empty line is a missing value, but for those at the end of the file.
        last = structure.records
        while blank and blank[-1] == last - 1:
            last = blank.pop()
        blank = list(range(last, structure.records))
    rows = structure.records - len(blank)
    with text.opened() as content:
        odd = odd_lines(structure, content, layout)
    return Prepared(
        file=text,
        names=layout.names,
        delimiter=layout.delimiter,
        offset=layout.body_offset,
        lines=layout.body_line,
        quoted=layout.quoted,
        rows=rows,
        blank=tuple(blank),
        has_header=layout.has_header,
        findings=(*findings, *layout.findings, *judged(odd, rows, width, text.shown)),
    )


@contextmanager
def _rewritten(text: File, layout: Layout, findings: list[Finding], options: ReadOptions) -> Iterator[Prepared]:
    with text.opened() as content:
        rewriter = Rewriter(content, layout, text.shown)
        with spooled(rewriter.chunks(), options, shown=text.shown, ending=".csv") as file:
            yield Prepared(
                file=file,
                names=layout.names,
                delimiter=",",
                offset=0,
                lines=0,
                quoted=True,
                rows=rewriter.rows,
                blank=(),
                has_header=layout.has_header,
                findings=(
                    *findings,
                    *layout.findings,
                    *judged(rewriter.odd, rewriter.rows, len(layout.names), text.shown),
                ),
            )
