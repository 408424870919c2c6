"""Judging a finished model on labelled rows that somebody brings: scores, groups of people, slices, tests and gates."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.collect import collect
from mlwright.evaluate.gates import Gate, default_gates, is_blocked, judge, overall, read_gates
from mlwright.evaluate.gates.kinds import STATISTICS
from mlwright.evaluate.stated import stated
from mlwright.model import measures
from mlwright.model.known import known
from mlwright.model.labelled import Labelled, labelled
from mlwright.model.parts import RowParts
from mlwright.table import Table

Written = str | os.PathLike[str] | Mapping[str, Any]
"""A path, or a dict that says what a file would say."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the parts of an evaluation are made from."""

    parts: RowParts
    table: Table
    rows: Labelled
    tests: Sequence[Any] | None
    against: RowParts | None
    seed: int = 0


def evaluate(
    parts: RowParts,
    source: object,
    *,
    query: str | None = None,
    gates: Written | None = None,
    tests: Written | None = None,
    against: RowParts | None = None,
) -> dict[str, Any]:
    """Return how good a model is on labelled rows, for whom it is worse, and whether it passes its gates, as JSON.

    `gates` and `tests` are files, or dicts that say the same; without `gates`, the model has to beat always giving the
    same answer and to be as good as when it was built, and only a failure blocks. `against` is another model of the
    same target. What a model says of rows that it learned from is too good: no gate of how good it is passes on them.
    Raises InputError where one of them cannot be read.
    """
    asked = read_gates(gates) if gates is not None else None
    read = measures.read_tests(parts, tests) if tests is not None else None
    table = collect(source, query=query) if query is not None else collect(source)
    judged = Judged(parts, table, labelled(parts, table.frame), read, against)
    result = _measured(judged, asked or ())
    found = judge(asked if asked is not None else default_gates(result), result)
    return {**result, "gates": found, "verdict": overall(gate["verdict"] for gate in found),
            "blocked": is_blocked(found), "gates_given": asked is not None}  # fmt: skip


def _measured(judged: Judged, gates: Sequence[Gate]) -> dict[str, Any]:
    """Return everything but the gates: what is always looked at, and what one of the gates asks for."""
    parts, rows = judged.parts, judged.rows
    result = measures.scores(parts, rows)
    seen = known(parts, rows.columns)
    result |= {"known": seen.to_dict() if seen is not None and seen.many else None}
    answered = parts.answer(rows.columns, rows.P)
    result |= {"calibration": stated(rows.held, answered, parts.decision)}
    result |= measures.people(parts, rows)
    result |= {"slices": measures.slices(parts, rows, seed=judged.seed)}
    wanted = {STATISTICS[gate.statistic].needs for gate in gates}
    if judged.against is not None:
        result |= {"against": measures.against(parts, rows, judged.against)}
    for name, measure in ON_DEMAND.items():
        if name in wanted or (name == "behaviour" and judged.tests is not None):
            result |= {name: measure(judged)}
    return result


ON_DEMAND: dict[str, Callable[[Judged], Any]] = {
    "behaviour": lambda judged: measures.behaviour(judged.parts, judged.rows, judged.tests, seed=judged.seed),
    "speed": lambda judged: measures.speed(judged.parts, judged.rows),
    "contract": lambda judged: measures.contract(judged.parts, judged.table),
    "unlike": lambda judged: measures.unlike(judged.parts, judged.rows, seed=judged.seed),
}
"""What is measured only where a gate asks for it, by the name of what a kind of statistic needs."""
