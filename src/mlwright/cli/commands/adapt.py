"""mlwright adapt: let a model learn again by hand, see how far that is, or end it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import facts, out, out_json, say, table
from mlwright.cli.options import Json, ModelName, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.adapt.begin import Trigger
    from mlwright.adapt.kept import Act, Adaptation
    from mlwright.adapt.policy import Policy
    from mlwright.adapt.step import World
    from mlwright.monitor.store import Store


def adapt(
    name: ModelName,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="FILE", help="Labelled rows to learn from, instead of the recorded ones."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show how far it is, and every step with who made it.")] = (
        False
    ),
    cancel: Annotated[bool, typer.Option("--cancel", help="End what is going on; all is as before.")] = False,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", metavar="FILE", help="How models learn again, in TOML.")
    ] = None,
    place: Annotated[
        str | None,
        typer.Option("--record", metavar="PLACE", help="A file or a URL; by default record.db in the workspace."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a model learn again: build a challenger, prove it, let it take over step by step, as far as it goes now."""
    from mlwright.adapt.policy import Policies
    from mlwright.cli.adapting import opened_world
    from mlwright.monitor.store import Store
    from mlwright.registry import Workspace

    if sum((status, cancel, dry_run)) > 1:
        raise OptionError("--status, --cancel and --dry-run exclude each other.")
    if source is not None and (status or cancel):
        raise OptionError("--source goes with neither --status nor --cancel.")
    home = Workspace(workspace)
    home.find(name)
    policy = Policies.read(settings_file).of(name)
    store = Store.of(home)
    with opened_world(home, store, place) as world:
        if status:
            _show(world, name, as_json=as_json)
            return
        if dry_run:
            acts = _foreseen(world, name, policy, source)
        else:
            with _alone(world, store, name) as ours:
                acts = _cancelled(ours, name) if cancel else _done(ours, name, policy, source)
        found = next(iter(world.kept.adaptations(name)), None)
    if as_json:
        out_json({"name": name, "acts": [act.to_dict() for act in acts], "adaptation": found and found.to_dict()})
    else:
        _tell(acts, found, quiet=quiet)
    if any(act.what == "refuse" for act in acts):
        raise typer.Exit(1)


@contextmanager
def _alone(world: World, store: Store, name: str) -> Iterator[World]:
    """Within, nobody else acts for the model. Raises OptionError where somebody does."""
    from mlwright.adapt.watch import leased
    from mlwright.cli.adapting import this_process

    with leased(world, store, name, this_process()) as ours:
        if ours is None:
            raise OptionError(
                f"Another process works on {name!r} at this moment.",
                hint="wait for it; `mlwright watch` does by itself what is due.",
            )
        yield ours


def _asked(source: str | None) -> Trigger:
    from mlwright.adapt.begin import Trigger
    from mlwright.registry.state import person

    who = person(None)
    # What is drawn follows from the key: asked again about the same rows, the same is done.
    key = f"asked {Path(source).name}" if source else "asked"
    return Trigger(kind="manual", sentence=f"{who} has asked for it.", key=key, who=who, source=source)


def _foreseen(world: World, name: str, policy: Policy, source: str | None) -> list[Act]:
    from mlwright.adapt.begin import foreseen

    if world.kept.current(name) is not None:
        return []
    now = datetime.now(UTC)
    return [foreseen(world, name, policy, _asked(source), now)]


def _done(world: World, name: str, policy: Policy, source: str | None) -> list[Act]:
    """Begin an adaptation where none is going on, and go on with it as far as it goes now."""
    from mlwright.adapt.begin import begin
    from mlwright.adapt.watch import proceed

    current, now = world.kept.current(name), datetime.now(UTC)
    if current is not None and source is not None:
        raise OptionError(
            f"{name!r} is being adapted already, from other rows.",
            hint=f"`mlwright adapt {name} --cancel` ends that.",
        )
    begun = begin(world, name, policy, _asked(source), now) if current is None else None
    return [*([begun] if begun is not None else []), *proceed(world, name, lambda: datetime.now(UTC))]


def _cancelled(world: World, name: str) -> list[Act]:
    from mlwright.adapt.stages import cancel
    from mlwright.registry.state import person

    act = cancel(world, name, datetime.now(UTC), who=person(None))
    return [] if act is None else [act]


def _tell(acts: Sequence[Act], found: Adaptation | None, *, quiet: bool) -> None:
    for act in acts:
        out(f"{'would ' if act.dry_run else ''}{act.what}: {act.sentence}")
    if not acts and found is None:
        out("Nothing is being adapted.")
    elif not acts and found is not None:
        out(f"{found.stage}: {found.reason}")
    if found is not None and found.ended is None and not quiet:
        say(f"`mlwright watch {found.name}` goes on with it; `mlwright adapt {found.name} --status` shows its way.")


def _show(world: World, name: str, *, as_json: bool) -> None:
    """Print all adaptations of a model, and the steps of the newest."""
    from mlwright.adapt.kept import STAGES

    kept = world.kept.adaptations(name)
    trail = world.kept.trail(kept[0].id) if kept else ()
    if as_json:
        lines = [{"at": line.at, "who": line.who, "what": line.what, "evidence": dict(line.evidence)} for line in trail]
        out_json({"name": name, "adaptations": [each.to_dict() for each in kept], "trail": lines})
        return
    if not kept:
        out(f"{name} was never adapted.")
        return
    rows = [
        [
            each.begun[:16].replace("T", " "),
            f"{each.name}@{each.champion}",
            "" if each.challenger is None else f"{each.name}@{each.challenger}",
            each.verdict or each.stage,
            each.reason,
        ]
        for each in kept
    ]
    out(table(("begun", "champion", "challenger", "where it is", "why"), rows))
    if kept[0].ended is None:
        out(f"\nIt {STAGES[kept[0].stage]}.")
    out("\n" + facts([(f"{line.at[:16].replace('T', ' ')} {line.who}", line.what) for line in trail]))
