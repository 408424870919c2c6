"""A year in a minute: what the loop would do about a model, were its rows to change so and so.

All happens in a temporary workspace, by a clock of its own: rows of a source are answered as the service would, what
came of them is known late, and at the end of each day the monitor looks and the loop makes its steps. The source, the
model and the settings are read; nothing else of the real workspace is touched.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mlwright.adapt.drift import Drift, Pool
from mlwright.adapt.kept import Act
from mlwright.adapt.player import DAY, Came, Given, Player
from mlwright.adapt.policy import SECOND, Policies, Policy
from mlwright.adapt.retold import Happened, Simulated, retold
from mlwright.adapt.step import World
from mlwright.adapt.watch import Watch
from mlwright.errors import ModelError, OptionError
from mlwright.monitor.monitor import Monitor, Settings
from mlwright.monitor.store import Store
from mlwright.registry.workspace import Workspace
from mlwright.serve.record import Record

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model, RowModel

BEGUN = datetime(2001, 1, 1, tzinfo=UTC)
"""Day 0: any other would do."""
TRIALS = 2
"""What a build takes where neither the settings nor the caller say."""
QUIET = frozenset({"look", "wait"})
NOON, OVER = timedelta(hours=12), timedelta(minutes=10)
"""The rows of a day are answered from then on, within so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is simulated."""

    days: int = 365
    rows_per_day: int = 200
    drifts: tuple[Drift, ...] = ()
    delay: timedelta = timedelta(0)
    """How long after an answer its outcome is known."""
    seed: int = 0
    followed: Callable[[Given], bool] | None = None
    """Of which answers the outcome is ever known; by default of all."""

    def check(self) -> None:
        """Raise OptionError where it cannot be."""
        for name, value, least in (("days", self.days, 1), ("rows per day", self.rows_per_day, 1)):
            if value < least:
                raise OptionError(f"A simulation of {value:,} {name} shows nothing.")
        if self.delay < timedelta(0):
            raise OptionError("Outcomes cannot be known before the answer.")


@dataclass(slots=True)
class Day:
    """What came on one day: the rows that were answered, their outcomes, and which version was heard."""

    frame: pl.DataFrame
    y: np.ndarray[Any, np.dtype[np.float64]]
    versions: np.ndarray[Any, np.dtype[np.int64]]


@dataclass(slots=True)
class Simulation:
    """A model in service in a temporary workspace, day by day; see `simulation`.

    `live` and `look` may be cut off by an error and called again: what was done is not done twice.
    """

    plan: Plan
    pool: Pool
    workspace: Workspace
    record: Record
    store: Store
    name: str
    policy: Policy
    days: list[Day] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    refused: int = 0
    """Rows that the service refused to answer."""
    _player: Player = field(init=False, repr=False)
    _watch: Watch = field(init=False, repr=False)
    _coming: list[Came] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._player = Player(self.workspace, self.record, self.name)
        self.restart()

    def restart(self) -> None:
        """Forget all that is not written down, as a process does that ends and is started again."""
        settings = Settings(delay=self.policy.us("delay") / SECOND)
        monitor = Monitor(self.workspace, self.name, record=self.record, store=self.store, settings=settings)
        self._watch = Watch(
            world=World(self.store, self.workspace, self.record),
            monitor=lambda _: monitor,
            leases=self.store,
            holder="simulation",
            policies=Policies({"adapt": self.policy.to_dict()}),
        )

    def live(self) -> None:
        """Let a day's rows be answered, and those outcomes come that are due by its end."""
        day = len(self.days)
        begun = BEGUN + day * DAY
        noon = begun + NOON
        frame, y = self.pool.day(day, self.plan.rows_per_day)
        given = self._player.answer(frame.to_dicts(), noon, over=OVER)
        came = zip(given, self.pool.outcomes(y), strict=True)
        followed = self.plan.followed or (lambda _: True)
        # By a minute sooner than counts, so that what is due is there.
        late = max(self.plan.delay - timedelta(minutes=1), timedelta(minutes=5))
        self._coming += [
            Came(each.id, outcome, each.at + late) for each, outcome in came if each is not None and followed(each)
        ]
        end = begun + DAY
        due = [each for each in self._coming if each.received <= end]
        self._player.tell(due)
        self._coming = [each for each in self._coming if each.received > end]
        answered = np.array([each is not None for each in given])
        self.refused += int((~answered).sum())
        versions = np.array([each.version for each in given if each is not None], dtype=np.int64)
        self.days.append(Day(frame.filter(answered), y[answered], versions))

    def look(self) -> list[Act]:
        """Let the monitor look at the end of the day, and the loop make its steps; return what was done."""
        day = len(self.days) - 1
        now = BEGUN + (day + 1) * DAY
        acts = list(self._watch.round([self.name], lambda: now))
        self.happened += [
            Happened(day, act.what, act.sentence, act.adaptation) for act in acts if act.what not in QUIET
        ]
        return acts


@contextmanager
def simulation(model: RowModel, source: object, plan: Plan, policy: Policy) -> Iterator[Simulation]:
    """Within, a simulation that stands before its first day; afterwards nothing of it is left.

    Raises OptionError, SourceError, ColumnError, DataError where the plan or the source cannot be.
    """
    from threadpoolctl import threadpool_limits

    from mlwright.collect import collect

    plan.check()
    pool = Pool(model, collect(source).frame, plan.drifts, seed=plan.seed)
    # Many small sums, for which several threads only wait for one another.
    with tempfile.TemporaryDirectory(prefix="mlwright-simulate-") as folder, threadpool_limits(1):
        home = Path(folder)
        # Named, so that a registry or a store of the environment is not what is written to.
        workspace = Workspace(home, registry=str(home / "registry.db"), store=str(home / "models"))
        name = model.name
        workspace.add(model, name, why="simulated")
        record, store = Record(home / "record.db"), Store.of(workspace)
        try:
            yield Simulation(plan, pool, workspace, record, store, name, settled(policy, plan))
        finally:
            record.close()


def settled(policy: Policy, plan: Plan) -> Policy:
    """Return the policy with the delay of outcomes, and a small build, where it says nothing of these."""
    changes: dict[str, Any] = {}
    if policy.us("delay") == 0 and plan.delay:
        changes["delay"] = f"{round(plan.delay.total_seconds())}s"
    if policy.trials is None and policy.budget is None:
        changes["trials"] = TRIALS
    return msgspec.structs.replace(policy, **changes)


def simulate(
    model: Model,
    source: object,
    *,
    plan: Plan | None = None,
    policy: Policy | None = None,
    tell: Callable[[Sequence[Happened]], None] | None = None,
) -> Simulated:
    """Return what would happen to a model in service: alarms, adaptations, losses with the loop and without it.

    Parameters
    ----------
    model
        The champion; it has to keep what the monitor compares with (every model that `build` makes does).
    source
        Rows with the target, as `collect` reads them; best rows that the model has not learned from, and as many as
        are to be answered: where they are fewer, they come again.
    plan, policy
        What is simulated, and what the loop does about it.
    tell
        Is given what has happened on a day, where anything has.

    Raises OptionError, SourceError, ColumnError, DataError where the plan or the source cannot be; ModelError where the
    model cannot be watched.
    """
    from mlwright.model import row_model

    plan, started = plan or Plan(), time.perf_counter()
    changes = [drift for drift in plan.drifts if drift.kind != "none"]
    with simulation(row_model(model), source, plan, policy or Policy()) as running:
        for day in range(plan.days):
            before = len(running.happened)
            running.happened += [Happened(day, "drift", each.sentence) for each in changes if each.first == day]
            running.live()
            for act in running.look():
                if act.what == "error":
                    raise ModelError(f"The simulation stopped on day {day}: {act.sentence}")
            if tell is not None and len(running.happened) > before:
                tell(running.happened[before:])
        return retold(running, seconds=time.perf_counter() - started)
