"""mlwright watch: the loop that keeps models right, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import STOPPED, out, say
from mlwright.cli.options import Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.adapt.kept import Act
    from mlwright.adapt.watch import Watch
    from mlwright.monitor.store import Store
    from mlwright.registry import Workspace


def watch(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME ...]", help="Names of models; by default all of which answers are recorded."),
    ] = None,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="How often to look.")] = "60s",
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, and end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look and say what would be done; tell nobody, and change no model.")
    ] = False,
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="When and how models learn again, and who is told, in TOML."),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option("--record", metavar="PLACE", help="A file or a URL; by default record.db in the workspace."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for each thing done.")] = False,
    quiet: Quiet = False,
) -> None:
    """Watch models, raise alarms, learn again, prove, promote, roll back; it may be stopped and started at any time."""
    from mlwright.adapt.watch import keep_watching
    from mlwright.registry import Workspace

    seconds = _seconds(every)
    home = Workspace(workspace)
    for name in names or ():
        home.find(name)  # what is not there is said before anything starts
    if once and not _is_recorded(home, place, names or ()):
        return
    failed, news = False, News()
    with _until_stopped() as stop:
        if not quiet and not once:
            say(f"Watching {', '.join(names or ['every model'])} every {every} (Ctrl-C ends it).")
        if once or record_begins(home, place, stop, seconds):
            with _watching(home, settings_file, place, dry_run=dry_run) as watching:
                wanted = partial(_wanted, home, watching, names or ())
                acts = keep_watching(
                    watching, wanted, every_s=seconds, clock=lambda: datetime.now(UTC), stop=stop, once=once
                )  # fmt: skip
                for act in acts:
                    failed = failed or act.what == "error"
                    if news.is_new(act):
                        _tell(act, as_json=as_json, quiet=quiet)
    if stop.is_set():
        say("Stopped.")
        raise typer.Exit(STOPPED)
    if failed:
        raise typer.Exit(1)


class News:
    """What was printed of each model: what holds still is not printed every time it is looked at."""

    def __init__(self) -> None:
        self._stands: dict[str, tuple[str, ...]] = {}
        self._said: dict[str, set[tuple[str, ...]]] = {}

    def is_new(self, act: Act) -> bool:
        """Tell whether an act is to be printed.

        How a model stands is, where that has changed; what is only told or foreseen is once, as long as it stands so;
        what was done always is.
        """
        told = (act.what, act.stage or "", act.sentence)
        if act.what in {"look", "error"}:
            if self._stands.get(act.name) == told:
                return False
            self._stands[act.name], self._said[act.name] = told, set()
            return True
        said = self._said.setdefault(act.name, set())
        is_new = told not in said or not (act.dry_run or act.what == "tell")
        said.add(told)
        return is_new


NOTHING_YET = "No answers are recorded yet: {}."
ANSWERS = "`mlwright serve MODEL` begins a record when it answers."


def _is_recorded(home: Workspace, place: str | None, names: Sequence[str]) -> bool:
    """Tell whether there is anything to look at, and say so where there is not.

    Raises OptionError where a model was named and there is no record.
    """
    from mlwright.cli.adapting import recorded_at
    from mlwright.serve.record import Record

    where, is_there = recorded_at(home, place)
    if not is_there:
        said = NOTHING_YET.format(f"there is no record at {where}")
        if names:
            raise OptionError(said, hint=ANSWERS)
        say(f"{said} {ANSWERS}")
        return False
    if names:
        return True
    record = Record(where)
    try:
        is_there = bool(set(record.models()) & set(home.names()))
    finally:
        record.close()
    if not is_there:
        said = NOTHING_YET.format("the record holds none of a model of this workspace")
        say(f"{said} {ANSWERS}")
    return is_there


def record_begins(home: Workspace, place: str | None, stop: threading.Event, seconds: float) -> bool:
    """Wait for the record where there is none yet, looking every so many seconds; False where it was stopped before."""
    from mlwright.cli.adapting import recorded_at

    where, is_there = recorded_at(home, place)
    if not is_there:
        said = NOTHING_YET.format(f"there is no record at {where}")
        say(f"{said} {ANSWERS}")
    while not is_there:
        if stop.wait(seconds):
            return False
        is_there = recorded_at(home, place)[1]
    return True


def _wanted(home: Workspace, watching: Watch, names: Sequence[str]) -> list[str]:
    """Return the models to look at now: those that were named, or all of which answers are recorded."""
    record, known = watching.world.record, home.names()
    return list(names or ([name for name in record.models() if name in known] if record is not None else ()))


def _tell(act: Act, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        out(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **act.to_dict()}, default=str))
    elif act.what == "error" or not (quiet and act.what in {"look", "wait"}):
        out(f"{act.name}: {'would ' if act.dry_run and act.what != 'look' else ''}{act.what}: {act.sentence}")


@contextmanager
def _watching(home: Workspace, settings_file: Path | None, place: str | None, *, dry_run: bool) -> Iterator[Watch]:
    """Within, all that is watched with."""
    from mlwright.adapt.policy import Policies
    from mlwright.adapt.watch import Watch
    from mlwright.cli.adapting import opened_world, this_process, watched_by
    from mlwright.monitor.store import Store

    policies, store = Policies.read(settings_file), Store.of(home)
    with opened_world(home, store, place) as world:
        yield Watch(
            world=world,
            monitor=watched_by(world, store, policies),
            leases=store,
            holder=this_process(),
            policies=policies,
            deliver=_deliverer(store, settings_file),
            dry_run=dry_run,
        )


def _deliverer(store: Store, settings_file: Path | None) -> Callable[[], object] | None:
    """Return what brings alarms to where the settings say; None where they say nothing of it."""
    if settings_file is None:
        return None
    from mlwright.adapt.policy import EXAMPLE
    from mlwright.evaluate.files import read_written
    from mlwright.monitor.deliver import Deliverer
    from mlwright.monitor.deliver.settings import delivery_of

    delivery = delivery_of(read_written(settings_file, what="settings", example=EXAMPLE))
    return Deliverer(store, delivery).round if delivery.places else None


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """Within, Ctrl-C (and SIGTERM) sets an event: what is being done is brought to its next safe place first.

    The second Ctrl-C ends it at once; nothing is lost by that either.
    """
    stop = threading.Event()

    def stopped(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seconds(every: str) -> float:
    from mlwright.adapt.policy import seconds_of

    seconds = seconds_of(every)
    if seconds is None or seconds <= 0:
        raise OptionError(f"--every cannot be {every!r}.", hint="write a time such as 60s or 5m.")
    return seconds
