"""mlwright compare: two models on the same rows, which is better, and who gets another answer."""

from __future__ import annotations

from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say
from mlwright.cli.options import Json, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A model: name, name@version, or the path of a folder or zip.", show_default=False
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Another model of the same target.", show_default=False)],
    source: Source,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two models on rows neither learned from: which is better, where, for whom, and whose answers change."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.cli.compared import told
    from mlwright.comparing import compare as compare_models

    with libraries_silenced(verbose=False):
        found = compare_models(a, b, source, query=query, workspace=workspace).to_dict()
    if as_json:
        out_json(found)
    else:
        out(told(found))
