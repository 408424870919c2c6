"""Weighing: how much each score counts in a blend, learned from what people chose among all they could have chosen.

The conditional logit (McFadden, "Conditional logit analysis of qualitative choice behavior", 1974), which is also the
listwise loss of Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007: convex, with
one number for each score, so that some hundred people are enough. Of the items that nobody would show, some are drawn
and stand for the others: each counts as as many as it was drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Stop, never
from mlwright.learn.recommending.signals import Singles
from mlwright.tasks.base import Floats

PENALTY = 1.0
"""How strongly weights are drawn towards 0: as strongly as by one person whose choice says nothing else."""
MOST_STEPS = 100
LEADING = 50
"""So many items lead somebody's list."""
TIMES = 2
"""So often it is learned which those are."""


@dataclass(frozen=True, slots=True)
class Choices:
    """(n,) people and the (c,) items that each could have chosen."""

    values: Singles
    """(n, c, f) the scores of the items; 0 where there is no item."""
    stands_for: Singles
    """(n, c) how many items it stands for, 1 or more; 0 where there is no item."""
    chosen: NDArray[np.bool_]
    """(n, c) whether it was chosen."""
    length: NDArray[np.intp]
    """(n,) entries of the history."""
    fold: NDArray[np.intp]
    """(n,) people of one fold are judged by weights that the others taught."""

    def __len__(self) -> int:
        """Return how many chose."""
        return len(self.length)

    def take(self, index: NDArray[np.intp]) -> Choices:
        """Return the choices of the people at these positions."""
        return Choices(
            values=self.values[index],
            stands_for=self.stands_for[index],
            chosen=self.chosen[index],
            length=self.length[index],
            fold=self.fold[index],
        )

    def only(self, columns: NDArray[np.intp]) -> Choices:
        """Return the choices with these scores alone."""
        return replace(self, values=np.ascontiguousarray(self.values[:, :, columns]))


def learn_weights(choices: Choices, *, at_least: Floats, stop: Stop = never) -> Floats | None:
    """Return (f,) the weights that make what was chosen likeliest, none below `at_least` (f,).

    Somebody who chose n items counts as the root of n: their choices are not independent. None where `stop`
    ended it: weights that are half learned say nothing.
    """
    start = np.maximum(np.zeros(choices.values.shape[2]), at_least)
    return _likeliest(choices, start, at_least=at_least, stop=stop)


def sharpen(choices: Choices, weights: Floats, *, at_least: Floats, stop: Stop = never) -> Floats | None:
    """Return weights (f,) learned anew from what was chosen among the items that lead each list; None once stopped."""
    sharper: Floats | None = weights
    for _ in range(TIMES):
        if sharper is not None:
            sharper = _likeliest(_leading(choices, sharper), sharper, at_least=at_least, stop=stop)
    return sharper


def _leading(choices: Choices, weights: Floats) -> Choices:
    """Return the choices among the items alone that these weights put first for each person."""
    if choices.chosen.shape[1] <= LEADING:
        return choices
    said = np.where(choices.stands_for > 0, choices.values @ weights.astype(np.float32), np.float32(-np.inf))
    first = np.argpartition(-said, LEADING - 1, axis=1)[:, :LEADING]
    return replace(
        choices,
        values=np.take_along_axis(choices.values, first[:, :, None], axis=1),
        stands_for=np.take_along_axis(choices.stands_for, first, axis=1),
        chosen=np.take_along_axis(choices.chosen, first, axis=1),
    )


def _likeliest(choices: Choices, start: Floats, *, at_least: Floats, stop: Stop) -> Floats | None:
    """Return the weights that make what was chosen likeliest, sought from `start`; None where `stop` ended it."""
    from scipy.optimize import Bounds, OptimizeResult, minimize

    width = choices.values.shape[2]
    some = choices.take(np.flatnonzero(choices.chosen.any(axis=1)))
    if not len(some):
        return start
    share = some.chosen / np.sqrt(some.chosen.sum(axis=1, keepdims=True))
    total = share.sum(axis=1, keepdims=True)
    flat = some.values.reshape(-1, width)

    def loss(weights: Floats) -> tuple[float, Floats]:
        said = (flat @ weights.astype(np.float32)).reshape(share.shape).astype(np.float64)
        said -= said.max(axis=1, keepdims=True)
        odds = np.exp(said) * some.stands_for
        sums = odds.sum(axis=1, keepdims=True)
        logs = said - np.log(sums)
        rest = (share - total * odds / sums).astype(np.float32).ravel()
        value = float(PENALTY * weights @ weights / 2 - (share * logs).sum())
        return value, PENALTY * weights - (rest @ flat).astype(np.float64)

    stopped = False

    def look(intermediate_result: OptimizeResult) -> None:  # noqa: ARG001  SciPy asks for this name
        nonlocal stopped
        stopped = stop()
        if stopped:
            raise StopIteration

    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(at_least, np.inf),
        callback=look,
        options={"maxiter": MOST_STEPS},
    )
    return None if stopped else np.asarray(found.x, dtype=np.float64)
