"""mlwright build: the main job."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say
from mlwright.cli.drawing import progress
from mlwright.cli.options import Json, Query, Quiet, Source, Verbose
from mlwright.cli.options import Workspace as WorkspaceOption


def build(
    source: Source,
    target: Annotated[
        str | None, typer.Option("--target", metavar="COL", help="The column to predict; a log has none.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="T",
            help="binary, multiclass or regression, found from the target by default; or recommend, for a log.",
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="TIME", help="Wall-clock time, such as 60s (default), 10m, 1h30m.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", help="Instead of a budget: so many trials, and the same model again."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="M", help="What to be best at; each task has a default.")
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="COL", help="The column that orders the rows in time.")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="COL", help="The column that names whom a row is about.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option("--weight", metavar="COL", help="The column that says how much a row counts.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="COL", help="Of a log: the column that says who took something.")
    ] = None,
    item: Annotated[
        str | None, typer.Option("--item", metavar="COL", help="Of a log: the column that says what was taken.")
    ] = None,
    rating: Annotated[
        str | None, typer.Option("--rating", metavar="COL", help="Of a log: the column that says how it was liked.")
    ] = None,
    items: Annotated[
        str | None, typer.Option("--items", metavar="FILE", help="Of a log: a table that describes the items.")
    ] = None,
    users: Annotated[
        str | None, typer.Option("--users", metavar="FILE", help="Of a log: a table that describes the users.")
    ] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option("--sensitive", metavar="COL ...", help="Columns about people to watch; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="COL ...", help="Columns the model may not see; may be repeated."),
    ] = None,
    increasing: Annotated[
        list[str] | None,
        typer.Option("--increasing", metavar="COL ...", help="Columns with which the answer may only rise."),
    ] = None,
    decreasing: Annotated[
        list[str] | None,
        typer.Option("--decreasing", metavar="COL ...", help="Columns with which the answer may only fall."),
    ] = None,
    reweigh: Annotated[
        list[str] | None,
        typer.Option("--reweigh", metavar="COL ...", help="Learn with weights by which these groups are more alike."),
    ] = None,
    fair: Annotated[
        list[str] | None,
        typer.Option("--fair", metavar="COL ...", help="Find thresholds by which a yes/no model treats these alike."),
    ] = None,
    criterion: Annotated[
        str, typer.Option("--criterion", metavar="C", help="What --fair makes alike: see mlwright mitigate.")
    ] = "equalized_odds",
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="X", help="How large a gap --fair leaves: 0.02 is 2 points.")
    ] = 0.02,
    without_group: Annotated[
        bool, typer.Option("--without-group", help="With --fair: estimate the group instead of asking for it.")
    ] = False,
    split: Annotated[
        str, typer.Option("--split", metavar="KIND", help="Which rows judge: auto, random, time or group.")
    ] = "auto",
    learners: Annotated[
        list[str] | None,
        typer.Option("--learners", metavar="NAME ...", help="Make the model of these learners only; may be repeated."),
    ] = None,
    cost_fp: Annotated[
        float | None, typer.Option("--cost-fp", metavar="X", help="What a false alarm costs, in any unit.")
    ] = None,
    cost_fn: Annotated[
        float | None, typer.Option("--cost-fn", metavar="X", help="What a missed case costs, in the same unit.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The model's name; by default that of the source.")
    ] = None,
    no_clean: Annotated[
        bool, typer.Option("--no-clean", help="Take values as they stand: look for no errors, repair none.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Where randomness starts.")] = 0,
    prefer: Annotated[
        str,
        typer.Option(
            "--prefer",
            metavar="HOW",
            help="What to weigh score against: balanced, accuracy, speed, size or readable.",
        ),
    ] = "balanced",
    max_latency: Annotated[
        str | None,
        typer.Option("--max-latency", metavar="TIME", help="How long one answer may take here, such as 1ms or 250us."),
    ] = None,
    cases: Annotated[
        int,
        typer.Option("--cases", metavar="N", help="How many rows the model keeps to explain answers by; 0 keeps none."),
    ] = 512,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the model to this folder or .zip, its report beside it."),
    ] = None,
    query: Query = None,
    threads: Annotated[
        int,
        typer.Option(
            "--threads", metavar="N", help="Fits side by side; 0, the default, takes all cores.", show_default=False
        ),
    ] = 0,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Build a model that predicts one column from the others, or recommends, and judge it on what it never saw."""
    begun = monotonic()
    if not quiet:
        say(_opening(budget, trials))
    from mlwright.building import build as build_model
    from mlwright.cli import kept as keeping
    from mlwright.learn.budget import counted_from
    from mlwright.registry import Workspace
    from mlwright.report.write import check_report_place

    state = Workspace(workspace)
    if out_folder is not None:
        check_report_place(keeping.beside(out_folder))  # before the search, not after it
    with counted_from(begun), libraries_silenced(verbose=verbose), progress(quiet=quiet) as shown:
        model = build_model(
            source, target, task=task, budget=budget, trials=trials, metric=metric, time=time, group=group,
            weight=weight, user=user, item=item, rating=rating, items=items, users=users, sensitive=sensitive or (),
            exclude=exclude or (), increasing=increasing or (), decreasing=decreasing or (), reweigh=reweigh or (),
            fair=fair or (), criterion=criterion, tolerance=tolerance, without_group=without_group, split=split,
            learners=learners, cost_fp=cost_fp, cost_fn=cost_fn, name=name, seed=seed, clean=not no_clean,
            prefer=prefer, max_latency=max_latency, cases=cases, out=out_folder,
            workspace=state.path if out_folder is None or name is not None else None, query=query, threads=threads,
            progress=shown,
        )  # fmt: skip
        path = out_folder or model.path or state.root
        place = keeping.report_place(model, path, state)
        shown.stage("Writing the report")
        page = keeping.write_report(model, place)
    kept = keeping.Kept(model, path, page, str(path) if out_folder is not None else model.name)
    if not quiet:
        for assumption in model.evaluation["question"]["assumptions"] if verbose else ():
            say(f"assumed: {assumption}")
        keeping.say_findings(model, everything=verbose)
        say("")
    if as_json:
        out_json(keeping.build_json(kept))
    else:
        out(keeping.told(kept, keeping.next_command(kept)))


def _opening(budget: str | None, trials: int | None) -> str:
    """Return what can be said before anything heavy is imported: when it will be done, as far as that is promised."""
    from mlwright import __version__
    from mlwright.learn.budget import parse_budget

    if trials is not None and budget is None:
        return f"mlwright {__version__}: {trials} {'trial' if trials == 1 else 'trials'}, however long it takes."
    seconds = parse_budget(budget or "60s") or 0.0
    end = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"mlwright {__version__}: finished by {end:%H:%M:%S} at the latest ({seconds:.0f} s)."
