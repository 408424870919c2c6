"""mlwright documents: model card, data sheet and technical file of a model, beside its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import facts, out, out_json
from mlwright.cli.options import Force, Json, ModelReference, Open
from mlwright.cli.options import Workspace as WorkspaceOption

if TYPE_CHECKING:
    from mlwright.report import Folder


def documents(
    model: ModelReference,
    out_folder: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where to; the folder is made.", show_default=False)
    ],
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="What a person says (.toml, .json, .yaml); by default answers.toml in FOLDER, begun if absent.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    open_it: Open = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write model card, data sheet and technical file (EU AI Act, Annex IV); what only a person knows is left open."""
    from mlwright.cli.kept import open_page
    from mlwright.registry import Workspace

    loaded = Workspace(workspace).open(model)
    written = loaded.documents(out_folder, answers=answers, force=force)
    if as_json:
        out_json(_json(model, written))
    else:
        out(_told(written))
    if open_it:
        open_page(written.documents[0].page)


def _json(model: str, written: Folder) -> dict[str, object]:
    """Return what `documents --json` prints."""
    return {
        "model": model,
        "documents": [
            {
                "document": each.file,
                "html": str(each.page),
                "json": str(each.page.with_suffix(".json")),
                "markdown": str(each.page.with_suffix(".md")),
                "points": each.points,
                "open": each.open,
            }
            for each in written.documents
        ],
        "report": str(written.report),
        "answers": str(written.answers),
    }


def _told(written: Folder) -> str:
    """Return each page with what is open in it, and what to do next."""
    pairs = [
        (each.title, f"{each.page} ({f'{each.open} of {each.points} points open' if each.open else 'nothing open'})")
        for each in written.documents
    ]
    pairs.append(("Report", str(written.report)))
    text = facts(pairs)
    if not any(each.open for each in written.documents):
        return text
    first = "begun for you" if written.begun else "read; some of it is empty"
    return f"{text}\n\nnext: fill in {written.answers} ({first}), then run this command again"
