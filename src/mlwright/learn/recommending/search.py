"""The search: which learners, with which configurations and weights, recommend best at earlier moments of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mlwright.errors import DataError, OptionError
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.learners.packages import available, require
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.learn.recommenders.base import Ranker, Recommending, Taught
from mlwright.learn.recommending.blend import Blend
from mlwright.learn.recommending.candidates import Pool
from mlwright.learn.recommending.choosing import Choice, choose
from mlwright.learn.recommending.moments import SEARCH_SHARE, make_moments, slowness
from mlwright.learn.recommending.signals import known_of, signals
from mlwright.learn.recommending.stage import Stage
from mlwright.learn.recommending.trials import Trial, Trials, Tried
from mlwright.progress import Progress, Silent

RESERVE = 0.5
"""Share of the time left that trials leave: to weighing, to fitting what was chosen twice, and to all that follows."""
AFTERWARDS = 0.35
"""Share of that which weighing leaves."""
UNLIMITED = 600.0
"""Seconds by which the number of moments is chosen where there is no limit."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search found."""

    trials: tuple[Trial, ...]
    """All that was tried, as it was begun."""
    choices: Mapping[str, Choice]
    """What serves the "cold" and the "warm"."""
    members: tuple[Tried, ...]
    """What may be weighed: what is the same for everybody, and the best trial of each learner."""

    @property
    def baselines(self) -> tuple[Trial, ...]:
        """The simple rules that were tried."""
        return tuple(trial for trial in self.trials if trial.simple)

    @property
    def label(self) -> str:
        """What was chosen, as people write it."""
        names = dict.fromkeys(choice.chosen.name for choice in (self.choices["warm"], self.choices["cold"]))
        return ", ".join(names)

    def fit(self, taught: Taught, effort: Effort) -> Ranker:
        """Return what was chosen, its members learned from a log; the weights stay as they were learned."""
        weights = np.stack([self.choices[kind].chosen.weights for kind in ("cold", "warm")])
        width = weights.shape[1] - len(self.members)
        way = self.choices["warm"].chosen
        counted = [
            place
            for place in range(len(self.members))
            if weights[:, width + place].any() or (way.trees is not None and place in way.members)
        ]
        blend = Blend(
            _fitted([self.members[place] for place in counted], taught, effort),
            signals(taught),
            known_of(taught.log),
            np.array([1], dtype=np.int64),
            np.ascontiguousarray(weights[:, [*range(width), *(width + place for place in counted)]]),
        )
        if way.trees is None:
            return blend
        read = np.array([counted.index(place) for place in way.members], dtype=np.int64)
        return Stage(blend, way.trees, read=read, staged=np.array([False, True]))

    def rivals(self, taught: Taught, effort: Effort) -> dict[str, Ranker]:
        """Return what the chosen one is compared with, by label: popularity, and the best learner by itself."""
        popular = self.choices["warm"].ways[0].member
        best = max(range(len(self.members)), key=lambda place: self.members[place].trial.score)
        several = [self.members[place] for place in dict.fromkeys([best if popular is None else popular, best])]
        rankers = _fitted(several, taught, effort)
        return {tried.trial.label: ranker for tried, ranker in zip(several, rankers, strict=True)}


def search(
    taught: Taught,
    *,
    budget: Budget,
    trials: int | None = None,
    learners: Sequence[str] | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Searched:
    """Return what recommends best, by what people took at earlier moments of the log that teaches.

    Raises OptionError for a learner that there is not, MissingExtraError for one whose package is not installed,
    DataError where there is nothing to be judged by.
    """
    progress = progress or Silent()
    asked = _learners(taught, learners)
    # A promised number of trials is the same on every machine, whatever its speed.
    seconds = UNLIMITED if budget.seconds is None else budget.left / slowness(taught, asked, seed=seed)
    moments = make_moments(taught, asked, seconds=seconds, threads=threads, seed=seed)
    if not moments.cuts:
        raise DataError(
            "Nobody in this log took anything new after any moment of it: there is nothing to learn to recommend from.",
            hint="give a longer log, or check which columns are the user, the item and the time.",
        )
    if learners is None:
        most = SEARCH_SHARE * seconds
        asked = [learner for learner in asked if learner.simple or moments.seconds(learner) <= most]
    reserve = 0.0 if budget.seconds is None else RESERVE * budget.left
    runs = Trials(moments, budget, reserve=reserve, threads=threads, seed=seed)
    done = runs.run(asked, progress, most=trials)
    members = tuple(runs.members())
    if not members:
        reasons = sorted({str(one.trial.error) for one in done})
        raise DataError(f"No learner could be fitted on this log ({'; '.join(reasons) or 'none was tried'}).")
    pool = Pool.of(moments, [member.said for member in members])
    choices = choose(members, pool, seed=seed, threads=threads, stop=budget.stop_at(AFTERWARDS * reserve))
    return Searched(tuple(one.trial for one in done), choices, members)


def _learners(taught: Taught, names: Sequence[str] | None) -> list[Recommending]:
    """Return the learners that can learn from this: those asked for, and the simple rules always, which come first."""
    for name in names or ():
        if name not in RECOMMENDERS:
            raise OptionError.unknown("--learners", name, RECOMMENDERS)
        require(RECOMMENDERS[name])
    able = [learner for learner in RECOMMENDERS.values() if available(learner) and learner.takes(taught) is None]
    wanted = [learner for learner in able if names is None or learner.simple or learner.name in names]
    return sorted(wanted, key=lambda learner: not learner.simple)


def _fitted(members: Sequence[Tried], taught: Taught, effort: Effort) -> list[Ranker]:
    """Return the members' rankers, learned side by side."""
    each = Effort(seed=effort.seed, threads=1, stop=effort.stop)
    with ThreadPoolExecutor(max(1, effort.threads), thread_name_prefix="mlwright-fit") as pool:
        return list(pool.map(lambda one: one.learner.fit(taught, one.trial.configuration, each), members))
