"""mlwright gates: a file of gates to begin with, made from what is known of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced
from mlwright.cli.console import out_file as written_out
from mlwright.cli.options import ModelReference, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption


def gates(
    model: ModelReference,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it to this file (.toml, .json, .yaml), which must not be there yet."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    quiet: Quiet = False,
) -> None:
    """Write what a model has to pass before it goes out, with limits to begin with; prints it without --out."""
    from mlwright.registry import Workspace

    with libraries_silenced(verbose=False):
        text = Workspace(workspace).open(model).gates(out_file)
    then = f"Read it and change what you know better. Next: mlwright evaluate {model} ROWS --gates {out_file}"
    written_out(text, out_file, "" if quiet else then)
