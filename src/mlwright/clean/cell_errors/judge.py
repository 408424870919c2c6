"""The whole judgement without labels: listen to all strategies, learn what the damage looks like, listen once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlwright.clean.cell_errors.consensus import WRONG, Verdict, consensus
from mlwright.clean.cell_errors.corrections import Proposal, best_pairs, proposals
from mlwright.clean.cell_errors.signs import Looked, Signs
from mlwright.clean.cell_errors.spelling import filled, marks
from mlwright.clean.cell_errors.written import Written
from mlwright.columns import Floats

SURE = 0.9
MARKED = 4.5
FEWEST_TIMES = 2.0
"""A text with marks is damaged where one that it may have been is so many times more frequent."""
ODD_MARK = 2.4
"""What a mark says in a text that nothing known fits, where hardly any other text of the column holds it."""


@dataclass(frozen=True)
class Judged:
    """Every column's verdict, and the signs that damage left in place of letters."""

    looked: Looked
    verdicts: Mapping[str, Verdict]
    marks: frozenset[str]


def judge(looked: Looked) -> Judged:
    """Judge all cells of a table without labels."""
    verdicts = {name: consensus(signs) for name, signs in looked.columns.items()}
    left = marks(_pairs(looked, verdicts))
    if not left:
        return Judged(looked, verdicts, left)
    columns = {name: _marked(signs, left) for name, signs in looked.columns.items()}
    looked = replace(looked, columns=columns)
    return Judged(looked, {name: consensus(signs) for name, signs in columns.items()}, left)


def _pairs(looked: Looked, verdicts: Mapping[str, Verdict]) -> list[tuple[str, str]]:
    """Return what was surely wrong with what it surely was."""
    found: list[tuple[str, str]] = []
    for name, signs in looked.columns.items():
        if "together" not in signs.names and "spelling" not in signs.names:
            continue
        wrong = np.flatnonzero(verdicts[name].probability >= SURE)
        wrong = wrong[np.isin(signs.written.codes[wrong], _first_codes(signs.written, wrong))]
        if len(wrong):
            made = proposals(looked, signs, wrong[:2_000])
            found += best_pairs(made, signs.written, wrong[:2_000].tolist(), SURE)
    return found


def _first_codes(written: Written, rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Floats:
    """Return the codes of texts that are rare: damage does not repeat itself often."""
    codes = np.unique(written.codes[rows])
    return np.asarray(codes[written.counts[codes] <= max(3, 0.02 * written.rows)], dtype=np.float64)


def _marked(signs: Signs, left: frozenset[str]) -> Signs:
    """Add what the marks say of each text."""
    written = signs.written
    weights = np.zeros(len(written.texts))
    if not written.is_text:
        return signs
    holds = np.array([bool(left.intersection(text)) for text in written.texts], dtype=np.bool_) & ~written.missing
    rows = int(written.counts[holds].sum())
    by_length: dict[int, list[int]] = {}
    for place in np.flatnonzero(~written.missing).tolist():
        by_length.setdefault(len(written.texts[place]), []).append(place)
    rare = rows <= 0.1 * max(written.present, 1)
    for place in np.flatnonzero(holds).tolist():
        others = by_length[len(written.texts[place])]
        fits = filled(written.texts[place], [written.texts[other] for other in others], left)
        times = max((written.counts[written.place[other]] for other in fits), default=0) / written.counts[place]
        if times >= FEWEST_TIMES:
            weights[place] = MARKED
        elif rare and written.counts[place] <= max(2, 0.002 * written.present):
            weights[place] = ODD_MARK
    if not weights.any():
        return signs
    return replace(signs, by_text={**signs.by_text, "marked": weights})


def wrong_rows(verdict: Verdict) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return the rows whose cell is called wrong."""
    return np.flatnonzero(verdict.probability >= WRONG)


__all__ = ["Judged", "Proposal", "judge", "wrong_rows"]
