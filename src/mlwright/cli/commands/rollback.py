"""mlwright rollback: back to the version that an alias pointed to before."""

from __future__ import annotations

from typing import Annotated

import typer

from mlwright.cli.console import out, out_json
from mlwright.cli.options import Json, ModelName, Why
from mlwright.cli.options import Workspace as WorkspaceOption


def rollback(
    name: ModelName,
    alias: Annotated[str, typer.Option("--alias", metavar="ALIAS", help="The alias to take back.")] = "champion",
    why: Why = "",
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Let an alias point to the version it pointed to before its last promotion."""
    from mlwright.registry import Workspace

    move = Workspace(workspace).rollback(name, alias, why=why)
    if as_json:
        out_json({**move.to_dict(), "moved": move.moved})
    else:
        out(f"{name}@{move.after} is {alias} again, instead of {name}@{move.before}.")
