"""mlwright evaluate: scores on labelled rows, and whether the gates hold."""

from __future__ import annotations

from typing import Any

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say, styled, table
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption


def evaluate(
    model: ModelReference,
    source: Source,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score a model on labelled rows; ends with 1 where a gate fails."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.model import load
    from mlwright.registry import Workspace

    with libraries_silenced(verbose=False):
        loaded = load(Workspace(workspace).resolve(model))
        result = loaded.evaluate(source, query=query)
    if as_json:
        out_json({"model": model, **result})
    else:
        out(_told(result))
    if result["verdict"] == "fail":
        raise typer.Exit(1)


def _told(result: dict[str, Any]) -> str:
    """Return scores and gates as people read them."""
    import sys

    from mlwright.model.evidence import number

    left_out = result["rows_without_target"]
    rows = f"{result['rows']:,} labelled rows" + (f"; {left_out:,} without a known target left out" if left_out else "")
    scores = [
        [facts["label"] or name, number(facts["score"]), " to ".join(number(end) for end in facts["interval"] or ())]
        for name, facts in result["metrics"].items()
    ]
    gates = [f"{gate['verdict']}: {gate['sentence']}" for gate in result["gates"]]
    style = {"pass": "green", "fail": "red"}.get(result["verdict"], "bold")
    verdict = f"verdict: {styled(result['verdict'], style, sys.stdout)}"
    shown = table(["metric", "score", "95 % interval"], scores, right=[1])
    return "\n".join([rows, "", shown, "", *gates, "", verdict])
