"""Where a model and its report are kept, and what is printed of them when they are there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlwright.cli.console import facts, say

if TYPE_CHECKING:
    from mlwright.model import Model
    from mlwright.registry import Workspace

NEXT = {"rows": "mlwright predict {model} NEW_ROWS.csv", "log": "mlwright recommend {model} --history ITEM,ITEM"}
"""What is done next with a model, by the form of what it learned from."""
SHOWN_FINDINGS = 5
WORTH_TELLING = 0.02
"""Share of the whole time from which on a stage is named."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A model that was kept, its report, and how people may name it."""

    model: Model
    path: Path
    report: Path
    reference: str


def report_place(model: Model, path: Path, workspace: Workspace) -> Path:
    """Return where the report of a model belongs: among the runs of its workspace, or beside its folder or zip."""
    if path.is_relative_to(workspace.root) and model.version is not None:
        return workspace.path / "runs" / f"{model.name}-{model.version}" / "report.html"
    return beside(path)


def beside(path: Path) -> Path:
    """Return where the report of a model at this path belongs: beside its folder or zip."""
    stem = path.stem if path.suffix == ".zip" else path.name
    return path.parent / f"{stem}-report.html"


def write_report(model: Model, place: Path, *, force: bool = False) -> Path:
    """Write page and twins, making the folder, and return where the page is. Raises OutputError."""
    from mlwright.errors import OutputError

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The report cannot be written: {error.strerror}.", where=str(place)) from error
    return model.report(place, force=force)


def open_page(path: Path) -> None:
    """Open a page in the browser; say where it is where there is none."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        say(f"No browser could be opened; the report is {path}.")


def build_json(kept: Kept) -> dict[str, Any]:
    """Return what `build --json` prints."""
    evidence, run = dict(kept.model.evaluation), kept.model.run
    score, best = evidence["score"], (evidence["baselines"] or [None])[0]
    return {
        "model": {"name": kept.model.name, "version": kept.model.version, "path": str(kept.path)},
        "task": evidence["question"]["task"],
        "target": evidence["question"]["target"],
        "rows": evidence["question"]["rows"],
        "metric": score["metric"],
        "score": score["value"],
        "interval": score["interval"],
        "baseline": best and {"name": best["name"], "score": best["score"], "label": best["label"]},
        "metrics": evidence["metrics"],
        "verdict": evidence["verdict"],
        "leaderboard": evidence["leaderboard"],
        "findings": evidence["findings"],
        "seconds": run["seconds"],
        "budget": run["budget"],
        "trials": run["trials"],
        "interrupted": run["interrupted"],
        "question": evidence["question"],
        "size": evidence["size"],
        "report": str(kept.report),
    }


def told(kept: Kept, next_command: str) -> str:
    """Return what a person reads at the end: the verdict, then the numbers, then what to do next."""
    from mlwright.model.evidence import number

    evidence, run = kept.model.evaluation, kept.model.run
    pairs = [("score", evidence.score)]
    if evidence["baselines"]:
        best = evidence["baselines"][0]
        pairs.append(("baseline", f"{number(best['score'])} ({best['label']}, the best simple rule)"))
    if proposal := (evidence.get("people") or {}).get("proposal"):
        pairs.append(("people", proposal))
    pairs += [
        ("took", _duration(run)),
        ("model", f"{kept.path}{_size(evidence['size'])}"),
        ("report", str(kept.report)),
        ("next", next_command),
    ]
    return f"{evidence.verdict}\n\n{facts(pairs)}"


def next_command(kept: Kept) -> str:
    """Return the command that asks the model."""
    words = NEXT[kept.model.task.form]
    return words.format(model=shlex.quote(kept.reference))


def say_findings(model: Model, *, everything: bool) -> None:
    """Say what is wrong with the data: the worst first, and the others where everything is asked for."""
    findings = model.evaluation["findings"]
    grave = [finding for finding in findings if finding["severity"] != "info"]
    grave.sort(key=lambda finding: finding["severity"] != "error")
    shown = [*grave, *(f for f in findings if f["severity"] == "info")] if everything else grave[:SHOWN_FINDINGS]
    for finding in shown:
        say(f"{finding['severity']}: {finding['message']}{_worth(finding)}")
    more = len(findings) - len(shown)
    if more:
        say(f"{more} more finding{'s' * (more > 1)} about the data: see the report.")


def _worth(finding: Mapping[str, Any]) -> str:
    """Return what became of a repair that was tried."""
    if not finding.get("effect"):
        return ""
    from mlwright.findings import Effect

    done = "Repaired" if finding["applied"] else "Left alone"
    return f" {done}: with the repair, {Effect(**finding['effect']).words}."


def _duration(run: Mapping[str, Any]) -> str:
    limit = f" of {run['budget']:.0f} s" if run["budget"] else ""
    told = f"{run['seconds']:.1f} s{limit}" + (", stopped by Ctrl-C" if run["interrupted"] else "")
    long = [stage for stage in run.get("stages", ()) if stage["seconds"] >= WORTH_TELLING * run["seconds"]]
    return f"{told} ({', '.join(map(_stage, long))})" if long else told


def _stage(stage: Mapping[str, Any]) -> str:
    planned = f" of {stage['planned']:.1f} planned" if stage["planned"] is not None else ""
    return f"{stage['stage']} {stage['seconds']:.1f}{planned}"


def _size(size: Mapping[str, Any]) -> str:
    if not size["model_bytes"]:
        return ""
    return f" ({size['model_bytes'] / 1e6:.2f} MB, {size['row_ms']:.2g} ms an answer)"
