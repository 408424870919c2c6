"""Candidates: of all items, those that some score puts high for somebody, and a few drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

HIGH = 30
"""So many items of each score are candidates."""
DRAWN = 100
"""So many others are drawn at random: what is chosen is compared with what nobody would show, too."""
TAKEN = 50
"""So many of what somebody took teach, drawn at random where there are more."""


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


def choices_of(pool: Pool, wanted: NDArray[np.bool_], *, seed: int) -> Choices:
    """Return what the `wanted` (n,) could have chosen, one after the other: candidates, and which they took."""
    generator = np.random.default_rng(seed)
    ends, cuts = pool.moments.ends, pool.moments.cuts
    asked = [np.flatnonzero(wanted[ends[place] : ends[place + 1]]) for place in range(len(cuts))]
    sets = [found for place, rows in enumerate(asked) for found in _candidates(pool, place, rows, generator)]
    shape = (len(sets), max((len(items) for items, _ in sets), default=0))
    values = np.zeros((*shape, pool.columns), dtype=np.float32)
    stands_for = np.zeros(shape, dtype=np.float32)
    chosen = np.zeros(shape, dtype=bool)
    at = 0
    for place, rows in enumerate(asked):
        for row in rows.tolist():
            items, counts = sets[at]
            values[at, : len(items)] = pool.values(place, row, items)
            stands_for[at, : len(items)] = counts
            chosen[at, : len(items)] = cuts[place].marked(row, row + 1)[0, items]
            at += 1
    return Choices(values, stands_for, chosen, pool.moments.lengths[wanted], pool.moments.folds[wanted])


def _candidates(
    pool: Pool, moment: int, rows: NDArray[np.intp], generator: np.random.Generator
) -> Iterator[tuple[Codes, Singles]]:
    """Yield for each of these who ask at a moment items, and how many each of them stands for.

    What some score puts high and what was taken stand for themselves; of all others some are drawn.
    """
    cut = pool.moments.cuts[moment].take(rows)
    certain = cut.marked(0, len(cut))
    certain[:, np.unique([_high(column, cut.known, cut.queries.lengths) for column in pool.signals[moment].T])] = True
    for said in pool.said[moment]:
        scores = np.where(cut.known, said[rows], -np.inf).astype(np.float32)
        exclude(scores, cut.queries)
        high = top(scores, HIGH)
        certain[np.nonzero(high >= 0)[0], high[high >= 0]] = True
    for row, marks in enumerate(certain):
        allowed = cut.known.copy()
        allowed[cut.queries.item[cut.queries.starts[row] : cut.queries.starts[row + 1]]] = False
        taken = cut.relevant[cut.starts[row] : cut.starts[row + 1]]
        if len(taken) > TAKEN:
            allowed[generator.choice(taken, len(taken) - TAKEN, replace=False)] = False
        sure, others = np.flatnonzero(marks & allowed), np.flatnonzero(allowed & ~marks)
        drawn = others if len(others) <= DRAWN else generator.choice(others, DRAWN, replace=False)
        counts = np.repeat([1.0, len(others) / max(len(drawn), 1)], [len(sure), len(drawn)])
        yield np.concatenate([sure, drawn]).astype(np.int32), counts.astype(np.float32)


def _high(column: Singles, known: NDArray[np.bool_], lengths: NDArray[np.intp]) -> Codes:
    """Return the items that a signal puts high: more than are wanted, because some are in somebody's history."""
    count = HIGH + min(HIGH, int(np.quantile(lengths, 0.9)) if len(lengths) else 0)
    found: Codes = top(np.where(known, column, -np.inf)[None].astype(np.float32), min(count, len(known)))[0]
    return found
