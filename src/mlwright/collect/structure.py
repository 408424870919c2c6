"""The structure of delimited text: how many fields each record has, found at the speed of NumPy.

Polars reads a record that is too short as if its last fields were empty, and one that is too long as if the rest were
not there. So that nothing is lost silently, the delimiters are counted apart from it, with quotes taken as RFC 4180 has
them; text that quotes in other ways is told from it, and read by Python's slower and more tolerant reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlwright.collect.encoding import Content
from mlwright.collect.spool import CHUNK

QUOTE, LINE_FEED, RETURN = 34, 10, 13
KEPT = 1000
"""Ragged records that are remembered one by one; beyond that only their number counts."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record with another number of fields than the rest."""

    record: int
    offset: int
    fields: int


@dataclass(slots=True)
class Structure:
    """What was counted."""

    regular: bool = True
    """Whether all quotes stand where RFC 4180 has them."""
    records: int = 0
    ragged: list[Ragged] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    """How many ragged records have so many fields."""
    blank: list[int] = field(default_factory=list)
    """Records that are empty lines."""


class Scanner:
    """Counts the fields of every record of a text, piece by piece."""

    def __init__(self, content: Content, start: int, delimiter: str, width: int, *, quoted: bool = True) -> None:
        self.content, self.start, self.width = content, start, width
        self.delimiter, self.quoted = ord(delimiter), quoted
        self.structure = Structure()
        self.record_start = start
        self.inside = 0
        self.fields = 0
        self.before, self.after = np.zeros(256, dtype=bool), np.zeros(256, dtype=bool)
        self.before[[self.delimiter, LINE_FEED, QUOTE]] = True
        self.after[[self.delimiter, LINE_FEED, RETURN, QUOTE]] = True

    def scan(self) -> Structure:
        """Return the structure, complete where it is regular."""
        end = len(self.content)
        for start in range(self.start, end, CHUNK):
            if not self._piece(start, min(start + CHUNK, end)):
                self.structure.regular = False
                return self.structure
        if self.inside:
            self.structure.regular = False
        elif self.record_start < end:
            self._records(np.array([end]), np.array([self.fields + 1]))
        return self.structure

    def _piece(self, start: int, end: int) -> bool:
        piece = np.frombuffer(bytes(self.content[start:end]), dtype=np.uint8)
        outside = None
        if self.quoted:
            quote = piece == QUOTE
            if self.inside or quote.any():
                # Wrapping at 256 leaves odd and even as they are.
                inside = (np.cumsum(quote, dtype=np.uint8) + np.uint8(self.inside)) & np.uint8(1)
                if not self._well_placed(piece, np.flatnonzero(quote), inside, start, end):
                    return False
                self.inside = int(inside[-1])
                outside = inside == 0
        ends, separators = piece == LINE_FEED, piece == self.delimiter
        if outside is not None:
            ends &= outside
            separators &= outside
        stops = np.flatnonzero(ends)
        counted = np.cumsum(separators, dtype=np.int64)
        if len(stops):
            upto = counted[stops]
            fields = np.diff(upto, prepend=0) + 1
            fields[0] += self.fields
            self._records(stops + start, fields)
            self.record_start = int(stops[-1]) + start + 1
            self.fields = int(counted[-1] - upto[-1])
        else:
            self.fields += int(counted[-1])
        return True

    def _well_placed(
        self, piece: NDArray[np.uint8], places: NDArray[np.intp], inside: NDArray[np.uint8], start: int, end: int
    ) -> bool:
        opening = places[inside[places] == 1]
        closing = places[inside[places] == 0]
        before = piece[opening - 1]
        if len(opening) and opening[0] == 0:
            before[0] = self.content[start - 1] if start > self.start else LINE_FEED
        after = piece[np.minimum(closing + 1, len(piece) - 1)]
        if len(closing) and closing[-1] == len(piece) - 1:
            after[-1] = self.content[end] if end < len(self.content) else LINE_FEED
        return bool(self.before[before].all() and self.after[after].all())

    def _records(self, stops: NDArray[np.int64], fields: NDArray[np.int64]) -> None:
        structure = self.structure
        starts = np.concatenate(([self.record_start], stops[:-1] + 1))
        short = np.flatnonzero((stops - starts <= 1) & (fields == 1))
        empty = {int(i) for i in short if stops[i] == starts[i] or self.content[int(starts[i])] == RETURN}
        structure.blank.extend(structure.records + i for i in sorted(empty))
        for i in np.flatnonzero(fields != self.width).tolist():
            if i in empty:
                continue
            if fields[i] == 1 and not self.content[int(starts[i]) : int(stops[i])].strip():
                structure.blank.append(structure.records + i)
                continue
            count = int(fields[i])
            structure.widths[count] = structure.widths.get(count, 0) + 1
            if len(structure.ragged) < KEPT:
                structure.ragged.append(Ragged(structure.records + i, int(starts[i]), count))
        structure.records += len(stops)
