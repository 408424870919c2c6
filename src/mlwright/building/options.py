"""What a person may ask of `build` beyond the source and the target, with the checks that need no data."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral
from typing import Any

from mlwright.clean.question import Question
from mlwright.errors import OptionError
from mlwright.explain.cases import MOST
from mlwright.fairness.mitigation.asked import Wanted
from mlwright.learn.budget import parse_budget, parse_latency
from mlwright.learn.learners import LEARNERS
from mlwright.learn.plugins import learner_names
from mlwright.learn.preferences import PREFERENCES, Policy
from mlwright.tasks import TASKS
from mlwright.tasks.base import Costs

DEFAULT_BUDGET = "60s"
SPLITS = ("auto", "random", "time", "group")
MOST_SEED = 2**31 - 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one build; see `build` for what each means."""

    target: str
    task: str | None = None
    budget: str | float | timedelta | None = None
    trials: int | None = None
    metric: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    sensitive: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    split: str = "auto"
    learners: tuple[str, ...] = ()
    cost_fp: float | None = None
    cost_fn: float | None = None
    seed: int = 0
    prefer: str = "balanced"
    max_latency: str | float | timedelta | None = None
    threads: int = 0
    judge: bool = True
    clean: bool = True
    query: str | None = None
    reweigh: tuple[str, ...] = ()
    cases: int = MOST
    fair: Wanted | None = None

    def __post_init__(self) -> None:
        """Raise OptionError where a value cannot be."""
        for option, value, allowed in (
            ("--task", self.task, TASKS),
            ("--split", self.split, SPLITS),
            ("--prefer", self.prefer, PREFERENCES),
        ):
            if value is not None and value not in allowed:
                raise OptionError.unknown(option, value, allowed)
        for name in self.learners:
            if name not in (names := learner_names(LEARNERS)):
                raise OptionError.unknown("--learners", name, names)
        check_counts(trials=self.trials, threads=self.threads, cases=self.cases, seed=self.seed)
        for option, cost in (("--cost-fp", self.cost_fp), ("--cost-fn", self.cost_fn)):
            if cost is not None and not (math.isfinite(cost) and cost > 0):
                raise OptionError(f"{option} cannot be {cost}.", hint="costs are numbers above 0, in any one unit.")
        parse_budget(self.budget)
        parse_latency(self.max_latency)

    @property
    def seconds(self) -> float | None:
        """The budget in seconds; None where a number of trials stands in its place."""
        return seconds_of(self.budget, self.trials)

    @property
    def workers(self) -> int:
        """How many fits run side by side."""
        return workers_of(self.threads)

    @property
    def costs(self) -> Costs:
        """What errors cost."""
        stated = self.cost_fp is not None or self.cost_fn is not None
        return Costs(self.cost_fp or 1.0, self.cost_fn or 1.0, stated)

    @property
    def policy(self) -> Policy:
        """What is weighed against the score."""
        return Policy(PREFERENCES[self.prefer], parse_latency(self.max_latency))

    @property
    def question(self) -> Question:
        """What is asked of the table's columns."""
        return Question(
            target=self.target,
            task=self.task,
            time=self.time,
            group=self.group,
            weight=self.weight,
            sensitive=self.sensitive,
            exclude=self.exclude,
            split=self.split,
        )

    def command(self, source: str) -> str:
        """Return the command line that asks the same."""
        words: list[Any] = ["mlwright build", _quoted(source), "--target", _quoted(self.target)]
        for flag, value in (
            ("--task", self.task),
            ("--budget", None if self.trials and self.budget is None else self.budget or DEFAULT_BUDGET),
            ("--trials", self.trials),
            ("--metric", self.metric),
            ("--time", self.time),
            ("--group", self.group),
            ("--weight", self.weight),
            ("--split", None if self.split == "auto" else self.split),
            ("--cost-fp", self.cost_fp),
            ("--cost-fn", self.cost_fn),
            ("--prefer", None if self.prefer == "balanced" else self.prefer),
            ("--max-latency", self.max_latency),
            ("--criterion", self.fair and self.fair.criterion.name),
            ("--tolerance", self.fair and self.fair.tolerance),
            ("--query", self.query),
            ("--threads", self.threads or None),
            ("--cases", None if self.cases == MOST else self.cases),
            ("--seed", self.seed),
        ):
            if value is not None:
                words += [flag, _quoted(str(value))]
        for flag, names in (
            ("--sensitive", self.sensitive),
            ("--exclude", self.exclude),
            ("--increasing", self.increasing),
            ("--decreasing", self.decreasing),
            ("--reweigh", self.reweigh),
            ("--fair", self.fair.columns if self.fair else ()),
            ("--learners", self.learners),
        ):
            for name in names:
                words += [flag, _quoted(name)]
        if not self.clean:
            words.append("--no-clean")
        if self.fair and self.fair.without_group:
            words.append("--without-group")
        return " ".join(str(word) for word in words)


def seconds_of(budget: str | float | timedelta | None, trials: int | None) -> float | None:
    """Return a budget in seconds, the usual one where none is given; None where trials stand in its place."""
    if budget is None:
        return None if trials is not None else parse_budget(DEFAULT_BUDGET)
    return parse_budget(budget)


def workers_of(threads: int) -> int:
    """Return how many fits run side by side: as many as asked for, else one on each core that we may use."""
    return threads or max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


def check_counts(*, trials: int | None, threads: int, cases: int, seed: int) -> None:
    """Raise OptionError where a count cannot be."""
    if trials is not None and not (_is_whole(trials) and trials >= 1):
        raise OptionError(f"--trials cannot be {trials!r}.", hint="give a whole number of 1 or more.")
    if threads < 0:
        raise OptionError(f"--threads cannot be {threads}.", hint="give 1 or more, or 0 for all cores.")
    if not (_is_whole(cases) and 0 <= cases <= MOST):
        raise OptionError(f"--cases cannot be {cases!r}.", hint=f"give 0 to keep none, or at most {MOST}.")
    if not 0 <= seed < MOST_SEED:
        raise OptionError(f"--seed cannot be {seed}.", hint=f"give a whole number from 0 to {MOST_SEED - 1}.")


def names_of(option: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return the names given to an option of several. Raises OptionError for one text, whose letters are no names."""
    if isinstance(given, str):
        raise OptionError(f"{option} cannot be the text {given!r}.", hint=f"give a list of names: [{given!r}].")
    return tuple(given)


def learners_of(given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the learners asked for, none where all may be tried. Raises OptionError for an empty list."""
    if given is None:
        return ()
    if not (names := names_of("--learners", given)):
        raise OptionError("--learners names no learner.", hint="name at least one, or leave it away to try all.")
    return names


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
