"""Moments: earlier cuts of the log that teaches, at which learners and blends are tried; nobody there judges later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.base import Recommending, Scores, Taught
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.lists import exclude, hits, top
from mlwright.tasks.recommend.metrics import LIST, ndcg_rows
from mlwright.tasks.recommend.split import Cut, rolling_cuts

COUNTS = (5, 3, 2)
"""How many moments, the most first: as many as the time allows."""
SEARCH_SHARE = 0.3
"""Share of the time left that trying each learner once may take."""
CELLS = 24_000_000
"""Scores of one trial that are kept: 96 MB."""
MOST_PEOPLE, FEWEST_PEOPLE = 1_000, 60
COLD_SHARE = 0.3
"""Of the people who are asked for at a moment, at most so many have no history: what they get differs little."""
USER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Moments:
    """(n,) people at several moments, one moment after the other, and what teaches at each."""

    taught: tuple[Taught, ...]
    cuts: tuple[Cut, ...]

    @property
    def ends(self) -> NDArray[np.intp]:
        """(moments + 1,): the people of moment i are ends[i]:ends[i + 1]."""
        return np.concatenate([[0], np.cumsum([len(cut) for cut in self.cuts])]).astype(np.intp)

    @property
    def people(self) -> NDArray[np.int32]:
        """(n,) who they are: somebody may be asked for at several moments."""
        return np.concatenate([cut.user for cut in self.cuts])

    @property
    def lengths(self) -> NDArray[np.intp]:
        """(n,) entries of each history."""
        return np.concatenate([cut.queries.lengths for cut in self.cuts])

    @property
    def folds(self) -> NDArray[np.intp]:
        """(n,) what a person is judged on was not learned from people of the same number: moments, or people's."""
        if len(self.cuts) >= USER_FOLDS:
            return np.repeat(np.arange(len(self.cuts)), np.diff(self.ends)).astype(np.intp)
        return (self.people % USER_FOLDS).astype(np.intp)

    def seconds(self, learner: Recommending) -> float:
        """Return about how long a trial of a learner takes, by what it says of itself."""
        return sum(learner.cost(taught)[0] for taught in self.taught)

    def rows(self, moment: int, scores: Scores) -> Floats:
        """Return the NDCG@10 of each person of a moment for scores (q, items), which are changed."""
        cut = self.cuts[moment]
        scores[:, ~cut.known] = -np.inf
        exclude(scores, cut.queries)
        return ndcg_rows(cut.y, hits(top(scores, LIST), cut))


def make_moments(
    taught: Taught, learners: Sequence[Recommending], *, seconds: float, threads: int, seed: int
) -> Moments:
    """Return as many moments as so many seconds allow; none where nobody could be judged at any."""
    costs = sorted(learner.cost(taught)[0] for learner in learners)
    if len(costs) > 1 and costs[-1] > sum(costs[:-1]):
        # One that takes longer than all others together would leave them fewer moments.
        del costs[-1]
    once = sum(costs) / max(threads, 1)
    # Entries drawn at random differ less than moments do: without times, the largest number tells nothing more.
    counts = COUNTS if taught.log.has_time else COUNTS[1:]
    count = next((count for count in counts if count * once <= SEARCH_SHARE * seconds), COUNTS[-1])
    cuts = rolling_cuts(taught.log, count)
    most = int(np.clip(CELLS // max(len(taught.log.items) * max(len(cuts), 1), 1), FEWEST_PEOPLE, MOST_PEOPLE))
    kept = tuple(_fewer(cut, most, seed) for cut in cuts)
    return Moments(tuple(replace(taught, log=cut.taught, moment=cut.moment) for cut in kept), kept)


def slowness(taught: Taught, learners: Sequence[Recommending], *, seed: int) -> float:
    """Return how many times longer a fit takes than its learner says: 1 on a machine that has nothing else to do.

    Tried on half of the log, by the cheapest learner that is more than a simple rule.
    """
    half = replace(taught, log=taught.log.take(np.arange(len(taught.log) // 2)))
    costs = {learner.cost(half)[0]: learner for learner in learners if not learner.simple}
    if not costs:
        return 1.0
    cost, learner = min(costs.items(), key=lambda one: one[0])
    start = time.perf_counter()
    # What a learner cannot do here it cannot do in its trial either, which then says so.
    with suppress(Exception):
        learner.fit(half, learner.configurations[0], Effort(seed=seed))
    return max(1.0, (time.perf_counter() - start) / max(cost, 1e-3))


def _fewer(cut: Cut, most: int, seed: int) -> Cut:
    """Return the cut for at most so many people, drawn at random, those with a history first."""
    if len(cut) <= most:
        return cut
    order = np.random.default_rng(seed).permutation(len(cut))
    warm, cold = order[cut.warm[order]], order[~cut.warm[order]]
    few = min(len(cold), max(round(COLD_SHARE * most), most - len(warm)))
    return cut.take(np.sort(np.concatenate([warm[: most - few], cold[:few]])).astype(np.intp))


def mean_of(rows: Floats, people: NDArray[np.int32]) -> tuple[float, float]:
    """Return the mean of people's numbers and its standard error; somebody's several rows are one piece of evidence."""
    if not len(rows):
        return float("nan"), float("nan")
    mean = float(rows.mean())
    units = np.unique(people, return_inverse=True)[1].ravel()
    parts = np.bincount(units, weights=rows - mean)
    count = len(parts)
    if count < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(np.sum(parts**2) * count / (count - 1)) / len(rows))
