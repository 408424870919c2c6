"""The story of a build from a log, readable top to bottom: each line is a stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mlwright.building.ask import data_hash
from mlwright.building.evidence import run_facts
from mlwright.building.log.evidence import evidence
from mlwright.building.log.judging import MOST_JUDGED, Judgement, judge_all
from mlwright.building.log.options import LogOptions
from mlwright.building.log.referring import reference
from mlwright.collect import collect
from mlwright.errors import DataError, OptionError
from mlwright.evaluate.reference import Reference
from mlwright.findings import Finding
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommending.search import Searched, search
from mlwright.learn.recommending.trials import Tried
from mlwright.model.recommender.diversity import item_vectors
from mlwright.model.recommender.files import golden_requests
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.reasons import propose_verb
from mlwright.model.recommender.recommend import Answering
from mlwright.model.recommender.recommender import Recommender
from mlwright.progress import Progress
from mlwright.schema import Column, Schema
from mlwright.table import Table
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.tasks.recommend.request import ASKED
from mlwright.tasks.recommend.split import Cut, random_cut, time_cut

MOST_COLUMNS = 100
"""Columns of a table beside the log that are looked at: each takes its time, whatever the budget."""
GOLDEN_PEOPLE = 4
REPLAYED, FEWEST_REPLAYED, REPLAY_S = 1_500, 200, 0.004
"""Events after the cut that are replayed for the monitor: so many, at least so many, and the seconds each may take."""


@dataclass(frozen=True, slots=True)
class Read:
    """The log as it was read, and where the judging part begins."""

    table: Table
    log: Log
    cut: Cut
    data_hash: str

    @property
    def taught(self) -> Taught:
        """What teaches while the rest judges."""
        return Taught(self.cut.taught, self.cut.moment, self.log.items)

    @property
    def whole(self) -> Taught:
        """All of the log."""
        every = self.log.interactions
        return Taught(every, float(every.time[-1]) + 1.0 if len(every) else 0.0, self.log.items)


def build_from_log(source: object, options: LogOptions, budget: Budget, progress: Progress) -> Recommender:
    """Do the main job on a log: read it, search on its earlier part, judge on what came later, learn from all of it."""
    from threadpoolctl import threadpool_limits

    budget.begin("reading")
    progress.stage("Reading the data")
    read = read_all(source, options)
    _tell(read, options, progress)
    told_to_stop = partial(progress.say, "Stopping: the best model so far is kept.")
    with budget.interruptible(told_to_stop), threadpool_limits(1):  # fits run side by side, one thread each
        budget.begin("trying", None if budget.seconds is None else 0.55 * budget.left)
        progress.stage("Trying models")
        found = search(
            read.taught,
            budget=budget,
            trials=options.trials,
            learners=options.learners or None,
            seed=options.seed,
            threads=options.workers,
            progress=progress,
        )
        effort = Effort(seed=options.seed, threads=options.workers)
        budget.begin("judging")
        progress.stage("Judging the best on what came later")
        judgement = judge_all(read, found, options, budget, effort)
        budget.begin("learning from all")
        progress.stage("Learning from the whole log")
        answering = learned_from_all(read, found, effort, options)
    budget.begin("writing")
    return assemble(read, found, judgement, answering, options, budget)


def read_all(source: object, options: LogOptions) -> Read:
    """Read the log and the tables beside it, and cut it. Raises SourceError, ColumnError, DataError, OptionError."""
    table = collect(source, query=options.query)
    items, users = _beside(options.items), _beside(options.users)
    log = read_log(table, options.names, items=items, users=users)
    beside = [finding for each in (items, users) if each is not None for finding in each.findings]
    log = replace(log, findings=(*log.findings, *(finding for finding in beside if finding not in log.findings)))
    if options.split == "time" and not log.interactions.has_time:
        raise OptionError("--split time needs times, and the log has none.", hint="name the column with --time.")
    every = log.interactions
    cut = random_cut(every, seed=options.seed) if options.split == "random" else time_cut(every)
    if not len(cut):
        raise DataError(
            "Nobody who took something in the last fifth of the log took anything new: there is nothing to judge by.",
            where=table.origin,
            hint="give a longer log, or --split random.",
        )
    return Read(table, log, cut.sampled(MOST_JUDGED, options.seed), data_hash(table))


def _beside(source: object) -> Table | None:
    """Read a table beside the log; of very many columns the first ones."""
    if source is None:
        return None
    table = collect(source)
    if table.frame.width <= MOST_COLUMNS:
        return table
    finding = Finding(
        kind="wide_beside_the_log",
        message=f"The table {table.name!r} has {table.frame.width:,} columns: the first {MOST_COLUMNS} are looked at.",
        severity="warning",
        repair="Leave out columns that say nothing of taste.",
    )
    return replace(table, frame=table.frame[:, :MOST_COLUMNS], findings=(*table.findings, finding))


def _tell(read: Read, options: LogOptions, progress: Progress) -> None:
    every = read.log.interactions
    limit = f"at most {options.seconds:.0f} s" if options.seconds else f"{options.trials} trials"
    progress.say(f"{len(every):,} entries of {len(every.users):,} users and {len(every.items):,} items; {limit}.")
    for sentence in read.log.assumptions[:2]:
        progress.say(sentence)


def learned_from_all(read: Read, found: Searched, effort: Effort, options: LogOptions) -> Answering:
    """Return what answers: the chosen ranker and the popularity that it falls back to, learned from the whole log."""
    whole, every = read.whole, read.log.interactions
    popular = fallback(found)
    catalogue = Catalogue.of(every, read.log.items)
    columns = read.log.columns
    names = [columns.item, columns.user, columns.time or "", *(catalogue.columns), read.table.name]
    return Answering(
        chain=(
            ("personal", found.fit(whole, effort)),
            ("popular", popular.learner.fit(whole, popular.trial.configuration, effort)),
        ),
        catalogue=catalogue.with_vectors(item_vectors(every, catalogue, seed=options.seed)),
        verb=propose_verb(names),
    )


def fallback(found: Searched) -> Tried:
    """Return what is the same for everybody and stands in where nothing personal is known."""
    plain = found.choices["cold"].ways[0].member
    return max(found.members, key=lambda tried: tried.trial.score) if plain is None else found.members[plain]


def assemble(
    read: Read, found: Searched, judgement: Judgement, answering: Answering, options: LogOptions, budget: Budget
) -> Recommender:
    """Return the model, with requests that it must answer the same wherever it is loaded, and its evidence."""
    columns = read.log.columns
    parts = RecommenderParts(
        name=read.table.name,
        task=options.task,
        target=columns.item,
        classes=(),
        schema=request_schema(read),
        decision={
            "user": columns.user,
            "time": columns.time,
            "rating": columns.rating,
            "amount": columns.amount,
            "event": read.log.event,
            "moment": read.cut.moment,
        },
        answering=answering,
        golden=_golden(read, answering, options),
        run=run_facts(options, budget, source=read.table.origin, data_hash=read.data_hash),
    )
    model = Recommender(replace(parts, reference=_reference(read, found, judgement, options, budget)))
    told = evidence(read, found, judgement, model, options)
    return Recommender(
        replace(
            model.parts,
            evidence=told,
            run=run_facts(options, budget, source=read.table.origin, data_hash=read.data_hash),
        )
    )


def _golden(read: Read, answering: Answering, options: LogOptions) -> tuple[dict[str, Any], ...]:
    """Return requests that have to be answered the same wherever the model is loaded; of nobody where none is kept."""
    people = GOLDEN_PEOPLE if options.cases else 0
    log = read.log.interactions
    return tuple(golden_requests(log, answering.catalogue, people=people, seed=options.seed))


def _reference(
    read: Read, found: Searched, judgement: Judgement, options: LogOptions, budget: Budget
) -> Reference | None:
    """Return what a monitor compares with: what came after the cut, asked event by event."""
    popular = fallback(found)
    taught = read.taught
    effort = Effort(seed=options.seed, threads=options.workers)
    answering = Answering(
        chain=(
            ("personal", judgement.ranker),
            ("popular", popular.learner.fit(taught, popular.trial.configuration, effort)),
        ),
        catalogue=Catalogue.of(read.cut.taught, read.log.items),
    )
    most = REPLAYED
    if budget.seconds is not None:  # an answer takes a millisecond or two
        most = int(np.clip(budget.left / REPLAY_S, FEWEST_REPLAYED, REPLAYED))
    return reference(
        answering, read.log.interactions, read.cut, most=most, keep_rows=options.cases > 0, seed=options.seed
    )


def request_schema(read: Read) -> Schema:
    """Return the columns that tell what a request is like, with the log's columns of items and people."""
    asked = {column.name for column in ASKED}
    own = [
        Column(name=column.name, kind=column.kind, role=column.role, distinct=column.distinct)
        for column in read.log.schema
        if column.role in {"target", "group"} and column.name not in asked
    ]
    return Schema((*ASKED, *own), rows=len(read.cut))
