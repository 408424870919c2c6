"""A model that recommends learns again: from log and record, proven on people and moments nobody learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.lists import Asked, Town, model_of

from mlwright.adapt import log_entries, log_material
from mlwright.adapt.begin import Trigger, begin
from mlwright.adapt.forms.lists import ListLearning
from mlwright.adapt.kept import Adaptation
from mlwright.adapt.log_kept import with_histories
from mlwright.adapt.material import Material, Plan
from mlwright.adapt.player import Came, Player
from mlwright.adapt.policy import Policy
from mlwright.adapt.refusals import Refusal
from mlwright.adapt.step import World
from mlwright.adapt.watch import proceed
from mlwright.adapt.window import Reach
from mlwright.errors import InputError, OptionError
from mlwright.model.recommender.recommender import Recommender
from mlwright.monitor.store import Store
from mlwright.registry import Workspace
from mlwright.registry.traffic import Traffic
from mlwright.serve.record import Record
from mlwright.serve.record.histories import Event, keep_events

NAME = "things"
HOUR = timedelta(hours=1)
TOGETHER = 25
QUICK = Policy(least_rows=100, step_rows=5, step="1h", most_labels=1_000)


class Shop:
    """A service that recommends to a town, in simulated time."""

    def __init__(self, home: Path, town: Town, model: Recommender) -> None:
        self.town = town
        self.workspace, self.record = Workspace(home), Record(home / "record.db")
        self.workspace.add(model, NAME)
        self.world = World(Store(self.workspace.path / "registry.db"), self.workspace, self.record)

    def live(self, lists: int, *, history: bool = True) -> None:
        """Let so many be asked for, and something be taken after each."""
        player = Player(self.workspace, self.record, NAME)
        for _ in range(lists // TOGETHER):
            asked: list[Asked] = [self.town.ask(history=history) for _ in range(TOGETHER)]
            given = player.answer([each.row for each in asked], asked[0].at, over=8 * HOUR)
            player.tell(
                Came(each.id, [one.takes], each.at + timedelta(minutes=5))
                for each, one in zip(given, asked, strict=True)
                if each is not None
            )

    @property
    def now(self) -> datetime:
        """A little later than all that has happened."""
        return self.town.now + HOUR / 4


@pytest.fixture(scope="module")
def learned() -> tuple[Town, pl.DataFrame, Recommender]:
    town = Town(3)
    log = town.log(1_500)
    return town, log, model_of(log, NAME)


@pytest.fixture
def shop(tmp_path: Path, learned: tuple[Town, pl.DataFrame, Recommender]) -> Iterator[Shop]:
    town = Town(3)
    town.log(1_500)
    found = Shop(tmp_path / "home", town, learned[2])
    yield found
    found.record.close()


@pytest.fixture(autouse=True)
def quick_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build as the tests do: a search takes long, and another test makes one."""

    def build(_: ListLearning, material: Material, champion: Recommender, options: dict[str, Any]) -> Recommender:
        assert {"user", "item", "time", "trials"} & set(options)
        return model_of(material.frame, champion.name)

    monkeypatch.setattr(ListLearning, "build", build)


def plan_of(shop: Shop, *, source: str | None = None, policy: Policy = QUICK) -> Plan:
    until = round(shop.now.timestamp() * 1e6)
    return Plan(id="a", name=NAME, policy=policy, reach=Reach(uses_source=True), until=until, source=source)


def champion_of(shop: Shop) -> Recommender:
    found = shop.workspace.open(f"{NAME}@1")
    assert isinstance(found, Recommender)
    return found


def newest(shop: Shop) -> Adaptation:
    return shop.world.kept.adaptations(NAME)[0]


def until(shop: Shop, stage: str, *, lists: int = 50, most: int = 30) -> None:
    for _ in range(most):
        list(proceed(shop.world, NAME, lambda: shop.now))
        if newest(shop).stage in {stage, "ended"}:
            return
        shop.live(lists)
    raise AssertionError(f"it never ended: {replace(newest(shop), state={})}")


MANUAL = Trigger(kind="manual", sentence="asked for", key="1", who="ann")


def test_a_better_challenger_is_proven_and_promoted_and_each_person_has_one_version(shop: Shop) -> None:
    shop.town.change()
    shop.live(300)
    assert begin(shop.world, NAME, QUICK, MANUAL, shop.now) is not None
    until(shop, "promoted")
    assert newest(shop).stage == "promoted", newest(shop).reason
    assert shop.workspace.aliases(NAME) == {"champion": 2}
    trail = [line.what.partition(":")[0] for line in shop.world.kept.trail(newest(shop).id)]
    assert trail == ["begin", "choose", "learn", "replay", "shadow", *["canary"] * 3, "promote"]
    heard = shop.record.frame(NAME).filter(pl.col("kind") == "answer", pl.col("propensity").is_not_null())
    assert heard.height
    shared = heard.group_by("subject", "propensity").agg(pl.col("version").n_unique())
    assert shared["version"].max() == 1


def test_one_that_is_no_better_is_refused_and_changes_nothing(shop: Shop) -> None:
    shop.live(300)
    begin(shop.world, NAME, replace_policy(most_labels=100), MANUAL, shop.now)
    until(shop, "ended")
    assert newest(shop).verdict == "refused"
    assert shop.workspace.aliases(NAME) == {"champion": 1}
    assert shop.workspace.traffic(NAME) == Traffic()


def replace_policy(**changes: Any) -> Policy:
    return Policy(**{**QUICK.to_dict(), **changes})


def test_what_is_kept_back_came_after_all_that_teaches(shop: Shop) -> None:
    shop.live(300)
    found = log_material.gather(shop.workspace, shop.record, champion_of(shop), plan_of(shop))
    assert isinstance(found, Material)
    last = found.frame["when"].max()
    assert isinstance(last, datetime)
    held = [datetime.fromtimestamp(at / 1e6, shop.now.tzinfo).replace(tzinfo=None) for at in found.held.at.tolist()]
    assert min(held) >= last
    assert 0.15 <= len(held) / 300 <= 0.25
    again = log_material.held_back(shop.workspace, shop.record, champion_of(shop), plan_of(shop))[0]
    assert again.ids == found.held.ids


def test_the_log_and_the_record_tell_everything_once(shop: Shop, learned: Any, tmp_path: Path) -> None:
    learned[1].write_csv(tmp_path / "log.csv")
    champion = champion_of(shop)
    command = f"mlwright build {tmp_path / 'log.csv'} --task recommend --user person --item thing --trials 3"
    champion = champion.with_parts(replace(champion.parts, run={"command": command}))
    shop.live(200)
    found = log_material.gather(shop.workspace, shop.record, champion, plan_of(shop))
    assert isinstance(found, Material)
    assert (found.options["user"], found.options["item"], found.options["time"]) == ("person", "thing", "when")
    assert found.options["trials"] == 3
    frame = found.frame.sort("when")
    pairs = frame.select("person", "thing")
    assert pairs.n_unique() == pairs.height  # nobody in the town takes anything twice
    assert found.from_source == 1_500
    assert 100 <= found.from_record <= 220
    assert frame["thing"].dtype == pl.String


@pytest.mark.parametrize("broken", ["empty", "ids"])
def test_nothing_is_learned_from_a_feed_that_is_broken(shop: Shop, broken: str) -> None:
    shop.town.prefix = "x" if broken == "ids" else "i"
    shop.live(400, history=broken != "empty")
    found = log_material.gather(shop.workspace, shop.record, champion_of(shop), plan_of(shop))
    assert isinstance(found, Refusal)
    assert found.kind == "broken data"
    assert "history" in found.sentence


def test_few_outcomes_are_waited_for(shop: Shop) -> None:
    shop.live(50)
    found = log_material.gather(shop.workspace, shop.record, champion_of(shop), plan_of(shop))
    assert isinstance(found, Refusal)
    assert found.kind == "labels"
    assert "50 new lists" in found.sentence


def test_a_newer_log_teaches_and_judges_without_any_service(shop: Shop, tmp_path: Path) -> None:
    shop.town.change()
    shop.town.log(900).write_csv(tmp_path / "newer.csv")
    trigger = replace(MANUAL, source=str(tmp_path / "newer.csv"))
    shop.world = replace(shop.world, record=None)
    begin(shop.world, NAME, QUICK, trigger, shop.now)
    list(proceed(shop.world, NAME, lambda: shop.now))
    assert newest(shop).verdict == "promoted", newest(shop).reason
    held = log_material.held_back(shop.workspace, None, champion_of(shop), plan_of(shop, source=str(trigger.source)))[0]
    assert len(set(held.units)) == len(held.units)  # everybody asks once
    assert len(np.unique(held.at)) == 1


@pytest.mark.parametrize("kind", ["older", "timeless", "gates"])
def test_what_cannot_teach_begins_nothing(shop: Shop, learned: Any, tmp_path: Path, kind: str) -> None:
    log = learned[1].drop("when") if kind == "timeless" else learned[1]
    log.write_csv(tmp_path / "log.csv")
    policy = replace_policy(gates="gates.toml") if kind == "gates" else QUICK
    with pytest.raises(OptionError if kind == "gates" else InputError) as caught:
        begin(shop.world, NAME, policy, replace(MANUAL, source=str(tmp_path / "log.csv")), shop.now)
    assert {"older": "newer", "timeless": "times", "gates": "gates"}[kind] in str(caught.value)
    assert shop.world.kept.current(NAME) is None


def test_a_history_is_told_by_its_times_and_outcomes_fill_what_it_lacks(shop: Shop) -> None:
    shop.live(50)
    catalogue = champion_of(shop).parts.answering.catalogue
    known = log_material._chosen(shop.record, champion_of(shop), plan_of(shop), log_entries.empty())[0].new
    entries = log_entries.joined(log_entries.of_known(known, catalogue))
    counted = entries.group_by("who", "what").len()
    assert counted["len"].max() == 1
    for unit, outcome in zip(known.units, known.outcomes, strict=True):
        assert entries.filter(pl.col("who") == unit, pl.col("what") == outcome[0]).height == 1


def test_histories_that_the_service_keeps_teach_and_are_asked_with_again(shop: Shop) -> None:
    shop.live(300)
    known = log_material._chosen(shop.record, champion_of(shop), plan_of(shop), log_entries.empty())[0].held
    told = [
        Event(unit, entry["item"], round(entry["at"] * 1e6))
        for unit, row in zip(known.units, known.rows, strict=True)
        for entry in row["history"]
    ]
    keep_events(shop.record.engine, NAME, told)
    hidden = [
        {**{key: row[key] for key in ("user", "at", "history_length")}, "history_kept": True} for row in known.rows
    ]
    again = with_histories(replace(known, rows=tuple(hidden)), shop.record, NAME)
    for old, new, at in zip(known.rows, again.rows, known.at.tolist(), strict=True):
        assert {entry["item"] for entry in new["history"]} >= {entry["item"] for entry in old["history"]}
        assert all(entry["at"] < at / 1e6 for entry in new["history"])
    found = log_material.gather(shop.workspace, shop.record, champion_of(shop), plan_of(shop))
    assert isinstance(found, Material)
    pairs = found.frame.select("person", "thing")
    assert pairs.n_unique() == pairs.height
