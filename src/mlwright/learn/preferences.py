"""What people weigh score against: how much of it a lighter or faster model may give up, and which members it drops.

A member stays where what it gains is more than so many standard errors of that gain: what cannot be told from chance is
not worth its time and its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlwright.learn.base import is_readable
from mlwright.learn.trials import Trial, eligible
from mlwright.tasks.base import Floats, Metric, RowTask

SLACK = 0.6
"""Share of a row's time that members and recipes may take: the rest reads the row and writes the answer."""


@dataclass(frozen=True, slots=True)
class Preference:
    """How the members of an ensemble are picked and pruned."""

    purpose: str
    tolerance: float
    """Standard errors of its gain that a member must be worth."""
    candidates: int
    """How many of the best trials are candidates: the rest would only add chance."""
    dearest: str = "trees"
    """What is pruned first: the member with most "trees", or most "bytes"."""
    patience: float = 1.0
    """By what the number of trials that the rows deserve is multiplied."""
    copies: int = 1
    """How often each member is fitted at most, with other seeds."""
    copied_trees: int = 0
    """Copies may not bring the model above so many trees."""
    readable: bool = False
    """Whether the model is the best single one that can be read whole, whatever others score."""


PREFERENCES: dict[str, Preference] = {
    "balanced": Preference(
        "the best score, without members that add nothing one can measure", 0.1, 16, copies=3, copied_trees=1_500
    ),
    "accuracy": Preference("the best score, whatever it takes", 0.0, 24, patience=1.5, copies=5, copied_trees=20_000),
    "speed": Preference("few trees, as long as the score stays within its noise", 1.0, 16),
    "size": Preference("few bytes, as long as the score stays within its noise", 1.0, 16, dearest="bytes"),
    "readable": Preference(
        "one model that can be read whole, and what it costs beside the others", 0.0, 16, readable=True
    ),
}


@dataclass(frozen=True, slots=True)
class Members:
    """What an ensemble may be made of: trials with what they predict for rows whose answer is known."""

    trials: Sequence[Trial]
    predictions: Sequence[Floats]
    y: Floats
    weight: Floats | None
    row_losses: Callable[[Floats, Floats], Floats]

    def losses(self, weights: Floats) -> Floats:
        """Return what each row loses by the weighted average."""
        return self.row_losses(self.y, combine(self.predictions, weights))


@dataclass(frozen=True, slots=True)
class Policy:
    """A preference, and the seconds that answering one row may take."""

    preference: Preference
    max_latency: float | None = None

    @property
    def weighs(self) -> bool:
        """Whether trials have to be packed, to see what they weigh and how fast they answer."""
        return self.max_latency is not None or self.preference.dearest == "bytes"

    def eligible(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the usable trials that may become members; of readable models also the floor, which is always one."""
        if not self.preference.readable:
            return eligible(trials)
        usable = [trial for trial in trials if trial.usable and is_readable(trial.entry.learner)]
        return [trial for trial in usable if not trial.baseline] or usable or eligible(trials)

    def allowed(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that answer in time by themselves; where none does, the fastest."""
        if self.max_latency is None or not trials:
            return list(trials)
        limit = SLACK * self.max_latency
        quick = [trial for trial in trials if trial.row_seconds + trial.recipe_seconds <= limit]
        return quick or [min(trials, key=lambda trial: trial.row_seconds + trial.recipe_seconds)]

    def copies(self, trials: Sequence[Trial]) -> int:
        """Return how often members that are these trials may be fitted: none twice where the clock limits answers."""
        if self.max_latency is not None:
            return 1
        together = max(1, sum(trial.trees for trial in trials))
        return max(1, min(self.preference.copies, self.preference.copied_trees // together))

    def pruned(self, weights: Floats, members: Members) -> Floats:
        """Return the weights without the members that are not worth their price, or that take too long together."""
        kept = weights
        while (shorter := self._one_less(kept, members)) is not None:
            kept = shorter
        return kept

    def _one_less(self, weights: Floats, members: Members) -> Floats | None:
        heard = [int(place) for place in np.flatnonzero(weights)]
        if len(heard) == 1:
            return None
        now = members.losses(weights)
        by_price = sorted(heard, key=lambda place: self._price(members.trials[place]), reverse=True)
        options = []
        for place in by_price:
            fewer = weights.copy()
            fewer[place] = 0.0
            fewer /= fewer.sum()
            harm = members.losses(fewer) - now
            mean = float(np.average(harm, weights=members.weight))
            if mean <= self.preference.tolerance * float(np.std(harm)) / len(harm) ** 0.5:
                return fewer
            options.append((mean / max(self._price(members.trials[place]), 1.0), fewer))
        late = self.max_latency is not None and _seconds(members.trials, weights) > SLACK * self.max_latency
        return min(options, key=lambda option: option[0])[1] if late else None

    def _price(self, trial: Trial) -> float:
        if self.max_latency is not None:
            return 1e9 * trial.row_seconds
        return float(trial.bytes if self.preference.dearest == "bytes" else trial.trees)


BALANCED = Policy(PREFERENCES["balanced"])


def row_losses(task: RowTask, metric: Metric) -> Callable[[Floats, Floats], Floats]:
    """Return how well each row is predicted: by the metric asked for, or the task's first that is a mean over rows."""
    found = next((each.losses for each in (metric, *task.metrics.values()) if each.losses is not None), None)
    if found is None:
        raise RuntimeError(f"no metric of {task.name} is a mean over rows")
    return found


def combine(predictions: Sequence[Floats], weights: Floats) -> Floats:
    """Return the weighted average of predictions."""
    total = np.zeros_like(predictions[0])
    for P, share in zip(predictions, weights, strict=True):
        if share > 0:
            total += share * P
    return total


def _seconds(trials: Sequence[Trial], weights: Floats) -> float:
    """Return what members and their recipes take to answer one row, each recipe once."""
    heard = [trials[int(place)] for place in np.flatnonzero(weights)]
    recipes = {trial.entry.variant: trial.recipe_seconds for trial in heard}
    return sum(trial.row_seconds for trial in heard) + sum(recipes.values())
