"""The consensus: how likely each cell is wrong when all strategies are heard and nobody has labelled anything.

The weights of the strategies are added as log-odds, each strategy's shrunk where it accuses many cells of a column and
no other strategy agrees: errors are rare, and what is strange everywhere is how the column is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlwright.clean.cell_errors.signs import Signs
from mlwright.columns import Floats

BEFORE = -2.5
"""Log-odds that a cell is wrong before anything is heard of it: about one in thirteen."""
WRONG = 0.65
"""A cell is called wrong from this probability on."""
ALONE = 0.01
"""A strategy keeps its weight while it accuses at most that share of the rows alone, or `FEW` of them."""
FEW = 10
NEVER_SHRUNK = frozenset(
    {"units", "stand_ins", "embedded", "together", "detected", "unreadable", "spaces", "date_form"}
)
"""Strategies that judge a column as a whole before they accuse any of its cells."""
ASKED, EMPTY = 2.0, 0.4
"""Where the rest of the row asks for a value so clearly, that nothing stands there is one more sign: of two values that
contradict each other either may be right, but an empty cell is not."""
FAMILIES: dict[str, str] = {
    "odd_letters": "rare_form", "separators": "rare_form", "foreign": "rare_form", "unreadable": "rare_form",
    "marked": "spelling",
}  # fmt: skip
"""Strategies that see the same thing: of each family the strongest is heard, and it counts as one voice."""
DEFENDED = frozenset(
    {"rare_form", "odd_letters", "separators", "foreign", "spelling", "marked", "far_out", "detected", "unreadable"}
)
"""Strategies against which it helps a cell that the rest of its row supports it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one column's cells."""

    probability: Floats
    strongest: list[str]
    """The strategies in the order of `leading`."""
    leading: Floats
    """For each row, which of them says most; -1 where none speaks."""


def consensus(signs: Signs) -> Verdict:
    """Weigh what all strategies say of one column."""
    rows = signs.written.rows
    spoken = {name: np.maximum(signs.weight(name), 0.0) for name in signs.names}
    families: dict[str, list[str]] = {}
    for name in spoken:
        families.setdefault(FAMILIES.get(name, name), []).append(name)
    voices = {family: np.maximum.reduce([spoken[name] for name in names]) for family, names in families.items()}
    number = np.sum([voice > 0 for voice in voices.values()], axis=0) if voices else np.zeros(rows)
    total, defended = np.full(rows, BEFORE), np.zeros(rows)
    leading, most, order = np.full(rows, -1), np.zeros(rows), list(spoken)
    for family, voice in voices.items():
        trust = 1.0 if NEVER_SHRUNK & set(families[family]) else _trust(voice > 0, number)
        heard = voice * trust
        if set(families[family]) & DEFENDED:
            defended += heard
        else:
            total += heard
        for name in families[family]:
            better = (spoken[name] * trust > most) & (spoken[name] >= voice)
            most[better], leading[better] = spoken[name][better] * trust, order.index(name)
    total += np.where(signs.written.missing[signs.written.codes] & (signs.votes.weight > ASKED), EMPTY, 0.0)
    support = np.minimum(signs.votes.weight, 0.0).astype(np.float64)
    total += np.maximum(defended + support, np.minimum(defended, 0.0))
    return Verdict(1.0 / (1.0 + np.exp(-np.clip(total, -30, 30))), order, leading)


def _trust(accused: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], number: Floats) -> float:
    """Return how far a strategy is trusted in this column: by how many of those it accuses others accuse too."""
    rows, agreed = int(accused.sum()), int((accused & (number >= 2)).sum())
    allowed = max(FEW, ALONE * len(accused))
    return min(1.0, (agreed + allowed) / max(rows, 1))
