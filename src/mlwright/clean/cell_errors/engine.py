"""All of it together: a table is looked at once, and judged anew whenever there are more labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.cell_errors.consensus import Verdict
from mlwright.clean.cell_errors.corrections import READ_AS_MISSING, Proposal, proposals
from mlwright.clean.cell_errors.forms import read_as_missing
from mlwright.clean.cell_errors.judge import Judged, judge, wrong_rows
from mlwright.clean.cell_errors.labelled import Clustered, Truth, clustered, learned, next_row
from mlwright.clean.cell_errors.repair import Cell, bounded, restrained
from mlwright.clean.cell_errors.shown import Shown
from mlwright.clean.cell_errors.signs import KINDS, Signs, look
from mlwright.clean.cell_errors.written import Rows

LABELLED = "labelled"
"""The kind of a cell that a person has labelled."""
MISSPELT = 2.0
STAND_IN = 0.995
"""How sure it is that what the Schema reads as missing means so."""
HEARSAY = 0.85
"""What a detector alone proposes is put in only where it is so sure: the strategies here saw nothing."""
REASONS: dict[str, str] = {
    "unreadable": "it cannot be read as the others of its column are",
    "rare_form": "hardly any other value of its column is made like it",
    "odd_letters": "hardly any other value of its column has such letters",
    "units": "the numbers of its column are written in several ways",
    "date_form": "nearly all other dates of its column are written in another form",
    "separators": "nearly all others that are made like it have other signs between their letters and digits",
    "stand_ins": "it stands for a missing value, which is left empty elsewhere",
    "spaces": "it has white space that the others do not have",
    "foreign": "hardly any row of its column has it, and most of another column do",
    "spelling": "it is nearly the same as a much more frequent value",
    "marked": "it holds a sign that damage has left in place of letters",
    "far_out": "it lies far from all the others",
    "together": "the other columns of the row ask for another value",
    "embedded": "two values stand in one cell",
    "detected": "a finding names it",
    "labelled": "rows that were labelled say so",
}
"""Why a cell is called wrong, by the strategy that says it loudest."""


@dataclass(frozen=True)
class CellErrors:
    """The cells of a table that are wrong, and what should stand there.

    `detections` are what the detectors found; columns `apart` are not looked at.
    """

    context: Context
    detections: tuple[Detection, ...] = ()
    apart: tuple[str, ...] = ()
    seed: int = 0
    _groups: dict[str, Clustered] = field(default_factory=dict, repr=False, compare=False)
    _last: list[tuple[Truth, Judged]] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def judged(self) -> Judged:
        """The judgement without labels."""
        return judge(look(self.context, self.detections, self.apart))

    def next_row(self, labels: Truth | None = None) -> int | None:
        """Return the row whose label would help most after these ones; None where there is none left."""
        if not self.judged.looked.columns:
            return None
        labels = labels or {}
        known = np.array(list(labels), dtype=np.intp)
        return next_row(self.groups(), self.judged, _wrong(self.judged, labels), known, seed=self.seed)

    def groups(self) -> Mapping[str, Clustered]:
        """Return every column's cells in clusters; they are made when first asked for."""
        if not self._groups:
            for name, signs in self.judged.looked.columns.items():
                self._groups[name] = clustered(signs, self.judged.verdicts[name])
        return self._groups

    def verdicts(self, labels: Truth | None = None) -> Mapping[str, Verdict]:
        """Return how likely each cell is wrong, by column; `labels` says what should stand in some rows."""
        return self._heard(labels or {}).verdicts

    def cells(self, labels: Truth | None = None, *, repair: bool = True) -> list[Cell]:
        """Return the cells that are wrong, column by column, with what stands there now where that is sure enough."""
        labels = labels or {}
        heard = self._heard(labels)
        found: list[Cell] = []
        for name, signs in heard.looked.columns.items():
            found += self._cells(heard, name, signs, labels)
        kept = restrained(found, self.context.table.rows * max(len(heard.looked.columns), 1)) if repair else []
        made = kept or [False] * len(found)
        return [cell if done else _left(cell) for cell, done in zip(found, made, strict=True)]

    def _heard(self, labels: Truth) -> Judged:
        if not labels:
            return self.judged
        if not self._last or self._last[0][0] is not labels:
            heard = learned(self.judged, self.groups(), _wrong(self.judged, labels), seed=self.seed)
            self._last[:] = [(labels, heard)]
        return self._last[0][1]

    def _cells(self, heard: Judged, name: str, signs: Signs, labels: Truth) -> list[Cell]:
        verdict, written = heard.verdicts[name], signs.written
        rows = wrong_rows(verdict)
        if not len(rows):
            return _named(signs, rows, labels)
        shown = _shown(signs, labels)
        made = proposals(heard.looked, signs, rows, heard.marks, shown)
        empty = written.empty
        cells = []
        for row in rows.tolist():
            code = int(written.codes[row])
            old = None if empty[code] else written.texts[code]
            if row in labels:
                new = labels[row].get(name, "")
                cells.append(Cell(row, name, old, new, LABELLED, 0.999, "you labelled this row", 1.0))
                continue
            cell = _cell(row, name, old, (verdict, made.get(row)), signs)
            cells.append(cell if shown is None or row not in made else _backed(cell, made[row]))
        return cells + _named(signs, rows, labels)


def _named(signs: Signs, told: Rows, labels: Truth) -> list[Cell]:
    """Return the cells that findings name, besides those that are told of already.

    What the Schema reads as missing is emptied, the others are left. Where a label defends such a cell, it is heard.
    """
    written, done = signs.written, {*told.tolist(), *labels}
    stand_in = read_as_missing(written)
    rows = np.flatnonzero(stand_in[written.codes]).tolist()
    places = {**signs.named, **dict.fromkeys(rows, ("disguised_missing", STAND_IN))}
    texts = {row: written.texts[written.codes[row]] for row in (*places, *labels)}
    defended = {
        (places[row][0], texts[row] if stand_in[written.codes[row]] else "")
        for row, values in labels.items()
        if row in places and values.get(written.name) == texts[row]
    }
    cells = []
    for row, (kind, sure) in sorted(places.items()):
        read = bool(stand_in[written.codes[row]])
        if row in done or (kind, texts[row] if read else "") in defended or not texts[row]:
            continue
        new, why = ("", READ_AS_MISSING) if read else (None, REASONS["detected"])
        cells.append(Cell(row, written.name, texts[row], new, kind, bounded(sure), why, sure))
    return cells


def _left(cell: Cell) -> Cell:
    """Return a cell that is left as it is: how sure it is speaks of its being wrong alone."""
    return replace(cell, new=None, confidence=bounded(cell.wrong))


def _cell(row: int, name: str, old: str | None, told: tuple[Verdict, Proposal | None], signs: Signs) -> Cell:
    verdict, proposal = told
    sure = float(verdict.probability[row])
    said = int(verdict.leading[row])
    strategy = verdict.strongest[said] if said >= 0 else "labelled"
    if strategy == "together" and _is_misspelt(signs, row):
        strategy = "spelling"
    kind = signs.detected_kind.get(row, "detected") if strategy == "detected" else KINDS[strategy]
    if strategy == "together" and old is None:
        kind = "missing_but_known"
    why = REASONS[strategy]
    if proposal is None:
        return Cell(row, name, old, None, kind, bounded(sure), why, sure)
    if strategy == "detected" and sure * proposal.probability < HEARSAY:
        return Cell(row, name, old, None, kind, bounded(sure), why, sure)
    because = why if proposal.reason == why else f"{why}; {proposal.reason}"
    return Cell(row, name, old, proposal.new, kind, bounded(sure * proposal.probability), because, sure)


def _is_misspelt(signs: Signs, row: int) -> bool:
    """Tell whether what contradicts the row is misspelt, which says more."""
    code = signs.written.codes[row]
    return any(float(signs.by_text[name][code]) > MISSPELT for name in ("spelling", "marked") if name in signs.by_text)


def _backed(cell: Cell, proposal: Proposal) -> Cell:
    """Return a cell of a column that was corrected by hand: that a repair fits it is evidence that it is wrong."""
    return replace(cell, wrong=1.0 - (1.0 - cell.wrong) * (1.0 - proposal.probability))


def _wrong(judged: Judged, labels: Truth) -> dict[str, dict[int, bool]]:
    """Return for each column which labelled cells were wrong."""
    said: dict[str, dict[int, bool]] = {}
    for name, signs in judged.looked.columns.items():
        written = signs.written
        for row, values in labels.items():
            if name in values:
                said.setdefault(name, {})[row] = written.texts[written.codes[row]] != values[name]
    return said


def _shown(signs: Signs, labels: Truth) -> Shown | None:
    """Return what the labels show of a column's corrections; None where they corrected nothing."""
    written = signs.written
    pairs: list[tuple[str, str]] = []
    right: list[str] = []
    for row, values in labels.items():
        if written.name in values:
            old, new = written.texts[written.codes[row]], values[written.name]
            if old == new:
                right.append(old)
            else:
                pairs.append((old, new))
    return Shown(written, pairs, right) if pairs else None
