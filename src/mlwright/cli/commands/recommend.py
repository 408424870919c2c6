"""mlwright recommend: a list for somebody with a history."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mlwright.cli.console import out, out_json, say, table
from mlwright.cli.options import Json, ModelReference, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError


def recommend(
    model: ModelReference,
    history: Annotated[
        list[str] | None,
        typer.Option("--history", metavar="ITEM,...", help="What the person took, oldest first; may be repeated."),
    ] = None,
    k: Annotated[int, typer.Option("--k", metavar="N", help="How many items, at most 100.")] = 10,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="The moment of asking; nothing later is recommended.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="ITEM,...", help="Items that are not wanted.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Items of the history may be recommended too.")] = False,
    diversity: Annotated[
        float, typer.Option("--diversity", metavar="X", help="From 0, by score alone, to 1, as unlike as can be.")
    ] = 0.0,
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="JSON", help="Any other field of a request: filters, caps, boosted, ..."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recommend what somebody with this history is likeliest to take next, and say why."""
    from mlwright.model.recommender.recommender import recommender
    from mlwright.registry import Workspace

    asked = {
        **_request(request),
        "history": _listed(history),
        "k": k,
        "at": at,
        "exclude": _listed(exclude),
        "exclude_seen": not again,
        "diversity": diversity,
    }
    answer = recommender(Workspace(workspace).open(model)).ask(asked)
    if as_json:
        out_json({"model": model, **answer.to_dict()})
        return
    titled = any(one.title for one in answer.items)
    rows = [
        [str(place), str(one.item), *([one.title or ""] if titled else []), one.reason.text]
        for place, one in enumerate(answer.items, start=1)
    ]
    out(table(["", "item", *(["title"] if titled else []), "why"], rows, right=[0]))
    for note in () if quiet else answer.notes:
        say(f"note: {note.message}")


def _listed(given: list[str] | None) -> list[Any]:
    """Return ids that were given one by one, with commas between them, or as a JSON list."""
    return [part for text in given or () for part in _parts(text)]


def _parts(text: str) -> list[Any]:
    """Return the ids of one text: a JSON list, or ids with commas between them."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return found
    return [part.strip() for part in text.split(",") if part.strip()]


def _request(text: str | None) -> dict[str, Any]:
    """Return the fields that JSON says. Raises OptionError."""
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise OptionError(f"--request is no JSON: {error}.", hint='write it like {"caps": {"genre": 3}}.') from error
    if not isinstance(found, dict):
        raise OptionError("--request is no JSON object.", hint='write it like {"caps": {"genre": 3}}.')
    return found
