"""mlwright monitor: whether a model in service is still right, from its record or from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlwright.cli.console import facts, libraries_silenced, out, out_json, say, styled, table
from mlwright.cli.options import Json, ModelReference, Query, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.cli.recorded import opened_record
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm
    from mlwright.monitor.report import Report
    from mlwright.monitor.store import Store

STYLES = {"ok": "green", "notice": "cyan", "page": "red", "unknown": "bold"}
SHOWN = 10
"""So many columns are listed, those first that differ most."""


def monitor(
    model: ModelReference,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SOURCE", help="Look at these rows, not at the record.", show_default=False),
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="COL", help="With --source: the column that orders the rows.")
    ] = None,
    query: Query = None,
    delay: Annotated[
        str | None,
        typer.Option("--delay", metavar="TIME", help="How long after an answer its outcome is known, such as 14d."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", metavar="ALARM", help="End an alarm: somebody has seen to it.")
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="With --end: the reason.")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="Go through the whole record again.")] = False,
    place: Annotated[
        str | None,
        typer.Option("--record", metavar="PLACE", help="A file or a URL; by default record.db in the workspace."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell whether a model in service is still right, what has changed and what to do; ends with 1 where it pages."""
    if source is None and (time is not None or query is not None):
        raise OptionError("--time and --query are for the rows of --source.")
    if why and end is None:
        raise OptionError("--why is the reason of --end.")
    if source is not None and (delay or end or anew or place):
        raise OptionError("--delay, --end, --anew and --record are for the record; with --source there is none.")
    if not quiet:
        say("Looking ...")
    with libraries_silenced(verbose=False):
        if source is not None:
            found = _of_file(model, source, time, query, workspace)
        else:
            found = _of_record(model, _seconds(delay), (end, why), anew, place, workspace)
    if as_json:
        out_json(found.to_dict())
    else:
        out(told(found))
    if found.status == "page":
        raise typer.Exit(1)


def _of_file(model: str, source: str, time: str | None, query: str | None, workspace: Path | None) -> Report:
    from mlwright.monitor.monitor import monitor_file
    from mlwright.registry import Workspace

    return monitor_file(Workspace(workspace).open(model), source, time=time, query=query)


def _of_record(
    name: str,
    delay: float | None,
    ended: tuple[str | None, str],
    anew: bool,  # noqa: FBT001
    place: str | None,
    workspace: Path | None,
) -> Report:
    from mlwright.monitor.monitor import Monitor, Settings
    from mlwright.monitor.store import Store
    from mlwright.registry import Workspace

    state = Workspace(workspace)
    state.find(name)
    record, store = opened_record(workspace, place), Store.of(state)
    try:
        watching = Monitor(state, name, record=record, store=store, settings=Settings(delay=delay))
        if ended[0] is not None:
            watching.end(_open_alarm(store, name, ended[0]), why=ended[1])
        if anew:
            watching.start_anew()
        return watching.run()
    finally:
        record.close()


def _open_alarm(store: Store, name: str, alarm: str) -> Alarm:
    known = {each.id: each for each in store.alarms(name, open_only=True)}
    if alarm not in known:
        raise OptionError.unknown("--end", alarm, sorted(known))
    return known[alarm]


def _seconds(text: str | None) -> float | None:
    from mlwright.adapt.policy import seconds_of

    if text is None:
        return None
    if (seconds := seconds_of(text)) is None:
        raise OptionError(f"--delay {text!r:.40} is no length of time.", hint="write 14d, 36h or 90m.")
    return seconds


def told(report: Report) -> str:
    """Return a report as people read it."""
    head = styled(report.status.upper(), STYLES[report.status], sys.stdout)
    lines = [f"{report.model}@{report.version}: {head}. {report.sentence}"]
    for alarm in report.alarms:
        lines += ["", *_alarm(alarm)]
    if rows := _performance(report):
        lines += ["", "Mean losses of rows whose outcome is known (less is better):"]
        lines.append(table(("loss", "now", "95 % interval", "when judged", "rows"), rows, right=[1, 3, 4]))
    if rows := _columns(report):
        lines += ["", "Columns that differ most from when the model was judged (shown, never an alarm by themselves):"]
        lines.append(table(("column", "evidence", "PSI", "KS"), rows))
    lines += ["", *(f"Not watched: {why}" for why in report.missing.values())]
    return "\n".join(lines).rstrip()


def _alarm(alarm: Alarm) -> list[str]:
    said = {"since": alarm.since or "unknown", "what to do": alarm.action, "alarm": alarm.id}
    if alarm.since_interval:
        said["since"] += f" (90 % sure: {alarm.since_interval[0]} to {alarm.since_interval[1]})"
    if alarm.causes:
        said["where from"] = ", ".join(f"{name} {share:+.0%}" for name, share in alarm.causes.items())
    if alarm.cost:
        said["cost"] = alarm.cost
    return [f"{alarm.level.upper()}: {alarm.message}", facts([(f"  {name}", text) for name, text in said.items()])]


def _performance(report: Report) -> list[tuple[str, ...]]:
    from mlwright.evaluate.wording import number

    return [
        (
            each["label"],
            number(each["loss"]),
            f"{number(each['interval'][0])} to {number(each['interval'][1])}",
            number(each["judged"]),
            f"{each['rows']:,}",
        )
        for each in report.performance.values()
        if each["loss"] is not None
    ]


def _columns(report: Report) -> list[tuple[str, ...]]:
    known: list[dict[str, Any]] = [each for each in report.watched.get("columns", []) if each["psi"] is not None]
    known.sort(key=lambda each: (-each["e_value"], each["name"]))
    shown = [(each["name"], f"{each['e_value']:.3g} to 1", each["psi"], each["ks"]) for each in known[:SHOWN]]
    return [(name, evidence, f"{psi:.3f}", f"{ks:.3f}") for name, evidence, psi, ks in shown]
