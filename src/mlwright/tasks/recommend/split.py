"""Split: at which moment a log is cut, who asks then with what history, and what they took afterwards.

Splits at random and by leaving the last one out let a recommender see what was popular after the moment of asking (Sun
et al., "Take a fresh look at recommender systems from an evaluation standpoint", SIGIR 2023): where times are known,
all that teaches lies before the moment, for everybody alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes, Histories, Interactions

JUDGED = 0.2
"""Share of the interactions after the moment at which a model is judged."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a moment makes of a log: what teaches, who asks, and what they were found to take afterwards.

    Relevant is what somebody took afterwards, was not in their history, and had been taken by somebody before: what
    nobody had taken yet is told apart as `fresh`, because only its features could have recommended it.
    """

    taught: Interactions
    moment: float
    user: Codes
    """(q,) who asks."""
    queries: Histories
    starts: NDArray[np.intp]
    """(q + 1,): what was relevant for i is `relevant[starts[i]:starts[i + 1]]`, each item once, by code."""
    relevant: Codes
    fresh: NDArray[np.intp]
    """(q,) how many items each of them took that nobody had taken before."""
    known: NDArray[np.bool_]
    """(items,) what had been taken before the moment: all of this is ranked."""
    kind: Literal["time", "random", "next"] = "time"

    def __len__(self) -> int:
        """Return how many ask."""
        return len(self.user)

    @property
    def y(self) -> Floats:
        """(q,) how many items there were to find."""
        return np.diff(self.starts).astype(np.float64)

    @property
    def warm(self) -> NDArray[np.bool_]:
        """(q,) who had a history."""
        return self.queries.lengths > 0

    def take(self, index: NDArray[np.intp]) -> Cut:
        """Return the cut for the people at these positions alone."""
        counts = np.diff(self.starts)[index]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        places = np.repeat(self.starts[index] - starts[:-1], counts) + np.arange(starts[-1])
        return replace(
            self,
            user=self.user[index],
            queries=self.queries.take(index),
            starts=starts,
            relevant=self.relevant[places],
            fresh=self.fresh[index],
        )

    def sampled(self, most: int, seed: int) -> Cut:
        """Return the cut for at most so many people, drawn at random, in their order."""
        if len(self) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), most, replace=False)
        return self.take(np.sort(drawn).astype(np.intp))

    def marked(self, start: int, end: int) -> NDArray[np.bool_]:
        """Return (end - start, items): what was relevant for these people."""
        marks = np.zeros((end - start, len(self.known)), dtype=bool)
        counts = np.diff(self.starts)[start:end]
        marks[np.repeat(np.arange(end - start), counts), self.relevant[self.starts[start] : self.starts[end]]] = True
        return marks


def moment_of(log: Interactions, share: float) -> float:
    """Return the moment before which about this share of the entries lies.

    Entries of one time stay on one side: of the two times that could part the log, the one nearer to the share is
    taken. NaN where all entries have the same time.
    """
    place = min(round(share * len(log)), len(log) - 1)
    if place < 0:
        return math.nan
    before = int(np.searchsorted(log.time, log.time[place], side="left"))
    after = int(np.searchsorted(log.time, log.time[place], side="right"))
    ends = [end for end in (before, after) if 0 < end < len(log)]
    return float(log.time[min(ends, key=lambda end: abs(end - place))]) if ends else math.nan


def cut_at(log: Interactions, moment: float, until: float = math.inf, *, known: NDArray[np.bool_] | None = None) -> Cut:
    """Return the cut at a moment: who took something from then until `until` (not included) asks once, at the moment.

    People for whom nothing is relevant are left out: nobody could make a list for them. `known` (items,) is what may be
    ranked, where that is not what the log had before the moment.
    """
    taught = log.before(moment)
    stop = int(np.searchsorted(log.time, until, side="left"))
    return _cut(taught, log.take(np.arange(len(taught), max(stop, len(taught)))), moment, "time", known)


def time_cut(log: Interactions, share: float = JUDGED) -> Cut:
    """Return the cut that leaves this share of the entries for judging; without times, the random one."""
    moment = moment_of(log, 1.0 - share) if log.has_time else math.nan
    return random_cut(log, share=share) if math.isnan(moment) else cut_at(log, moment)


def random_cut(
    log: Interactions, *, share: float = JUDGED, seed: int = 0, known: NDArray[np.bool_] | None = None
) -> Cut:
    """Return the usual split, which lets what teaches see the future: a share of all entries, drawn at random."""
    drawn = np.random.default_rng(seed).permutation(len(log))
    count = min(round(share * len(log)), max(len(log) - 1, 0))
    later, before = (np.sort(part).astype(np.intp) for part in (drawn[:count], drawn[count:]))
    moment = float(np.nextafter(log.time[-1], math.inf)) if len(log) else 0.0
    return _cut(log.take(before), log.take(later), moment, "random", known)


def rolling_cuts(log: Interactions, count: int, *, first: float = 0.5) -> tuple[Cut, ...]:
    """Return cuts at several moments, oldest first, each judged by what came until the next: rolling origin.

    The shares of the log before the moments go from `first` in equal steps. No cut's judging entries lie after the
    next one's moment: so what was learned from earlier cuts may be judged on later ones. Without times, the cuts are
    random ones with different seeds. Cuts that nobody can be judged on are left out.
    """
    if not log.has_time or math.isnan(moment_of(log, first)):
        return tuple(cut for seed in range(count) if len(cut := random_cut(log, seed=seed + 1)))
    shares = first + (1.0 - first) * np.arange(count) / count
    moments = sorted({moment for share in shares if math.isfinite(moment := moment_of(log, float(share)))})
    ends = [*moments[1:], math.inf]
    cuts = (cut_at(log, moment, end) for moment, end in zip(moments, ends, strict=True))
    return tuple(cut for cut in cuts if len(cut))


def next_items(log: Interactions, moment: float, *, most: int, seed: int = 0) -> Cut:
    """Return the replay of what came from a moment on, event by event: who took the item asks just before, knowing all.

    Relevant is the one item that was taken; at most `most` events are drawn at random. What teaches lies before the
    moment, histories reach up to each event.
    """
    taught = log.before(moment)
    known = _known(taught)
    places = np.arange(len(taught), len(log))
    places = places[known[log.item[places]] & ~_repeated(log)[places]]
    if len(places) > most:
        places = np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
    user = log.user[places]
    return Cut(
        taught=taught,
        moment=moment,
        user=user,
        queries=log.histories(user, log.time[places]),
        starts=np.arange(len(places) + 1, dtype=np.intp),
        relevant=log.item[places],
        fresh=np.zeros(len(places), dtype=np.intp),
        known=known,
        kind="next",
    )


def _known(taught: Interactions) -> NDArray[np.bool_]:
    known = np.zeros(len(taught.items), dtype=bool)
    known[taught.item] = True
    return known


def _repeated(log: Interactions) -> NDArray[np.bool_]:
    """Return (n,) which entries are of somebody who had taken the same item before."""
    repeated = np.ones(len(log), dtype=bool)
    repeated[np.unique(_pairs(log.user, log.item, log), return_index=True)[1]] = False
    return repeated


def _pairs(user: Codes, item: Codes, log: Interactions) -> NDArray[np.int64]:
    """Return one number for each pair of somebody and an item."""
    return user.astype(np.int64) * len(log.items) + item


def _cut(
    taught: Interactions,
    later: Interactions,
    moment: float,
    kind: Literal["time", "random"],
    known: NDArray[np.bool_] | None = None,
) -> Cut:
    """Return the cut between two parts of a log."""
    known = _known(taught) if known is None else known
    pairs = np.setdiff1d(_pairs(later.user, later.item, later), _pairs(taught.user, taught.item, taught))
    user, item = np.divmod(pairs, len(later.items))
    fresh = np.bincount(user[~known[item]], minlength=len(later.users))
    user, item = user[known[item]], item[known[item]]
    asking, counts = np.unique(user, return_counts=True)
    asking = asking.astype(np.int32)
    return Cut(
        taught=taught,
        moment=moment,
        user=asking,
        queries=taught.histories(asking, np.full(len(asking), moment if taught.has_time else math.nan)),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        relevant=item.astype(np.int32),
        fresh=fresh[asking].astype(np.intp),
        known=known,
        kind=kind,
    )
