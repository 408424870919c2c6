"""Judging: what rankers' lists are worth at a cut, all of them for the same people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommenders.base import Ranker
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes
from mlwright.tasks.recommend.lists import ListFacts, facts, hits, ranked
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.split import Cut

FEWEST = 5
"""People of a kind below which no score of theirs is told."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How the lists of each ranker fared: what the shared metrics, intervals, tests and slices read."""

    cut: Cut
    y: Floats
    """(q,) how many items there were to find."""
    P: Mapping[str, Floats]
    """By ranker (q, LIST): 1 where the item at that place was one of them."""
    lists: Mapping[str, Codes]
    """By ranker (q, LIST) the items listed, best first; -1 where there were no more."""

    @property
    def warm(self) -> NDArray[np.bool_]:
        """(q,) who had a history."""
        return self.cut.warm

    def facts(self, name: str, *, seed: int = 0) -> ListFacts:
        """Return what the lists of a ranker are like."""
        return facts(self.lists[name], self.cut.taught, self.cut.known, seed=seed)


def judge(rankers: Mapping[str, Ranker], cut: Cut) -> Judged:
    """Return how rankers that learned from `cut.taught` do for who asks at the cut: full ranking, nothing sampled.

    All that had been taken before is ranked, what is in the history is left out.
    """
    lists = {name: ranked(ranker.scores, cut.queries, k=LIST, known=cut.known) for name, ranker in rankers.items()}
    return Judged(cut, cut.y, {name: hits(found, cut) for name, found in lists.items()}, lists)
