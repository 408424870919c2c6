"""Who lost the lease while asleep changes nothing: neither what is written down of a step, nor the registry."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.adapt.conftest import BEGUN, NAME

import mlwright as mw
from mlwright.adapt import traffic
from mlwright.adapt.kept import Adaptation, LeaseLostError
from mlwright.adapt.policy import Policy
from mlwright.adapt.stages import cancel
from mlwright.adapt.step import World
from mlwright.adapt.watch import leased, proceed
from mlwright.errors import ModelError
from mlwright.model import Model
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.registry.aliases import Aliases
from mlwright.registry.names import Reference
from mlwright.registry.traffic import Traffic

KEY = f"adapt:{NAME}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where registry and adaptations are: a file in the workspace, or a schema of its own in PostgreSQL."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("schema"))


@pytest.fixture
def home(learned: tuple[Path, Path], tmp_path: Path, place: str | None) -> Workspace:
    """Two versions, of which the first is champion."""
    workspace = Workspace(tmp_path / "home", registry=place)
    model = mw.load(learned[1])
    for _ in range(2):
        workspace.add(model, NAME)
    workspace.promote(NAME, 1)
    return workspace


def overtaken(store: Store, world: World) -> None:
    """Let another process take the lease over, as it may when its time has run out."""
    assert world.fence is not None
    store.release(world.fence.key, world.fence.token)
    assert store.lease(world.fence.key, "other", 60.0) is not None


CHANGES: dict[str, Callable[[Workspace, Model], Any]] = {
    "traffic": lambda own, _: traffic.put(own, NAME, traffic.shadowed(Traffic(), 2)),
    "promotion": lambda own, _: traffic.promote(own, NAME, 2, 1, "better"),
    "rollback": lambda own, _: traffic.roll_back(own, NAME, 1, 2, "worse"),
    "version": lambda own, model: own.add(model, NAME),
}


@pytest.mark.parametrize("what", CHANGES)
def test_no_change_of_the_registry_outlives_the_lease(home: Workspace, learned: tuple[Path, Path], what: str) -> None:
    store, model = Store.of(home), mw.load(learned[1])

    def state() -> list[Any]:
        moves = [(move.action, move.after) for move in home.history(NAME)]
        folders = sorted(each.name for each in (home.root / NAME).iterdir())
        return [home.traffic(NAME), home.aliases(NAME), home.versions(NAME), moves, folders]

    before = state()
    with leased(World(store, home, None), store, NAME, "one") as own:
        assert own is not None
        overtaken(store, own)
        with pytest.raises(LeaseLostError, match="Another process has taken over"):
            CHANGES[what](own.workspace, model)
        assert state() == before
    assert store.release(KEY, 2)
    with leased(World(store, home, None), store, NAME, "one") as own:
        assert own is not None
        CHANGES[what](own.workspace, model)
    assert state() != before


def test_what_was_taken_back_leaves_no_gap(home: Workspace, learned: tuple[Path, Path]) -> None:
    store, model = Store.of(home), mw.load(learned[1])
    with leased(World(store, home, None), store, NAME, "one") as own:
        assert own is not None
        write = own.workspace._files.write

        def slow(*given: Any) -> Path:
            made = write(*given)
            overtaken(store, own)
            return made

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(own.workspace._files, "write", slow)
            with pytest.raises(LeaseLostError):
                own.workspace.add(model, NAME)
    assert home.versions(NAME) == (1, 2)
    assert home.add(model, NAME)[1] == 3


def test_in_another_database_the_lease_is_asked_for_before(
    home: Workspace, learned: tuple[Path, Path], tmp_path: Path
) -> None:
    store = Store(tmp_path / "elsewhere.db")
    with leased(World(store, home, None), store, NAME, "one") as own:
        assert own is not None
        CHANGES["traffic"](own.workspace, mw.load(learned[1]))
        overtaken(store, own)
        with pytest.raises(LeaseLostError):
            CHANGES["promotion"](own.workspace, mw.load(learned[1]))
    assert home.aliases(NAME) == {"champion": 1}


def test_what_a_person_has_promoted_meanwhile_stays(home: Workspace, learned: tuple[Path, Path]) -> None:
    """The step was decided on a champion that is not it any more when the step is made."""
    home.add(mw.load(learned[1]), NAME)
    asked: list[int] = []
    pick = home._aliases.__class__.promote

    def meanwhile(reference: Any, **given: Any) -> Any:
        asked.append(pick(home._aliases, Reference(NAME, "3")).after)
        return pick(home._aliases, reference, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aliases, "promote", lambda self, reference, **given: meanwhile(reference, **given))
        with pytest.raises(ModelError, match="is champion by now"):
            traffic.promote(home, NAME, 2, 1, "better")
    assert asked == [3]
    assert home.aliases(NAME) == {"champion": 3}
    with pytest.raises(ModelError, match="is champion by now"):
        home.rollback(NAME, instead_of=2)
    assert home.rollback(NAME, instead_of=3).after == 1


# --- two processes ---------------------------------------------------------------------------------------------------

SLOW = f"""
import sys
from datetime import datetime
from mlwright.adapt import traffic, watch
from mlwright.adapt.step import World
from mlwright.monitor.store import Store
from mlwright.registry import Workspace

watch.LEASE_S = 1.0
home = Workspace(sys.argv[1], registry=sys.argv[2] or None)
store = Store.of(home)
store.renew = lambda *_: True  # who sleeps renews nothing, and is not to fall asleep in the middle of a renewal here
put = traffic.put


def slowly(*given):
    print("about to change the traffic", flush=True)
    sys.stdin.readline()
    put(*given)


traffic.put = slowly
with watch.leased(World(store, home, None), store, {NAME!r}, "slow") as world:
    done = list(watch.proceed(world, {NAME!r}, lambda: datetime.fromisoformat({BEGUN.isoformat()!r})))
print([act.what for act in done], flush=True)
"""


def asking() -> Adaptation:
    """An adaptation that waits for a person for longer than any waits: its next step puts the traffic as it was."""
    at = BEGUN.isoformat()
    state = {"policy": Policy(longest="1s").to_dict(), "traffic": Traffic().to_dict(), "since": 0}
    return Adaptation(
        id="a1", name=NAME, stage="asking", champion=1, challenger=2, trigger={}, state=state, begun=at, changed=at,
    )  # fmt: skip


@pytest.fixture
def slow(home: Workspace, place: str | None) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lease, and waits before it changes the traffic."""
    command = [sys.executable, "-c", SLOW, str(home.path), place or ""]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate(timeout=30)


def test_a_process_that_slept_through_its_lease_changes_nothing(
    home: Workspace, request: pytest.FixtureRequest
) -> None:
    """Meanwhile a person ends the adaptation, and shares the requests as they like it."""
    store = Store.of(home)
    assert store.begin(asking())
    home.set_traffic(NAME, Traffic(shadow=("2",)))
    slow: subprocess.Popen[str] = request.getfixturevalue("slow")
    assert slow.stdin is not None
    assert slow.stdout is not None
    assert slow.stdout.readline() == "about to change the traffic\n"
    slow.send_signal(signal.SIGSTOP)
    token, until = None, time.monotonic() + 60
    while token is None and time.monotonic() < until:
        token = store.lease(KEY, "other", 60.0)
        time.sleep(0.05)
    assert token is not None
    now = datetime.fromisoformat(BEGUN.isoformat())
    act = cancel(World(store, home, None), NAME, now, who="ann")
    assert act is not None
    assert home.traffic(NAME) == Traffic()
    wanted = Traffic({"2": 0.5})
    home.set_traffic(NAME, wanted)
    slow.send_signal(signal.SIGCONT)
    slow.stdin.write("\n")
    slow.stdin.flush()
    assert slow.stdout.readline() == "[]\n"
    assert slow.wait(60) == 0
    assert home.traffic(NAME) == wanted
    (kept,) = store.adaptations(NAME)
    assert (kept.verdict, kept.step) == ("cancelled", 1)
    assert list(proceed(World(store, home, None), NAME, lambda: now)) == []
