"""Choosing: what serves people without a history, and what those with one; never something worse than popularity.

Each way to weigh is judged on people from whom its weights were not learned. Popularity of late stays unless a paired
test over people says that something else is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Stop, never
from mlwright.learn.recommenders.popularity import DecayedPopularity
from mlwright.learn.recommending.candidates import Pool, choices_of
from mlwright.learn.recommending.moments import mean_of
from mlwright.learn.recommending.staging import Candidates, candidates_of, learn_trees, staged_scores
from mlwright.learn.recommending.trials import Tried, Z
from mlwright.learn.recommending.weighing import Choices, learn_weights, sharpen
from mlwright.learn.trees import FlatTrees
from mlwright.tasks.base import Floats

SURE = 1.645
"""The normal distribution's 95 % point: a one-sided test."""
FEWEST = 30
"""People of a kind below which nothing is learned for them."""

TEACHING = 800
"""So many people teach the weights, of which there are few: more would make them no better, but take long."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to weigh for people of one kind, and what came of it."""

    name: str
    weights: Floats
    """(columns,) as learned from everybody."""
    rows: Floats
    """(n,) NDCG@10 of the people, by weights that others taught; NaN for people of other kinds."""
    by_person: Floats | None = None
    """(n, columns) the weights by which each is judged, learned from others; None for a member by itself."""
    trees: FlatTrees | None = None
    """Of a second stage, which reads the signals and what `members` say."""
    members: tuple[int, ...] = ()
    member: int | None = None
    """The place of the one member that it is, or None."""
    score: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    gain: float = 0.0
    """Over popularity; of a second stage, over the blend that it orders anew."""
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


def choose(tried: Sequence[Tried], pool: Pool, *, seed: int, threads: int = 1, stop: Stop = never) -> dict[str, Choice]:
    """Return what serves the "cold" and the "warm"; `tried` are the pool's members.

    Once `stop` tells so, no other blend is learned.
    """
    warm = pool.moments.lengths > 0
    own = [place for place, one in enumerate(tried) if not one.alike]
    # What is the same for everybody is among the signals already.
    lean = Pool(pool.moments, pool.signals, tuple(tuple(said[place] for place in own) for said in pool.said))
    found = {}
    # Those with a history first, because there is more to gain for them should the time end.
    for kind, those in (("warm", warm), ("cold", ~warm)):
        teaching = choices_of(lean, _some(those if those.sum() >= FEWEST else np.ones_like(those), seed), seed=seed)
        found[kind] = _Chooser(tried, pool, teaching, kind, those, seed, threads, stop).choice()
    return found


def _some(those: Rows, seed: int) -> Rows:
    """Return at most so many of the people, drawn at random."""
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(those))[:TEACHING]
    some = np.zeros(len(those), dtype=bool)
    some[drawn] = True
    return some


@dataclass(frozen=True, slots=True)
class _Chooser:
    tried: Sequence[Tried]
    pool: Pool
    teaching: Choices
    """What the weights are learned from: the signals, then the members that differ by person."""
    kind: str
    those: Rows
    """(n,) the people of this kind."""
    seed: int
    threads: int
    stop: Stop

    def choice(self) -> Choice:
        """Return the best way that is surely better than popularity, else popularity."""
        plain = self._popular()
        people = self.pool.moments.people[self.those]
        ways = [plain]
        if self.those.sum() >= FEWEST:
            ways += [*self._singles(plain), *self._blends(), *self._means()]
        judged = [self._judged(way, plain, people) for way in ways]
        sure = [way for way in judged if way.sure]
        chosen = self._safest(sure, people) if sure else judged[0]
        staged = self._stage(chosen)
        if staged is not None:
            # It costs more than the blend and knows it as its beginning: it has to be surely better than that.
            found = self._judged(staged, chosen, people)
            judged.append(found)
            chosen = found if found.sure else chosen
        return Choice(self.kind, int(self.those.sum()), chosen, tuple(judged))

    def _safest(self, ways: Sequence[Way], people: NDArray[np.int32]) -> Way:
        """Return the best way; the best blend where nothing is surely better: it holds what is popular of late, too."""
        best = max(ways, key=lambda way: way.score)
        blends = [way for way in ways if way.by_person is not None]
        if best.by_person is not None or not blends:
            return best
        blend = max(blends, key=lambda way: way.score)
        gain, noise = mean_of((best.rows - blend.rows)[self.those], people)
        return best if gain > SURE * noise else blend

    def _popular(self) -> Way:
        """Return the rule that is the same for everybody and has to be beaten; where none could be tried, the best.

        To those with a history it is the best one. To those without it is what they get where nothing is surely better:
        the best that counts what is of late, by what all people took, for of those without there are few.
        """
        alike = [place for place, one in enumerate(self.tried) if one.alike]
        late = [place for place in alike if self._is_of_late(place)]
        if self.kind == "cold" and late:
            return self._single(max(late, key=lambda place: self._mean(place, np.ones_like(self.those))))
        chosen = self.those if self.those.any() else ~self.those
        places = alike or range(len(self.tried))
        return self._single(max(places, key=lambda place: self._mean(place, chosen)))

    def _is_of_late(self, place: int) -> bool:
        return self.tried[place].learner.name == DecayedPopularity.name

    def _mean(self, place: int, those: Rows) -> float:
        rows = self.tried[place].rows
        return -1.0 if rows is None else float(np.mean(rows[those]))

    def _singles(self, plain: Way) -> list[Way]:
        """Return each member by itself that has something to say to people of this kind, but for the plain one."""
        places = [place for place, one in enumerate(self.tried) if one.alike == (self.kind == "cold")]
        return [self._single(place) for place in places if place != plain.member and not self._is_of_late(place)]

    def _means(self) -> list[Way]:
        """Return the plain means of the best two and three members that differ by person: nothing is learned."""
        own = [place for place, one in enumerate(self.tried) if not one.alike]
        means = []
        for count, name in ((2, "mean of two"), (3, "mean of three")):
            if self.kind == "warm" and len(own) >= count:
                weights = np.zeros(self.pool.columns)
                weights[[self.pool.width + place for place in own[:count]]] = 1.0 / count
                rows = self._rows(np.tile(weights, (len(self.those), 1)))
                means.append(Way(name, weights, rows, members=tuple(own[:count])))
        return means

    def _judged(self, way: Way, plain: Way, people: NDArray[np.int32]) -> Way:
        rows = way.rows[self.those]
        score, error = mean_of(rows, people)
        gain, noise = mean_of(rows - plain.rows[self.those], people)
        interval = (max(0.0, score - Z * error), min(1.0, score + Z * error))
        return replace(way, score=score, interval=interval, gain=gain, sure=bool(gain > SURE * noise))

    def _single(self, place: int) -> Way:
        weights = np.zeros(self.pool.columns)
        weights[self.pool.width + place] = 1.0
        one = self.tried[place]
        rows = np.full(len(self.those), np.nan) if one.rows is None else np.where(self.those, one.rows, np.nan)
        return Way(one.trial.label, weights, rows, member=place)

    def _rows(self, weights: Floats) -> Floats:
        return np.where(self.those, self.pool.rows(weights), np.nan)

    def _blends(self) -> list[Way]:
        """Return the blend of the signals, and for people with a history that with all members."""
        signals = np.arange(self.pool.width)
        own = [self.pool.width + place for place, one in enumerate(self.tried) if not one.alike]
        # The best member alone, or more of them: with few people, fewer weights are learned better.
        sets = {"blend of one": own[:1], "blend of two": own[:2], "blend": own} if self.kind == "warm" else {}
        by_columns = {tuple(columns): name for name, columns in reversed(sets.items())}
        by_columns[()] = "signals"
        blends = []
        for columns, name in sorted(by_columns.items(), key=lambda one: len(one[0]) or self.pool.columns):
            found = self._blend(name, np.array([*signals, *columns], dtype=np.intp))
            if found is None:
                break
            blends.append(found)
        return blends

    def _blend(self, name: str, columns: NDArray[np.intp]) -> Way | None:
        """Return the blend of these columns, sharpened where that makes better lists; None where there is no time."""
        folds = self.pool.moments.folds
        by_fold: dict[int, tuple[Floats, Floats]] = {}
        for fold in np.unique(folds).tolist():
            learned = self._learned(columns, fold)
            if learned is None:
                return None
            by_fold[fold] = learned
        everybody = self._learned(columns, None)
        if everybody is None:
            return None
        members = tuple((columns[columns >= self.pool.width] - self.pool.width).tolist())
        ways = []
        for place, of_all in enumerate(everybody):
            by_person, weights = np.zeros((len(self.those), self.pool.columns)), np.zeros(self.pool.columns)
            for fold, learned in by_fold.items():
                by_person[np.ix_(np.flatnonzero(folds == fold), columns)] = learned[place]
            weights[columns] = of_all
            ways.append(Way(name, weights, self._rows(by_person), by_person, members=members))
        return max(ways, key=lambda way: float(way.rows[self.those].mean()))

    def _learned(self, columns: NDArray[np.intp], fold: int | None) -> tuple[Floats, Floats] | None:
        """Return the weights of these columns and the sharpened ones, from all but a fold; None once stopped."""
        teaching = self.teaching.only(np.arange(len(columns)))
        if fold is not None:
            teaching = teaching.take(np.flatnonzero(teaching.fold != fold))
        # A member speaks for an item or not at all; signals may count against each other (what rises, what falls).
        at_least = np.where(columns < self.pool.width, -np.inf, 0.0)
        weights = None if self.stop() else learn_weights(teaching, at_least=at_least, stop=self.stop)
        sharper = None if weights is None else sharpen(teaching, weights, at_least=at_least, stop=self.stop)
        return None if weights is None or sharper is None else (weights, sharper)

    def _stage(self, blend: Way) -> Way | None:
        """Return the second stage upon a blend; None where too few people could teach it."""
        if blend.by_person is None or self.kind == "cold" or self.stop():
            return None
        found = candidates_of(self.pool, blend.by_person, blend.members, self.those)
        fold = self.pool.moments.folds
        by_fold: dict[int, FlatTrees] = {}
        for number in np.unique(fold[self.those]).tolist():
            trees = self._trees(found, np.flatnonzero(self.those & (fold != number)))
            if trees is None:
                return None
            by_fold[number] = trees
        scores = staged_scores(self.pool, blend.by_person, found, by_fold)
        rows = np.concatenate([self.pool.moments.rows(moment, each) for moment, each in enumerate(scores)])
        trees = self._trees(found, np.flatnonzero(self.those))
        if trees is None:
            return None
        return replace(blend, name="second stage", rows=np.where(self.those, rows, np.nan), trees=trees)

    def _trees(self, found: Candidates, index: NDArray[np.intp]) -> FlatTrees | None:
        return learn_trees(found, index, seed=self.seed, threads=self.threads, stop=self.stop)
