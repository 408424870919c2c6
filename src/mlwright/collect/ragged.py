"""Ragged lines: a few are cut or filled and told of in one Finding; where there are many, the file is refused.

Also the tolerant reader, for text whose quotes do not follow RFC 4180: it rewrites the text so that they do.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO

from mlwright.collect.encoding import Content
from mlwright.collect.sniff import Layout, masked, reader_of, unmasked
from mlwright.collect.structure import KEPT, Structure
from mlwright.errors import SourceError
from mlwright.findings import Finding

SHOWN = 100
"""Rows a Finding holds at most."""


@dataclass(slots=True)
class Odd:
    """The lines with another number of fields than the rest."""

    lines: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    first: int = 0
    """The number of fields of the first of them."""

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.widths.values())


def odd_lines(structure: Structure, content: Content, layout: Layout) -> Odd:
    """Return where the ragged records that the scan found stand in the file."""
    odd = Odd(widths=structure.widths, first=structure.ragged[0].fields if structure.ragged else 0)
    line, offset, blanks = layout.body_line + 1, layout.body_offset, 0
    for ragged in structure.ragged[:SHOWN]:
        line += bytes(content[offset : ragged.offset]).count(b"\n")
        offset = ragged.offset
        while blanks < len(structure.blank) and structure.blank[blanks] < ragged.record:
            blanks += 1
        odd.lines.append(line)
        odd.rows.append(ragged.record - blanks)
    return odd


def judged(odd: Odd, rows: int, width: int, shown: str) -> tuple[Finding, ...]:
    """Return the Finding for a few ragged lines. Raises SourceError where they are many."""
    if not odd.count:
        return ()
    found = ", ".join(
        f"{count:,} of {fields}" for fields, count in sorted(odd.widths.items(), key=lambda item: -item[1])[:4]
    )
    if odd.count > max(1, rows // 100, min(SHOWN, rows // 3)):
        raise SourceError(
            f"Expected {width} field{'s' * (width > 1)} and found {odd.first}; {odd.count:,} of {rows:,} lines differ "
            f"(number of fields: {found}).",
            where=f"{shown}, line {odd.lines[0]}",
            hint="check the delimiter and the quotes; a field that holds the delimiter must stand in quotes.",
        )
    lines = ", ".join(map(str, odd.lines[:10])) + (", ..." if odd.count > 10 else "")
    plural = odd.count > 1
    message = (
        f"{odd.count:,} of {rows:,} lines ({'lines' if plural else 'line'} {lines}) "
        f"{'have' if plural else 'has'} another number of fields than {width}: missing fields were read as missing "
        "values, and surplus fields were dropped."
    )
    return (
        Finding(
            kind="ragged_lines",
            severity="warning",
            message=message,
            rows=tuple(odd.rows[:SHOWN]),
            repair="fill short lines with missing values, cut long ones",
            applied=True,
        ),
    )


class Rewriter:
    """Reads text with irregular quotes row by row, and writes it with all fields quoted and all rows of one width."""

    def __init__(self, content: Content, layout: Layout, shown: str) -> None:
        self.content, self.layout, self.shown = content, layout, shown
        self.width = len(layout.names)
        self.escaped = layout.quoted and _escapes(content, layout.delimiter)
        self.odd = Odd()
        self.rows = 0
        self.line = layout.body_line

    def chunks(self) -> Iterator[bytes]:
        """Return the rewritten text in pieces."""
        out = StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row in self._all_rows():
            if self._is_blank(row):
                continue
            if len(row) != self.width:
                row = self._fitted(row)  # noqa: PLW2901
            writer.writerow(row)
            self.rows += 1
            if out.tell() > 2**20:
                yield out.getvalue().encode()
                out.seek(0)
                out.truncate()
        yield out.getvalue().encode()

    def _is_blank(self, row: list[str]) -> bool:
        return not row or (len(row) == 1 < self.width and not row[0].strip())

    def _fitted(self, row: list[str]) -> list[str]:
        self.odd.first = self.odd.first or len(row)
        self.odd.widths[len(row)] = self.odd.widths.get(len(row), 0) + 1
        if len(self.odd.lines) < KEPT:
            self.odd.lines.append(self.line)
            self.odd.rows.append(self.rows)
        return (row + [""] * self.width)[: self.width]

    def _all_rows(self) -> Iterator[list[str]]:
        limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        try:
            yield from self._strict_rows()
        finally:
            csv.field_size_limit(limit)

    def _strict_rows(self) -> Iterator[list[str]]:
        """Read strictly, and where that fails within one line, that line as Python reads it by default.

        Strictness is what tells a quote that was never closed from a mere quote in the wrong place: the first
        swallows the lines up to the next quote, wherever that is.
        """
        lines = _Lines(self.content, self.layout)
        layout, escaped = self.layout, self.escaped
        mode = {"quoted": layout.quoted, "skip_space": layout.skip_space, "escaped": escaped}
        reader = reader_of(iter(lines), layout.delimiter, **mode, strict=True)
        while True:
            begun = lines.number
            self.line = layout.body_line + begun + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if lines.number != begun + 1 or "unexpected end" in str(error):
                    raise self._never_closed(begun) from error
                row = next(reader_of(iter([lines.last]), layout.delimiter, **mode))
            yield [unmasked(cell) for cell in row]

    def _never_closed(self, begun: int) -> SourceError:
        text = next(line for number, line in enumerate(_Lines(self.content, self.layout)) if number == begun)
        column = text.rfind(f'{self.layout.delimiter}"') + 2 if f'{self.layout.delimiter}"' in text else 1
        return SourceError(
            "A quote is opened and never closed.",
            where=f"{self.shown}, line {self.line}, character {column}",
            hint="close it, or write a quote that is part of the text twice, in quotes.",
        )


class _Lines:
    """The lines of the body, with the number read so far and the last one at hand."""

    def __init__(self, content: Content, layout: Layout) -> None:
        self.content, self.start, self.strip = content, layout.body_offset, layout.delimiter == " "
        self.number = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        position, end = self.start, len(self.content)
        while position < end:
            stop = self.content.find(b"\n", position) + 1 or end
            self.last = masked(bytes(self.content[position:stop]).decode(), strip=self.strip)
            self.number += 1
            position = stop
            yield self.last


def _escapes(content: Content, delimiter: str) -> bool:
    r"""Tell whether a backslash stands before quotes inside a field, as MySQL writes them: "say \"hi\" to her"."""
    sample = bytes(content[: 2**20])
    ends = (delimiter.encode(), b"\n", b"\r", b'"')
    pieces = sample.split(b'\\"')[1:]
    return any(piece and not piece.startswith(ends) for piece in pieces)
