"""Judging a recommender: on what people took after the moment at which it was asked, beside simple rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.building.log.options import LogOptions
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.evaluation import Baseline, Evaluation, Verdict, conclude
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, score
from mlwright.evaluate.wording import count
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.learn.recommenders.base import Ranker, Taught
from mlwright.learn.recommending.judging import FEWEST, Judged, judge
from mlwright.learn.recommending.search import Searched
from mlwright.learn.recommending.trials import Trial, Tried
from mlwright.tasks import TASKS, default_metric
from mlwright.tasks.base import Target
from mlwright.tasks.recommend.split import random_cut

if TYPE_CHECKING:
    from mlwright.building.log.story import Read

MODEL = "model"
MOST_JUDGED = 10_000
"""People, drawn at random, who are asked at the cut: more would make the interval no narrower than anybody needs."""
WORTH_OF_FITS = 6.0
"""So many times what the model took to learn has to be left for others to be learned beside it."""
SURE = 30
"""People from which on an interval of theirs holds what it promises: of mostly misses, fewer often have no width."""
ENOUGH = 1.0
"""Seconds that there always are for simple rules, for what is said of the model rests on them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the model fared on people who asked at the cut, and what is told beside that."""

    judged: Judged
    people: NDArray[np.intp]
    """The positions of the people whom the score is of: those with a history; all, where hardly anybody has one."""
    evaluation: Evaluation
    cold: dict[str, Any] | None
    """The score of people without a history, beside the best rule's; None where there are few."""
    ranker: Ranker
    """The model as it was judged: learned from what came before the cut."""
    random: Scored | None = None
    """The score on the usual random split, which sees the future; None where there was no time for it."""
    single: dict[str, Any] | None = None
    """The best learner by itself, and how much better the model is; None where that is a simple rule."""

    @property
    def held(self) -> HeldOut:
        """The people whom the score is of."""
        return held_out(self.judged.y[self.people])

    @property
    def P(self) -> Floats:  # noqa: N802  the field's own name for a matrix of predictions
        """What became of their lists."""
        return self.judged.P[MODEL][self.people]


def held_out(y: Floats) -> HeldOut:
    """Return people as rows that judge."""
    return HeldOut(Target(y), noun="person")


def judge_all(read: Read, found: Searched, options: LogOptions, budget: Budget, effort: Effort) -> Judgement:
    """Return how the chosen model and its rivals do, learned from before the cut and asked at it."""
    start = budget.spent
    own = found.fit(read.taught, effort)
    is_short = budget.seconds is not None and budget.left < WORTH_OF_FITS * (budget.spent - start)
    best = max(found.members, key=lambda tried: tried.trial.score)
    by_score = sorted(found.members, key=lambda tried: tried.trial.score)
    rules = {one.trial.learner: one for one in by_score if one.trial.simple or one is best}  # the best of each learner
    if is_short:  # simple rules cost next to nothing to learn, but not on every log
        rules = {name: one for name, one in rules.items() if one.trial.simple and _is_quick(one, budget)} or rules
    simple = [learner for learner in RECOMMENDERS.values() if learner.simple and learner.takes(read.taught) is None]
    untold = [learner.label for learner in simple if learner.name not in rules]
    rankers = {name: one.learner.fit(read.taught, one.trial.configuration, effort) for name, one in rules.items()}
    judged = judge({MODEL: own, **rankers}, read.cut)
    names = {name: one.trial.label for name, one in rules.items() if one.trial.simple}
    warm = np.flatnonzero(judged.warm).astype(np.intp)
    people = warm if len(warm) >= FEWEST else np.arange(len(judged.y), dtype=np.intp)
    cold = np.flatnonzero(~judged.warm).astype(np.intp)
    return Judgement(
        judged=judged,
        people=people,
        single=_single(judged, people, best.trial, options),
        evaluation=_less_sure(_evaluation(judged, people, names, options, warm=len(warm) >= FEWEST), untold),
        cold=_cold(judged, cold, names, options) if len(warm) >= FEWEST and len(cold) >= FEWEST else None,
        ranker=own,
        random=_random(read, found, options, budget, effort),
    )


def _is_quick(rule: Tried, budget: Budget) -> bool:
    """Tell whether there is time to learn a rule once more: its trial learned it at several moments."""
    return rule.alike or rule.trial.seconds <= max(budget.left, ENOUGH)


def _less_sure(found: Evaluation, untold: Sequence[str]) -> Evaluation:
    """Return the evaluation with a verdict that claims nothing where there was no time to judge a rule."""
    if not untold:
        return found
    named = " and ".join(f"'{label}'" for label in untold)
    told = f"{found.verdict.sentence} There was no time to judge {named} beside it, so a simple rule may do as well."
    return replace(found, verdict=Verdict("unclear", told))


def _evaluation(
    judged: Judged, people: NDArray[np.intp], names: Mapping[str, str], options: LogOptions, *, warm: bool
) -> Evaluation:
    task, seed = TASKS[options.task], options.seed
    metric, held = default_metric(task), held_out(judged.y[people])
    P = {name: judged.P[name][people] for name in (MODEL, *names)}
    baselines = [
        Baseline(
            name,
            label,
            score(metric, held, P[name], seed=seed),
            compare(metric, held, P[MODEL], P[name], seed=seed),
        )
        for name, label in names.items()
    ]
    measured = {name: (each, score(each, held, P[MODEL], seed=seed)) for name, each in task.metrics.items()}
    method = _method(judged, warm=warm)
    found = conclude(metric, held, measured=measured, baselines=baselines, curves={}, method=method)
    return found if len(people) >= SURE else replace(found, verdict=_too_few(found.verdict, len(people)))


def _too_few(verdict: Verdict, people: int) -> Verdict:
    """Return a verdict that claims nothing: intervals of so few people are narrower than they should be."""
    many = count(people, "person", "people")
    return Verdict("unclear", f"Only {many} judged it, too few to be sure of anything. {verdict.sentence}")


def _single(judged: Judged, people: NDArray[np.intp], best: Trial, options: LogOptions) -> dict[str, Any] | None:
    """Return the score of the best learner by itself, and how much better the model is; None for a simple rule."""
    if best.simple or best.learner not in judged.P:
        return None
    metric, held = default_metric(TASKS[options.task]), held_out(judged.y[people])
    found = score(metric, held, judged.P[best.learner][people], seed=options.seed)
    difference = compare(metric, held, judged.P[MODEL][people], judged.P[best.learner][people], seed=options.seed)
    return {
        "label": best.label,
        "score": found.value,
        "interval": list(found.interval),
        "difference": [difference.value, *difference.interval],
    }


def _method(judged: Judged, *, warm: bool) -> str:
    """Say how people came to judge."""
    who = "with a history " if warm else ""
    if judged.cut.kind == "random":
        return (
            f"A fifth of all entries, drawn at random, judged: everybody {who}was asked what they took in them. What"
            " teaches may lie after what judges, so expect less of the future."
        )
    return (
        f"Everybody {who}who took something new in the last fifth of the log was asked at the moment when it began;"
        " nothing that came later taught the model."
    )


def _cold(judged: Judged, cold: NDArray[np.intp], names: Mapping[str, str], options: LogOptions) -> dict[str, Any]:
    """Return what people without a history get, beside the best rule."""
    metric, held = default_metric(TASKS[options.task]), held_out(judged.y[cold])
    own = score(metric, held, judged.P[MODEL][cold], seed=options.seed)
    scores = {name: score(metric, held, judged.P[name][cold], seed=options.seed) for name in names}
    best = max(names, key=lambda name: scores[name].value)
    difference = compare(metric, held, judged.P[MODEL][cold], judged.P[best][cold], seed=options.seed)
    return {
        "people": len(cold),
        "score": own.value,
        "interval": list(own.interval),
        "rule": {"label": names[best], "score": scores[best].value},
        "difference": [difference.value, *difference.interval],
    }


def _random(read: Read, found: Searched, options: LogOptions, budget: Budget, effort: Effort) -> Scored | None:
    """Return the score on the usual random split, where times are known and there is time for it."""
    if read.cut.kind == "random" or budget.cancelled:
        return None
    spent = budget.stages[-1]["seconds"]
    if budget.seconds is not None and budget.left < 4.0 * spent:
        return None
    cut = random_cut(read.log.interactions, seed=options.seed).sampled(MOST_JUDGED, options.seed)
    ranker = found.fit(Taught(cut.taught, cut.moment, read.log.items), effort)
    judged = judge({MODEL: ranker}, cut)
    warm = np.flatnonzero(judged.warm)
    if len(warm) < FEWEST:
        return None
    return score(
        default_metric(TASKS[options.task]), held_out(judged.y[warm]), judged.P[MODEL][warm], seed=options.seed
    )
