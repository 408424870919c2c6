"""mlwright mitigate: thresholds by group, so that a model treats people more alike, and what that costs."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mlwright.cli.console import facts, libraries_silenced, out, out_json, say, table
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

Told = Mapping[str, Any]


def mitigate(
    model: ModelReference,
    source: Source,
    column: Annotated[
        list[str], typer.Option("--column", metavar="COL ...", help="The columns that make the groups, such as sex.")
    ],
    criterion: Annotated[
        str,
        typer.Option(
            "--criterion",
            metavar="C",
            help="equalized_odds, equal_opportunity, predictive_equality or demographic_parity.",
        ),
    ] = "equalized_odds",
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", metavar="X", help="How large the gap between groups may be: 0.02 is 2 points."),
    ] = 0.02,
    without_group: Annotated[
        bool, typer.Option("--without-group", help="Do not ask for the columns when answering: estimate the group.")
    ] = False,
    cut: Annotated[
        list[str] | None,
        typer.Option(
            "--cut", metavar="COL=X,Y", help="Where a column of numbers is cut into groups, such as age=25,60."
        ),
    ] = None,
    no_draws: Annotated[
        bool,
        typer.Option("--no-draws", help="One threshold for each group, also where sharing rows among two costs less."),
    ] = False,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the model to this folder or .zip, its report beside it."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Keep the model in the workspace under this name.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Where randomness starts.")] = 0,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a model thresholds by group, found on labelled rows it did not learn from, and say what they cost."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.building.store import check_destination, store
    from mlwright.cli.kept import report_place, write_report
    from mlwright.registry import Workspace

    check_destination(name=name, workspace=workspace if name is not None else None, out=out_folder)
    cuts = _cuts(cut or ())
    page = None
    with libraries_silenced(verbose=False):
        state = Workspace(workspace)
        made = state.open(model).mitigate(
            source, column, criterion=criterion, tolerance=tolerance, without_group=without_group, cuts=cuts,
            draws=not no_draws, seed=seed, query=query,
        )  # fmt: skip
        made = store(made, name=name, workspace=workspace if name is not None else None, out=out_folder)
        if made.path is not None and (out_folder is not None or name is not None) and made.evaluation.is_whole:
            page = write_report(made, report_place(made, made.path, state))
    kept = made.path if out_folder is not None or name is not None else None
    told = made.evaluation["mitigation"]
    if as_json:
        out_json(
            {
                "model": model,
                "path": None if kept is None else str(kept),
                "report": None if page is None else str(page),
                **told,
            }
        )
    else:
        out(_told(told, name or str(kept), kept, page))


def _cuts(given: Sequence[str]) -> dict[str, list[float]]:
    """Return where columns are cut: "age=25,60" is {"age": [25.0, 60.0]}. Raises OptionError."""
    found: dict[str, list[float]] = {}
    for each in given:
        name, sign, ends = each.rpartition("=")
        try:
            found[name] = [float(end) for end in ends.split(",")]
        except ValueError:
            sign = ""
        if not sign or not name:
            raise OptionError(f"--cut cannot be {each!r}.", hint="write the column and where to cut it: age=25,60.")
    return found


def _told(told: Told, reference: str, kept: Path | None, page: Path | None) -> str:
    """Return what a person reads: what was reached, each group, the curve, what to think of, and what to do next."""
    parts = [
        told["sentence"],
        f"The aim: {told['meaning'][:1].lower()}{told['meaning'][1:]}",
        _groups(told),
        _curve(told),
        told["draw"]["sentence"],
    ]
    doubts = [f"warning: {doubt}" for doubt in told["doubts"]]
    parts.append("\n".join([*doubts, *(f"note: {note}" for note in told["notes"])]))
    if kept is None:
        parts.append("Nothing was kept: --out FOLDER or --name NAME keeps the model with these thresholds.")
    else:
        pairs = [("model", str(kept)), ("next", f"mlwright predict {shlex.quote(reference)} NEW_ROWS.csv")]
        parts.append(facts(pairs if page is None else [pairs[0], ("report", str(page)), pairs[1]]))
    return "\n\n".join(parts)


def _groups(told: Told) -> str:
    rates = {"selection": "answered yes", "tpr": "cases found", "fpr": "false alarms"}
    titles = [
        "group",
        "rows",
        "threshold",
        *(
            f"{title}: before" if moment == "before" else "after"
            for title in rates.values()
            for moment in ("before", "after")
        ),
    ]
    rows = [
        [
            group["group"],
            f"{group['rows']:,}",
            _thresholds(group["thresholds"]),
            *(_percent(group[moment][rate]) for rate in rates for moment in ("before", "after")),
        ]
        for group in told["groups"]
    ]
    return table(titles, rows, right=[1, 3, 4, 5, 6, 7, 8])


def _thresholds(found: Sequence[Mapping[str, float]] | None) -> str:
    """Return a group's thresholds.

    >>> _thresholds([{"threshold": 0.25, "share": 0.6}, {"threshold": 0.5, "share": 0.4}]), _thresholds(None)
    ('0.250 (60 %), 0.500 (40 %)', 'by estimate')
    """
    if not found:
        return "by estimate"
    if len(found) == 1:
        return f"{found[0]['threshold']:.3f}"
    return ", ".join(f"{each['threshold']:.3f} ({100 * each['share']:.0f} %)" for each in found)


def _curve(told: Told) -> str:
    is_accuracy = told["unit"] == "accuracy"
    rows = []
    for point in told["curve"]:
        asked = "as it was" if point["tolerance"] is None else f"at most {_percent(point['tolerance'])}"
        rows.append(
            [
                asked + (" *" if point["chosen"] else ""),
                _percent(point["gap"]),
                _range(point["gap_interval"], percent=True),
                _percent(point["value"]) if is_accuracy else f"{point['value']:.4g}",
                _percent(point["lost"], signed=True) if is_accuracy else f"{point['lost']:+.4g}",
                _range(point["lost_interval"], percent=is_accuracy),
            ]
        )
    worth, lost = ("accuracy", "lost") if is_accuracy else ("cost per row", "more")
    shown = table(["gap asked for", "gap", "95 % interval", worth, lost, "95 % interval"], rows, right=[1, 2, 3, 4, 5])
    return f"{shown}\n* in use"


def _percent(value: float | None, *, signed: bool = False) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return f"{100 * value:+.1f} %" if signed else f"{100 * value:.1f} %"


def _range(ends: Sequence[float | None], *, percent: bool) -> str:
    low, high = ends
    if low is None or high is None:
        return "–"
    return f"{100 * low:.1f} to {100 * high:.1f} %" if percent else f"{low:.3g} to {high:.3g}"
