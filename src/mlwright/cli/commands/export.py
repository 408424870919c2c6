"""mlwright export: a model in the form that another system takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import facts, out, out_json
from mlwright.cli.options import Json, ModelReference
from mlwright.cli.options import Workspace as WorkspaceOption

if TYPE_CHECKING:
    from mlwright.model.exports import Exported


def export(
    model: ModelReference,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORM",
            help="onnx: one file; mlflow: an MLflow model; docker: the folder an image of the service is built from.",
            show_default=False,
        ),
    ],
    out_path: Annotated[
        Path,
        typer.Option("--out", metavar="PATH", help="Where to: a file for onnx, else a folder.", show_default=False),
    ],
    wheel: Annotated[
        Path | None,
        typer.Option(
            "--wheel",
            metavar="FILE",
            help="The wheel of mlwright that goes into the folder; by default the code that runs now.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write a model for another system: as ONNX, as an MLflow model, or as the folder of a Docker image."""
    from mlwright.registry import Workspace

    written = Workspace(workspace).open(model).export(out_path, to=to, wheel=wheel)
    if as_json:
        out_json(written.to_dict())
    else:
        out(_told(written))


def _told(written: Exported) -> str:
    """Return what was written, how surely it answers the same, and what to do next."""
    pairs = [("model", written.model), (written.to, str(written.path)), ("size", f"{written.bytes / 1e6:.2f} MB")]
    if written.difference is not None:
        pairs.append(("compared", f"{written.rows:,} rows, which differ by at most {written.difference:.1g}"))
    if written.note is not None:
        pairs.append(("note", written.note))
    return f"{facts(pairs)}\n\nnext: {written.next}"
