"""Everything that may be given to `build`, and the story of the build by the form of what teaches: rows, or a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from mlwright.building.options import Options, learners_of, names_of
from mlwright.errors import OptionError
from mlwright.explain.cases import MOST
from mlwright.learn.budget import Budget
from mlwright.progress import Progress
from mlwright.tasks import TASKS

if TYPE_CHECKING:
    from mlwright.fairness.mitigation.asked import Wanted
    from mlwright.model import Model

Story = Callable[[object, Budget, Progress], "Model"]
"""From a source to a model, within a budget."""
ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was given, as it was given; see `build` for what each means."""

    target: str | None = None
    task: str | None = None
    budget: str | float | timedelta | None = None
    trials: int | None = None
    metric: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    user: str | None = None
    item: str | None = None
    rating: str | None = None
    items: object = None
    users: object = None
    sensitive: Sequence[str] = ()
    exclude: Sequence[str] = ()
    increasing: Sequence[str] = ()
    decreasing: Sequence[str] = ()
    reweigh: Sequence[str] = ()
    fair: Sequence[str] = ()
    criterion: str = "equalized_odds"
    tolerance: float = 0.02
    without_group: bool = False
    split: str = "auto"
    learners: Sequence[str] | None = None
    cost_fp: float | None = None
    cost_fn: float | None = None
    seed: int = 0
    clean: bool = True
    prefer: str = "balanced"
    max_latency: str | float | timedelta | None = None
    cases: int = MOST
    query: str | None = None
    threads: int = 0

    @property
    def form(self) -> str:
        """What teaches: the form of the task that was named, rows where none was or there is no such task."""
        task = TASKS.get(self.task or "")
        return ROWS if task is None else task.form

    def refuse(self, names: Sequence[str], why: str, hint: str) -> None:
        """Raise OptionError where one of these was given."""
        usual = {each.name: each.default for each in fields(self)}
        for name in names:
            value = getattr(self, name)
            if value != usual[name] and not (isinstance(value, (tuple, list)) and not value):
                raise OptionError(f"--{name.replace('_', '-')} {why}.", hint=hint)


OF_LOGS = ("user", "item", "rating", "items", "users")
OF_ROWS = (
    *("target", "group", "weight", "increasing", "decreasing", "reweigh", "fair", "criterion", "tolerance"),
    *("without_group", "cost_fp", "cost_fn", "prefer", "max_latency", "clean"),
)


def story_of(given: Given) -> tuple[Story, float | None]:
    """Return the story of a build and its seconds, all that needs no data checked. Raises OptionError."""
    return STORIES[given.form](given)


def _of_rows(given: Given) -> tuple[Story, float | None]:
    named = ", ".join(name for name, task in TASKS.items() if task.form != ROWS)
    given.refuse(OF_LOGS, f"is for a log of who took what: task {named}", f"add --task {named}, or leave it out.")
    if given.target is None:
        raise OptionError(
            "There is nothing to predict yet.",
            hint=f"name the column with --target; or --task {named}, where the table says who took what.",
        )
    options = Options(
        target=given.target, task=given.task, budget=given.budget, trials=given.trials, metric=given.metric,
        time=given.time, group=given.group, weight=given.weight, sensitive=names_of("--sensitive", given.sensitive),
        exclude=names_of("--exclude", given.exclude), split=given.split,
        increasing=names_of("--increasing", given.increasing), decreasing=names_of("--decreasing", given.decreasing),
        reweigh=names_of("--reweigh", given.reweigh), fair=_demand(given), learners=learners_of(given.learners),
        cost_fp=given.cost_fp, cost_fn=given.cost_fn, seed=given.seed, prefer=given.prefer,
        max_latency=given.max_latency, cases=given.cases, threads=given.threads, query=given.query, clean=given.clean,
    )  # fmt: skip

    def story(source: object, budget: Budget, progress: Progress) -> Model:
        from mlwright.building import build_from
        from mlwright.collect import collect

        budget.begin("reading")
        progress.stage("Reading the data")
        return build_from(collect(source, query=options.query), options, budget, progress)

    return story, options.seconds


def _of_log(given: Given) -> tuple[Story, float | None]:
    from mlwright.building.log.options import LogOptions

    given.refuse(OF_ROWS, f"does not go with --task {given.task}, whose log has users and items", "leave it out.")
    options = LogOptions(
        task=given.task or "", user=given.user, item=given.item, time=given.time, rating=given.rating,
        items=given.items, users=given.users, budget=given.budget, trials=given.trials, metric=given.metric,
        sensitive=names_of("--sensitive", given.sensitive), exclude=names_of("--exclude", given.exclude),
        split=given.split, learners=learners_of(given.learners), seed=given.seed, threads=given.threads,
        cases=given.cases, query=given.query,
    )  # fmt: skip

    def story(source: object, budget: Budget, progress: Progress) -> Model:
        from mlwright.building.log.story import build_from_log

        return build_from_log(source, options, budget, progress)

    return story, options.seconds


STORIES: dict[str, Callable[[Given], tuple[Story, float | None]]] = {ROWS: _of_rows, "log": _of_log}


def _demand(given: Given) -> Wanted | None:
    """Return what is demanded of groups; None where nothing is."""
    from mlwright.fairness.mitigation.asked import wanted

    columns = names_of("--fair", given.fair)
    if not columns:
        return None
    return wanted(
        columns, given.criterion, given.tolerance, without_group=given.without_group, seed=given.seed
    )  # fmt: skip
