"""mlwright tests: a file of behaviour tests to begin with, made from the columns of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced
from mlwright.cli.console import out_file as written_out
from mlwright.cli.options import ModelReference, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption


def tests(
    model: ModelReference,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it to this file (.yaml, .toml), which must not be there yet."
        ),
    ] = None,  # noqa: PT028  a command, not a test of pytest's
    workspace: WorkspaceOption = None,  # noqa: PT028
    quiet: Quiet = False,  # noqa: PT028
) -> None:
    """Write how a model has to behave when one thing about a row changes, to begin with; prints it without --out."""
    from mlwright.registry import Workspace

    with libraries_silenced(verbose=False):
        text = Workspace(workspace).open(model).tests(out_file)
    then = f"Read it and change what you know better. Next: mlwright evaluate {model} ROWS --tests {out_file}"
    written_out(text, out_file, "" if quiet else then)
