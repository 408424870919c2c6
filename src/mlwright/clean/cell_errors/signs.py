"""Signs: what every strategy says of every cell of a column, side by side.

A sign is a weight: log-odds that the cell is wrong, as far as one strategy can tell. Strategies that look at the text
alone are kept for distinct texts, those that look at the row for rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.cell_errors import forms
from mlwright.clean.cell_errors.embedded import Embedded, embedded
from mlwright.clean.cell_errors.spelling import Neighbours, neighbours
from mlwright.clean.cell_errors.together import Votes, repetitive, votes
from mlwright.clean.cell_errors.written import Written
from mlwright.columns import Floats

NOT_FOR_CELLS = frozenset({"missing", "duplicate_rows"})
MOST_DETECTED = 6.0
MISSPELT = frozenset({"category_typos", "typo"})
NAMED = frozenset(
    {"disguised_missing", "impossible_values", "contradictions", "unit_errors", "mixed_units_in_text",
     "inconsistent_dates"}
)  # fmt: skip
"""Kinds of findings whose cells are listed whatever the other strategies say of them."""
HEARD = 2.5
"""What a finding says of a cell beyond how sure it is of it."""
OFTEN = 4
MOST_TEXTS = 200_000
"""A column with more different texts names things: its texts are not looked at one by one."""

KINDS: dict[str, str] = {
    "unreadable": "mixed_types",
    "rare_form": "pattern_violation",
    "odd_letters": "pattern_violation",
    "units": "disguised_numbers",
    "date_form": "date_format",
    "separators": "pattern_violation",
    "stand_ins": "disguised_missing",
    "spaces": "white_space",
    "foreign": "other_columns_value",
    "spelling": "typo",
    "marked": "typo",
    "far_out": "outlier",
    "together": "dependency_violation",
    "embedded": "two_values_in_one",
    "detected": "detected",
    "labelled": "like_labelled",
}
"""Each strategy and the kind of error that it stands for; "detected" takes the kind of the finding."""


@dataclass(frozen=True)
class Signs:
    """What all strategies say of one column."""

    written: Written
    by_text: dict[str, Floats]
    by_row: dict[str, Floats]
    near: Neighbours
    votes: Votes
    detected_kind: dict[int, str] = field(default_factory=dict)
    detected_new: dict[int, str] = field(default_factory=dict)
    named: dict[int, tuple[str, float]] = field(default_factory=dict)
    """Rows whose cell a finding of `NAMED` names: its kind and how sure it is."""

    def weight(self, name: str) -> Floats:
        """Return what one strategy says of each row."""
        if name in self.by_text:
            return self.by_text[name][self.written.codes]
        return self.by_row[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The strategies that say something of some cell."""
        return tuple(name for name in KINDS if name in self.by_text or name in self.by_row)


@dataclass(frozen=True)
class Looked:
    """A whole table as all strategies see it."""

    columns: dict[str, Signs]
    written: tuple[Written, ...]
    """The columns that were looked at together, in the order that votes name them by."""
    embedded: Embedded

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.written[0].rows if self.written else 0


def look(context: Context, detections: Iterable[Detection] = (), apart: Iterable[str] = ()) -> Looked:
    """Let every strategy look at every column but those `apart`."""
    names = [name for name in context.table.frame.columns if name not in set(apart)]
    written = [Written.of(context, name) for name in names if name in context.schema]
    said = _detected(detections, context.table.rows)
    if not written or not written[0].rows:
        return Looked({}, tuple(written), Embedded())
    together = tuple(written[place] for place in repetitive(written))
    voted = dict(zip([each.name for each in together], votes(together), strict=True))
    inside = embedded(together)
    place = {each.name: at for at, each in enumerate(together)}
    usual = forms.usual_missing(written)
    nobody = Votes(np.zeros(written[0].rows, dtype=np.float32), np.zeros(written[0].rows, dtype=np.int16), ())
    elsewhere = forms.foreign(written)
    columns = {}
    for each, foreign in zip(written, elsewhere, strict=True):
        rows = inside.weights.get(place.get(each.name, -1))
        shared = _Shared(voted.get(each.name, nobody), rows, foreign, usual)
        columns[each.name] = _signs(each, shared, said.get(each.name, ()))
    return Looked(columns, together, inside)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What is known of a column from looking at the whole table."""

    votes: Votes
    inside: Floats | None
    foreign: Floats
    usual_missing: str


def _signs(written: Written, shared: _Shared, said: Sequence[tuple[str, int, float, str | None]]) -> Signs:
    near = neighbours(written) if len(written.texts) <= MOST_TEXTS else Neighbours({}, np.zeros(len(written.texts)))
    by_text = _by_text(written, shared, near) if len(written.texts) <= MOST_TEXTS else {}
    by_row: dict[str, Floats] = {"together": shared.votes.weight.astype(np.float64)}
    if shared.inside is not None:
        by_row["embedded"] = shared.inside
    signs = Signs(written, {name: each for name, each in by_text.items() if each.any()}, by_row, near, shared.votes)
    for told, row, sure, new in said:
        # What would be in another unit but for its being one number again and again is a code.
        kind = "disguised_missing" if told == "unit_errors" and new is None else told
        weight = sure - _often(kind, written, row)
        if kind in NAMED and row not in signs.named:
            signs.named[row] = (kind, float(1.0 / (1.0 + np.exp(HEARD - sure))))
        held = by_row.setdefault("detected", np.zeros(written.rows))
        if weight > held[row]:
            held[row] = weight
            signs.detected_kind[row] = kind
            if new is not None:
                signs.detected_new[row] = new
    return signs


def _often(kind: str, written: Written, row: int) -> float:
    """Return how much less it says that a text is misspelt, the more often it stands there: 27 rows mean something."""
    times = int(written.counts[written.codes[row]])
    return float(np.log2(times / OFTEN)) if kind in MISSPELT and times > OFTEN else 0.0


def _by_text(written: Written, shared: _Shared, near: Neighbours) -> dict[str, Floats]:
    return {
        "unreadable": forms.unreadable(written),
        "rare_form": forms.rare_form(written),
        "odd_letters": forms.odd_letters(written),
        "units": forms.units(written),
        "date_form": forms.date_form(written),
        "separators": forms.separators(written)[0],
        "stand_ins": forms.stand_ins(written, usual=shared.usual_missing),
        "spaces": forms.spaces(written),
        "foreign": shared.foreign,
        "spelling": near.weight,
        "far_out": forms.far_out(written),
    }


def _detected(detections: Iterable[Detection], rows: int) -> Mapping[str, Sequence[tuple[str, int, float, str | None]]]:
    """Return the cells that detectors name, by column: kind, row, weight and what should stand there."""
    found: dict[str, list[tuple[str, int, float, str | None]]] = {}
    for detection in detections:
        finding = detection.finding
        if finding.severity == "info" or finding.kind in NOT_FOR_CELLS:
            continue
        for cells in detection.cells:
            sure = np.full(len(cells.rows), finding.confidence) if cells.confidence is None else cells.confidence
            sure = np.clip(np.minimum(sure, max(finding.confidence, 0.05)), 0.05, 0.995)
            weights = np.minimum(MOST_DETECTED, np.log(sure / (1.0 - sure)) + HEARD)
            new = cells.new or (None,) * len(cells.rows)
            for row, weight, text in zip(cells.rows.tolist(), weights.tolist(), new, strict=True):
                if 0 <= row < rows:
                    found.setdefault(cells.column, []).append((finding.kind, row, weight, text))
    return found
