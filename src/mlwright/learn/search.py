"""The search: trials in the order of the portfolio, on the same folds, until the plan or the budget ends.

Fits run side by side, one thread each: on shared cores two fits with one thread beat one fit with two.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from mlwright.errors import DataError
from mlwright.learn.base import Learner, Stop
from mlwright.learn.budget import Budget
from mlwright.learn.material import Folds
from mlwright.learn.plan import Plan
from mlwright.learn.portfolio import FLOOR, portfolio
from mlwright.learn.preferences import BALANCED, Policy
from mlwright.learn.refit import refit_seconds
from mlwright.learn.trials import FoldResult, Trial, best_first, run_fold
from mlwright.progress import Progress

FINISH_SHARE = 0.15
"""Share of the budget kept for evaluation, report and writing."""
LIKELY_MEMBERS = 4
"""How many trials the ensemble is expected to keep; what refitting them costs is kept from the search."""
TRIAL_SHARE = 0.5
"""Share of the time left for searching that one trial may take: a slow one ends early and lets others try."""
FLOOR_RESERVE = 0.4
"""Share of the budget that even the floor leaves to what follows."""
MOST_RESERVED, RESERVED_AT_FIRST = 0.5, 0.35
"""Shares of the budget that may be kept at most; less as long as only the floor was tried."""
FIT_COPIES = 3
"""A fit may take so many times the bytes of its matrix: the library's own copy, bins, gradients."""
FOLDS_SEEN = 2
"""How many folds a trial must have been scored on before it may be given up."""
TICK = 0.2


@dataclass(frozen=True, slots=True)
class Unit:
    """One fit: a trial on a fold."""

    trial: Trial
    fold: int


class Search:
    """One run over the portfolio. `trials` holds everything that was started, in the order of the portfolio."""

    def __init__(
        self,
        folds: Folds,
        plan: Plan,
        budget: Budget,
        *,
        threads: int,
        seed: int,
        growth: float,
        policy: Policy = BALANCED,
    ) -> None:
        self.folds = folds
        self.plan = plan
        self.budget = budget
        self.threads = threads
        self.seed = seed
        self.growth = growth
        """Rows of all refits over rows of one fold's fit: what a fit's seconds are multiplied by to finish."""
        self.policy = policy
        """What the model is made of; whether trials are packed, to see what they weigh and how fast they answer."""
        self.trials: list[Trial] = []
        self._reserve = FINISH_SHARE * (budget.seconds or 0.0)

    def run(self, learners: Mapping[str, Learner], progress: Progress, *, members: Collection[str] = ()) -> list[Trial]:
        """Run trials until the plan or the budget ends. Raises DataError where no trial could be scored.

        `members` names the learners that may become members, the others being baselines; where it is empty, all may.
        """
        units = self._units(learners, members or learners)
        running: dict[Future[FoldResult], Unit] = {}
        with ThreadPoolExecutor(self.threads, thread_name_prefix="mlwright-fit") as pool:
            while True:
                while self._room(len(running)) and (unit := next(units, None)) is not None:
                    running[pool.submit(self._fit, unit)] = unit
                if not running:
                    break
                done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
                for future in done:
                    self._collect(running.pop(future), future)
                self._tell(progress)
        if not any(trial.usable for trial in self.trials):
            raise self._nothing()
        return self.trials

    def _units(self, learners: Mapping[str, Learner], members: Collection[str]) -> Iterator[Unit]:
        """Yield fits, a trial's folds one after the other, as long as another trial may start."""
        material = self.folds.material
        cells = material.rows * max(1, len(material.features))
        first = self.policy.preference.readable
        for entry in portfolio(learners, material.task.objective, cells, readable_first=first):
            if len(self._contenders) >= self.plan.trials or self.budget.cancelled:
                return
            if not self._affordable(entry.learner):
                continue
            trial = Trial(len(self.trials), entry, baseline=entry.learner.name not in members)
            self.trials.append(trial)
            for fold in range(len(self.folds.folds)):
                trial.cut = self._hopeless(trial)
                if trial.cut or trial.failure is not None or (self._out_of_time() and trial.number > 0):
                    break
                yield Unit(trial, fold)

    @property
    def _contenders(self) -> list[Trial]:
        """The trials that may become members."""
        return [trial for trial in self.trials if not trial.baseline]

    def _best(self) -> list[Trial]:
        """Return what the model would be made of now, best first."""
        return best_first(
            self.policy.eligible(self.trials), greater_is_better=self.folds.material.metric.greater_is_better
        )

    def _hopeless(self, trial: Trial) -> bool:
        """Whether a trial's first folds are worse, on average, than the worst fold of the best trial.

        The forgiving rule of Bergman, Purucker and Hutter, "Don't waste your time: early stopping cross-validation",
        AutoML 2024. A learner's first trial is finished whatever it shows: its view may be new. Without a clock the
        same trials are to be made again, and which fits have arrived by now is a matter of chance.
        """
        if self.budget.seconds is None or len(trial.losses) < FOLDS_SEEN:
            return False
        usable = [other for other in self._contenders if other.usable]
        if all(other.entry.learner.name != trial.entry.learner.name for other in usable):
            return False
        best = best_first(usable, greater_is_better=self.folds.material.metric.greater_is_better)[0]
        return sum(trial.losses.values()) / len(trial.losses) > max(best.losses.values())

    def _out_of_time(self) -> bool:
        return self.budget.cancelled or self.budget.left <= self._reserve or self.folds.headroom.gone

    def _room(self, running: int) -> bool:
        """Whether another fit may begin beside so many: there are threads and, for more than one, memory."""
        return running == 0 or (
            running < self.threads and self.folds.headroom.fits(FIT_COPIES * self.folds.matrix_bytes)
        )

    def _affordable(self, learner: Learner) -> bool:
        """Whether a trial of this learner is likely to end in time; the floor is always tried."""
        if not self.trials and learner.name == FLOOR:
            return True
        known = [t.seconds for t in self.trials if t.usable and t.entry.learner.name == learner.name]
        expected = sum(known) / len(known) / self.threads if known else self._first_time()
        return self.budget.left > self._reserve + 0.8 * expected

    def _first_time(self) -> float:
        """Seconds that the recipes of a learner's first trial take, judged by those made for others."""
        return len(self.folds.folds) * max((self.folds.seconds(t.entry.variant) for t in self.trials), default=0.0)

    def _fit(self, unit: Unit) -> FoldResult:
        stop = self._stop(first=unit.trial.number == 0)
        seed = self.seed + 1_000 * unit.trial.number + unit.fold
        return run_fold(unit.trial, unit.fold, self.folds, seed=seed, stop=stop)

    def _stop(self, *, first: bool) -> Stop:
        """Return what ends one fit: the budget, or its share of what one trial may take; or memory running out."""
        timely, headroom = self._timely(first=first), self.folds.headroom
        return lambda: timely() or headroom.gone

    def _timely(self, *, first: bool) -> Stop:
        if self.budget.seconds is None:
            return self.budget.stop_at(0.0)
        reserve = FLOOR_RESERVE * self.budget.seconds if first else self._reserve
        rounds = math.ceil(len(self.folds.folds) / self.threads)
        allowed = TRIAL_SHARE * max(0.0, self.budget.left - reserve) / rounds
        return self.budget.stop_at(reserve if first else max(reserve, self.budget.left - allowed))

    def _collect(self, unit: Unit, future: Future[FoldResult]) -> None:
        trial = unit.trial
        error = future.exception()
        if isinstance(error, KeyboardInterrupt):
            raise error
        if error is not None:
            # Whatever a learner raises, SystemExit too, ends its own trial alone.
            trial.failure = trial.failure or f"{type(error).__name__}: {error}"[:200].rstrip(": ")
            return
        result = future.result()
        trial.interrupted |= self.budget.cancelled and not result.fitted.complete
        trial.note(unit.fold, result, self.folds)
        trial.finish(self.folds, weigh=self.policy.weighs)
        if trial.usable:
            self._reserve = self._finish_cost()
            self.budget.shorten(self.budget.left - self._reserve)
            kept = self._best()[0]
            for other in self.trials:
                if other.usable and other is not kept and other.entry.learner.name != FLOOR:
                    other.forget()

    def _finish_cost(self) -> float:
        """Seconds kept for what comes after the search, with what refitting the likely members costs."""
        if self.budget.seconds is None:
            return 0.0
        best = self._best()
        fixed = FINISH_SHARE * self.budget.seconds
        again = self.growth * self.refit_seconds(best[:LIKELY_MEMBERS])
        most = RESERVED_AT_FIRST if sum(trial.usable for trial in self.trials) == 1 else MOST_RESERVED
        return min(fixed + 1.2 * again, most * self.budget.seconds)

    def refit_seconds(self, trials: Sequence[Trial]) -> float:
        """Seconds that fitting trials once more on as many rows as a fold has takes."""
        return refit_seconds(trials, self.folds.seconds, self.threads)

    def _tell(self, progress: Progress) -> None:
        best = self._best()
        metric = self.folds.material.metric
        by_count = len([t for t in self._contenders if t.usable or t.failure]) / max(1, self.plan.trials)
        by_time = self.budget.spent / self.budget.seconds if self.budget.seconds else 0.0
        left = None if self.budget.seconds is None else self.budget.left
        text = f"{metric.label or metric.name} {best[0].score:.4g} ({best[0].entry.learner.label})" if best else None
        progress.advance(share=min(1.0, max(by_count, by_time)), seconds_left=left, best=text)

    def _nothing(self) -> BaseException:
        if self.budget.cancelled:
            return KeyboardInterrupt("stopped before the first model was ready")
        reasons = sorted({trial.status for trial in self.trials})
        return DataError(
            f"No learner could be fitted on these rows ({'; '.join(reasons) or 'none was tried'}).",
            hint="give a longer --budget, or look at the data with fewer columns first.",
        )
