"""mlwright models: what the workspace holds."""

from __future__ import annotations

from typing import Any

from mlwright.cli.console import out, out_json, say, table
from mlwright.cli.options import Json, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption

HEADER = ("model", "task", "target", "metric", "score", "95 % interval", "MB", "created")


def models(workspace: WorkspaceOption = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """List the models of the workspace, by name and newest version first."""
    from mlwright.registry import Workspace

    state = Workspace(workspace)
    found = state.models()
    if as_json:
        out_json({"workspace": str(state.path), "models": found})
        return
    if found:
        out(table(HEADER, [_row(facts) for facts in found], right=[4, 6]))
    elif not quiet:
        say(f"There are no models in {state.path} yet. Next: mlwright build SOURCE --target COL")


def _row(facts: dict[str, Any]) -> list[str]:
    from mlwright.model.evidence import number

    reference = f"{facts['name']}@{facts['version']}"
    if problem := facts.get("problem"):
        return [reference, f"damaged: {problem}", *[""] * (len(HEADER) - 2)]
    return [
        reference,
        str(facts["task"]),
        str(facts["target"]),
        str(facts["metric"] or "–"),
        number(facts["score"]),
        " to ".join(number(end) for end in facts["interval"] or ()),
        f"{facts['size_bytes'] / 1e6:.2f}",
        str(facts["created"] or "–"),
    ]
