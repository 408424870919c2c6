"""mlwright simulate: a year in a minute, so that people see what the loop would do before they trust it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import facts, libraries_silenced, out, out_json, say, table
from mlwright.cli.options import Json, ModelReference, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.adapt.retold import Happened, Simulated

WIDTH = 150
"""So many letters of a sentence are shown in the timeline; JSON has all."""


def simulate(
    model: ModelReference,
    source: Source,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How many days to simulate.")] = 365,
    rows_per_day: Annotated[int, typer.Option("--rows-per-day", metavar="N", help="Rows answered each day.")] = 200,
    drifts: Annotated[
        list[str] | None,
        typer.Option(
            "--drift",
            metavar="KIND[:COLUMN][=AMOUNT][@DAY[-DAY]]",
            help="A change: none, relation, inputs, classes, missing or unit. May be given several times.",
        ),
    ] = None,
    delay: Annotated[
        str, typer.Option("--delay", metavar="TIME", help="How long after an answer its outcome is known.")
    ] = "0s",
    settings_file: Annotated[
        Path | None, typer.Option("--settings", metavar="FILE", help="When and how models learn again, in TOML.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Draws other rows, and other chance.")] = 0,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate what the loop would do about changes: alarms, new versions, and losses with it and without it."""
    from datetime import timedelta

    from mlwright.adapt.drift import Drift
    from mlwright.adapt.policy import Policies, seconds_of
    from mlwright.adapt.simulate import Plan
    from mlwright.adapt.simulate import simulate as simulated
    from mlwright.registry import Workspace

    seconds = seconds_of(delay)
    if seconds is None:
        raise OptionError(f"--delay cannot be {delay!r}.", hint="write a time such as 14d or 36h.")
    injected = tuple(Drift.read(text, days=days) for text in drifts or ())
    plan = Plan(
        days=days, rows_per_day=rows_per_day, drifts=injected, delay=timedelta(seconds=seconds), seed=seed
    )  # fmt: skip
    opened = Workspace(workspace).open(model)
    policy = Policies.read(settings_file).of(opened.name)
    if not quiet:
        say(f"Simulating {days:,} days of {rows_per_day:,} rows ...")
    with libraries_silenced(verbose=False):
        found = simulated(opened, source, plan=plan, policy=policy, tell=None if quiet else _progress)
    if as_json:
        out_json(found.to_dict())
    else:
        out(told(found))


def _progress(happened: Sequence[Happened]) -> None:
    for each in happened:
        say(f"day {each.day}: {each.what}")


def told(found: Simulated) -> str:
    """Return a simulation as people read it."""
    from mlwright.adapt.retold import collapsed
    from mlwright.evaluate.wording import number

    rows = []
    for each, times, until in collapsed(found.timeline):
        what = f"{each.what} (false)" if each.is_false else each.what
        again = f" ({times} times, until day {until})" if times > 1 else ""
        rows.append((str(each.day), what, f"{each.sentence[:WIDTH]}{again}"))
    spans = [
        (f"{first} to {until - 1}", *(number(found.mean(which, first, until)) for which in found.losses))
        for first, until in found.spans
    ]
    count = found.to_dict()["counts"]
    delays = [
        f"{drift.kind} on day {drift.first}: " + (f"{days} days" if days is not None else "never")
        for drift, days in zip(found.drifts, found.delays, strict=True)
        if drift.kind != "none"
    ]
    summary = [
        ("pages", f"{count['pages']}, of which false: {count['false_pages']}"),
        ("notices", f"{count['notices']}, of which false: {count['false_notices']}"),
        ("from the change to the page", "; ".join(delays) or "nothing changed"),
        (
            "new versions",
            f"{count['promoted']} promoted, {count['refused']} refused, {count['rolled_back']} rolled back",
        ),
        ("builds", _builds(found)),
        ("took", f"{found.seconds:.0f} s"),
    ]
    return "\n".join(
        [
            f"{found.days:,} days of {found.rows_per_day:,} rows; outcomes are known after {found.delay_days:g} days.",
            "",
            table(("day", "what", "why"), rows, right=[0]) if rows else "Nothing happened.",
            "",
            f"Losses ({found.measure}) of the days between what changed:",
            table(("days", "with the loop", "had nobody acted", "an oracle"), spans, right=[1, 2, 3]),
            "",
            facts(summary),
        ]
    )


def _builds(found: Simulated) -> str:
    trials, budget = found.policy["trials"], found.policy["budget"]
    return f"{trials} trials each" if trials is not None else f"a budget of {budget} each"
