"""mlwright traffic: which version answers which share of a model's requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import facts, out, out_json
from mlwright.cli.options import Json, ModelName
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.registry import Traffic, Workspace


def traffic(
    name: ModelName,
    canary: Annotated[
        list[str] | None,
        typer.Option("--canary", metavar="VERSION=PERCENT ...", help="The share that an alias or number answers."),
    ] = None,
    shadow: Annotated[
        list[str] | None,
        typer.Option("--shadow", metavar="VERSION ...", help="An alias or number that answers too, unheard."),
    ] = None,
    sticky: Annotated[
        str | None,
        typer.Option("--sticky", metavar="COL", help="The column whose value decides who answers."),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="First forget what was said before.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Say which version answers which share of a model's requests, and print what holds now."""
    from mlwright.registry import Traffic, Workspace

    state = Workspace(workspace)
    present = Traffic() if clear else state.traffic(name)
    if clear or canary or shadow or sticky is not None:
        present = Traffic(
            weights=_shares(canary) if canary else present.weights,
            sticky=sticky if sticky is not None else present.sticky,
            shadow=tuple(shadow) if shadow else present.shadow,
        )
        state.set_traffic(name, present)
    meant = state.find(name)
    if as_json:
        out_json({"name": name, "version": meant.version, **present.to_dict()})
    else:
        out(_told(present, meant.reference, _unheard(state, name, present)))


def _shares(given: Sequence[str]) -> dict[str, float]:
    """Return shares of 1: "challenger=5" is {"challenger": 0.05}, and 0 % is no share. Raises OptionError."""
    found: dict[str, float] = {}
    for each in given:
        target, sign, percent = each.rpartition("=")
        try:
            share = float(percent.removesuffix("%")) / 100
        except ValueError:
            sign = ""
            share = 0.0
        if not sign or not target:
            raise OptionError(
                f"--canary cannot be {each!r:.120}.", hint="write who and how many percent: challenger=5."
            )
        found[target] = share
    return {target: share for target, share in found.items() if share}


def _unheard(state: Workspace, name: str, traffic: Traffic) -> list[str]:
    """Return who answers unheard: of those that were named, all but the version that answers every request anyway."""

    def version(target: str) -> int:
        return state.find(f"{name}@{target}").version

    heard = {version(target) for target in traffic.weights}
    if sum(traffic.weights.values()) < 1:
        heard.add(state.find(name).version)
    return [target for target in traffic.shadow if len(heard) > 1 or version(target) not in heard]


def _told(traffic: Traffic, bare: str, unheard: Sequence[str]) -> str:
    rest = 1 - sum(traffic.weights.values())
    lines = [(target, f"{100 * share:.4g} % of requests") for target, share in traffic.weights.items()]
    lines.append((bare, "all requests" if not traffic.weights else f"{100 * max(rest, 0.0):.4g} % of requests"))
    lines += [(target, "answers too, unheard") for target in unheard]
    if traffic.sticky is not None:
        lines.append((f"by {traffic.sticky}", "its value decides who answers"))
    return facts(lines)
