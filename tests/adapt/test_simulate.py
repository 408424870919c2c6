"""Simulations: what they tell, that they are the same again, and that nothing of the real workspace is touched."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.adapt.conftest import NAME, drawn

import mlwright as mw
from mlwright.adapt.drift import Drift
from mlwright.adapt.player import Given
from mlwright.adapt.policy import Policy
from mlwright.adapt.retold import Happened, Simulated
from mlwright.adapt.simulate import TRIALS, Plan, settled, simulate
from mlwright.cli import main
from mlwright.errors import OptionError
from mlwright.model import Model
from mlwright.registry import Workspace

DAYS, CHANGE = 16, 6
POLICY = Policy(trials=1, least_rows=100, step_rows=5)


@pytest.fixture(scope="module")
def model() -> Model:
    return mw.build(drawn(600, 0), target="y", trials=1, sensitive=["plan"], clean=False, cases=100, name=NAME)


def year(model: Model, *texts: str, delay: int = 2, **more: object) -> Simulated:
    drifts = tuple(Drift.read(text, days=DAYS) for text in texts)
    plan = Plan(days=DAYS, rows_per_day=200, drifts=drifts, delay=timedelta(days=delay), **more)  # type: ignore[arg-type]  # of the fields
    return simulate(model, drawn(4_000, 1), plan=plan, policy=POLICY)


@pytest.fixture(scope="module")
def turned(model: Model) -> Simulated:
    return year(model, f"relation=1@{CHANGE}")


def test_a_change_is_seen_when_its_outcomes_come_and_mended(turned: Simulated) -> None:
    page, promoted = turned.first("page"), turned.first("promote")
    assert page is not None
    assert CHANGE + 2 <= page <= CHANGE + 3
    assert promoted is not None
    assert page < promoted
    assert turned.delays == [page - CHANGE]
    assert turned.count("page", is_false=True) == 0
    loop, nothing = (turned.mean(which, promoted + 1, DAYS) for which in ("loop", "nothing"))
    assert loop < 0.8 * nothing
    for which in ("loop", "oracle"):
        assert turned.losses[which][:CHANGE] == turned.losses["nothing"][:CHANGE]
    assert turned.mean("oracle", CHANGE, DAYS) < turned.mean("loop", CHANGE, DAYS)


def test_it_is_the_same_again_and_json_can_hold_it(model: Model, turned: Simulated) -> None:
    again = year(model, f"relation=1@{CHANGE}").to_dict()
    first = json.loads(json.dumps(turned.to_dict(), allow_nan=False))
    for told in (first, again):
        del told["seconds"]
    assert first == json.loads(json.dumps(again))
    assert next(each["what"] for each in first["timeline"]) == "drift"
    assert first["spans"][0]["until"] == CHANGE
    assert first["spans"][-1]["until"] == DAYS


def test_broken_data_is_never_learned_from(model: Model) -> None:
    found = year(model, f"unit:a=1000@{CHANGE}")
    assert found.count("learn") == 0
    assert any(each.what in {"page", "notice"} and each.day >= CHANGE for each in found.timeline)


def test_outcomes_that_are_never_known_are_seen_by_nobody(model: Model) -> None:
    def nobody(_: Given) -> bool:
        return False

    found = year(model, f"relation=1@{CHANGE}", followed=nobody)
    assert found.first("page") is None
    assert found.count("begin") == 0


def test_settings_say_more_than_the_plan() -> None:
    plan = Plan(delay=timedelta(days=14))
    assert settled(Policy(), plan).trials == TRIALS
    assert settled(Policy(), plan).us("delay") == 14 * 86_400 * 1_000_000
    own = Policy(budget="3s", delay="7d")
    assert settled(own, plan) == own


@pytest.mark.parametrize(
    "plan", [Plan(days=0), Plan(rows_per_day=0), Plan(delay=timedelta(-1))], ids=["days", "rows", "delay"]
)
def test_what_cannot_be_simulated_is_refused(model: Model, plan: Plan) -> None:
    with pytest.raises(OptionError):
        simulate(model, drawn(100, 1), plan=plan)


def test_alarms_are_false_where_nothing_has_changed(turned: Simulated) -> None:
    alarms = [Happened(3, "page", "", is_false=True), Happened(9, "page", "", is_false=False)]
    found = Simulated(**{**{name: getattr(turned, name) for name in turned.__slots__}, "timeline": tuple(alarms)})
    assert (found.first("page"), found.count("page"), found.count("page", is_false=True)) == (9, 2, 1)


def test_the_command_tells_it_and_touches_nothing(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("MLWRIGHT_HOME", str(home))
    monkeypatch.setenv("MLWRIGHT_REGISTRY", str(tmp_path / "elsewhere.db"))
    monkeypatch.setenv("MLWRIGHT_MODELS", str(tmp_path / "store"))
    Workspace().add(model, NAME)
    drawn(1_000, 1).write_csv(tmp_path / "rows.csv")
    (tmp_path / "watch.toml").write_text("[adapt]\ntrials = 1\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    given = ["simulate", NAME, str(tmp_path / "rows.csv"), "--days", "4", "--rows-per-day", "50"]
    given += ["--settings", str(tmp_path / "watch.toml"), "--drift", "relation@2"]
    assert main(given) == 0
    said = capsys.readouterr()
    for word in ("4 days of 50 rows", "relation", "with the loop", "an oracle", "1 trials each", "pages"):
        assert word in said.out
    assert "day 2: drift" in said.err
    assert main([*given, "--json", "-q"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["settings"]["trials"] == 1
    assert said.err == ""
    after = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    assert after == before
    assert main([*given[:3], "--drift", "storm"]) == 2
    assert main([*given[:3], "--delay", "soon"]) == 2
