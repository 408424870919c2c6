"""Versions of a recommender: swapped while it is asked, shared by user, in the shadow; rules checked at the start."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import Inside, constant
from tests.serve.films import films

from mlwright.errors import OptionError
from mlwright.model.recommender.recommender import Recommender
from mlwright.registry import Traffic, Workspace
from mlwright.serve.policy import Humility, ModelPolicy
from mlwright.serve.served_recommender import ServedRecommender
from mlwright.serve.settings import Settings
from mlwright.tasks.recommend.request import read_request

REFRESH = 0.02
LEARNERS = ("neighbours", "popularity")


@pytest.fixture(scope="module")
def made() -> list[Recommender]:
    return [films(learner) for learner in LEARNERS]


@pytest.fixture
def workspace(tmp_path: Path, made: list[Recommender]) -> Workspace:
    """A workspace with two versions of a recommender, of which the first is the champion."""
    found = Workspace(tmp_path / "ws")
    for each in made:
        found.add(each, "films")
    found.promote("films", 1)
    return found


@pytest.fixture
def running(workspace: Workspace) -> Iterator[Inside]:
    with Inside(Settings(models=("films",), workspace=str(workspace.path), refresh_s=REFRESH)) as inside:
        yield inside


def ask(inside: Inside, **request: Any) -> tuple[int, list[Any]]:
    """Return which version answered, and the ids."""
    told = inside.ask("POST", "/v1/models/films/recommend", json=request).raise_for_status().json()
    (found,) = told["recommendations"]
    return found.get("version") or told["model"]["version"], found["prediction"]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.01)


def test_no_request_fails_while_versions_are_swapped(
    workspace: Workspace, running: Inside, made: list[Recommender]
) -> None:
    history = [made[0].parts.answering.catalogue.ids[place] for place in (3, 4, 5)]
    right = {
        number: [one.item for one in model.ask({"history": history}).items]
        for number, model in enumerate(made, start=1)
    }
    assert right[1] != right[2]
    seen: list[tuple[int, list[Any]]] = []
    ends = threading.Event()

    def load() -> None:
        while not ends.is_set():
            seen.append(ask(running, history=history))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        for version in (2, 1, 2):
            workspace.promote("films", version)
            until(lambda version=version: running.service.endpoints["films"].main.version == version)
            count = len(seen)
            until(lambda count=count: len(seen) > count + 5)
    finally:
        ends.set()
        for each in threads:
            each.join(30)
    assert {version for version, _ in seen} == {1, 2}
    assert all(found == right[version] for version, found in seen)


def test_a_canary_by_user_shows_a_person_one_version(workspace: Workspace, running: Inside) -> None:
    workspace.set_traffic("films", Traffic({"2": 0.5}, sticky="user"))
    until(lambda: running.service.endpoints["films"].is_split)
    by_user = {user: {ask(running, user=user)[0] for _ in range(3)} for user in range(12)}
    assert all(len(versions) == 1 for versions in by_user.values())
    assert {version for versions in by_user.values() for version in versions} == {1, 2}
    recorder = running.service.recording.recorder
    recorder.flush(10)
    told = recorder.record.frame("films")
    assert set(told["propensity"]) == {0.5}
    assert set(told["subject"]) == {str(user) for user in by_user}


def test_a_shadow_recommends_beside_and_is_recorded(workspace: Workspace, running: Inside) -> None:
    workspace.set_traffic("films", Traffic(shadow=("2",)))
    until(lambda: bool(running.service.endpoints["films"].shadows))
    version, heard = ask(running, user="ann", k=4)
    assert version == 1

    def lines() -> list[dict[str, Any]]:
        running.service.recording.recorder.flush(5)
        return list(running.service.recording.recorder.record.frame("films").iter_rows(named=True))

    until(lambda: len(lines()) == 2)
    by_kind = {each["kind"]: each for each in lines()}
    assert json.loads(by_kind["answer"]["answer"])["prediction"] == heard
    assert by_kind["shadow"]["version"] == 2
    assert len(json.loads(by_kind["shadow"]["answer"])["prediction"]) == 4
    assert by_kind["shadow"]["of"] == by_kind["answer"]["id"]


def test_a_version_that_is_asked_in_another_way_shares_nothing(workspace: Workspace, running: Inside) -> None:
    workspace.add(constant(3.0), "films")
    workspace.set_traffic("films", Traffic({"3": 0.5}))
    until(lambda: running.service.endpoints["films"].problem is not None)
    assert "cannot share requests" in running.ask("GET", "/v1/models/films").json()["problem"]
    assert ask(running)[0] == 1


@pytest.mark.parametrize(
    ("policy", "said", "hint"),
    [
        (ModelPolicy(recommend={"filters": {"genr": {"in": ["x"]}}}), "which items do not have", "'genre'"),
        (ModelPolicy(recommend={"cap": {"genre": 2}}), "no field 'cap'", "'caps'"),
        (ModelPolicy(recommend={"history": [1]}), "no field 'history'", "Fields: k"),
        (ModelPolicy(recommend={"explore": 2}), "explore has to be", ""),
        (ModelPolicy(humility=Humility(uncertain_below=0.5)), "humility is about answers to rows", "recommend"),
        (ModelPolicy(histories="kept", private={"user": "omit"}), "Histories cannot be kept", "hash"),
    ],
)
def test_a_service_does_not_start_with_rules_that_cannot_be_followed(
    workspace: Workspace, policy: ModelPolicy, said: str, hint: str
) -> None:
    settings = Settings(models=("films",), workspace=str(workspace.path), of_model={"films": policy})
    with pytest.raises(OptionError, match=said) as caught, Inside(settings):
        pass
    assert hint in (caught.value.hint or "")
    assert "films" in (caught.value.where or "")


def test_rows_have_no_rules_of_lists(tmp_path: Path) -> None:
    constant(1.0).save(tmp_path / "made")
    for policy, name in ((ModelPolicy(histories="kept"), "histories"), (ModelPolicy(recommend={"k": 3}), "recommend")):
        settings = Settings(models=(str(tmp_path / "made"),), workspace=str(tmp_path / "ws"), of_model={"made": policy})
        with pytest.raises(OptionError, match=f"{name} is about recommenders"), Inside(settings):
            pass


def test_a_version_that_comes_later_follows_what_it_can(
    workspace: Workspace, made: list[Recommender], caplog: pytest.LogCaptureFixture
) -> None:
    policy = ModelPolicy(recommend={"filters": {"genre": {"in": ["drama"]}}, "k": 3})
    settings = Settings(models=("films",), workspace=str(workspace.path), refresh_s=REFRESH, of_model={"films": policy})
    with Inside(settings) as inside, caplog.at_level(logging.WARNING):
        assert len(ask(inside)[1]) == 3
        bare = _without_columns(made[0])
        workspace.add(bare, "films")
        workspace.promote("films", 3)
        until(lambda: ask(inside)[0] == 3)
        assert len(ask(inside)[1]) == 3
    assert any("cannot follow its policy" in each.getMessage() for each in caplog.records)


def _without_columns(model: Recommender) -> Recommender:
    from dataclasses import replace

    answering = model.parts.answering
    catalogue = replace(answering.catalogue, columns={}, title=None)
    parts = replace(model.parts, answering=replace(answering, catalogue=catalogue), golden=({"k": 3},))
    return Recommender(parts)


def test_reading_as_a_table_and_as_json_is_the_same() -> None:
    served = ServedRecommender(films(), "films", 1, ModelPolicy())
    cells = {"history": '["i000001", "i000002"]', "user": "7", "k": "4", "caps": '{"genre": 1}', "at": ""}
    (of_cells,) = served.answer([served.shape.of_cells(cells)], ["a"])
    (of_json,) = served.answer([{"history": ["i000001", "i000002"], "user": "7", "k": 4, "caps": {"genre": 1}}], ["a"])
    assert of_cells == of_json


def test_a_cell_that_is_nested_without_end_is_a_fault_of_its_row() -> None:
    deep = "[" * 100_000
    served = ServedRecommender(films(), "films", 1, ModelPolicy())
    for name, wanted in (("history", "history has to be a list"), ("caps", "caps has to be an object")):
        with pytest.raises(OptionError, match=wanted):
            read_request(served.shape.of_cells({name: deep, "user": "7"}))
