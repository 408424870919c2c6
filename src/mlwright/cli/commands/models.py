"""mlwright models: what the workspace holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlwright.cli.console import facts, out, out_json, say, table
from mlwright.cli.options import Json, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption

if TYPE_CHECKING:
    from mlwright.registry import Workspace
    from mlwright.registry.aliases import Move

HEADER = ("model", "is", "task", "target", "metric", "score", "95 % interval", "MB", "created")
DAY = len("2026-01-31")


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A name: also its aliases, tags and history.", show_default=False),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            "--search", metavar="TEXT", help="Only versions with this in a name, target, task, alias, tag or reason."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the models of the workspace, by name and newest version first."""
    from mlwright.registry import Workspace

    state = Workspace(workspace)
    found = state.models(name)
    if search:
        wanted = {version.reference for version in state.search(search)}
        found = [each for each in found if _reference(each) in wanted]
    if name is not None:
        history = state.history(name)
        if as_json:
            out_json({"workspace": str(state.path), "name": name, "models": found, **_more(state, name, history)})
        else:
            out("\n\n".join([_listed(found), *_sections(state, name, history)]))
    elif as_json:
        out_json({"workspace": str(state.path), "models": found})
    elif found:
        out(_listed(found))
    elif not quiet and search:
        say(f"No version in {state.path} has {search!r} in its name, target, task, aliases, tags or reason.")
    elif not quiet:
        say(f"There are no models in {state.path} yet. Next: mlwright build SOURCE --target COL")


def _more(state: Workspace, name: str, history: list[Move]) -> dict[str, Any]:
    tags = state.tags(name)
    return {
        "aliases": state.aliases(name),
        "tags": tags.get(None, {}),
        "version_tags": {str(version): held for version, held in tags.items() if version is not None},
        "traffic": state.traffic(name).to_dict(),
        "history": [move.to_dict() for move in history],
    }


def _sections(state: Workspace, name: str, history: list[Move]) -> list[str]:
    """Return what else is known of a name, as far as there is something."""
    sections = []
    if aliases := state.aliases(name):
        sections.append("aliases\n" + facts([(alias, f"{name}@{version}") for alias, version in aliases.items()]))
    if tags := state.tags(name):
        lines = [
            (name if version is None else f"{name}@{version}", f"{key}={value}")
            for version, held in tags.items()
            for key, value in held.items()
        ]
        sections.append("tags\n" + facts(lines))
    if history:
        rows = [[move.at[:DAY], move.alias, move.action, _move(move), move.who, move.why or "–"] for move in history]
        sections.append("history\n" + table(["when", "alias", "what", "versions", "who", "why"], rows))
    return sections


def _move(move: Move) -> str:
    return f"{'none' if move.before is None else move.before} to {move.after}"


def _listed(found: list[dict[str, Any]]) -> str:
    return table(HEADER, [_row(each) for each in found], right=[5, 7])


def _reference(told: dict[str, Any]) -> str:
    return f"{told['name']}@{told['version']}"


def _row(told: dict[str, Any]) -> list[str]:
    from mlwright.model.evidence import number

    badges = ", ".join([*told["aliases"], *([told["state"]] if told["state"] != "ready" else [])]) or "–"
    if problem := told.get("problem"):
        return [_reference(told), badges, f"damaged: {problem}", *[""] * (len(HEADER) - 3)]
    return [
        _reference(told),
        badges,
        str(told["task"]),
        str(told["target"]),
        str(told["metric"] or "–"),
        number(told["score"]),
        " to ".join(number(end) for end in told["interval"] or ()),
        f"{told['size_bytes'] / 1e6:.2f}",
        str(told["created"] or "–"),
    ]
