"""mlwright record: what was answered and what came of it; told, completed, taken away, deleted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlwright.cli.console import facts, out, out_json, say, table
from mlwright.cli.options import Json, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.cli.recorded import opened_record
from mlwright.errors import ColumnError, OptionError, OutputError, nearest

if TYPE_CHECKING:
    import polars as pl

    from mlwright.serve.record import Outcome, Record

HEADER = ("model", "version", "kind", "answers", "matured", "first", "last")
FORGOTTEN = ("answers", "outcomes", "responses", "events", "jobs")
_MINUTE = len("2026-01-31T10:00")


@dataclass(frozen=True)
class _Asked:
    """What was asked for, whatever the action."""

    what: str | None
    file: str | None
    columns: tuple[str | None, str | None, str | None]
    older: str | None
    out_file: Path | None
    yes: bool
    quiet: bool
    workspace: Path | None


def record(
    action: Annotated[
        str,
        typer.Argument(metavar="ACTION", help="status, outcomes, export, forget or prune.", show_default=False),
    ],
    what: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The name of a model; for forget, the subject.", show_default=False),
    ] = None,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="outcomes: any source of rows, one for each outcome.", show_default=False
        ),
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", metavar="COL", help="outcomes: the column with the answer's id.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="COL", help="outcomes: the column with what came of it.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="COL", help="outcomes: the column with when that was known.")
    ] = None,
    older: Annotated[str | None, typer.Option("--older", metavar="TIME", help="prune: how old, such as 90d.")] = None,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="export: where to; .parquet, .csv, .json, .ndjson or .xlsx."),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option("--record", metavar="PLACE", help="A file or a URL; by default record.db in the workspace."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="forget, prune: delete without asking.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what was answered, tell what came of it, take it away, or delete what is old or about one person."""
    if action not in ACTIONS:
        raise OptionError.unknown("ACTION", action, ACTIONS)
    asked = _Asked(what, file, (id_column, outcome, at), older, out_file, yes, quiet, workspace)
    _check(action, asked)
    opened = opened_record(workspace, place, may_be_none=action == "forget")
    try:
        told, text = ACTIONS[action](opened, asked)
    finally:
        opened.close()
    if as_json:
        out_json(told)
    elif text:
        out(text)
    if action == "forget" and (told["unfinished_jobs"] or not any(told[kind] for kind in FORGOTTEN)):
        raise typer.Exit(1)


def _check(action: str, asked: _Asked) -> None:
    """Raise OptionError where an action lacks what it needs, or was given what belongs to another."""
    given = {
        "NAME": asked.what,
        "FILE": asked.file,
        "--id": asked.columns[0],
        "--outcome": asked.columns[1],
        "--at": asked.columns[2],
        "--older": asked.older,
        "--out": asked.out_file,
        "--yes": asked.yes or None,
    }
    needs, takes = _TAKES[action]
    for name, value in given.items():
        shown = "SUBJECT" if name == "NAME" and action == "forget" else name
        if value is None and name in needs:
            raise OptionError(f"`mlwright record {action}` needs {shown}.", hint="`mlwright record --help` shows all.")
        if value is not None and name not in {*needs, *takes}:
            raise OptionError(f"`mlwright record {action}` takes no {shown}.", hint=f"it takes {', '.join(needs)}.")


def _status(opened: Record, asked: _Asked) -> tuple[dict[str, Any], str]:
    found = [opened.status(name) for name in ([_known(opened, asked.what)] if asked.what else opened.models())]
    rows = [
        [
            each["model"],
            str(row["version"]),
            row["kind"],
            f"{row['answers']:,}",
            f"{row['matured']:,}",
            row["first"][:_MINUTE].replace("T", " "),
            row["last"][:_MINUTE].replace("T", " "),
        ]
        for each in found
        for row in each["versions"]
    ]
    told: dict[str, Any] = found[0] if asked.what else {"models": found}
    if not rows:
        return told, "" if asked.quiet else "Nothing is recorded yet."
    without = sum(each["outcomes_without_answer"] for each in found)
    size = f"{found[0]['bytes'] / 1e6:,.1f} MB for all models"
    more = [("on disk", size), *([("outcomes without an answer", f"{without:,}")] if without else [])]
    return told, table(HEADER, rows, right=[1, 3, 4]) + "\n\n" + facts(more)


def _outcomes(opened: Record, asked: _Asked) -> tuple[dict[str, Any], str]:
    from mlwright.collect import collect

    read = collect(asked.file, sample=False)
    names = [name for name in asked.columns if name]
    for name in names:
        if name not in read.frame.columns:
            raise ColumnError.missing(name, read.frame.columns, where=read.origin)
    given, places = _told_by(read.frame.select(list(dict.fromkeys(names))), asked)
    given = _checked_outcomes(asked, opened, given, places)
    counts = opened.outcomes(asked.what or "", given)
    empty = read.frame.height - len(given)
    told = {"model": asked.what, "rows": read.frame.height, **counts, "empty": empty}
    pairs = [(name, f"{number:,}") for name, number in told.items() if name != "model"]
    if counts["unknown"] and not asked.quiet:
        say(f"{counts['unknown']:,} with an id that no answer of {asked.what!r} has (yet): kept until one has.")
    return told, facts(pairs)


def _told_by(frame: pl.DataFrame, asked: _Asked) -> tuple[list[Outcome], list[int]]:
    """Return the outcomes of a table, and the rows in which they stand; some have none (yet)."""
    from mlwright.errors import DataError
    from mlwright.serve.record import Outcome, microseconds
    from mlwright.values import as_text, is_null

    id_column, outcome, at = asked.columns
    made: list[Outcome] = []
    places: list[int] = []
    for place, row in enumerate(frame.iter_rows(named=True)):
        name, value = as_text(row[id_column or ""]), row[outcome or ""]
        moment = row[at] if at else None
        if name is None or is_null(value) or as_text(value) is None:
            continue
        try:
            known = None if is_null(moment) else microseconds(moment)
        except DataError as error:
            shown = f"row {place}, column {at!r}"
            raise DataError(f"{moment!r:.60} is no moment.", where=shown, hint=error.hint) from error
        made.append(Outcome(name, value if isinstance(value, str | int | float) else as_text(value) or "", known))
        places.append(place)
    return made, places


def _checked_outcomes(asked: _Asked, opened: Record, given: list[Outcome], places: Sequence[int]) -> list[Outcome]:
    """Return the outcomes as the model's target has them, without those that say nothing.

    Raises ModelError where nobody knows the model, DataError where its target cannot have one. A model that was served
    from a path, and so is in no registry, is known to the record alone: its outcomes are kept as they are.
    """
    from mlwright.errors import DataError, ModelError
    from mlwright.registry import Workspace
    from mlwright.serve.truth import MISSING, read_outcomes

    name, home = asked.what or "", Workspace(asked.workspace)
    names, recorded = home.names(), opened.models()
    if name not in {*names, *recorded}:
        near = nearest(name, [*names, *recorded])
        hint = f"did you mean {near!r}?" if near else "`mlwright models` lists those in the registry."
        raise ModelError(f"Neither the registry nor the record knows a model {name!r:.120}.", hint=hint)
    if name not in names:
        return given
    made, errors = read_outcomes([home.open(name)], given)
    wrong = [error for error in errors if error.kind != MISSING]
    if wrong:
        more = f" {len(wrong):,} outcomes are wrong in all." if len(wrong) > 1 else ""
        raise DataError(
            wrong[0].message + more,
            where=f"row {places[wrong[0].row or 0]}, column {asked.columns[1]!r}",
            hint="nothing was kept; correct the file, or leave what is not known empty.",
        )
    return made


def _export(opened: Record, asked: _Asked) -> tuple[dict[str, Any], str]:
    from mlwright.cli.rows_out import check_place, write_rows

    check_place(asked.out_file)
    frame = opened.frame(_known(opened, asked.what or ""))
    write_rows(frame, asked.out_file)
    if not asked.quiet:
        say("The columns row, answer, flags and outcome hold JSON.")
    return {"model": asked.what, "rows": frame.height, "out": str(asked.out_file)}, str(asked.out_file)


def _forget(opened: Record, asked: _Asked) -> tuple[dict[str, Any], str]:
    from mlwright.registry import Workspace
    from mlwright.serve.jobs import Jobs, forget_in_jobs

    subject = asked.what or ""
    _sure(f"Delete all that is recorded about {subject!r}?", asked)
    knows_subjects = opened.knows_subjects()
    jobs, unfinished = forget_in_jobs(Jobs(Workspace(asked.workspace).path / "jobs"), subject)
    counts = {**opened.forget(subject), "jobs": jobs}
    if unfinished:
        say(
            f"Jobs that wait or run hold {subject!r} too, and will record it: {', '.join(unfinished)}. "
            "Delete them (DELETE /v1/jobs/ID), or run this again when they have ended."
        )
    elif not any(counts.values()):
        why = (
            "no answer says it is about it"
            if knows_subjects
            else "no answer says whom it is about; name the field that does as `subject` under [models.NAME] in the "
            "settings of `mlwright serve`"
        )
        say(f"Nothing was found about {subject!r}: {why}.")
    return {"subject": asked.what, **counts, "unfinished_jobs": unfinished}, _deleted(counts)


def _prune(opened: Record, asked: _Asked) -> tuple[dict[str, Any], str]:
    from mlwright.values import parse_duration

    text = (asked.older or "").strip()
    # A number and one letter is no duration in a table, where "5m" may be metres; here it can be nothing else.
    seconds = parse_duration(text) or parse_duration(f"{text} 0s")
    if seconds is None or seconds <= 0:
        raise OptionError(f"--older cannot be {asked.older!r}.", hint="write a time such as 90d, 12h or 2y.")
    of = f" of {_known(opened, asked.what)!r}" if asked.what else ""
    _sure(f"Delete all answers{of} that are older than {asked.older}, with their outcomes?", asked)
    counts = opened.prune(seconds, model=asked.what)
    return {"older": asked.older, "model": asked.what, **counts}, _deleted(counts)


def _known(opened: Record, name: str) -> str:
    """Return the name of a model of which something is recorded. Raises OptionError."""
    if name in (names := opened.models()):
        return name
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(names) or 'none'}."
    raise OptionError(f"Nothing is recorded of a model {name!r:.120}.", hint=hint)


def _sure(question: str, asked: _Asked) -> None:
    """Ask before anything is deleted; where nobody can be asked, it takes --yes."""
    if asked.yes:
        return
    if not (sys.stdin is not None and sys.stdin.isatty()):
        raise OptionError("This deletes for good, and nobody is there to be asked.", hint="add --yes.")
    if not typer.confirm(question, err=True):
        raise OutputError("Nothing was deleted.")


def _deleted(counts: dict[str, int]) -> str:
    return "deleted: " + ", ".join(f"{number:,} {kind}" for kind, number in counts.items())


ACTIONS = {"status": _status, "outcomes": _outcomes, "export": _export, "forget": _forget, "prune": _prune}
_TAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "status": ((), ("NAME",)),
    "outcomes": (("NAME", "FILE", "--id", "--outcome"), ("--at",)),
    "export": (("NAME", "--out"), ()),
    "forget": (("NAME",), ("--yes",)),
    "prune": (("--older",), ("NAME", "--yes")),
}
"""What each action needs, and what it takes besides."""
