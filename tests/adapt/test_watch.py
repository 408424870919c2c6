"""The loop: what it begins, that models do not hinder one another, that two of them never act at once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.adapt.conftest import BEGUN, NAME, Service, drawn

import mlwright as mw
from mlwright.adapt.begin import Trigger, begin, due, foreseen
from mlwright.adapt.kept import Act, Adaptation
from mlwright.adapt.policy import Policies, Policy
from mlwright.adapt.stages import cancel
from mlwright.adapt.watch import Watch, keep_watching, leased
from mlwright.cli import main
from mlwright.cli.commands import watch as command
from mlwright.errors import InputError, ModelError
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.serve.record import Record

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = BEGUN + 3 * DAY
QUICK = {"trials": 1, "least_rows": 100, "step_rows": 0}


def page(**changes: Any) -> Alarm:
    given = {
        "id": f"{NAME}@1-losses-page", "kind": "losses", "level": "page", "model": NAME, "version": 1,
        "at": (BEGUN + 2 * DAY).isoformat(), "since": (BEGUN + DAY).isoformat(), "message": "Errors rose.",
        "action": "learn again",
    }  # fmt: skip
    return Alarm(**(given | changes))


@dataclass
class Seen:
    """What a monitor would tell."""

    alarms: Sequence[Alarm] = ()
    status: str = "ok"
    sentence: str = "Nothing speaks for a change."


@dataclass
class Monitors:
    """Monitors that tell what a test says."""

    tell: dict[str, Seen | Exception]
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Monitors:
        self.asked.append(name)
        return self

    def run(self, now: datetime) -> Seen:
        told = self.tell[self.asked[-1]]
        if isinstance(told, Exception):
            raise told
        return told


def watching(service: Service, tell: dict[str, Seen | Exception], **options: Any) -> Watch:
    store = service.world.kept
    assert isinstance(store, Store)
    given = {"policies": Policies({"adapt": QUICK}), "holder": "me"} | options
    return Watch(world=service.world, monitor=Monitors(tell), leases=store, **given)


def acts(watch: Watch, *names: str, now: datetime = NOW) -> list[Act]:
    return list(watch.round(names or (NAME,), lambda: now))


def answered(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY)
    service.answer(drawn(400, 2, changed=True), BEGUN + DAY, over=DAY)


def test_a_page_makes_a_model_learn_again_from_what_came_since(service: Service) -> None:
    answered(service)
    done = acts(watching(service, {NAME: Seen([page()], "page")}))
    assert [act.what for act in done][:5] == ["look", "begin", "choose", "learn", "replay"]
    found = service.world.kept.current(NAME)
    assert found is not None
    assert found.trigger["key"] == f"{NAME}@1-losses-page"
    assert "since the change at 2026-03-02" in done[2].sentence


@pytest.mark.parametrize(
    "alarm",
    [
        page(level="notice"), page(version=7), page(ended=BEGUN.isoformat()), page(kind="contract"),
        page(kind="health"),
    ],
    ids=["a notice", "of another version", "that is over", "of broken data", "of the service"],
)  # fmt: skip
def test_no_other_alarm_does(service: Service, alarm: Alarm) -> None:
    answered(service)
    assert [act.what for act in acts(watching(service, {NAME: Seen([alarm])}))] == ["look"]


def test_the_calendar_and_new_outcomes_do_where_they_are_asked_to(service: Service) -> None:
    answered(service)
    for policy, kind in (
        (Policy(every="2d"), "schedule"), (Policy(every="4d"), None),
        (Policy(new_labels=700), "labels"), (Policy(new_labels=701), None),
    ):  # fmt: skip
        trigger = due(service.world, NAME, policy, [], NOW)
        assert (trigger.kind if trigger else None) == kind, policy


def test_an_adaptation_goes_on_where_the_monitor_fails(service: Service) -> None:
    answered(service)
    begin(service.world, NAME, Policy(**QUICK), Trigger(kind="manual", sentence="asked for", key="1"), NOW)
    for failure in (ModelError("The reference is damaged."), RuntimeError("a bug")):
        before = service.world.kept.current(NAME)
        assert before is not None
        done = acts(watching(service, {NAME: failure}), now=NOW + HOUR)
        assert done[0].what == "error"
        if before.stage == "waiting":
            assert [act.what for act in done[1:4]] == ["choose", "learn", "replay"]
    assert acts(watching(service, {NAME: failure}, dry_run=True))[1:] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "nonsense"}, "nonsense"), ({"sticky": "nowhere"}, "nowhere"), ({"gates": "/nowhere.toml"}, "nowhere"),
        ({"margin": 3.0}, "margin"), ({"canary": ()}, "canary"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_begins_nothing(service: Service, changes: dict[str, Any], said: str) -> None:
    answered(service)
    trigger = Trigger(kind="manual", sentence="asked for", key="1")
    for what in (begin, foreseen):
        with pytest.raises(InputError, match=said):
            what(service.world, NAME, Policy(**{**QUICK, **changes}), trigger, NOW)
    assert service.world.kept.adaptations(NAME) == []
    assert service.workspace.aliases(NAME) == {}


def test_a_column_that_only_the_requests_have_may_decide_who_answers(service: Service) -> None:
    service.answer(drawn(50, 1).with_columns(session=pl.lit("s1")), BEGUN)
    trigger = Trigger(kind="manual", sentence="asked for", key="1")
    assert begin(service.world, NAME, Policy(**QUICK, sticky="session"), trigger, NOW) is not None


def test_after_an_end_it_is_left_alone_for_a_while(service: Service) -> None:
    answered(service)
    policy = Policy(retry="1d")
    begin(service.world, NAME, policy, Trigger(kind="manual", sentence="asked for", key="1"), NOW)
    assert due(service.world, NAME, policy, [page()], NOW) is None  # one is going on
    cancel(service.world, NAME, NOW, who="ann")
    assert due(service.world, NAME, policy, [page()], NOW + 23 * HOUR) is None
    assert due(service.world, NAME, policy, [page()], NOW + 25 * HOUR) is not None


def test_an_alarm_whose_adaptation_was_cancelled_begins_no_other_one(service: Service) -> None:
    answered(service)
    policy, other = Policy(retry="1s"), page(id=f"{NAME}@1-calibration-page", since=(BEGUN + 30 * HOUR).isoformat())
    trigger = due(service.world, NAME, policy, [page(), other], NOW)
    assert trigger is not None
    begin(service.world, NAME, policy, trigger, NOW)
    cancel(service.world, NAME, NOW, who="ann")
    assert due(service.world, NAME, policy, [page()], NOW + DAY) is None
    assert due(service.world, NAME, policy, [page(), other], NOW + DAY) is None  # it was open then, too
    fresh = due(service.world, NAME, policy, [page(), page(id=f"{NAME}@1-losses-page-2")], NOW + DAY)
    assert fresh is not None
    assert fresh.key == f"{NAME}@1-losses-page-2"


def test_nothing_begins_anew_while_nothing_has_come_since_a_refusal(service: Service) -> None:
    answered(service)
    policies = Policies({"adapt": {**QUICK, "retry": "1s", "most_broken": 0.0, "least_of_class": 10_000}})
    watch = watching(service, {NAME: Seen([page()], "page")}, policies=policies)
    service.world.kept.begin(refused(service))
    for hours in (1, 2, 3):
        assert [act.what for act in acts(watch, now=NOW + hours * HOUR)] == ["look"]
    assert len(service.world.kept.adaptations(NAME)) == 1
    service.answer(drawn(5, 3, changed=True), NOW + 3 * HOUR)
    assert "begin" in [act.what for act in acts(watch, now=NOW + 5 * HOUR)]


def refused(service: Service) -> Adaptation:
    """An adaptation that was refused on the rows there are."""
    at = NOW.isoformat()
    return Adaptation(
        id="a0", name=NAME, stage="ended", champion=1, trigger=Trigger(kind="alarm", sentence="", key="").to_dict(),
        state={}, begun=at, changed=at, ended=at, verdict="refused", reason="Nothing has come.",
    )  # fmt: skip


def test_a_dry_run_and_a_policy_of_telling_only_change_nothing(service: Service) -> None:
    answered(service)
    sent: list[int] = []
    tell = {NAME: Seen([page()], "page")}
    dry = acts(watching(service, tell, dry_run=True, deliver=lambda: sent.append(1)))
    assert [(act.what, act.dry_run) for act in dry] == [("look", True), ("begin", True)]
    assert not sent
    only = Policies({"adapt": {**QUICK, "action": "tell only"}})
    told = acts(watching(service, tell, policies=only, deliver=lambda: sent.append(1)))
    assert [(act.what, act.dry_run) for act in told] == [("look", False), ("tell", False)]
    assert sent == [1]
    assert service.world.kept.adaptations(NAME) == []
    assert service.workspace.versions(NAME) == (1,)


def test_what_goes_wrong_with_one_model_keeps_no_other_waiting(service: Service) -> None:
    answered(service)
    tell = {"gone": ModelError("There is no model."), "odd": ZeroDivisionError("0"), NAME: Seen()}
    done = acts(watching(service, tell), "gone", "odd", NAME)
    assert [(act.name, act.what) for act in done] == [("gone", "error"), ("odd", "error"), (NAME, "look")]
    assert "A bug of mlwright" in done[1].sentence


def test_two_never_act_at_once_and_who_lost_the_lease_writes_nothing(service: Service) -> None:
    answered(service)
    store = service.world.kept
    assert isinstance(store, Store)
    trigger = Trigger(kind="manual", sentence="asked for", key="1")
    with leased(service.world, store, NAME, "one") as one:
        assert one is not None
        assert acts(watching(service, {NAME: Seen([page()])}, holder="other")) == []
        assert one.fence is not None
        store.release(one.fence.key, one.fence.token)
        assert store.lease(one.fence.key, "other", 60.0) is not None
        assert begin(one, NAME, Policy(), trigger, NOW) is None  # it was asleep, and another has taken over
    assert service.world.kept.adaptations(NAME) == []


def test_it_looks_until_it_is_stopped(service: Service) -> None:
    stop, looks = threading.Event(), 0
    watch = watching(service, {NAME: Seen()})
    for act in keep_watching(watch, lambda: [NAME], every_s=0.001, clock=lambda: NOW, stop=stop):
        looks += act.what == "look"
        if looks == 3:
            stop.set()
    assert looks == 3
    once = keep_watching(watch, lambda: [NAME], every_s=60, clock=lambda: NOW, stop=threading.Event(), once=True)
    assert len(list(once)) == 1


# --- the commands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def home(learned: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Workspace(tmp_path / "home").add(mw.load(learned[1]), NAME)
    monkeypatch.setenv("MLWRIGHT_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "watch.toml").write_text("[adapt]\ntrials = 1\nleast_rows = 100\n", encoding="utf-8")
    return tmp_path / "home"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_labelled_rows_of_a_file_adapt_a_model_that_is_not_served(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(1500, 3, changed=True).write_csv(tmp_path / "new.csv")
    given = ("adapt", NAME, "--source", str(tmp_path / "new.csv"), "--settings", str(home / "watch.toml"))
    code, out, _ = run(capsys, *given, "--dry-run")
    assert (code, out.startswith("would begin: A challenger would learn from")) == (0, True)
    assert Workspace(home).versions(NAME) == (1,)
    code, out, err = run(capsys, *given, "--json")
    assert code == 0, (out, err)
    told = json.loads(out)
    assert told["adaptation"]["verdict"] == "promoted"
    assert Workspace(home).aliases(NAME) == {"champion": 2}
    code, out, _ = run(capsys, "adapt", NAME, "--status")
    assert code == 0
    for word in ("promoted", f"{NAME}@2", "begin:", "learn:", "promote:", "mlwright adapt"):
        assert word in out


def test_a_challenger_that_is_no_better_ends_with_1(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(300, 3).write_csv(tmp_path / "new.csv")
    given = ("adapt", NAME, "--source", str(tmp_path / "new.csv"), "--settings", str(home / "watch.toml"))
    code, out, _ = run(capsys, *given)
    assert code == 1
    assert "refuse:" in out
    assert Workspace(home).aliases(NAME) == {"champion": 1}


@pytest.mark.parametrize("text", ["a,b,plan,y\n", "", "a,b,plan\n1,2,gold\n", None])
def test_rows_that_cannot_be_read_begin_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is not None:
        (tmp_path / "new.csv").write_text(text, encoding="utf-8")
    assert run(capsys, "adapt", NAME, "--source", str(tmp_path / "new.csv"))[0] == 2
    assert run(capsys, "adapt", NAME, "--status")[1] == f"{NAME} was never adapted.\n"


def test_what_cannot_be_asked_together_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "adapt", NAME, "--status", "--cancel")[0] == 2
    assert run(capsys, "adapt", NAME, "--source", "x.csv", "--status")[0] == 2
    assert run(capsys, "adapt", "nobody")[0] == 2
    assert run(capsys, "watch", "nobody", "--once")[0] == 2
    assert run(capsys, "watch", "--every", "often", "--once")[0] == 2
    code, out, _ = run(capsys, "adapt", NAME, "--cancel")
    assert (code, out) == (0, "Nothing is being adapted.\n")
    assert run(capsys, "adapt", NAME, "--status")[1] == f"{NAME} was never adapted.\n"


def test_no_two_processes_have_one_name() -> None:
    alike = "import os; os.getpid = lambda: 1; from mlwright.cli.adapting import this_process as named"
    ask = [sys.executable, "-c", f"{alike}; assert named() == named(); print(named())"]
    names = {subprocess.run(ask, check=True, capture_output=True, text=True).stdout for _ in range(2)}
    assert len(names) == 2


def begin_record(home: Path) -> None:
    record = Record(home / "record.db")
    assert record.models() == []
    record.close()


def test_watching_what_was_never_served_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "watch", NAME, "--once", "--json")
    assert (code, out) == (2, "")
    assert "No answers are recorded yet: there is no record" in err
    code, out, err = run(capsys, "watch", "--once")
    assert (code, out) == (0, "")
    assert "No answers are recorded yet: there is no record" in err
    begin_record(home)
    code, out, err = run(capsys, "watch", "--once")
    assert (code, out) == (0, "")
    assert "No answers are recorded yet: the record" in err


def test_the_loop_waits_for_the_first_record(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is begun before the service is, and sees the record once there is one."""
    stop, rounds = threading.Event(), 0

    def wait(_: float) -> bool:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            begin_record(home)
        return rounds > 5

    monkeypatch.setattr(stop, "wait", wait)
    assert command.record_begins(Workspace(home), None, stop, 1.0)
    assert rounds == 3
    assert not command.record_begins(Workspace(home), str(home / "other.db"), stop, 1.0)  # it was stopped


def test_what_has_not_changed_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    def act(what: str, sentence: str, stage: str | None = None, name: str = NAME) -> Act:
        return Act(name=name, what=what, sentence=sentence, stage=stage)

    fine, bad = act("look", "Fine.", "ok"), act("look", "Worse.", "page")
    tell, failed = act("tell", "Learn again."), act("error", "It is gone.")
    other = act("look", "Fine.", "ok", name="other")
    shown = command.News()
    rounds = [fine, fine, other, bad, tell, bad, tell, failed, failed, fine, bad, tell]
    told = [each for each in rounds if shown.is_new(each)]
    assert told == [fine, other, bad, tell, failed, fine, bad, tell]
    begun = act("begin", "Errors rose.")
    assert [shown.is_new(begun), shown.is_new(begun)] == [True, True]


def test_a_real_monitor_pages_and_the_model_learns_again(
    home: Path, learned: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(home / "record.db")
    service = Service(Workspace(home), record, learned[0])
    service.answer(drawn(600, 1), BEGUN, over=DAY)
    service.answer(drawn(900, 2, changed=True), BEGUN + DAY, over=DAY)
    record.close()
    code, out, err = run(capsys, "watch", "--once", "--json", "--settings", str(home / "watch.toml"))
    done = [json.loads(text) for text in out.splitlines()]
    assert code == 0, (out, err)
    assert done[0]["stage"] == "page"
    assert [each["what"] for each in done][1:5] == ["begin", "choose", "learn", "replay"]
    assert Workspace(home).traffic(NAME).shadow == ("2",)
    again = run(capsys, "watch", "--once", "--json", "--settings", str(home / "watch.toml"))[1]
    assert json.loads(again.splitlines()[0])["what"] == "look"
    assert Workspace(home).versions(NAME) == (1, 2)
