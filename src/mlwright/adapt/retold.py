"""What a simulation comes to: what happened when, and what was lost with the loop, without it, and by an oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.adapt.asked import question_of
from mlwright.adapt.losses import deciding
from mlwright.adapt.retrain import seed_of
from mlwright.errors import InputError
from mlwright.evaluate.decided import answered, scored_by
from mlwright.model import row_model
from mlwright.model.rivals import aligned
from mlwright.serve.record import microseconds
from mlwright.tasks.base import Floats, Metric

if TYPE_CHECKING:
    import polars as pl

    from mlwright.adapt.drift import Drift
    from mlwright.adapt.simulate import Simulation
    from mlwright.model import RowModel

LEARNED = 5_000
"""From so many rows an oracle learns at most."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened on a day, counted from 0."""

    day: int
    what: str
    """"drift", "page", "notice", or what the loop did: "begin", "learn", "promote", ..."""
    sentence: str
    about: str | None = None
    """The id of the alarm or of the adaptation."""
    is_false: bool | None = None
    """Of an alarm: whether nothing had changed since its version learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A simulation that has ended."""

    model: str
    days: int
    rows_per_day: int
    delay_days: float
    seed: int
    drifts: tuple[Drift, ...]
    policy: Mapping[str, Any]
    timeline: tuple[Happened, ...]
    measure: str
    """What losses are, in words."""
    losses: Mapping[str, tuple[float, ...]]
    """The mean loss of each day: "loop", "nothing" (had nobody done anything), "oracle" (it learns at each change)."""
    refused: int
    seconds: float

    def count(self, what: str, *, is_false: bool | None = None) -> int:
        """Return how often something happened."""
        return sum(each.what == what and is_false in (None, each.is_false) for each in self.timeline)

    def first(self, what: str, *, after: int = 0) -> int | None:
        """Return the first day, from a day on, on which something happened; of alarms, only true ones count."""
        days = (each.day for each in self.timeline if each.what == what and not each.is_false and each.day >= after)
        return next(days, None)

    def mean(self, which: str, first: int, until: int) -> float:
        """Return the mean loss of the days from one to before another; NaN where no row was answered."""
        days = np.array(self.losses[which][first:until])
        return float(np.nanmean(days)) if np.isfinite(days).any() else float("nan")

    @property
    def delays(self) -> list[int | None]:
        """Days from each drift to the first true page, None where none came."""
        return [
            None if (page := self.first("page", after=drift.first)) is None else page - drift.first
            for drift in self.drifts
        ]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The days between which nothing changes, neither rows nor champion, from one to before another."""
        moved = {each.day + 1 for each in self.timeline if each.what in {"promote", "roll back"}}
        edges = sorted({0, self.days, *(drift.first for drift in self.drifts if drift.kind != "none"), *moved})
        edges = [edge for edge in edges if edge <= self.days]
        return [(first, until) for first, until in pairwise(edges) if first < until]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "model": self.model,
            "days": self.days,
            "rows_per_day": self.rows_per_day,
            "delay_days": self.delay_days,
            "seed": self.seed,
            "drifts": [
                {**drift.to_dict(), "days_to_page": delay}
                for drift, delay in zip(self.drifts, self.delays, strict=True)
            ],
            "settings": dict(self.policy),
            "timeline": [asdict(each) for each in self.timeline],
            "counts": {
                "pages": self.count("page"),
                "false_pages": self.count("page", is_false=True),
                "notices": self.count("notice"),
                "false_notices": self.count("notice", is_false=True),
                "adaptations": self.count("begin"),
                "promoted": self.count("promote"),
                "refused": self.count("refuse"),
                "rolled_back": self.count("roll back"),
                "rows_refused": self.refused,
            },
            "measure": self.measure,
            "losses": {name: list(values) for name, values in self.losses.items()},
            "spans": [
                {"first": first, "until": until, **{name: self.mean(name, first, until) for name in self.losses}}
                for first, until in self.spans
            ],
            "seconds": self.seconds,
        }


def retold(running: Simulation, *, seconds: float) -> Simulated:
    """Return what a simulation that was run to its end comes to."""
    plan, champion = running.plan, row_model(running.workspace.open(f"{running.name}@1"))
    metric = deciding(champion, running.policy.loss)
    happened = [*running.happened, *_alarms(running)]
    order = {"drift": 0, "notice": 1, "page": 2}
    happened.sort(key=lambda each: (each.day, order.get(each.what, 3)))
    return Simulated(
        model=running.name,
        days=plan.days,
        rows_per_day=plan.rows_per_day,
        delay_days=plan.delay.total_seconds() / 86_400.0,
        seed=plan.seed,
        drifts=plan.drifts,
        policy=running.policy.to_dict(),
        timeline=tuple(happened),
        measure="share of wrong answers" if metric.decided else metric.label or metric.name,
        losses=_by_day(running, champion, metric),
        refused=running.refused,
        seconds=seconds,
    )


def _alarms(running: Simulation) -> list[Happened]:
    """Return the alarms that were raised, each with whether anything had changed since its version learned."""
    from mlwright.adapt.simulate import BEGUN

    def day_of(moment: str) -> int:
        return (microseconds(moment) - microseconds(BEGUN)) // 86_400_000_000 - 1  # raised at the end of a day

    # What a version learned from had matured when its adaptation began, so that it is older by the delay.
    late = round(running.plan.delay.total_seconds() / 86_400.0)
    kept = running.store.adaptations(running.name)
    learned = {each.challenger: day_of(each.begun) - late for each in kept if each.challenger}
    found = []
    for alarm in running.store.alarms(running.name, limit=10_000):
        day = day_of(alarm.at)
        changes = [each for each in running.plan.drifts if each.kind != "none" and each.first <= day]
        is_false = not any(each.last >= learned.get(alarm.version, -1) for each in changes)
        sentence = f"{running.name}@{alarm.version}, {alarm.kind}: {alarm.message}"
        found.append(Happened(day, alarm.level, sentence, alarm.id, is_false))
    return found


def _by_day(running: Simulation, champion: RowModel, metric: Metric) -> dict[str, tuple[float, ...]]:
    """Return mean losses by day: of who was heard, of the first champion, and of an oracle that learns at each change.

    Each model is asked once about all of its rows: that is many times faster than day by day.
    """
    import polars as pl

    days = running.days
    frame = pl.concat([day.frame for day in days], how="vertical_relaxed")
    y, versions = (np.concatenate([getattr(day, name) for day in days]) for name in ("y", "versions"))
    day = np.repeat(np.arange(len(days)), [len(each.y) for each in days])
    nothing = lost(champion, champion, metric, frame, y)
    loop, oracle = nothing.copy(), nothing.copy()
    for version in np.unique(versions[versions != 1]).tolist():
        heard = np.flatnonzero(versions == version)
        model = row_model(running.workspace.open(f"{running.name}@{version}"))
        loop[heard] = lost(model, champion, metric, frame[heard], y[heard])
    changes = sorted({drift.first for drift in running.plan.drifts if drift.kind != "none"})
    for change, end in zip(changes, [*changes[1:], len(days)], strict=False):
        within = np.flatnonzero((day >= change) & (day < end))
        if len(within) and (learned := _oracle(running, champion, change)) is not None:
            oracle[within] = lost(learned, champion, metric, frame[within], y[within])
    counts = np.bincount(day, minlength=len(days))
    with np.errstate(invalid="ignore"):
        return {
            name: tuple((np.bincount(day, weights=each, minlength=len(days)) / counts).tolist())
            for name, each in (("loop", loop), ("nothing", nothing), ("oracle", oracle))
        }


def _oracle(running: Simulation, champion: RowModel, day: int) -> RowModel | None:
    """Return a model that learned on a day from rows as they are from then on; None where none can be built."""
    import polars as pl

    from mlwright.building import build

    frame, y = running.pool.at(day, LEARNED)
    frame = frame.with_columns(pl.Series(champion.target, running.pool.outcomes(y)))
    options, _ = question_of(champion).only_with(frame.columns)
    for name in ("trials", "budget"):
        options.pop(name, None)
        if (value := getattr(running.policy, name)) is not None:
            options[name] = value
    options["seed"] = seed_of(f"oracle {day}")
    try:
        return row_model(build(frame, champion.target, **options))
    except InputError:
        return None


def lost(model: RowModel, like: RowModel, metric: Metric, frame: pl.DataFrame, y: Floats) -> Floats:
    """Return (n,) what a model loses on raw rows; `y`: outcomes as `like` counts its classes. Raises ColumnError."""
    if metric.losses is None:
        return np.full(len(y), np.nan)
    said = model.answer(frame)
    P = np.asarray(said.values, dtype=np.float64)[:, None] if said.probabilities is None else said.probabilities
    scored = aligned(scored_by(metric, P, answered(said)), model.parts, like.parts)
    return metric.losses(y, scored)


def collapsed(timeline: Sequence[Happened]) -> list[tuple[Happened, int, int]]:
    """Return what happened, with how often and until when, where the same came again and again with nothing between.

    >>> again = [Happened(day, "refuse", "too few") for day in (3, 4, 5)]
    >>> collapsed(again)[0][1:]
    (3, 5)
    """
    found: list[tuple[Happened, int, int]] = []
    for each in timeline:
        last = found[-1] if found else None
        if last is not None and (last[0].what, last[0].sentence) == (each.what, each.sentence):
            found[-1] = (last[0], last[1] + 1, each.day)
        else:
            found.append((each, 1, each.day))
    return found
