"""Aliases move, move back, and what they did is never lost."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mlwright.errors import ModelError, OptionError
from mlwright.model import Model
from mlwright.registry import Traffic, Workspace
from mlwright.registry.aliases import Aliases
from mlwright.registry.names import Reference
from mlwright.registry.state import State, now
from mlwright.registry.version import READY, Version
from mlwright.registry.versions import Versions

ALIASES = ("champion", "challenger")
BLANK = Version(
    name="churn", version=1, digest="0" * 64, state=READY, registered=now(), created=None, who="ann", why="",
    parent=None, data_hash=None, code_version=None, seed=None, task=None, target=None, metric=None, score=None,
    lower=None, upper=None, size_bytes=0,
)  # fmt: skip


@pytest.fixture
def workspace(model: Model, tmp_path: Path, registry: str | None) -> Workspace:
    """Three versions of churn."""
    made = Workspace(tmp_path / "w", registry=registry)
    for _ in range(3):
        made.add(model, "churn")
    return made


def test_promotions_are_rolled_back_one_by_one(workspace: Workspace) -> None:
    moves = [workspace.promote("churn", version, why=f"try {version}", who="ann") for version in (1, 2, 3)]
    assert [(move.before, move.after, move.moved) for move in moves] == [(None, 1, True), (1, 2, True), (2, 3, True)]
    assert not workspace.promote("churn", "champion").moved
    assert workspace.rollback("churn", who="bob", why="3 is slow").after == 2
    assert workspace.rollback("churn").after == 1
    with pytest.raises(ModelError, match=r"nothing to roll back to: churn@1 is the first champion"):
        workspace.rollback("churn")
    assert workspace.promote("churn", 3).before == 1
    assert workspace.rollback("churn").after == 1
    history = workspace.history("churn")
    assert [(move.action, move.before, move.after) for move in reversed(history)] == [
        ("promote", None, 1),
        ("promote", 1, 2),
        ("promote", 2, 3),
        ("rollback", 3, 2),
        ("rollback", 2, 1),
        ("promote", 1, 3),
        ("rollback", 3, 1),
    ]
    assert [(move.who, move.why) for move in history[3:5]] == [("bob", "3 is slow"), ("ann", "try 3")]
    assert [move.at for move in history] == sorted((move.at for move in history), reverse=True)


def test_aliases_are_apart_from_each_other(workspace: Workspace) -> None:
    assert workspace.promote("churn").after == 3  # the latest
    workspace.promote("churn", 1, alias="challenger")
    assert workspace.aliases("churn") == {"challenger": 1, "champion": 3}
    assert workspace.promote("churn", "challenger").after == 1
    with pytest.raises(ModelError, match="churn@1 is the first challenger"):
        workspace.rollback("churn", "challenger")
    with pytest.raises(OptionError, match="did you mean 'challenger'"):
        workspace.rollback("churn", "chalenger")
    with pytest.raises(OptionError, match="An alias cannot be '7'"):
        workspace.promote("churn", 1, alias="7")


def test_a_name_without_aliases_cannot_be_rolled_back(workspace: Workspace) -> None:
    with pytest.raises(ModelError, match="No alias of 'churn' was ever promoted"):
        workspace.rollback("churn")


def test_what_could_not_answer_is_neither_promoted_nor_rolled_back_to(workspace: Workspace) -> None:
    workspace.promote("churn", 1)
    workspace.promote("churn", 2)
    shutil.rmtree(workspace.root / "churn" / "1")
    shutil.rmtree(workspace.root / "churn" / "3")
    with pytest.raises(ModelError, match="files of churn@3 are not there"):
        workspace.promote("churn", 3)
    with pytest.raises(ModelError, match="files of churn@1 are not there"):
        workspace.rollback("churn")
    assert workspace.aliases("churn") == {"champion": 2}


def test_every_file_is_compared_before_a_version_is_promoted(workspace: Workspace) -> None:
    workspace.promote("churn", 1)
    workspace.promote("churn", 2)
    for version in (1, 3):
        changed = workspace.root / "churn" / str(version) / "ensemble.json"
        changed.write_bytes(changed.read_bytes().replace(b"{", b" ", 1))
    with pytest.raises(ModelError, match=r"churn.3: The file 'ensemble.json' is not the one that was saved"):
        workspace.promote("churn", 3)
    with pytest.raises(ModelError, match=r"churn.1: The file 'ensemble.json' is not the one that was saved"):
        workspace.rollback("churn")
    assert workspace.aliases("churn") == {"champion": 2}
    (workspace.root / "churn" / "2" / "more.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"The file 'more.json' does not belong to the model"):
        workspace.promote("churn", 2, alias="other")


def test_rolling_back_to_an_archived_version_says_how(workspace: Workspace) -> None:
    workspace.promote("churn", 1)
    workspace.promote("churn", 2)
    workspace.archive("churn", 1)
    with pytest.raises(ModelError, match=r"churn@1 is archived.*archive churn@1 --undo"):
        workspace.rollback("churn")


def test_traffic_is_kept_and_checked(workspace: Workspace) -> None:
    workspace.promote("churn", 2, alias="challenger")
    assert workspace.traffic("churn") == Traffic()
    wanted = Traffic({"challenger": 0.05, "1": 0.1}, "customer", ("3",))
    workspace.set_traffic("churn", wanted)
    assert workspace.traffic("churn") == Workspace(workspace.path, registry=str(workspace._registry)).traffic("churn")
    assert workspace.traffic("churn") == wanted
    for wrong, said in (
        (Traffic({"chalenger": 0.1}), "did you mean 'challenger'"),
        (Traffic(shadow=("9",)), "no version '9'"),
        (Traffic({"challenger": 1.5}), "'challenger' cannot answer 150 %"),
        (Traffic({"challenger": 0.0}), "cannot answer 0 %"),
        (Traffic({"challenger": float("nan")}), "cannot answer nan %"),
        (Traffic({"challenger": 0.6, "1": 0.6}), "sum to 120 %"),
        (Traffic(sticky=""), "has no name"),
        (Traffic(shadow=("3", "3")), "twice"),
    ):
        with pytest.raises((ModelError, OptionError), match=said):
            workspace.set_traffic("churn", wrong)
        assert workspace.traffic("churn") == wanted
    workspace.set_traffic("churn", Traffic())
    workspace.archive("churn", 3)
    with pytest.raises(ModelError, match="churn@3 is archived"):
        workspace.set_traffic("churn", Traffic(shadow=("3",)))


@pytest.fixture(scope="module")
def empty() -> bytes:
    """A registry in which nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        State(Path(folder) / "registry.db").revision()
        return (Path(folder) / "registry.db").read_bytes()


class Moves(RuleBasedStateMachine):
    """Whatever is done in whatever order, the registry says what a list kept by hand says."""

    template: bytes

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        place = Path(self.folder.name) / "registry.db"
        place.write_bytes(self.template)
        self.open = sqlite3.connect(place)  # while somebody is there, nobody waits for the disk at the end of a change
        self.open.execute("SELECT * FROM changes").fetchall()
        state = State(place)
        self.versions, self.aliases = Versions(state), Aliases(state)
        self.archived: dict[int, bool] = {}
        self.lines: dict[str, list[int]] = {alias: [] for alias in ALIASES}
        self.moves: list[tuple[str, int | None, int]] = []

    def teardown(self) -> None:
        self.open.close()
        self.folder.cleanup()

    def now(self, alias: str) -> int | None:
        return self.lines[alias][-1] if self.lines[alias] else None

    @rule()
    def add(self) -> None:
        number = self.versions.claim("churn", 0)
        self.versions.register(replace(BLANK, version=number))
        assert number not in self.archived
        self.archived[number] = False

    @precondition(lambda self: self.archived)
    @rule(data=st.data(), alias=st.sampled_from(ALIASES))
    def promote(self, data: Any, alias: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.archived)))
        wanted = Reference("churn", str(number))
        if self.archived[number]:
            with pytest.raises(ModelError, match="is archived"):
                self.aliases.promote(wanted, alias=alias)
            return
        move = self.aliases.promote(wanted, alias=alias)
        assert (move.before, move.after) == (self.now(alias), number)
        if move.moved:
            self.moves.append((alias, self.now(alias), number))
            self.lines[alias].append(number)

    @rule(alias=st.sampled_from(ALIASES))
    def rollback(self, alias: str) -> None:
        line = self.lines[alias]
        if len(line) < 2:
            with pytest.raises((ModelError, OptionError)):
                self.aliases.before("churn", alias)
            return
        assert self.aliases.before("churn", alias) == line[-2]
        if self.archived[line[-2]]:
            with pytest.raises(ModelError, match="is archived"):
                self.aliases.rollback("churn", alias, to=line[-2])
            return
        assert self.aliases.rollback("churn", alias, to=10**6) is None
        move = self.aliases.rollback("churn", alias, to=line[-2])
        assert move is not None
        self.moves.append((alias, line[-1], line[-2]))
        line.pop()

    @precondition(lambda self: self.archived)
    @rule(data=st.data())
    def archive(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.archived)))
        if number in {self.now(alias) for alias in ALIASES}:
            with pytest.raises(ModelError, match="cannot be archived"):
                self.versions.archive("churn", number)
            return
        assert self.versions.archive("churn", number) is not self.archived[number]
        self.archived[number] = True

    @precondition(lambda self: self.archived)
    @rule(data=st.data())
    def unarchive(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.archived)))
        assert self.versions.unarchive("churn", number) is self.archived[number]
        self.archived[number] = False

    @invariant()
    def says_the_same(self) -> None:
        pointed = {alias: self.now(alias) for alias in sorted(ALIASES) if self.lines[alias]}
        assert self.aliases.of("churn") == pointed
        assert [(move.alias, move.before, move.after) for move in reversed(self.aliases.history("churn"))] == self.moves
        assert {number: each.archived for number, each in self.versions.of("churn").items()} == self.archived
        ready = [number for number, archived in self.archived.items() if not archived]
        meant = pointed.get("champion") or max(ready, default=None)
        if meant is None:
            with pytest.raises(ModelError):
                self.versions.pick(Reference("churn", ""))
        else:
            assert self.versions.pick(Reference("churn", "")).version == meant


def test_whatever_is_done_in_whatever_order(empty: bytes) -> None:
    machine = type("WithTemplate", (Moves,), {"template": empty})
    case = machine.TestCase()
    case.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
    case.runTest()
