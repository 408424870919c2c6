"""Rows whose order is not random: neighbours are alike, or early rows differ from late ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection, OutOfFold
from mlwright.clean.detectors.leak_row_order import LeakRowOrder
from mlwright.clean.measures.goal import Goal, goal_of
from mlwright.clean.measures.telling import FEWEST_ROWS, Alone, alone, explained, told_by
from mlwright.clean.roles import propose_split
from mlwright.columns import Floats
from mlwright.findings import Finding
from mlwright.table import Table

ALIKE = 0.15
"""The correlation of neighbours' targets from which on it is worth telling."""
BEYOND_CHANCE = 5.0
"""Standard errors by which it has to differ from none."""
UNEXPLAINED = 0.3
"""The same of what a model leaves unexplained: then rows depend on one another beyond their columns."""
DRIFT = 0.25
"""The share of the differences in place that one column tells."""
NAMED = 3


class OrderNotRandom:
    """Finds tables in which rows near each other are alike, though no time and no entity is known that orders them."""

    name: ClassVar[str] = "order_not_random"
    kinds: ClassVar[tuple[str, ...]] = ("order_not_random",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return a finding about the target's order, or else one about the columns'."""
        goal, single = goal_of(context), alone(context)
        if goal is None or single is None or len(goal.rows) < FEWEST_ROWS:
            return
        if propose_split(table, context.schema).kind != "random" or any(LeakRowOrder().detect(table, context)):
            return
        signals = goal.signals
        together = _neighbours(signals)
        if together >= max(ALIKE, BEYOND_CHANCE / np.sqrt(len(signals))):
            yield _of_target(goal, together, _unexplained(goal, context.out_of_fold))
        elif drifting := _drifting(single):
            yield _of_columns(drifting)


def _neighbours(signals: Floats) -> float:
    """Return how far neighbours agree: the correlation of each row with the next, over all signals."""
    centred = signals - signals.mean(axis=0)
    total = float((centred**2).sum())
    return float((centred[:-1] * centred[1:]).sum()) / total if total > 0 else 0.0


def _unexplained(goal: Goal, out_of_fold: OutOfFold | None) -> float | None:
    """Return the same of what a model does not explain; None where there is no model."""
    if out_of_fold is None:
        return None
    P = out_of_fold.P[goal.rows]
    known = np.isfinite(P).all(axis=1)
    if known.sum() < FEWEST_ROWS:
        return None
    if not goal.labels or P.shape[1] == 1:
        y = goal.y if not goal.labels else np.array([float(label) for label in goal.labels])[goal.codes]
        return _neighbours((y - P[:, 0])[known][:, None])
    place = {str(label): k for k, label in enumerate(out_of_fold.classes)}
    if set(goal.labels) - set(place):
        return None
    return _neighbours((goal.signals - P[:, [place[label] for label in goal.labels]])[known])


def _of_target(goal: Goal, together: float, unexplained: float | None) -> Detection:
    left = unexplained is not None and unexplained >= UNEXPLAINED
    beyond = "" if unexplained is None else f", {unexplained:.2f} beyond what the columns explain"
    return Detection(
        finding=Finding(
            kind="order_not_random",
            columns=(goal.name,),
            message=f"Rows next to each other have like targets {goal.name!r} (correlation {together:.2f}{beyond}, 0 "
            "in a random order): the file is sorted, or a time or an entity that is no column lies behind its "
            "order, and then a random split makes the score too good.",
            severity="warning" if left else "info",
            confidence=0.7,
            repair="Find out what orders the rows, and name it with --time or --group.",
        )
    )


def _drifting(single: Alone) -> dict[str, float]:
    """Return the columns that tell where in the file a row stands, and how much of it, the strongest first."""
    place = np.linspace(0.0, 1.0, len(single.sample.rows))[:, None]
    shares = {name: explained(place, told_by(codes, single.sample, place)) for name, codes in single.codes.items()}
    return {name: share for name, share in sorted(shares.items(), key=lambda item: -item[1]) if share >= DRIFT}


def _of_columns(drifting: dict[str, float]) -> Detection:
    listed = ", ".join(f"{name!r} ({100 * share:.0f} %)" for name, share in list(drifting.items())[:NAMED])
    more = f" and {len(drifting) - NAMED} more" if len(drifting) > NAMED else ""
    return Detection(
        finding=Finding(
            kind="order_not_random",
            columns=tuple(drifting),
            message=f"Rows early in the file differ from late ones: so much of a row's place is told by {listed}{more}."
            " The file is sorted, or its rows were collected bit by bit.",
            confidence=0.7,
            repair="Do not split by the order of the file; where time lies behind it, name it with --time.",
        )
    )
