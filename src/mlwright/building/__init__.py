"""The main job: from a source and a question to a model that knows how good it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlwright.building.given import Given, story_of
from mlwright.learn.budget import Budget
from mlwright.progress import Progress, Silent

if TYPE_CHECKING:
    from mlwright.building.ask import Asked
    from mlwright.building.cleaning import Looked
    from mlwright.building.find import Found
    from mlwright.building.judge import Judged
    from mlwright.building.options import Options
    from mlwright.building.reasons import Reasons
    from mlwright.learn.ensemble import Ensemble
    from mlwright.model import Model, RowModel
    from mlwright.table import Table


WRITING_SHARE = 0.4
"""Writing a model and its evidence takes at most this share of the time that understanding its columns took."""


def build(
    source: object,
    target: str | None = None,
    *,
    task: str | None = None,
    budget: str | float | timedelta | None = None,
    trials: int | None = None,
    metric: str | None = None,
    time: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    items: object = None,
    users: object = None,
    sensitive: Sequence[str] = (),
    exclude: Sequence[str] = (),
    increasing: Sequence[str] = (),
    decreasing: Sequence[str] = (),
    reweigh: Sequence[str] = (),
    fair: Sequence[str] = (),
    criterion: str = "equalized_odds",
    tolerance: float = 0.02,
    without_group: bool = False,
    split: str = "auto",
    learners: Sequence[str] | None = None,
    cost_fp: float | None = None,
    cost_fn: float | None = None,
    name: str | None = None,
    seed: int = 0,
    clean: bool = True,
    prefer: str = "balanced",
    max_latency: str | float | timedelta | None = None,
    cases: int = 512,
    out: str | Path | None = None,
    workspace: str | Path | None = None,
    query: str | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Model:
    """Build a model that predicts `target` from the other columns of `source`, and judge it on rows it never saw.

    With task="recommend", `source` is a log of who took what, and the model recommends what people take next.

    Parameters
    ----------
    source
        A path, glob, URL, "-" for standard input, SQL URL (with `query`), or a pandas, Polars, Arrow or NumPy table.
    target
        The column to predict; a log has none.
    task
        "binary", "multiclass" or "regression", found from the target by default; or "recommend".
    budget
        Wall-clock seconds, or text such as "60s", "10m", "1h30m". By default 60 s. A promise: at most 2 % + 2 s over.
    trials
        Instead of a budget: so many trials, and the same model byte for byte when repeated on one machine, but for the
        facts of the run (moment, durations, memory) in its manifest.
    metric
        What to be best at; each task has a default.
    time, group, weight
        Columns that order the rows in time, name the entity a row belongs to, and weigh the rows.
    user, item, rating
        Of a log: the columns that say who, what and how it was liked; with `time`, when. Proposed where not named.
    items, users
        Of a log: tables that describe what and who is in it, by the same ids.
    sensitive, exclude
        Columns about people to watch, and columns the model may not see.
    increasing, decreasing
        Columns of numbers, dates or yes/no with which the answer (the second class's probability, or the number) may
        only rise, or only fall, all else alike. The model keeps this for every row; what is missing stands apart.
    reweigh
        Columns of groups, such as ["sex"], that what is learned shall lean less on: rows teach with weights under which
        group and target have nothing to do with one another. Rows that judge weigh what they weigh.
    fair, criterion, tolerance, without_group
        Columns of groups, such as ["sex"], between which a yes/no model may differ by no more than the tolerance in
        what the criterion names: thresholds are found as `Model.mitigate` finds them, without keeping rows back.
    split
        "auto", "random", "time" or "group": which rows judge.
    learners
        Names of the learners that the model may be made of, such as "lightgbm"; by default all that are installed. The
        linear model is always tried, as a simple rule to beat, and is the model where no learner named could be fitted.
    cost_fp, cost_fn
        What a false alarm and a missed case cost; they set the threshold of a yes/no answer.
    name, workspace, out
        Keep the model under a name in a workspace, or write it to a folder (or a .zip). By default it is only returned.
    clean
        Whether errors in the cells are looked for, and repaired where the model is better for it. Without, values are
        taken as they stand.
    prefer
        What to weigh score against: "balanced" drops members that add nothing one can measure, "accuracy" keeps all
        that help, "speed" and "size" keep few trees or few bytes as long as the score stays within its noise. With
        "readable" the model is one that can be read whole (an Explainable Boosting Machine or a linear model), and the
        report tells what that costs.
    max_latency
        How long an answer to one row may take on this machine, such as "1ms", "250us" or seconds: slower members are
        left out, and it is said where even the fastest is slower.
    cases
        How many rows of the table, at most 512, the model keeps: to explain answers beside past cases, and to tell what
        a row would have to be for another answer. 0 keeps no row at all; see docs/explanation/privacy.md.
    seed, threads, query, progress
        Randomness; fits side by side (0: all cores); SQL of an SQL source; who is told of progress.

    Raises
    ------
    SourceError, ColumnError, DataError, OptionError
        Where the input is wrong, in one sentence that says what, where and what to do.

    """
    clock = Budget.promised()
    given = Given(
        target=target, task=task, budget=budget, trials=trials, metric=metric, time=time, group=group, weight=weight,
        user=user, item=item, rating=rating, items=items, users=users, sensitive=sensitive, exclude=exclude,
        increasing=increasing, decreasing=decreasing, reweigh=reweigh, fair=fair, criterion=criterion,
        tolerance=tolerance, without_group=without_group, split=split, learners=learners, cost_fp=cost_fp,
        cost_fn=cost_fn, seed=seed, clean=clean, prefer=prefer, max_latency=max_latency, cases=cases, query=query,
        threads=threads,
    )  # fmt: skip
    story, seconds = story_of(given)
    tell = progress or Silent()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning OpenMP threads starve their neighbours
    from mlwright.building.store import check_destination, store

    check_destination(name=name, workspace=workspace, out=out)
    return store(story(source, clock.limited(seconds), tell), name=name, workspace=workspace, out=out)


def build_from(table: Table, options: Options, budget: Budget, progress: Progress) -> RowModel:
    """Do the main job on a table: each line is a stage."""
    import scipy.linalg  # noqa: F401  SciPy brings linear algebra of its own: loaded first, it is limited too
    from threadpoolctl import threadpool_limits

    from mlwright.building.ask import ask
    from mlwright.building.evidence import evidence, run_facts
    from mlwright.building.fairer import fairer, kept_for_groups, require_groups
    from mlwright.building.find import EVALUATION_SHARE, find, require_rows
    from mlwright.building.judge import fit_on_all, judge, seconds_on_all
    from mlwright.building.referring import reference
    from mlwright.building.store import assemble
    from mlwright.building.trust import trust
    from mlwright.learn.search import FINISH_SHARE
    from mlwright.model import RowModel

    budget.begin("understanding")
    progress.stage("Understanding the columns")
    begun = budget.spent
    asked = ask(table, options)
    budget.keep(WRITING_SHARE * (budget.spent - begun) + kept_for_groups(options))
    require_rows(asked)
    require_groups(asked, options)
    asked.tell(progress, options)
    looked = _looked(asked, options, budget, progress)
    told_to_stop = partial(progress.say, "Stopping: the best model so far is kept.")
    with budget.interruptible(told_to_stop), threadpool_limits(1):  # fits run side by side, one thread each
        budget.begin("trying", budget.left - FINISH_SHARE * (budget.seconds or 0.0))
        progress.stage("Trying models")
        found = find(asked, looked, options, budget, progress)
        if not options.judge:
            ensemble, _ = fit_on_all(found, None, asked, options, budget)
            facts = run_facts(options, budget, source=asked.table.origin, data_hash=asked.data_hash)
            return assemble(asked, found, ensemble, {}, facts, options)
        after = EVALUATION_SHARE * (budget.seconds or 0.0)
        budget.begin("judging", min(found.planned(found.material.rows), budget.left - after))
        progress.stage("Judging the best on rows it never saw")
        judged = judge(found, asked, options, budget)
        budget.begin("learning from all rows", seconds_on_all(found, judged, asked, budget))
        progress.stage("Learning from all rows")
        ensemble, on_all = fit_on_all(found, judged, asked, options, budget)
        interrupted = budget.cancelled
        if not on_all:
            found = replace(found, finish=judged.finish)
        why, explained = _explained(ensemble, found, judged, asked, options, budget, progress)
        budget.begin("behaviour")
        progress.stage("Testing how it behaves, and for whom it is worse")
        found, tested = trust(ensemble, found, judged, asked, options, budget)
    budget.begin("writing")
    told = evidence(asked, found, judged, why, options=options, on_all=on_all, interrupted=interrupted)
    facts = run_facts(options, budget, source=asked.table.origin, data_hash=asked.data_hash)
    model = assemble(asked, found, ensemble, told | explained | tested, facts, options)
    model = fairer(model, found, judged, asked, options, budget, progress)
    made = reference(model.parts, found, judged, asked, options)
    return RowModel(replace(model.parts, reference=made), path=model.path)


def _explained(
    ensemble: Ensemble,
    found: Found,
    judged: Judged,
    asked: Asked,
    options: Options,
    budget: Budget,
    progress: Progress,
) -> tuple[Reasons, dict[str, Any]]:
    """Return the reasons, and what is told of the whole model."""
    from mlwright.building.reasons import reasons
    from mlwright.building.whole import whole

    budget.begin("reasons")
    progress.stage("Finding the reasons")
    why = reasons(found, judged, asked, options, budget)
    return why, whole(ensemble, found, judged, why, asked, options, budget)


def _looked(asked: Asked, options: Options, budget: Budget, progress: Progress) -> list[Looked]:
    """Return what is wrong with the cells, where that is looked for."""
    from mlwright.building.ask import LOOKED_FOR
    from mlwright.building.cleaning import look, looking

    if not options.clean:
        return []
    budget.begin("looking for errors")
    progress.stage("Looking for errors in the data")
    return look(asked, options, looking(budget), without=LOOKED_FOR)
