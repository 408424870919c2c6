"""mlwright tag: what people note of a model or of one of its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from mlwright.cli.console import facts, out, out_json, say
from mlwright.cli.options import Json, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError


def tag(
    model: Annotated[
        str,
        typer.Argument(metavar="NAME[@VERSION]", help="A model, or one of its versions.", show_default=False),
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE ...]", help="What to note, each as key=value.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY ...", help="Keys to remove; may be repeated.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Note key=value of a model or of one of its versions, and print what is noted of it."""
    from mlwright.registry import Workspace
    from mlwright.registry.names import named

    wanted, given = named(model), _pairs(values or ())
    state, version = Workspace(workspace), wanted.wanted or None
    number = None if version is None else state.find(model).version
    if given:
        state.tag(wanted.name, given, version=number)
    if remove:
        state.untag(wanted.name, *remove, version=number)
    state.find(wanted.name if number is None else model)
    held = state.tags(wanted.name).get(number, {})
    if as_json:
        out_json({"name": wanted.name, "version": number, "tags": held})
    elif held:
        out(facts(list(held.items())))
    elif not quiet:
        say(f"Nothing is noted of {model}. Next: mlwright tag {model} key=value")


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """Return keys and values: "owner=ann" is {"owner": "ann"}. Raises OptionError."""
    found: dict[str, str] = {}
    for each in given:
        key, sign, value = each.partition("=")
        if not sign:
            raise OptionError(f"A tag cannot be {each!r:.120}.", hint="write key=value, such as owner=ann.")
        found[key] = value
    return found
