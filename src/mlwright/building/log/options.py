"""What a person may ask of `build` when a log teaches, with the checks that need no data."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mlwright.building.options import DEFAULT_BUDGET, check_counts, seconds_of, workers_of
from mlwright.errors import OptionError
from mlwright.explain.cases import MOST
from mlwright.learn.budget import parse_budget
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.tasks import TASKS, find_metric
from mlwright.tasks.recommend.propose import Names

SPLITS = ("auto", "random", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """The options of one build from a log; see `build` for what each means."""

    task: str
    user: str | None = None
    item: str | None = None
    time: str | None = None
    rating: str | None = None
    items: object = None
    users: object = None
    budget: str | float | timedelta | None = None
    trials: int | None = None
    metric: str | None = None
    sensitive: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    split: str = "auto"
    learners: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0
    cases: int = MOST
    """0: no history of anybody stands in the model or its report."""
    query: str | None = None

    def __post_init__(self) -> None:
        """Raise OptionError where a value cannot be."""
        if self.split not in SPLITS:
            raise OptionError.unknown(f"--split of task {self.task}", self.split, SPLITS)
        for name in self.learners:
            if name not in RECOMMENDERS:
                raise OptionError.unknown("--learners", name, RECOMMENDERS)
        metric = find_metric(TASKS[self.task], self.metric)
        if metric.name != (usual := next(iter(TASKS[self.task].metrics))):
            raise OptionError(
                f"A model that recommends is chosen by {usual}, not by {metric.name}.",
                hint="leave --metric out: the others are measured and reported too.",
            )
        check_counts(trials=self.trials, threads=self.threads, cases=self.cases, seed=self.seed)
        parse_budget(self.budget)

    @property
    def names(self) -> Names:
        """The columns that were named."""
        return Names(user=self.user, item=self.item, time=self.time, rating=self.rating, exclude=self.exclude)

    @property
    def seconds(self) -> float | None:
        """The budget in seconds; None where a number of trials stands in its place."""
        return seconds_of(self.budget, self.trials)

    @property
    def workers(self) -> int:
        """How many fits run side by side."""
        return workers_of(self.threads)

    def command(self, source: str) -> str:
        """Return the command line that asks the same."""
        words: list[Any] = ["mlwright build", shlex.quote(source), "--task", self.task]
        for flag, value in (
            ("--user", self.user),
            ("--item", self.item),
            ("--time", self.time),
            ("--rating", self.rating),
            ("--items", self.items if isinstance(self.items, (str, os.PathLike)) else None),
            ("--users", self.users if isinstance(self.users, (str, os.PathLike)) else None),
            ("--budget", None if self.trials and self.budget is None else self.budget or DEFAULT_BUDGET),
            ("--trials", self.trials),
            ("--split", None if self.split == "auto" else self.split),
            ("--query", self.query),
            ("--threads", self.threads or None),
            ("--cases", None if self.cases == MOST else self.cases),
            ("--seed", self.seed),
        ):
            if value is not None:
                words += [flag, shlex.quote(str(value))]
        for flag, names in (
            ("--sensitive", self.sensitive),
            ("--exclude", self.exclude),
            ("--learners", self.learners),
        ):
            for name in names:
                words += [flag, shlex.quote(name)]
        return " ".join(map(str, words))
