"""mlwright archive: a version that answers only where its number is named."""

from __future__ import annotations

from typing import Annotated

import typer

from mlwright.cli.console import out, out_json
from mlwright.cli.options import Json
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError


def archive(
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="A version, by its number.", show_default=False)],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Put a version away: it answers only where its number is named, and nothing of it is deleted."""
    from mlwright.registry import Workspace
    from mlwright.registry.names import named

    wanted = named(model)
    if wanted.version is None:
        raise OptionError(f"{model!r:.120} does not name a version.", hint="write its number: NAME@3.")
    state = Workspace(workspace)
    changed = (state.unarchive if undo else state.archive)(wanted.name, wanted.version)
    if as_json:
        out_json({"name": wanted.name, "version": wanted.version, "archived": not undo, "changed": changed})
    else:
        was = "" if changed else " already"
        out(f"{model} is not archived{' any more' if changed else ''}." if undo else f"{model} is archived{was}.")
