"""Some of the rows that get another answer, with both answers and the columns that the difference comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.changed import Changed
from mlwright.explain.contributions import Explainer
from mlwright.model.parts import RowParts
from mlwright.model.text import plain
from mlwright.tasks.base import Prediction

if TYPE_CHECKING:
    import polars as pl

SHOWN = 5
COLUMNS = 3
"""So many columns are named of each row."""

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Answered:
    """A model, the typed rows it was asked about, and its answers."""

    parts: RowParts
    columns: Columns
    answers: Prediction

    @cached_property
    def explainer(self) -> Explainer:
        """What tells where its answers come from."""
        return Explainer(self.parts.ensemble, self.parts.background)


def changed_rows(
    a: Answered, b: Answered, changed: Changed, frame: pl.DataFrame, places: Index, truth: Sequence[object] | None
) -> list[dict[str, Any]]:
    """Return a few rows whose answers are farthest apart, as JSON; of classes, of every frequent move one first.

    `places` are the numbers of the rows of the frame in what was read, `truth` the true answers where they are known.
    Each names the columns whose contributions (log-odds of B's answer, or the target's unit) differ most between A
    and B.
    """
    return [
        {
            "row": int(places[row]),
            "a": a.answers.values.tolist()[row],
            "b": b.answers.values.tolist()[row],
            **_probabilities(a, b, row),
            "truth": None if truth is None else truth[row],
            "columns": _columns(a, b, row, frame),
        }
        for row in _chosen(a, b, changed)
    ]


def _chosen(a: Answered, b: Answered, changed: Changed) -> list[int]:
    rows = np.flatnonzero(changed.rows)
    order = rows[np.argsort(-changed.distance[rows], kind="stable")].tolist()
    before, after = a.answers.values.tolist(), b.answers.values.tolist()
    first: list[int] = []
    for move in changed.moves[:SHOWN]:
        first += [row for row in order if (before[row], after[row]) == (move.was, move.now)][:1]
    return [*first, *(row for row in order if row not in first)][:SHOWN]


def _probabilities(a: Answered, b: Answered, row: int) -> dict[str, float]:
    """Return what both give to B's answer; nothing where numbers are predicted."""
    found = {}
    for name, each in (("a_probability", a), ("b_probability", b)):
        P = each.answers.probabilities
        if P is not None:
            found[name] = float(P[row, each.parts.classes.index(b.answers.values.tolist()[row])])
    return found


def _columns(a: Answered, b: Answered, row: int, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the columns that move the answer most from one model to the other; a model without a column adds 0."""
    one = np.array([row], dtype=np.intp)
    label = b.answers.values.tolist()[row]
    shift: dict[str, float] = {}
    for sign, each in ((-1.0, a), (1.0, b)):
        of = each.parts.classes.index(label) if each.parts.classes else None
        values = each.explainer.explain(each.columns.take(one), of).values[0]
        for name, value in zip(each.explainer.columns, values.tolist(), strict=True):
            shift[name] = shift.get(name, 0.0) + sign * value
    most = sorted(shift, key=lambda name: -abs(shift[name]))[:COLUMNS]
    return [
        {"column": name, "value": plain(frame[name][row]), "shift": shift[name]} for name in most if shift[name] != 0.0
    ]
