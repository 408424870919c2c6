"""Which answers are taken for which: a heat table, or beyond 20 classes the worst of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Cell, Paragraph, Table, cut, headers, row

LARGEST = 20
"""Up to so many classes the whole table can be read."""
FEW = 6
"""Up to so many, each cell also has its share."""
WORST = 12


def blocks(curve: Mapping[str, Any], _question: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the tables."""
    classes, counts = [words.clipped(name, 60) for name in curve["classes"]], curve["counts"]
    opening = Paragraph(curve["sentence"])
    if len(classes) <= 2:
        return opening, _heat(classes, counts)
    if len(classes) <= LARGEST:
        return opening, _heat(classes, counts), _mistakes(classes, counts)
    return opening, _mistakes(classes, counts), _recalls(classes, counts)


def _heat(classes: Sequence[str], counts: Sequence[Sequence[float]]) -> Table:
    """Return the whole table: each row's cells are as dark as their share of the row."""
    few, rows = len(classes) <= FEW, []
    for position, (name, line) in enumerate(zip(classes, counts, strict=True)):
        total = sum(line)
        cells = [
            Cell(
                words.count(value),
                words.number(value / total, percent=True) if total and few else "",
                "info" if not value else "good" if column == position else "bad",
                round(10 * value / total) if total else 0,
            )
            for column, value in enumerate(line)
        ]
        right = words.number(line[position] / total, percent=True) if total else words.UNKNOWN
        cells += [Cell(words.count(total)), Cell(right)]
        rows.append((Cell(name), *(cells[:-1] if few else cells)))
    said = [f"Model said {words.clipped(name, 20)}" if few else words.clipped(name, 20) for name in classes]
    head = headers("Really is", *said, "All", *([] if few else ["Found"]))
    caption = "Rows by what they really are (down) and what the model said (across)"
    return Table(caption, head, tuple(rows), look="heat" if few else "heat many", short=LARGEST)


def _mistakes(classes: Sequence[str], counts: Sequence[Sequence[float]]) -> Table:
    """Return the most frequent mistakes."""
    pairs = [
        (counts[i][j], i, j) for i in range(len(classes)) for j in range(len(classes)) if i != j and counts[i][j] > 0
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    rows = tuple(
        row(f"{classes[i]} taken for {classes[j]}", words.count(n), words.number(n / sum(counts[i]), percent=True))
        for n, i, j in pairs[:WORST]
    )
    head = headers("Mistake", "Rows", "Share of the class")
    return Table("The most frequent mistakes", head, rows, cut(len(pairs), len(rows)), short=6)


def _recalls(classes: Sequence[str], counts: Sequence[Sequence[float]]) -> Table:
    """Return the classes that are found least."""
    shares = [(line[i] / sum(line), i) for i, line in enumerate(counts) if sum(line)]
    shares.sort()
    rows = tuple(
        row(classes[i], words.number(share, percent=True), words.count(sum(counts[i]))) for share, i in shares[:WORST]
    )
    more = cut(len(shares), len(rows))
    return Table("The classes that are found least", headers("Class", "Found", "Rows"), rows, more)
