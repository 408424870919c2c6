"""The order in which learners and their configurations are tried: the floor first, then what was learned to pay most.

`portfolio.json` lists configurations by objectives, each chosen because it lowered the loss of the ensemble of those
before it most for its seconds, on average over many tables (benchmarks/portfolio.py, which also tells how the order
does on tables it was not chosen by). Learners that are not in it, such as plug-ins, bring configurations of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any

from mlwright.learn.base import Configuration, Learner, is_readable
from mlwright.learn.learners import available

FLOOR = "linear"
LEARNED = "portfolio.json"
EVERY = 3
"""After so many of the learned configurations comes one of a learner that was not there when they were learned."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One learner with one configuration, on what one recipe variant makes of the rows."""

    learner: Learner
    configuration: Configuration
    variant: str


def portfolio(
    learners: Mapping[str, Learner], objective: str, cells: int, *, readable_first: bool = False
) -> Iterator[Entry]:
    """Yield what is worth trying: the linear floor, the learned order with others mixed in, then each learner's own.

    With `readable_first`, the learners whose models can be read come right after the floor.
    """
    usable = {
        learner.name: learner
        for learner in learners.values()
        if objective in learner.objectives
        and available(learner)
        and (learner.max_cells is None or cells <= learner.max_cells)
    }
    told = learned_order()
    listed = next((order["entries"] for order in told["orders"] if objective in order["objectives"]), ())
    if FLOOR in usable:
        yield from _own(usable[FLOOR], objective)
    learned = [
        Entry(usable[row["learner"]], row["configuration"], row["variant"])
        for row in listed
        if row["learner"] in usable
    ]
    tried = [(entry.learner.name, entry.configuration) for entry in learned]
    if readable_first:
        names = [name for name in usable if name != FLOOR and is_readable(usable[name])]
        yield from _in_turn([_own(usable.pop(name), objective) for name in names])
        learned = [entry for entry in learned if entry.learner.name in usable]
    considered = {FLOOR, *(told["considered"] if listed else ())}
    unknown = _in_turn([_own(usable[name], objective) for name in sorted(usable) if name not in considered])
    for place, entry in enumerate(learned):
        if place and place % EVERY == 0 and (other := next(unknown, None)) is not None:
            yield other
        yield entry
    yield from unknown
    for entry in _in_turn([_own(usable[name], objective) for name in usable if name in considered - {FLOOR}]):
        if (entry.learner.name, entry.configuration) not in tried:
            yield entry


@cache
def learned_order() -> Mapping[str, Any]:
    """Return "considered", the learners that there were, and "orders": for some objectives what was chosen, in turn.

    An order is {"objectives", "entries"}, an entry {"learner", "variant", "configuration"}.
    """
    order: Mapping[str, Any] = json.loads(files("mlwright.learn").joinpath(LEARNED).read_text())
    return order


def _own(learner: Learner, objective: str) -> list[Entry]:
    return [Entry(learner, configuration, learner.variant) for configuration in learner.configurations[objective]]


def _in_turn(queues: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    for round_ in zip_longest(*queues):
        yield from (entry for entry in round_ if entry is not None)
