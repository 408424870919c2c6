"""The order in which learners and their configurations are tried: the floor first, then the strongest per second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlwright.learn.base import Configuration, Learner
from mlwright.learn.learners import available

FLOOR = "linear"
ORDER = ("lightgbm", "catboost", "xgboost", "extratrees")


@dataclass(frozen=True, slots=True)
class Entry:
    """One learner with one configuration, on what one recipe variant makes of the rows."""

    learner: Learner
    configuration: Configuration
    variant: str


def portfolio(learners: Mapping[str, Learner], objective: str, cells: int) -> Iterator[Entry]:
    """Yield what is worth trying, in order: the linear floor, then round after round the next of every learner."""
    usable = [learner for learner in _ordered(learners) if objective in learner.objectives and available(learner)]
    usable = [learner for learner in usable if learner.max_cells is None or cells <= learner.max_cells]
    queues = {learner.name: list(learner.configurations[objective]) for learner in usable}
    for round_ in range(max((len(queue) for queue in queues.values()), default=0)):
        for learner in usable:
            if round_ < len(queues[learner.name]):
                yield Entry(learner, queues[learner.name][round_], learner.variant)


def _ordered(learners: Mapping[str, Learner]) -> Sequence[Learner]:
    rank = {name: position for position, name in enumerate((FLOOR, *ORDER))}
    return sorted(learners.values(), key=lambda learner: (rank.get(learner.name, len(rank)), learner.name))
