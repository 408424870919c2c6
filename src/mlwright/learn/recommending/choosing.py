"""Choosing: what serves people without a history, and what those with one; never something worse than popularity.

Each way to weigh is judged on people from whom its weights were not learned. Popularity of late stays unless a paired
test over people says that something else is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommending.candidates import Pool, choices_of
from mlwright.learn.recommending.moments import mean_of
from mlwright.learn.recommending.trials import Tried, Z
from mlwright.learn.recommending.weighing import Choices, learn_weights
from mlwright.tasks.base import Floats

SURE = 1.645
"""The normal distribution's 95 % point: a one-sided test."""
FEWEST = 30
"""People of a kind below which nothing is learned for them."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to weigh for people of one kind, and what came of it."""

    name: str
    weights: Floats
    """(columns,) as learned from everybody."""
    rows: Floats
    """(n,) NDCG@10 of the people, by weights that others taught; NaN for people of other kinds."""
    score: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    gain: float = 0.0
    """Over popularity."""
    sure: bool = False
    """Whether the gain is more than noise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What serves people of one kind, and the ways that were compared."""

    kind: str
    """"cold" (no history) or "warm"."""
    people: int
    chosen: Way
    ways: tuple[Way, ...] = field(default=())


def choose(tried: Sequence[Tried], pool: Pool, fallback: int, *, seed: int) -> dict[str, Choice]:
    """Return what serves the cold and the warm; `tried` are the pool's members, `fallback` the place of popularity."""
    choices = choices_of(pool, seed=seed)
    warm = pool.moments.lengths > 0
    found = {}
    for kind, those in (("cold", ~warm), ("warm", warm)):
        learned = those if those.sum() >= FEWEST else np.ones(len(warm), dtype=bool)
        chooser = _Chooser(tried, pool, choices, fallback, kind, those, learned)
        found[kind] = chooser.choice()
    return found


@dataclass(frozen=True, slots=True)
class _Chooser:
    tried: Sequence[Tried]
    pool: Pool
    choices: Choices
    fallback: int
    kind: str
    those: Rows
    """(n,) the people of this kind."""
    learned: Rows
    """(n,) those who teach the weights: the same, or everybody where they are few."""

    def choice(self) -> Choice:
        """Return the best way that is surely better than popularity, else popularity."""
        plain = self._single(self.fallback)
        people = self.pool.moments.people[self.those]
        ways = [plain]
        if self.those.sum() >= FEWEST:
            ways += [self._single(place) for place in range(len(self.tried)) if self._worth(place)]
            ways += self._blends()
        judged = [self._judged(way, plain, people) for way in ways]
        sure = [way for way in judged if way.sure]
        chosen = max(sure, key=lambda way: way.score, default=judged[0])
        return Choice(self.kind, int(self.those.sum()), chosen, tuple(judged))

    def _worth(self, place: int) -> bool:
        return place != self.fallback and (self.kind == "warm" or self.tried[place].alike)

    def _judged(self, way: Way, plain: Way, people: NDArray[np.int32]) -> Way:
        rows = way.rows[self.those]
        score, error = mean_of(rows, people)
        gain, noise = mean_of(rows - plain.rows[self.those], people)
        interval = (max(0.0, score - Z * error), min(1.0, score + Z * error))
        return Way(way.name, way.weights, way.rows, score, interval, gain, bool(gain > SURE * noise))

    def _single(self, place: int) -> Way:
        weights = np.zeros(self.pool.columns)
        weights[self.pool.width + place] = 1.0
        return Way(self.tried[place].trial.label, weights, self._rows(np.tile(weights, (len(self.those), 1))))

    def _rows(self, weights: Floats) -> Floats:
        return np.where(self.those, self.pool.rows(weights), np.nan)

    def _blends(self) -> list[Way]:
        """Return the blend of the signals, and for people with a history that with all members."""
        signals = np.arange(self.pool.width)
        own = [self.pool.width + place for place, one in enumerate(self.tried) if not one.alike]
        blends = [self._blend("signals", signals)]
        if self.kind == "warm" and own:
            blends.append(self._blend("blend", np.concatenate([signals, own]).astype(np.intp)))
        return blends

    def _blend(self, name: str, columns: NDArray[np.intp]) -> Way:
        teaching = self.choices.take(np.flatnonzero(self.learned)).only(columns)
        # A member speaks for an item or not at all; signals may count against each other (what rises, what falls).
        at_least = np.where(columns < self.pool.width, -np.inf, 0.0)
        by_person = np.zeros((len(self.those), self.pool.columns))
        for fold in np.unique(self.choices.fold).tolist():
            others = teaching.take(np.flatnonzero(teaching.fold != fold))
            mine = np.flatnonzero(self.choices.fold == fold)
            by_person[np.ix_(mine, columns)] = learn_weights(others, at_least=at_least)
        weights = np.zeros(self.pool.columns)
        weights[columns] = learn_weights(teaching, at_least=at_least)
        return Way(name, weights, self._rows(by_person))
