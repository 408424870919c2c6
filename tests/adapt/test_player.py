"""The player: the record holds what a service would have written."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.adapt.conftest import BEGUN, NAME, Service, drawn

import mlwright as mw
from mlwright.adapt.player import Came, Player
from mlwright.registry.traffic import Traffic


@pytest.fixture
def player(service: Service) -> Player:
    service.workspace.add(mw.load(service.workspace.resolve(NAME)), NAME)  # the same again, as version 2
    service.workspace.promote(NAME, 1)
    return Player(service.workspace, service.record, NAME)


def test_one_version_answers_all_where_nothing_is_shared(service: Service, player: Player) -> None:
    rows = drawn(20, 5).drop("y").to_dicts()
    given = player.answer(rows, BEGUN, over=timedelta(minutes=20))
    kept = service.record.frame(NAME)
    assert kept["id"].to_list() == [each.id for each in given if each is not None]
    assert kept["version"].unique().to_list() == [1]
    assert kept["propensity"].is_null().all()
    assert [json.loads(row) for row in kept["row"]] == rows
    moments = [each.at - BEGUN for each in given if each is not None]
    assert moments == [timedelta(minutes=place) for place in range(20)]
    said = service.workspace.open(f"{NAME}@1").predict(drawn(20, 5).drop("y"))
    assert [json.loads(text)["prediction"] for text in kept["answer"]] == list(said)


def test_traffic_and_shadows_are_as_the_registry_says(service: Service, player: Player) -> None:
    service.workspace.set_traffic(NAME, Traffic({"2": 0.25}, None, ("1", "2")))
    player.answer(drawn(400, 6).drop("y").to_dicts(), BEGUN)
    kept = service.record.frame(NAME)
    heard, unheard = (kept.filter(kept["kind"] == kind) for kind in ("answer", "shadow"))
    assert 60 <= (heard["version"] == 2).sum() <= 140  # 100 are expected; six standard deviations are 52
    shares = dict(zip(heard["version"], heard["propensity"], strict=True))
    assert shares == {1: 0.75, 2: 0.25}
    assert unheard.height == 400  # each row by the version that did not answer it
    assert set(unheard["of"]) == set(heard["id"])


def test_who_is_answered_by_whom_is_sticky(service: Service, player: Player) -> None:
    service.workspace.set_traffic(NAME, Traffic({"2": 0.5}, "a", ()))
    rows = drawn(60, 7).drop("y").to_dicts()
    first, again = (player.answer(rows, BEGUN + day * timedelta(days=1)) for day in (0, 1))
    assert [each.version for each in first if each] == [each.version for each in again if each]
    assert {each.version for each in first if each} == {1, 2}


def test_rows_that_the_service_refuses_are_not_recorded(service: Service, player: Player) -> None:
    rows = drawn(3, 8).drop("y").to_dicts()
    del rows[1]["a"]
    given = player.answer(rows, BEGUN)
    assert [each is None for each in given] == [False, True, False]
    assert service.record.frame(NAME).height == 2


def test_outcomes_come_when_they_come_and_once(service: Service, player: Player) -> None:
    given = [each for each in player.answer(drawn(4, 9).drop("y").to_dicts(), BEGUN) if each is not None]
    came = [Came(each.id, "yes", each.at + timedelta(days=14)) for each in given[:3]]
    player.tell(came)
    player.tell(came)
    kept = service.record.frame(NAME)
    assert kept["outcome"].to_list() == ['"yes"'] * 3 + [None]
    assert [kept["outcome_at"][place] for place in (0, 3)] == [given[0].at + timedelta(days=14), None]
