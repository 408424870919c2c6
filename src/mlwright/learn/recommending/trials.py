"""Trials: each learner with one configuration, at the same moments as all others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders.base import Recommending, Scores
from mlwright.learn.recommending.blend import standard_rows
from mlwright.learn.recommending.moments import Moments, mean_of
from mlwright.progress import Progress
from mlwright.tasks.base import Floats

Z = 1.959963984540054
SIDE_BY_SIDE = 1.5e9
"""Bytes that fits side by side may take together."""
ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the leaderboard: the score is the mean NDCG@10 over people with a history at earlier moments."""

    learner: str
    label: str
    configuration: dict[str, Any]
    score: float
    interval: tuple[float, float]
    seconds: float
    simple: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial and what it said: the standardised scores (q, items) and each person's NDCG@10, by moment."""

    trial: Trial
    learner: Recommending
    said: tuple[Scores, ...] = ()
    rows: Floats | None = None

    @property
    def usable(self) -> bool:
        """Whether it was tried at all moments."""
        return self.rows is not None

    alike: bool = False
    """Whether it says the same to everybody: then it is kept once."""


class Trials:
    """Runs trials until the list or the time ends.

    It keeps what the best configuration of each learner said, and all of what is the same for everybody.
    """

    def __init__(self, moments: Moments, budget: Budget, *, reserve: float, threads: int, seed: int) -> None:
        self.moments, self.budget, self.threads, self.seed = moments, budget, threads, seed
        self.reserve = reserve
        """Seconds to be left for what follows."""
        self.done: list[Tried] = []

    def run(self, learners: Sequence[Recommending], progress: Progress, *, most: int | None) -> list[Tried]:
        """Try configurations, each learner's first one first; simple rules are not counted to `most`."""
        units, workers = self._units(learners, most), self._side_by_side(learners)
        running: dict[Future[Tried], int] = {}
        started: dict[int, Tried] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="mlwright-try") as pool:
            while True:
                while len(running) < workers and (unit := next(units, None)) is not None:
                    running[pool.submit(self._try, *unit)] = len(started)
                    started[len(started)] = Tried(_blank(*unit), unit[0])
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED)[0]:
                    started[running.pop(future)] = future.result()
                    self.done = [started[place] for place in sorted(started)]
                    self._forget(started)
                self._tell(progress)
        return self.done

    def members(self) -> list[Tried]:
        """Return what may be weighed: what is the same for everybody, then the best of each learner, best first."""
        alike = [tried for tried in self.done if tried.usable and tried.alike]
        best: dict[str, Tried] = {}
        for tried in self.done:
            name = tried.trial.learner
            if tried.usable and not tried.alike:
                best[name] = tried if name not in best else max(best[name], tried, key=_score)
        return [*alike, *sorted(best.values(), key=_score, reverse=True)]

    def _units(
        self, learners: Sequence[Recommending], most: int | None
    ) -> Iterator[tuple[Recommending, Configuration]]:
        """Yield what to try next, as long as there is time for it."""
        count = 0
        for turn in range(ROUNDS):
            for learner in learners:
                if turn >= len(learner.configurations):
                    continue
                if not learner.simple and most is not None and count >= most:
                    continue
                if not (self._affordable(learner) or not self.done):
                    continue
                count += not learner.simple
                yield learner, learner.configurations[turn]

    def _affordable(self, learner: Recommending) -> bool:
        if self.budget.cancelled:
            return False
        done = [tried for tried in self.done if tried.usable]
        known = [tried.trial.seconds for tried in done if tried.trial.learner == learner.name]
        if known:
            return self.budget.left > self.reserve + sum(known) / len(known)
        # What a learner says that it costs is for a machine that has nothing else to do.
        others = [tried for tried in done if not tried.learner.simple]
        said = sum(self.moments.seconds(tried.learner) for tried in others)
        slower = max(1.0, sum(tried.trial.seconds for tried in others) / said) if said > 0.0 else 1.0
        return self.budget.left > self.reserve + slower * self.moments.seconds(learner)

    def _side_by_side(self, learners: Sequence[Recommending]) -> int:
        largest = max((learner.cost(self.moments.taught[-1])[1] for learner in learners), default=0.0)
        return max(1, min(self.threads, int(SIDE_BY_SIDE // max(largest, 1.0))))

    def _try(self, learner: Recommending, configuration: Configuration) -> Tried:
        start = time.perf_counter()
        blank = _blank(learner, configuration)
        try:
            said, rows = self._said(learner, configuration)
        except Exception as error:  # noqa: BLE001  whatever a learner raises ends its own trial alone
            why = f"{type(error).__name__}: {error}"[:200].rstrip(": ")
            return Tried(replace(blank, seconds=time.perf_counter() - start, error=why), learner)
        seconds = time.perf_counter() - start
        if rows is None:
            return Tried(replace(blank, seconds=seconds, error="there was no time to try it at all moments"), learner)
        focus = focus_of(self.moments)
        score, error_of = mean_of(rows[focus], self.moments.people[focus])
        interval = (max(0.0, score - Z * error_of), min(1.0, score + Z * error_of))
        alike = all(not np.ptp(each, axis=0).any() for each in said)
        if alike:
            said = tuple(np.broadcast_to(each[0].copy(), each.shape) for each in said)
        return Tried(replace(blank, score=score, interval=interval, seconds=seconds), learner, said, rows, alike)

    def _said(self, learner: Recommending, configuration: Configuration) -> tuple[tuple[Scores, ...], Floats | None]:
        """Fit at each moment; None for the rows where the time ends before the last one."""
        said, rows = [], []
        stop = self.budget.stop_at(self.reserve)
        for number, (taught, cut) in enumerate(zip(self.moments.taught, self.moments.cuts, strict=True)):
            if self.done and stop():
                return (), None
            ranker = learner.fit(taught, configuration, Effort(seed=self.seed, threads=1, stop=stop))
            scores = np.array(ranker.scores(cut.queries), dtype=np.float32)
            if np.isnan(scores).any():
                raise FloatingPointError("its scores are not numbers")
            said.append(standard_rows(scores, np.flatnonzero(cut.known)))
            rows.append(self.moments.rows(number, scores))
        return tuple(said), np.concatenate(rows)

    def _forget(self, started: dict[int, Tried]) -> None:
        """Let go of what can be no member any more."""
        kept = {id(tried) for tried in self.members()}
        for place, tried in started.items():
            if tried.said and id(tried) not in kept:
                started[place] = replace(tried, said=())
        self.done = [started[place] for place in sorted(started)]

    def _tell(self, progress: Progress) -> None:
        usable = [tried.trial for tried in self.done if tried.usable]
        best = max(usable, key=lambda trial: trial.score, default=None)
        budget = self.budget
        progress.advance(
            share=min(1.0, budget.spent / budget.seconds) if budget.seconds else 0.0,
            seconds_left=None if budget.seconds is None else budget.left,
            best=None if best is None else f"NDCG@10 {best.score:.3g} ({best.label})",
        )


def focus_of(moments: Moments) -> np.ndarray:
    """Return (n,) whom learners are ordered by: people with a history, everybody where there are none."""
    warm = moments.lengths > 0
    return warm if warm.any() else np.ones(len(warm), dtype=bool)


def _score(tried: Tried) -> float:
    return tried.trial.score


def _blank(learner: Recommending, configuration: Configuration) -> Trial:
    nan = float("nan")
    return Trial(learner.name, learner.label, dict(configuration), nan, (nan, nan), 0.0, learner.simple)
