"""Many processes at once, and processes that end in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlwright.errors import OutputError
from mlwright.model import Model, archive
from mlwright.registry import Workspace, versions, workspace

PROCESSES, EACH = 8, 3

WORKERS = f"""
import json, os, sys, traceback
from pathlib import Path
from mlwright.model import load
from mlwright.registry import Workspace, aliases, keys, tags, versions  # imported once, for all of them

folder, registry = Path(sys.argv[1]), sys.argv[2] or None
model = load(folder / "model")
start, go = os.pipe()


def work(me):
    os.close(go)
    os.read(start, 1)  # until the last one is there
    workspace = Workspace(folder / "w", registry=registry)
    made, moves = [], []
    for turn in range({EACH}):
        _, version, _ = workspace.add(model, "busy", who=me, why=str(turn))
        made.append(version)
        moves.append(workspace.promote("busy", version, who=me).after)
        if turn % 2:
            workspace.rollback("busy", who=me)
        workspace.open("busy")
    (folder / ("done-" + me)).write_text(json.dumps([made, moves]))


children = []
for me in range({PROCESSES}):
    if (child := os.fork()) == 0:
        try:
            work(str(me))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
os.close(go)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def test_eight_processes_add_and_promote_at_once(model: Model, tmp_path: Path, registry: str | None) -> None:
    model.save(tmp_path / "model")
    words = [sys.executable, "-c", WORKERS, str(tmp_path), registry or ""]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    made: list[int] = []
    for me in range(PROCESSES):
        numbers, moved = json.loads((tmp_path / f"done-{me}").read_text())
        assert numbers == moved
        made += numbers
    state = Workspace(tmp_path / "w", registry=registry)
    assert sorted(made) == list(range(1, PROCESSES * EACH + 1))  # none lost, none twice, none left out
    assert state.versions("busy") == tuple(sorted(made))
    known = {version.version: version for version in state.search()}
    assert {known[number].who for number in made} == {str(me) for me in range(PROCESSES)}  # and none taken for a find
    assert sorted(int(entry.name) for entry in (state.root / "busy").iterdir()) == sorted(made)  # nothing half-written
    assert all(state.open(f"busy@{number}").version == number for number in made[::8])
    history = list(reversed(state.history("busy")))
    assert [move.before for move in history] == [None, *(move.after for move in history[:-1])]  # without a gap
    promoted = [move.after for move in history if move.action == "promote"]
    assert sorted(promoted) == sorted(made)
    assert len(history) == len(promoted) + PROCESSES * (EACH // 2)
    assert state.aliases("busy") == {"champion": history[-1].after}
    assert state.revision() >= len(history) + len(made)


def interrupted(when: str, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]) -> None:
    """Let the next `add` break off while files are written, when they are whole, or when the version is to be known."""

    def stop(*_: object, **__: object) -> None:
        raise error()

    if when == "while files are written":
        monkeypatch.setattr(archive.os, "fsync", stop)
    elif when == "when files are whole":
        monkeypatch.setattr(workspace, "read_version", stop)
    else:
        monkeypatch.setattr(versions.Versions, "register", stop)


MOMENTS = ("while files are written", "when files are whole", "when the version is to be known")


@pytest.mark.parametrize("when", MOMENTS)
def test_ctrl_c_leaves_nothing(when: str, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = Workspace(tmp_path)
    state.names()
    with monkeypatch.context() as patch:
        interrupted(when, patch, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            state.add(model, "churn")
    assert list((tmp_path / "models/churn").iterdir()) == []
    assert state.names() == ()
    assert state.add(model, "churn")[1] == 1


def test_a_database_that_goes_away_leaves_nothing(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Workspace(tmp_path)
    with monkeypatch.context() as patch:
        interrupted(MOMENTS[2], patch, lambda: OutputError("The database is gone."))
        patch.setattr(versions.Versions, "give_back", versions.Versions.register)
        with pytest.raises(OutputError, match="gone"):
            state.add(model, "churn")
    assert list((tmp_path / "models/churn").iterdir()) == []
    assert state.add(model, "churn")[1] == 2  # a number that was given out and not taken back is left out


def test_a_version_that_another_process_has_found_stays(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Workspace(tmp_path)

    def seen(*_: object) -> None:
        assert Workspace(tmp_path).versions("churn") == (1,)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(versions.Versions, "register", seen)
        with pytest.raises(KeyboardInterrupt):
            state.add(model, "churn")
    assert state.open("churn").version == 1
    assert state.add(model, "churn", who="ann")[1] == 2


KILLED = """
import os, sys
from pathlib import Path
from mlwright.model import archive, load
from mlwright.registry import Workspace, versions

folder, when = Path(sys.argv[1]), sys.argv[2]
model = load(folder / "model")
if when == "while files are written":
    archive.os.fsync = lambda _: os._exit(9)
else:
    versions.Versions.register = lambda *_: os._exit(9)
Workspace(folder / "w").add(model, "churn")
"""


@pytest.mark.parametrize("when", [MOMENTS[0], MOMENTS[2]])
def test_after_a_kill_a_version_is_whole_or_not_there(when: str, model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), when], check=False)
    assert done.returncode == 9
    state = Workspace(tmp_path / "w")
    whole = when != MOMENTS[0]
    assert state.versions("churn") == ((1,) if whole else ())
    if whole:
        assert state.open("churn").version == 1
    assert state.add(model, "churn")[1] == 2
    assert state.open("churn").version == 2


def test_a_claimed_folder_of_another_program_is_left_alone(model: Model, tmp_path: Path) -> None:
    state = Workspace(tmp_path)
    claimed = tmp_path / "models/churn/1"
    claimed.mkdir(parents=True)
    assert state.add(model, "churn")[1] == 2
    assert list(claimed.iterdir()) == []
    assert sorted(entry.name for entry in (tmp_path / "models/churn").iterdir()) == ["1", "2"]
