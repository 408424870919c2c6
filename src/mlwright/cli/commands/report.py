"""mlwright report: the report of a model, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlwright.cli.console import out, out_json
from mlwright.cli.options import Force, Json, ModelReference, Open
from mlwright.cli.options import Workspace as WorkspaceOption


def report(
    model: ModelReference,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; by default where `build` put it."),
    ] = None,
    force: Force = False,
    open_it: Open = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write the report of a model as HTML, with its JSON and Markdown twins beside it, and print where it is."""
    from mlwright.cli.kept import open_page, report_place, write_report
    from mlwright.registry import Workspace

    check_ending(out_file)
    state = Workspace(workspace)
    place = state.resolve(model)
    loaded = state.open(model)
    page = write_report(loaded, out_file or report_place(loaded, place, state), force=force)
    if as_json:
        twins = {"json": str(page.with_suffix(".json")), "markdown": str(page.with_suffix(".md"))}
        out_json({"model": model, "report": str(page), **twins})
    else:
        out(str(page))
    if open_it:
        open_page(page)


def check_ending(path: Path | None) -> None:
    """Raise OptionError where the ending is that of another format than those a report is written in."""
    from mlwright.errors import OptionError
    from mlwright.report.write import ENDINGS

    if path is not None and path.suffix and path.suffix.casefold() not in ENDINGS:
        raise OptionError.unknown("The ending of --out", path.suffix, ENDINGS)
