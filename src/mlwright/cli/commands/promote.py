"""mlwright promote: which version a name means from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from mlwright.cli.console import out, out_json
from mlwright.cli.options import Json, Why
from mlwright.cli.options import Workspace as WorkspaceOption


def promote(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]", help="A version, by number or alias; by default the latest.", show_default=False
        ),
    ],
    alias: Annotated[
        str, typer.Option("--as", metavar="ALIAS", help="The alias that will point to it; champion is what NAME means.")
    ] = "champion",
    why: Why = "",
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Let an alias point to a version: champion, which the bare name means, or any other."""
    from mlwright.registry import Workspace
    from mlwright.registry.names import LATEST, named

    wanted = named(model)
    move = Workspace(workspace).promote(wanted.name, wanted.wanted or LATEST, alias=alias, why=why)
    if as_json:
        out_json({**move.to_dict(), "moved": move.moved})
    elif not move.moved:
        out(f"{move.name}@{move.after} is {alias} already.")
    elif move.before is None:
        out(f"{move.name}@{move.after} is {alias} now; there was none before.")
    else:
        out(f"{move.name}@{move.after} is {alias} now, instead of {move.name}@{move.before}.")
