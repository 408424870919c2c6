"""The way of a challenger, from what begins it to its end, and that it may be cut off anywhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.adapt.conftest import BEGUN, NAME, Service, drawn, service_in, until_it_ends

from mlwright import building
from mlwright.adapt.begin import Trigger, begin, foreseen
from mlwright.adapt.kept import Adaptation
from mlwright.adapt.policy import Policy
from mlwright.adapt.proof import Rivals
from mlwright.adapt.stages import cancel
from mlwright.adapt.step import World
from mlwright.adapt.watch import proceed
from mlwright.errors import OptionError
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.registry.traffic import Traffic
from mlwright.serve.record import Private, Record

HOUR = timedelta(hours=1)
QUICK = Policy(trials=1, least_rows=100, step_rows=10, step="1h", window="since change", most_labels=1_000)
CHANGE = BEGUN + timedelta(days=1)
PAGE = Trigger(
    kind="alarm", sentence="Errors rose.", key="alarm-1", change=round(CHANGE.timestamp() * 1e6), causes={"relation": 1}
)
NOW = CHANGE + timedelta(days=2)


@pytest.fixture
def no_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the gates beside the trial: they change nothing, and take long."""
    monkeypatch.setattr(Rivals, "against", lambda *_: [])


def changed_world(service: Service, rows: int = 800) -> None:
    """A day as before, and two in which the target follows from another column."""
    service.answer(drawn(300, 1), BEGUN, over=timedelta(days=1))
    service.answer(drawn(rows, 2, changed=True), CHANGE, over=timedelta(days=2) - HOUR)


def stepping(service: Service, *, changed: bool = True, rows: int = 60) -> Callable[[datetime], None]:
    """Let an hour's rows be answered, and the adaptation go on."""

    def step(now: datetime) -> None:
        hour = int(now.timestamp()) // 3600
        service.answer(drawn(rows, hour, changed=changed), now, over=HOUR - timedelta(minutes=10))
        list(proceed(service.world, NAME, lambda: now + HOUR))

    return step


def newest(service: Service) -> Adaptation:
    return service.world.kept.adaptations(NAME)[0]


def test_a_better_challenger_is_built_proven_and_promoted_step_by_step(service: Service) -> None:
    changed_world(service)
    assert begin(service.world, NAME, QUICK, PAGE, NOW) is not None
    until_it_ends(service, NOW, stepping(service))
    found = newest(service)
    assert (found.verdict, found.champion, found.challenger) == ("promoted", 1, 2)
    assert service.workspace.aliases(NAME) == {"champion": 2}
    assert service.workspace.traffic(NAME) == Traffic()
    version = service.workspace.find(NAME)
    assert version.parent == f"{NAME}@1"
    assert found.id in version.why
    trail = [line.what.partition(":")[0] for line in service.world.kept.trail(found.id)]
    assert trail == ["begin", "choose", "learn", "replay", "shadow", *["canary"] * 3, "promote", "settle"]
    shares = [line.evidence["percent"] for line in service.world.kept.trail(found.id) if line.what.startswith("canary")]
    assert shares == [5, 25, 100]
    right = service.workspace.open(NAME).predict(drawn(500, 99, changed=True).drop("y"))
    assert float(np.mean(right == drawn(500, 99, changed=True)["y"].to_numpy())) > 0.85


@pytest.mark.usefixtures("no_gates")
@pytest.mark.parametrize("stage", ["shadow", "canary"])
@pytest.mark.parametrize("version", [1, 2])
def test_damaged_files_end_it_and_all_is_as_before(service: Service, stage: str, version: int) -> None:
    changed_world(service)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    now = NOW
    while newest(service).stage != stage:
        stepping(service)(now)
        now += HOUR
    for file in (service.workspace.path / "models" / NAME / str(version)).rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"rubbish")
    list(proceed(service.world, NAME, lambda: now))
    assert newest(service).verdict == ("refused" if stage == "shadow" else "rolled back")
    assert "cannot be opened" in newest(service).reason
    assert service.workspace.traffic(NAME) == Traffic()
    assert service.workspace.aliases(NAME) == {"champion": 1}


@pytest.mark.usefixtures("no_gates")
def test_every_row_is_answered_by_one_version_and_unheard_by_the_other(service: Service) -> None:
    changed_world(service)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    until_it_ends(service, NOW, stepping(service))
    frame = service.record.frame(NAME)
    heard = frame.filter(pl.col("kind") == "answer")
    assert heard["id"].n_unique() == heard.height
    canary = heard.filter(pl.col("propensity").is_not_null())
    assert set(canary["version"]) == {1, 2}
    unheard = frame.filter(pl.col("kind") == "shadow")
    both = canary.join(unheard, left_on="id", right_on="of").filter(pl.col("version") != pl.col("version_right"))
    assert both["id"].n_unique() == canary.height


def test_a_challenger_that_is_no_better_is_refused_and_changes_nothing(service: Service) -> None:
    service.answer(drawn(900, 1), BEGUN, over=timedelta(days=2))
    manual = Trigger(kind="manual", sentence="asked for", key="1", who="ann")
    begin(service.world, NAME, QUICK, manual, NOW)
    until_it_ends(service, NOW, stepping(service, changed=False))
    found = newest(service)
    assert found.verdict == "refused"
    assert "rows" in found.reason
    assert service.workspace.aliases(NAME) == {"champion": 1}
    assert service.workspace.traffic(NAME) == Traffic()


@pytest.mark.usefixtures("no_gates")
def test_a_new_champion_that_turns_out_worse_is_rolled_back(service: Service) -> None:
    changed_world(service)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    is_back = False

    def step(now: datetime) -> None:
        nonlocal is_back
        current = service.world.kept.current(NAME)
        is_back = is_back or (current is not None and current.stage == "promoted")
        stepping(service, changed=not is_back)(now)  # the world changes back once it is promoted

    until_it_ends(service, NOW, step)
    found = newest(service)
    assert found.verdict == "rolled back"
    assert "former champion loses" in found.reason
    assert service.workspace.aliases(NAME) == {"champion": 1}
    assert [move.action for move in service.workspace.history(NAME)] == ["rollback", "promote", "promote"]
    assert service.workspace.traffic(NAME) == Traffic()


@pytest.mark.usefixtures("no_gates")
def test_a_canary_that_turns_out_worse_answers_nobody_any_more(service: Service) -> None:
    changed_world(service)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    stages = []

    def step(now: datetime) -> None:
        current = service.world.kept.current(NAME)
        stages.append(current.stage if current is not None else "")
        stepping(service, changed=stages[-1] != "canary", rows=400)(now)

    until_it_ends(service, NOW, step)
    assert "promoted" not in stages
    assert newest(service).verdict == "rolled back"
    assert service.workspace.aliases(NAME) == {"champion": 1}
    assert service.workspace.traffic(NAME) == Traffic()


@pytest.mark.usefixtures("no_gates")
def test_it_waits_for_outcomes_and_goes_on_when_they_come(service: Service) -> None:
    service.answer(drawn(60, 1), BEGUN, over=timedelta(days=1))
    begin(service.world, NAME, QUICK, Trigger(kind="manual", sentence="asked for", key="1"), NOW)
    assert [act.what for act in proceed(service.world, NAME, lambda: NOW)] == ["wait"]
    assert newest(service).stage == "waiting"
    assert list(proceed(service.world, NAME, lambda: NOW)) == []  # it is said once
    service.answer(drawn(600, 2), NOW, over=HOUR)
    assert [act.what for act in proceed(service.world, NAME, lambda: NOW + 2 * HOUR)][:3] == [
        "choose",
        "learn",
        "replay",
    ]


def test_it_does_not_wait_for_ever(service: Service) -> None:
    service.answer(drawn(60, 1), BEGUN, over=timedelta(days=1))
    begin(service.world, NAME, QUICK, Trigger(kind="manual", sentence="asked for", key="1"), NOW)
    list(proceed(service.world, NAME, lambda: NOW + timedelta(days=61)))
    assert newest(service).verdict == "refused"
    assert "at least 100 are asked for" in newest(service).reason


@pytest.mark.usefixtures("no_gates")
def test_a_person_is_asked_where_that_is_the_policy_and_the_promotion_is_watched(service: Service) -> None:
    changed_world(service)
    policy = Policy(**{**QUICK.to_dict(), "action": "retrain and ask"})
    begin(service.world, NAME, policy, PAGE, NOW)
    step, now = stepping(service), NOW
    for _ in range(4):
        step(now)
        now += HOUR
    assert newest(service).stage == "asking"
    assert f"mlwright promote {NAME}@2" in newest(service).reason
    assert service.workspace.aliases(NAME) == {"champion": 1}
    service.workspace.promote(NAME, 2, who="ann")
    step(now)
    assert newest(service).stage == "promoted"
    until_it_ends(service, now + HOUR, step)
    assert newest(service).verdict == "promoted"


@pytest.mark.usefixtures("no_gates")
def test_it_gives_way_where_a_person_promotes_another_version(service: Service) -> None:
    changed_world(service)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    stepping(service)(NOW)
    service.workspace.add(service.workspace.open(f"{NAME}@1"), NAME)
    service.workspace.promote(NAME, 3, who="ann")
    list(proceed(service.world, NAME, lambda: NOW + HOUR))
    assert newest(service).verdict == "cancelled"
    assert service.workspace.aliases(NAME) == {"champion": 3}
    assert service.workspace.traffic(NAME) == Traffic()


@pytest.mark.usefixtures("no_gates")
def test_it_can_be_cancelled_and_everything_is_as_before(service: Service) -> None:
    changed_world(service)
    service.workspace.set_traffic(NAME, Traffic(sticky="plan"))
    begin(service.world, NAME, QUICK, PAGE, NOW)
    stepping(service)(NOW)
    assert service.workspace.traffic(NAME).shadow == ("2",)
    act = cancel(service.world, NAME, NOW, who="ann")
    assert act is not None
    assert act.what == "cancel"
    assert newest(service).verdict == "cancelled"
    assert service.workspace.traffic(NAME) == Traffic(sticky="plan")
    assert cancel(service.world, NAME, NOW, who="ann") is None


def test_one_adaptation_at_a_time_and_none_beside_somebody_elses_canary(service: Service) -> None:
    changed_world(service)
    assert begin(service.world, NAME, QUICK, PAGE, NOW) is not None
    assert begin(service.world, NAME, QUICK, PAGE, NOW) is None
    cancel(service.world, NAME, NOW, who="ann")
    service.workspace.set_traffic(NAME, Traffic({"1": 0.1}))
    with pytest.raises(OptionError, match="shared among versions already"):
        begin(service.world, NAME, QUICK, PAGE, NOW)


def test_a_challenger_never_takes_over_by_being_the_newest(service: Service) -> None:
    changed_world(service)
    assert service.workspace.aliases(NAME) == {}
    begin(service.world, NAME, QUICK, PAGE, NOW)
    stepping(service)(NOW)
    assert service.workspace.versions(NAME) == (1, 2)
    assert service.workspace.find(NAME).version == 1


def test_what_would_be_done_is_told_and_nothing_is_changed(service: Service) -> None:
    changed_world(service)
    act = foreseen(service.world, NAME, QUICK, PAGE, NOW)
    assert act.dry_run
    assert "would learn from" in act.sentence
    assert service.world.kept.adaptations(NAME) == []
    assert service.workspace.aliases(NAME) == {}
    assert service.workspace.versions(NAME) == (1,)


def test_private_values_do_not_teach_and_recorded_answers_decide(service: Service) -> None:
    private = Private({"plan": "hash"}, key=bytes(32))
    service.answer(drawn(300, 1), BEGUN, over=timedelta(days=1), private=private)
    service.answer(drawn(800, 2, changed=True), CHANGE, over=timedelta(days=2) - HOUR, private=private)
    begin(service.world, NAME, QUICK, PAGE, NOW)
    now = NOW
    for hour in range(12):
        service.answer(drawn(80, 500 + hour, changed=True), now, over=HOUR - timedelta(minutes=10), private=private)
        list(proceed(service.world, NAME, lambda now=now: now + HOUR))  # type: ignore[misc]
        now += HOUR
    found = newest(service)
    assert "plan" not in {column.name for column in service.workspace.open(f"{NAME}@2").parts.columns}
    assert found.stage == "asking"  # nobody can tell for whom it is worse: a person has to
    assert "the record holds no 'plan'" in found.reason


class Killed(BaseException):
    """The process is gone."""


class Writes:
    """Kills at writes, anywhere: of three writes one before it is there, one right after, and one is let be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.kills, self.first = 0, 0, -1
        for owner, name in (
            (Store, "begin"), (Store, "move"), (Workspace, "add"), (Workspace, "promote"), (Workspace, "rollback"),
            (Workspace, "set_traffic"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.count += 1
            turn = (self.count + self.first) % 3 if self.first >= 0 else 2
            self.kills += turn < 2
            if turn == 0:
                raise Killed
            made = write(*given, **named)
            if turn == 1:
                raise Killed
            return made

        return counted


def end_of(home: Path, source: Path, *, worse_later: bool) -> tuple[Any, ...]:
    """Go from the same beginning to the end, beginning anew after each kill; return all that came of it."""
    record = Record(home / "record.db")
    service = Service(Workspace(home), record, source)
    kept = service.world.kept
    now, is_back = NOW, False
    try:
        while not kept.adaptations(NAME) or kept.current(NAME) is not None:
            assert now < NOW + 40 * HOUR
            current = kept.current(NAME)
            is_back = is_back or (worse_later and current is not None and current.stage == "promoted")
            hour = int(now.timestamp()) // 3600
            service.answer(drawn(150, hour, changed=not is_back), now, over=HOUR - timedelta(minutes=10))
            later = now + HOUR
            for _ in range(20):
                world = World(Store(home / "registry.db"), Workspace(home), record)
                try:
                    if not kept.adaptations(NAME):
                        begin(world, NAME, QUICK, PAGE, later)
                    list(proceed(world, NAME, lambda later=later: later))  # type: ignore[misc]
                except Killed:
                    continue
                break
            else:
                raise AssertionError("it does not come any further")
            now += HOUR
        found = kept.adaptations(NAME)[0]
        return (
            found.verdict,
            found.reason,
            found.ended,
            json.dumps(dict(found.state), sort_keys=True),
            [(line.at, line.what) for line in kept.trail(found.id)],
            service.workspace.aliases(NAME),
            service.workspace.traffic(NAME),
            service.workspace.versions(NAME),
            [(move.action, move.before, move.after) for move in service.workspace.history(NAME)],
        )
    finally:
        record.close()


@pytest.mark.usefixtures("no_gates")
@pytest.mark.parametrize("worse_later", [False, True], ids=["stays", "rolled back"])
def test_killed_at_its_writes_and_begun_again_it_comes_to_the_same_end(
    learned: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worse_later: bool
) -> None:
    for service in service_in(tmp_path / "begun", learned):
        changed_world(service, rows=400)
    built: dict[str, Any] = {}
    opened: dict[str, Any] = {}
    build, read = building.build, Workspace.open

    def once(frame: pl.DataFrame, target: str, **options: Any) -> Any:
        """The same rows and options give the same model; so it is built once for all of these runs."""
        key = f"{frame.write_csv()}{sorted(options.items())}"
        if key not in built:
            built[key] = build(frame, target, **options)
        return built[key]

    def open_once(workspace: Workspace, reference: str) -> Any:
        if reference not in opened:
            opened[reference] = read(workspace, reference)
        return opened[reference]

    monkeypatch.setattr(building, "build", once)
    monkeypatch.setattr(Workspace, "open", open_once)
    writes = Writes(monkeypatch)

    def run(name: str) -> tuple[Any, ...]:
        shutil.copytree(tmp_path / "begun", tmp_path / name)
        end = end_of(tmp_path / name, learned[0], worse_later=worse_later)
        shutil.rmtree(tmp_path / name)
        return end

    undisturbed = run("undisturbed")
    assert undisturbed[0] == ("rolled back" if worse_later else "promoted")
    many = writes.count
    assert many > 20
    for first in range(3):  # so that each write is killed before, is killed after, and is let be
        writes.count, writes.kills, writes.first = 0, 0, first
        assert run("killed") == undisturbed, first
        assert writes.kills > many / 2
    assert len(built) == 1
