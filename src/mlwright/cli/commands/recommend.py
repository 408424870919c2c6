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
    k: Annotated[int | None, typer.Option("--k", metavar="N", help="How many items, at most 100; else 10.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="The moment of asking; nothing later is recommended.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="ITEM,...", help="Items that are not wanted.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Items of the history may be recommended too.")] = False,
    diversity: Annotated[
        float | None,
        typer.Option("--diversity", metavar="X", help="From 0, by score alone, to 1, as unlike as can be; else 0."),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            "--request",
            metavar="JSON",
            help="Fields of a request: filters, caps, boosted, ...; where an option says the same, the option counts.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recommend what somebody with this history is likeliest to take next, and say why."""
    from mlwright.model.recommender.recommender import recommender
    from mlwright.registry import Workspace

    said = {
        "history": _listed(history),
        "k": k,
        "at": at,
        "exclude": _listed(exclude),
        "exclude_seen": False if again else None,
        "diversity": diversity,
    }
    given = {name: value for name, value in said.items() if value is not None}
    answer = recommender(Workspace(workspace).open(model)).ask({**_request(request), **given})
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


def _listed(given: list[str] | None) -> list[Any] | None:
    """Return ids that were given one by one, with commas between them, or as a JSON list; None where none were."""
    return [part for text in given for part in _parts(text)] if given else None


def _parts(text: str) -> list[Any]:
    """Return the ids of one text: a JSON list, or ids with commas between them."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        except RecursionError as error:
            raise OptionError("A list of items is nested too deeply.", hint="write it like [12, 7].") from error
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
    except RecursionError as error:
        raise OptionError("--request is nested too deeply.", hint='write it like {"caps": {"genre": 3}}.') from error
    if not isinstance(found, dict):
        raise OptionError("--request is no JSON object.", hint='write it like {"caps": {"genre": 3}}.')
    return found
