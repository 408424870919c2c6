"""From scores to a list: what may be recommended at all, in which order, and who fills the places that are left.

What forbids an item (it was seen, a filter, it did not exist) always wins; rules of order only move what may be
recommended. Where the first scores have nothing more to say, the next level fills: the list is shorter than `k` only
where fewer items may be recommended.

Diversity is maximal marginal relevance (Carbonell and Goldstein, "The use of MMR, diversity-based reranking for
reordering documents and producing summaries", SIGIR 1998). Exploration draws the list from a Plackett-Luce model by
Gumbel noise, place by place, so that each item's probability given those above it is known exactly (Plackett 1975;
Kool, van Hoof and Welling, "Stochastic beams and where to find them", ICML 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.recommend.interactions import Codes

Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

POOL = 100
"""Diversity and chance look at this many of the best items, or at ..."""
POOL_FACTOR = 5
"""... this many times the places that are to be filled."""
LEAST_HEAT = 1e-6


@dataclass(frozen=True, slots=True)
class Links:
    """Which values each item has, and which items each value has, as compressed rows."""

    starts: NDArray[np.intp]
    """(items + 1,)"""
    value: NDArray[np.int32]
    of_starts: NDArray[np.intp]
    """(values + 1,)"""
    of_item: NDArray[np.int32]

    @classmethod
    def of(cls, starts: NDArray[np.intp], value: NDArray[np.int32], values: int) -> Links:
        """Turn the values of items into the items of values as well."""
        order = np.argsort(value, kind="stable")
        owner = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
        of_starts = np.concatenate([[0], np.cumsum(np.bincount(value, minlength=values))]).astype(np.intp)
        return cls(starts, value, of_starts, owner[order])

    def values(self, item: int) -> NDArray[np.int32]:
        """Return the values of an item."""
        return self.value[self.starts[item] : self.starts[item + 1]]

    def items(self, value: int) -> NDArray[np.int32]:
        """Return the items of a value."""
        return self.of_item[self.of_starts[value] : self.of_starts[value + 1]]


@dataclass(frozen=True, slots=True)
class Level:
    """Scores (items,), made when they are wanted: -inf where nothing is said of an item."""

    name: str
    scores: Callable[[], Scores]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a list is made from; arrays are by item."""

    k: int
    levels: Sequence[Level]
    allowed: Mask
    standing: NDArray[np.intp]
    """All items: those that stand first come first among equals."""
    pinned: Sequence[int] = ()
    lift: Scores | None = None
    """How far items move up, in standard deviations of the scores."""
    buried: Mask | None = None
    caps: Sequence[tuple[Links, int]] = ()
    """At most so many of the list share a value."""
    diversity: float = 0.0
    vectors: Scores | None = None
    """(items, d) of length 1 or 0: their products say how like two items are."""
    explore: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """The list, best first."""

    item: Codes
    score: Scores
    level: tuple[str, ...]
    """Whose score it is; "pinned" where somebody said that it stands there."""
    propensity: NDArray[np.float64]
    """With what probability the item came to its place, given those above it; 1 where nothing was left to chance."""


def decide(choice: Choice) -> Decided:
    """Make the list."""
    picking = _Picking(choice)
    picking.pin()
    for within in _passes(choice):
        for place in range(len(choice.levels)):
            if picking.left > 0:
                picking.fill(place, within)
    return picking.decided()


def _passes(choice: Choice) -> Iterator[Mask | None]:
    """Give what is not buried first: what is comes after everything else of every level."""
    if choice.buried is None:
        yield None
    else:
        yield ~choice.buried
        yield choice.buried


@dataclass(slots=True)
class _Picking:
    """The list while it is made."""

    choice: Choice
    open: Mask = field(init=False)
    item: list[int] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    level: list[str] = field(default_factory=list)
    propensity: list[float] = field(default_factory=list)
    known: dict[int, Scores] = field(default_factory=dict)
    counts: list[dict[int, int]] = field(init=False)
    chance: np.random.Generator | None = field(init=False)

    def __post_init__(self) -> None:
        self.open = self.choice.allowed.copy()
        self.counts = [{} for _ in self.choice.caps]
        self.chance = np.random.default_rng(self.choice.seed) if self.choice.explore > 0 else None

    @property
    def left(self) -> int:
        """How many places are to be filled."""
        return self.choice.k - len(self.item)

    def scores(self, place: int) -> Scores:
        """Return the scores of a level, made once."""
        if place not in self.known:
            self.known[place] = self.choice.levels[place].scores()
        return self.known[place]

    def pin(self) -> None:
        """Put what is pinned on top, where nothing forbids it."""
        for code in self.choice.pinned:
            if self.left > 0 and self.open[code]:
                found = (self.scores(place)[code] for place in range(len(self.choice.levels)))
                score = next((float(one) for one in found if np.isfinite(one)), 0.0)
                self.take(code, score, "pinned", 1.0)

    def take(self, code: int, score: float, level: str, propensity: float) -> None:
        """Put an item on the list; what a cap then forbids is closed."""
        self.item.append(code)
        self.score.append(score)
        self.level.append(level)
        self.propensity.append(propensity)
        self.open[code] = False
        for counts, (links, most) in zip(self.counts, self.choice.caps, strict=True):
            for value in links.values(code).tolist():
                counts[value] = counts.get(value, 0) + 1
                if counts[value] == most:
                    self.open[links.items(value)] = False

    def fill(self, place: int, within: Mask | None) -> None:
        """Fill the places with what a level says, best first."""
        choice, raw = self.choice, self.scores(place)
        usable = self.open & np.isfinite(raw)
        if within is not None:
            usable &= within
        lifted = raw
        if choice.lift is not None and usable.any():
            lifted = raw + choice.lift * max(float(raw[usable].std(dtype=np.float64)), 1e-12)
        standing = choice.standing
        lifted, usable = lifted[standing], usable[standing]
        is_plain = not choice.caps and self.chance is None and (choice.diversity == 0 or choice.vectors is None)
        while self.left > 0:
            size = self.left if is_plain else max(POOL, POOL_FACTOR * self.left)
            best = _top(lifted, usable, size)
            if not len(best):
                return
            pool = standing[best]
            if is_plain:
                for code in pool.tolist():
                    self.take(code, float(raw[code]), choice.levels[place].name, 1.0)
                return
            self._greedily(pool, lifted[best], raw, choice.levels[place].name)
            usable[best] = False
            usable &= self.open[standing]

    def _greedily(self, pool: NDArray[np.intp], lifted: Scores, raw: Scores, level: str) -> None:
        """Choose from a pool one after the other until the places are filled or nothing is left."""
        choice = self.choice
        diversity = 0.0 if choice.vectors is None else choice.diversity
        worth = (1 - diversity) * _spread(lifted)
        vectors = choice.vectors[pool] if choice.vectors is not None and diversity > 0 else None
        alike = np.zeros(len(pool))
        if vectors is not None and choice.vectors is not None and self.item:
            alike = (vectors @ choice.vectors[self.item].T).max(axis=1).clip(0).astype(np.float64)
        while self.left > 0:
            still = self.open[pool]
            if not still.any():
                return
            values = np.where(still, worth - diversity * alike, -np.inf)
            best, propensity = self._draw(values)
            code = int(pool[best])
            self.take(code, float(raw[code]), level, propensity)
            if vectors is not None:
                np.maximum(alike, vectors @ vectors[best], out=alike)

    def _draw(self, values: NDArray[np.float64]) -> tuple[int, float]:
        """Return which to take, and with what probability it was this one."""
        if self.chance is None:
            return int(values.argmax()), 1.0
        heat = (values - values.max()) / max(self.choice.explore, LEAST_HEAT)
        weights = np.exp(heat)
        best = int((heat + self.chance.gumbel(size=len(heat))).argmax())
        return best, float(weights[best] / weights.sum())

    def decided(self) -> Decided:
        """Return the list."""
        return Decided(
            np.array(self.item, dtype=np.int32),
            np.array(self.score, dtype=np.float32),
            tuple(self.level),
            np.array(self.propensity, dtype=np.float64),
        )


def _top(scores: Scores, usable: Mask, size: int) -> NDArray[np.intp]:
    """Return the positions of the best usable scores, best first; equals in the order that they stand in."""
    places = np.flatnonzero(usable)
    found = scores[places]
    if len(places) > size:
        edge = np.partition(found, len(found) - size)[len(found) - size]
        better = found > edge
        equal = np.flatnonzero(found == edge)[: size - int(better.sum())]
        better[equal] = True
        places, found = places[better], found[better]
    return places[np.argsort(-found, kind="stable")]


def _spread(scores: Scores) -> NDArray[np.float64]:
    """Return the scores from 0 for the least to 1 for the best; 1 where all are the same."""
    found = scores.astype(np.float64)
    low, high = found.min(), found.max()
    return np.ones(len(found)) if high == low else (found - low) / (high - low)
