"""Sniffing: the delimiter, the quotes and the header of delimited text, from its first lines.

The delimiter is chosen as by van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type
patterns" (2019): the one under which the rows are most alike and the cells look most like values.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.collect.names import tidy_names
from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError
from mlwright.findings import Finding

CANDIDATES = (",", ";", "\t", "|")
NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*[-+]?\d[\d.,'\u00a0\u202f ]*(?:[eE][-+]?\d+)?\s*[%)€kKmM]?|[-+]?\.\d+")
MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:.*)?|\d{1,2}:\d{2}(?::\d{2}.*)?")
YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
OTHERS = re.compile(r"[\t|]|[,;](?! )")
"""Delimiters in a cell that make it look like several; prose puts a space after its commas."""
MISSING = frozenset({"", "?", "-", "na", "n/a", "nan", "null", "none", "nil", "."})
BARE_RETURN = "\ue00d"
"""Stands for a carriage return in the middle of a line, which Python's reader would stumble over."""
ROWS = 200
PREAMBLE = 20
"""Lines of a title above the table that are passed over at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a text is laid out."""

    delimiter: str
    names: list[str]
    quoted: bool
    skip_space: bool
    """Whether spaces after a delimiter are no part of the field (a quote may follow them)."""
    body_line: int
    """The lines before the first row of data."""
    body_offset: int
    """The bytes before it."""
    has_header: bool
    findings: tuple[Finding, ...] = ()


class Sniffer:
    """Finds the layout from the beginning of a text."""

    def __init__(self, sample: str, options: ReadOptions, *, shown: str, ending: str, complete: bool) -> None:
        self.lines = [line + "\n" for line in sample.removeprefix("\ufeff").split("\n")]
        self.lines[-1] = self.lines[-1][:-1]
        if not self.lines[-1] or not complete:
            self.lines.pop()
        self.mark = 3 if sample.startswith("\ufeff") else 0
        self.options, self.shown, self.ending = options, shown, ending
        self.findings: list[Finding] = []

    def layout(self) -> Layout:
        """Return the layout."""
        first, told = self._lead()
        if first >= len(self.lines):
            raise SourceError("The file holds no rows, only blank lines or comments.", where=self.shown)
        delimiter = self.options.delimiter or told or self._delimiter(first)
        quoted = not (delimiter == "\t" and self._quotes_are_plain(first))
        skip_space = delimiter == " " or (quoted and self._space_before_quotes(first, delimiter))
        first += self._preamble(first, delimiter)
        rows, used = self._rows(first, delimiter, quoted=quoted, skip_space=skip_space)
        body = Counter(len(row) for row in rows[1:] if row)
        width = body.most_common(1)[0][0] if body else len(rows[0])
        has_header = self._has_header(rows, width)
        names = self._names(rows, width, body, has_header=has_header)
        before = first + (used if has_header else 0)
        return Layout(
            delimiter=delimiter,
            names=names,
            quoted=quoted,
            skip_space=skip_space,
            body_line=before,
            body_offset=self.mark + sum(len(line.encode()) for line in self.lines[:before]),
            has_header=has_header,
            findings=tuple(self.findings),
        )

    def _lead(self) -> tuple[int, str | None]:
        """Return the first line that is no comment, and the delimiter that a line "sep=;" tells, as Excel writes it."""
        first, told = 0, None
        while first < len(self.lines):
            line = self.lines[first].strip()
            if match := re.fullmatch(r'"?sep=(.)"?', line):
                told = match[1]
            elif line and not (line.startswith("#") and not self._is_header(first)):
                break
            first += 1
        return first, told

    def _is_header(self, number: int) -> bool:
        """Tell whether a line that starts with "#" names columns: it has several fields, as many as the next one."""
        following = self.lines[number + 1 : number + 2]
        if not following or following[0].startswith("#"):
            return False
        candidates = [self.options.delimiter] if self.options.delimiter else CANDIDATES
        counts = [(self.lines[number].count(mark), following[0].count(mark)) for mark in candidates]
        return any(here == there > 0 for here, there in counts)

    def _delimiter(self, first: int) -> str:
        lines = self.lines[first:]
        scores = {mark: self._score(first, mark) for mark in CANDIDATES if any(mark in line for line in lines[:ROWS])}
        if self.ending in {".tsv", ".tab"} and "\t" in scores:
            return "\t"
        best = max(scores, key=lambda mark: scores[mark], default=None)
        if best is not None and scores[best] >= 0.6:
            return best
        if self._spaced(first):
            return " "
        there = {mark: lines[0].count(mark) for mark in scores if mark in lines[0]}
        # Where nothing fits well, the first line decides: its names hold no delimiters of other sorts.
        return max(there, key=lambda mark: there[mark]) if there else _unused(lines)

    def _score(self, first: int, delimiter: str) -> float:
        rows = [row for row in self._rows(first, delimiter)[0] if row]
        width = Counter(len(row) for row in rows).most_common(1)[0][0]
        if width < 2:
            return 0.0
        alike = sum(len(row) == width for row in rows) / len(rows)
        cells = [cell.strip() for row in rows for cell in row]
        clean = sum(_is_clean(cell, delimiter) for cell in cells) / len(cells)
        top = len(rows[0])
        fits = 1.0 if top == width or (top == width - 1 and top > 1) else 0.4
        if top == 1 < width - 1 and not any(mark in rows[0][0] for mark in CANDIDATES):
            fits = 0.9  # a title above the table
        return alike * fits * (0.4 + 0.6 * clean)

    def _spaced(self, first: int) -> bool:
        rows = [row for row in self._rows(first, " ", skip_space=True)[0] if row]
        widths = {len(row) for row in rows}
        cells = [cell for row in rows[1:] or rows for cell in row]
        return len(widths) == 1 and max(widths) > 2 and sum(_is_value(cell) for cell in cells) * 2 >= len(cells)

    def _quotes_are_plain(self, first: int) -> bool:
        """Tell whether quotes in tab-separated text are mere characters, as is common there."""
        quoted = {len(row) for row in self._rows(first, "\t")[0] if row}
        plain = {len(row) for row in self._rows(first, "\t", quoted=False)[0] if row}
        return len(plain) == 1 < len(quoted)

    def _space_before_quotes(self, first: int, delimiter: str) -> bool:
        if delimiter == "\t" or not any(f'{delimiter} "' in line for line in self.lines[first : first + ROWS]):
            return False
        kept = Counter(len(row) for row in self._rows(first, delimiter)[0] if row)
        skipped = Counter(len(row) for row in self._rows(first, delimiter, skip_space=True)[0] if row)
        return len(skipped) <= len(kept)

    def _preamble(self, first: int, delimiter: str) -> int:
        """Return how many lines of a title stand above a table of three columns or more."""
        above = title_lines(self._rows(first, delimiter)[0])
        if above:
            self.findings.append(passed_over(above, first + 1))
        return above

    def _rows(
        self, first: int, delimiter: str, *, quoted: bool = True, skip_space: bool = False
    ) -> tuple[list[list[str]], int]:
        """Return the first rows, and the lines that the very first takes."""
        lines = iter(masked(line, strip=delimiter == " ") for line in self.lines[first:])
        reader = reader_of(lines, delimiter, quoted=quoted, skip_space=skip_space)
        rows, used = list[list[str]](), 0
        try:
            for row in reader:
                rows.append([unmasked(cell) for cell in row])
                used = used or reader.line_num
                if len(rows) >= ROWS:
                    break
        except csv.Error:
            pass  # the rows up to here tell enough; whoever reads all says what is wrong and where
        return rows or [[""]], used or 1

    def _has_header(self, rows: list[list[str]], width: int) -> bool:
        if self.options.header is not None:
            return self.options.header
        if looks_like_header(rows, width):
            return True
        message = "The first line looks like data, not like names, so the columns are called column_1, column_2, ..."
        repair = "say that there is a header where there is one"
        self.findings.append(Finding(kind="no_header", message=message, confidence=0.8, repair=repair, applied=True))
        return False

    def _names(self, rows: list[list[str]], width: int, body: Counter[int], *, has_header: bool) -> list[str]:
        if not has_header:
            return [f"column_{number}" for number in range(1, width + 1)]
        header = rows[0]
        if width == len(header) + 1 and body[width] * 2 > body.total():
            last_is_empty = all(not row[-1].strip() for row in rows[1:] if len(row) == width)
            # A delimiter at the end of each row, or the row names that R writes without naming them.
            header = [*header, ""] if last_is_empty else ["", *header]
        names, findings = tidy_names(header)
        self.findings.extend(findings)
        return names


def title_lines(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows of one cell at most stand above a table of three columns or more.

    >>> title_lines([["Customers 2024"], [], ["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]])
    2
    """
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    above = next((number for number, row in enumerate(rows) if len(row) == width), 0)
    stands_apart = width >= 3 and above <= PREAMBLE and all(len(row) <= 1 for row in rows[:above])
    return above if stands_apart and len(rows) >= above + 3 else 0


def passed_over(above: int, line: int) -> Finding:
    """Return what is said of a title above the table."""
    lines, were = ("line", "was") if above == 1 else ("lines", "were")
    message = f"{above} {lines} above the table, from line {line}, {were} passed over."
    return Finding(kind="lines_above_the_table", message=message, applied=True)


def looks_like_header(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether the first row names the columns.

    A column of numbers or moments under a word speaks for it, under a number or moment against; where all is words, a
    word of the first row that comes again in its column speaks against.
    """
    top, body = [cell.strip() for cell in rows[0]], [row for row in rows[1:] if len(row) == width]
    if not body:
        return not any(_is_value(cell) for cell in top)
    years = [cell for cell in top if YEAR.fullmatch(cell)]
    in_order = len(years) > 1 and years == sorted(set(years))
    votes, repeated = 0, 0
    for name, column in zip(top, zip(*body, strict=True), strict=False):
        below = [cell.strip() for cell in column if cell.strip().casefold() not in MISSING]
        if below and sum(map(_is_value, below)) >= 0.9 * len(below):
            votes += 0 if in_order and name in years else -1 if _is_value(name) else bool(name)
        else:
            repeated += bool(name) and name in below
    return votes > 0 or (votes == 0 and not repeated)


def reader_of(
    lines: Iterator[str], delimiter: str, *, quoted: bool, skip_space: bool, escaped: bool = False, strict: bool = False
) -> Any:
    """Return Python's reader with our dialect."""
    return csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        skipinitialspace=skip_space,
        escapechar="\\" if escaped else None,
        doublequote=not escaped,
        strict=strict,
    )


def masked(line: str, *, strip: bool) -> str:
    """Return a line with the carriage returns in its middle hidden from Python's reader, and spaces at its end cut."""
    body = line.rstrip("\r\n")
    if strip:
        return body.rstrip(" ") + "\n"
    return body.replace("\r", BARE_RETURN) + line[len(body) :] if "\r" in body else line


def unmasked(cell: str) -> str:
    """Return a cell with its carriage returns back."""
    return cell.replace(BARE_RETURN, "\r") if BARE_RETURN in cell else cell


def _is_value(cell: str) -> bool:
    text = cell.strip()
    return bool(NUMBER.fullmatch(text) or MOMENT.fullmatch(text))


def _is_clean(cell: str, delimiter: str) -> bool:
    others = OTHERS.findall(cell)
    return not others or others == [delimiter] * len(others) or _is_value(cell)


def _unused(lines: list[str]) -> str:
    """Return a delimiter for text of one column: a comma, or what no text holds where there are commas in it."""
    return "\x1f" if any("," in line for line in lines) else ","
