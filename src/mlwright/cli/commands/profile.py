"""mlwright profile: what a table holds and what is wrong with it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say, styled, table
from mlwright.cli.drawing import progress
from mlwright.cli.options import Json, Open, Query, Quiet, Source

if TYPE_CHECKING:
    from mlwright.clean.profile import Profile
    from mlwright.clean.profile.facts import ColumnFacts
    from mlwright.findings import Finding

SHOWN_COLUMNS = 60
SHOWN_FINDINGS = 12
"""Of each severity, so many findings are told; the page and --json have all."""
NAME, HINT, MESSAGE = 32, 48, 400
STYLES = {"error": "red", "warning": "bold", "info": "cyan"}
INTERRUPT = "Ctrl-C stops; nothing is changed"


def profile(
    source: Source,
    target: Annotated[
        str | None, typer.Option("--target", metavar="COL", help="The column to predict later, if there is one.")
    ] = None,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the page here, with its JSON and Markdown twins beside it."),
    ] = None,
    open_it: Open = False,
    query: Query = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at a table: what each column holds, what goes with what, and what is wrong; nothing is changed."""
    if not quiet:
        say("Looking at the table ...")
    from mlwright.clean.profile import profile as profile_of
    from mlwright.cli.commands.report import check_ending

    check_ending(out_file)
    if out_file is not None:
        from mlwright.report.profile.place import check_place

        check_place(out_file, source)
    with libraries_silenced(verbose=False), progress(quiet=quiet, interrupt=INTERRUPT) as shown:
        found = profile_of(source, target=target, query=query, progress=shown)
        page = _written(found, out_file, wanted=open_it)
    if as_json:
        twins = {"json": str(page.with_suffix(".json")), "markdown": str(page.with_suffix(".md"))} if page else {}
        out_json({**found.to_dict(), "report": None if page is None else str(page), **twins})
    else:
        out(_told(found, page, _next(source, found, query, page)))
    if page is not None and open_it:
        from mlwright.cli.kept import open_page

        open_page(page)


def _written(found: Profile, place: Path | None, *, wanted: bool) -> Path | None:
    """Write the page where it was asked for; where it is only to be opened, into the folder people are in."""
    if place is None and not wanted:
        return None
    return found.report(place or Path(f"{found.name}-profile.html"))


def _told(found: Profile, page: Path | None, following: str) -> str:
    """Return the overview, the columns, the findings and what to do next, as people read them."""
    parts = ["\n".join(found.overview)]
    if found.columns:
        parts.append(_columns(found))
    if found.findings:
        parts.append("\n".join(_findings(found)))
    if found.limits:
        parts.append("\n".join(found.limits))
    if page is not None:
        parts.append(f"page  {page}")
    parts.append(f"next: {following}")
    return "\n\n".join(parts)


def _columns(found: Profile) -> str:
    from mlwright.report.format import clipped, count, share

    rows = [
        [
            clipped(column.name, NAME),
            column.kind,
            share(column.missing_share),
            count(column.distinct),
            clipped(hint, HINT) if (hint := _hint(found, column)) else "",
        ]
        for column in found.columns[:SHOWN_COLUMNS]
    ]
    shown = table(["column", "kind", "missing", "distinct", "hint"], rows, right=[2, 3])
    more = len(found.columns) - len(rows)
    return shown + (f"\nand {more:,} more column{'s' * (more > 1)}; --out and --json have all" if more > 0 else "")


def _hint(found: Profile, column: ColumnFacts) -> str:
    """Return what is most worth knowing of a column in a few words: what is wrong, what it is for, what it is like."""
    from mlwright.report.profile.columns import in_short

    about = [found.findings[place] for place in column.findings]
    wrong = [finding.kind.replace("_", " ") for finding in about if finding.severity != "info"]
    role = {"target": "to be predicted", "ignored": "of no use to a model"}.get(column.role, "")
    like = "" if column.kind == "id" else in_short(column.to_dict())
    return "; ".join(part for part in (", ".join(dict.fromkeys(wrong)), role, like) if part)


def _findings(found: Profile) -> list[str]:
    lines: list[str] = []
    for severity in STYLES:
        group = [finding for finding in found.findings if finding.severity == severity]
        lines += [_sentence(finding) for finding in group[:SHOWN_FINDINGS]]
        more = len(group) - SHOWN_FINDINGS
        lines += [f"{severity}: {more:,} more; --out and --json have all"] if more > 0 else []
    return lines


def _sentence(finding: Finding) -> str:
    from mlwright.report.format import clipped

    named = styled(f"{finding.severity}:", STYLES[finding.severity], sys.stdout)
    return f"{named} {clipped(finding.message, MESSAGE)}"


def _next(source: str, found: Profile, query: str | None, page: Path | None) -> str:
    """Return the command to run next: the page where there is none yet, else the model."""
    asked = [] if query is None else ["--query", query]
    if page is None:
        target = [] if found.target is None else ["--target", found.target]
        return _command("profile", source, *target, *asked, "--out", f"{found.name}-profile.html", "--open")
    return _command("build", source, *asked, "--target", found.target or "COL")


def _command(*words: str) -> str:
    return shlex.join(("mlwright", *words))
