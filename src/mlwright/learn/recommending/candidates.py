"""Candidates: of all items, those that some score puts high for somebody, and a few drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommenders.base import Scores
from mlwright.learn.recommending.moments import Moments
from mlwright.learn.recommending.signals import Singles, signals
from mlwright.learn.recommending.weighing import Choices
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes
from mlwright.tasks.recommend.lists import exclude, top

HIGH = 60
"""So many items of each score are candidates."""
DRAWN = 100
"""So many others are drawn at random: what is chosen is compared with what nobody would show, too."""
CELLS = 60_000_000
"""Numbers of all candidates together: 240 MB."""


@dataclass(frozen=True, slots=True)
class Pool:
    """All that may be weighed at the moments: the log's signals, then what each member said, both standardised."""

    moments: Moments
    signals: tuple[Singles, ...]
    """By moment (items, f)."""
    said: tuple[tuple[Scores, ...], ...]
    """By moment, by member (q, items)."""

    @classmethod
    def of(cls, moments: Moments, said: Sequence[Sequence[Scores]]) -> Pool:
        """Return the pool for members, each having said something at every moment."""
        facts = tuple(signals(taught) for taught in moments.taught)
        return cls(moments, facts, tuple(tuple(member[place] for member in said) for place in range(len(facts))))

    @property
    def width(self) -> int:
        """How many signals there are; the members' columns follow."""
        return int(self.signals[0].shape[1])

    @property
    def columns(self) -> int:
        """Signals and members."""
        return self.width + len(self.said[0])

    def blended(self, moment: int, weights: Floats) -> Scores:
        """Return (q, items) what a blend says at a moment, given the weights (q, columns) of each who asks."""
        total = np.asarray(weights[:, : self.width] @ self.signals[moment].T, dtype=np.float32)
        for said, weight in zip(self.said[moment], weights[:, self.width :].T, strict=True):
            if weight.any():
                total += said * weight[:, None].astype(np.float32)
        return total

    def rows(self, weights: Floats) -> Floats:
        """Return (n,) the NDCG@10 of everybody's list, given the weights (n, columns) for each."""
        ends = self.moments.ends
        return np.concatenate(
            [
                self.moments.rows(place, self.blended(place, weights[ends[place] : ends[place + 1]]))
                for place in range(len(self.moments.cuts))
            ]
        )

    def values(self, moment: int, row: int, items: Codes) -> Singles:
        """Return (items, columns) what is weighed of these items for one who asks at a moment."""
        own = [said[row, items] for said in self.said[moment]]
        return np.column_stack([self.signals[moment][items], *own]).astype(np.float32)


def choices_of(pool: Pool, *, seed: int) -> Choices:
    """Return what everybody could have chosen: candidates, and which of them they took."""
    generator = np.random.default_rng(seed)
    sets = [items for place in range(len(pool.moments.cuts)) for items in _candidates(pool, place, generator)]
    count = max(1, min(max((len(items) for items in sets), default=1), CELLS // max(len(sets) * pool.columns, 1)))
    values = np.zeros((len(sets), count, pool.columns), dtype=np.float32)
    there = np.zeros((len(sets), count), dtype=bool)
    chosen = np.zeros((len(sets), count), dtype=bool)
    ends = pool.moments.ends
    for place, cut in enumerate(pool.moments.cuts):
        marks = cut.marked(0, len(cut))
        for row in range(len(cut)):
            at, items = ends[place] + row, sets[ends[place] + row]
            if len(items) > count:
                items = np.sort(generator.choice(items, count, replace=False))
            values[at, : len(items)] = pool.values(place, row, items)
            there[at, : len(items)] = True
            chosen[at, : len(items)] = marks[row, items]
    return Choices(values, there, chosen, pool.moments.lengths, pool.moments.folds)


def _candidates(pool: Pool, moment: int, generator: np.random.Generator) -> list[Codes]:
    """Return for each who asks at a moment the items that some score puts high, and some drawn at random, by code."""
    cut = pool.moments.cuts[moment]
    allowed = np.tile(cut.known, (len(cut), 1))
    allowed[np.repeat(np.arange(len(cut)), cut.queries.lengths), cut.queries.item] = False
    high = [np.tile(_high(column, cut.known, cut.queries.lengths), (len(cut), 1)) for column in pool.signals[moment].T]
    for said in pool.said[moment]:
        scores = np.where(cut.known, said, -np.inf).astype(np.float32)
        exclude(scores, cut.queries)
        high.append(top(scores, HIGH))
    drawn = np.flatnonzero(cut.known)[generator.integers(0, max(int(cut.known.sum()), 1), (len(cut), DRAWN))]
    together = np.concatenate([*high, drawn], axis=1)
    return [np.unique(row[(row >= 0)][allowed[at, row[row >= 0]]]) for at, row in enumerate(together)]


def _high(column: Singles, known: NDArray[np.bool_], lengths: NDArray[np.intp]) -> Codes:
    """Return the items that a signal puts high: more than are wanted, because some are in somebody's history."""
    count = HIGH + int(np.quantile(lengths, 0.9)) if len(lengths) else HIGH
    found: Codes = top(np.where(known, column, -np.inf)[None].astype(np.float32), min(count, 2 * HIGH))[0]
    return found
