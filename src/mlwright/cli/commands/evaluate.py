"""mlwright evaluate: scores on labelled rows, for whom they are worse, and whether the gates hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption


def evaluate(
    model: ModelReference,
    source: Source,
    gates: Annotated[
        Path | None,
        typer.Option(
            "--gates", metavar="FILE", help="What has to hold (.toml, .json, .yaml); `mlwright gates` writes one."
        ),
    ] = None,
    tests: Annotated[
        Path | None, typer.Option("--tests", metavar="FILE", help="Behaviour tests to run (.toml, .json, .yaml).")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="Another model, which it may not be worse than.")
    ] = None,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score a model on labelled rows; ends with 1 where a gate fails, or one of --gates cannot be told."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.cli.evaluated import told
    from mlwright.registry import Workspace

    with libraries_silenced(verbose=False):
        state = Workspace(workspace)
        loaded = state.open(model)
        other = None if against is None else state.open(against)
        result = loaded.evaluate(source, query=query, gates=gates, tests=tests, against=other)
    if as_json:
        out_json({"model": model, **result})
    else:
        out(told(result))
    if result["blocked"]:
        raise typer.Exit(1)
