"""Two values in one cell: "San Francisco CA" in the town's column, and nothing in that of the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mlwright.clean.cell_errors.written import LONGEST_TEXT, Rows, Written
from mlwright.columns import Floats

WEIGHT = 9.0
MOST_SHARE = 0.3
"""Where more rows than that have nothing in a column, it is not filled in by accident of another."""
MORE_OFTEN = 5.0
"""A value holds another column's so many times more often where that one is empty, or it is simply written so."""
FEWEST = 3
COMPARED = 2_000
"""So many rows tell how usual it is that a value holds another column's."""
SEPARATORS = " ,;/|-"


@dataclass(frozen=True, slots=True)
class Embedded:
    """For each column, how much is said against its cells, and what should stand in the rows that are meant."""

    weights: dict[int, Floats] = field(default_factory=dict)
    new: dict[tuple[int, int], str] = field(default_factory=dict)
    """By column and row."""


def embedded(columns: Sequence[Written]) -> Embedded:
    """Find values that hold the value of another column, which is empty in the same row."""
    found = Embedded()
    for place, empty in enumerate(columns):
        gone = empty.missing[empty.codes]
        if not empty.is_text or not 0 < int(gone.sum()) <= MOST_SHARE * empty.rows or empty.column.is_float:
            continue
        domain = {text for text, count in zip(empty.texts, empty.counts.tolist(), strict=True) if count >= 2 and text}
        domain -= {text for at, text in enumerate(empty.texts) if empty.missing[at]}
        for other, full in enumerate(columns):
            if other != place and full.is_text and not full.column.is_float:
                _look(found, (other, full), (place, empty), domain)
    return found


def _look(found: Embedded, holder: tuple[int, Written], empty: tuple[int, Written], domain: set[str]) -> None:
    (other, full), (place, lacking) = holder, empty
    gone = lacking.missing[lacking.codes]
    missing = full.missing
    beside = np.unique(full.codes[gone])
    parts = {at: _split(full.texts[at], domain) for at in beside.tolist() if not missing[at]}
    holds = np.zeros(len(full.texts), dtype=np.bool_)
    holds[[at for at, part in parts.items() if part is not None]] = True
    rows = np.flatnonzero(gone & holds[full.codes])
    if len(rows) < FEWEST:
        return
    if len(rows) / int(gone.sum()) < MORE_OFTEN * _usual_share(full, np.flatnonzero(~gone), domain):
        return
    several = len(rows) >= 0.5 * int(gone.sum())
    for row in rows.tolist():
        part = parts[int(full.codes[row])]
        if part is None or not (several or part[0] in full.place):
            continue
        for column, text in ((other, part[0]), (place, part[1])):
            found.weights.setdefault(column, np.zeros(full.rows))[row] = WEIGHT
            found.new.setdefault((column, row), text)


def _usual_share(full: Written, rows: Rows, domain: set[str]) -> float:
    """Return in what share of some rows a value holds one of the other column's although that one is there."""
    some = rows[:: max(1, len(rows) // COMPARED)]
    if not len(some):
        return 0.0
    codes, counts = np.unique(full.codes[some], return_counts=True)
    held = [_split(full.texts[at], domain) is not None for at in codes.tolist()]
    return float(counts[held].sum()) / len(some)


def _split(text: str, domain: set[str]) -> tuple[str, str] | None:
    """Return what a text is without a value of the domain at its end or start, and that value.

    >>> _split("San Francisco CA", {"CA"}), _split("CA", {"CA"})
    (('San Francisco', 'CA'), None)
    """
    for at in [place for place, sign in enumerate(text[:LONGEST_TEXT]) if sign in SEPARATORS]:
        head, tail = text[:at], text[at + 1 :]
        if tail in domain and head.strip(SEPARATORS):
            return head.rstrip(SEPARATORS), tail
        if head in domain and tail.strip(SEPARATORS):
            return tail.lstrip(SEPARATORS), head
    return None
