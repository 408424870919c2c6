"""A model that recommends under watch: its record and later logs as numbers, no false alarms, and the true ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from tests.lists import Asked, Town, model_of

from mlwright.adapt.player import Came, Player
from mlwright.errors import DataError, ModelError
from mlwright.evaluate.reference import Reference
from mlwright.model import Model, load
from mlwright.model.recommender.recommender import Recommender
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.deployment import Deployment
from mlwright.monitor.monitor import Monitor, monitor_file
from mlwright.monitor.once import BITS, Once
from mlwright.monitor.recorded_lists import ListReading, marks_of
from mlwright.monitor.report import Report
from mlwright.monitor.subject import Subject
from mlwright.registry import Workspace
from mlwright.serve.record import Record

NAME = "things"
TAUGHT, TOGETHER = 1_500, 50
DAY = 86_400_000_000


@cache
def learned() -> Recommender:
    return model_of(Town(3).log(TAUGHT), NAME)


class Shop:
    """A service that recommends to a town, in simulated time."""

    def __init__(self, home: Path) -> None:
        self.town = Town(3)
        self.town.log(TAUGHT)
        self.workspace, self.record = Workspace(home), Record(home / "record.db")
        self.workspace.add(learned(), NAME)

    def live(self, lists: int, *, history: bool = True, takes: bool = True) -> None:
        """Let so many be asked for, and something (or nothing) be taken after each."""
        player = Player(self.workspace, self.record, NAME)
        for _ in range(lists // TOGETHER):
            asked: list[Asked] = [self.town.ask(history=history) for _ in range(TOGETHER)]
            given = player.answer([each.row for each in asked], asked[0].at, over=timedelta(hours=16))
            player.tell(
                Came(each.id, [one.takes] if takes else [], each.at + timedelta(minutes=5))
                for each, one in zip(given, asked, strict=True)
                if each is not None
            )

    def look(self) -> Report:
        """Look a day after all that has happened."""
        return Monitor(self.workspace, NAME, record=self.record).run(self.town.now + timedelta(days=1))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path / "home")
    yield found
    found.record.close()


def of_kind(report: Report, kind: str) -> Alarm:
    (found,) = [alarm for alarm in report.alarms if alarm.kind == kind]
    return found


def test_nothing_is_said_while_nothing_changes(shop: Shop) -> None:
    shop.live(600)
    found = shop.look()
    assert (found.status, found.alarms) == ("ok", ())
    assert found.sentence == (
        "Nothing speaks for a change: 600 lists were given, and what came of 600 of them is known."
    )
    hits = found.performance["hit_rate_10"]
    assert hits["label"] == "share of lists without what was taken"
    assert hits["interval"][0] <= hits["judged"] <= hits["interval"][1]
    assert set(found.watched) == {"losses", "contract", "labels", "predictions", "columns", "health"}


def test_a_shift_of_taste_pages_with_what_to_do(shop: Shop) -> None:
    shop.town.change()
    shop.live(400)
    found = shop.look()
    assert found.status == "page"
    alarm = of_kind(found, "losses")
    assert alarm.message.startswith("The share of lists of ten without what was then taken has risen from ")
    assert "%" in alarm.message
    assert alarm.action == "learn again from a newer log: mlwright adapt things"
    assert set(alarm.causes) <= {"inputs", "relation", "data"}


def test_histories_that_are_no_longer_sent_are_named(shop: Shop) -> None:
    shop.live(400, history=False)
    found = shop.look()
    alarm = of_kind(found, "columns")
    assert "100 % of the requests come without any history, where it was" in alarm.message
    assert "history_length" in alarm.columns
    assert of_kind(found, "losses").action.startswith("see first whether histories are still sent")


def test_ids_that_nobody_knows_are_a_broken_contract(shop: Shop) -> None:
    shop.town.prefix = "other-"
    shop.live(400)
    found = shop.look()
    alarm = of_kind(found, "contract")
    assert (alarm.level, alarm.columns) == ("page", ("unknown_items",))
    assert "a history of which the model knows no item" in alarm.message
    assert of_kind(found, "losses").action.startswith("mend the broken rows first")


def test_that_nobody_takes_anything_any_more_is_a_notice_and_no_loss(shop: Shop) -> None:
    shop.live(300)
    shop.live(500, takes=False)
    found = shop.look()
    assert [(alarm.kind, alarm.level) for alarm in found.alarms] == [("labels", "notice")]
    assert "more seldom" in found.sentence


# --- a later log -----------------------------------------------------------------------------------------------------


def test_a_later_log_is_answered_event_by_event() -> None:
    town = Town(3)
    older, newer = town.log(TAUGHT), town.log(800)
    found = monitor_file(learned(), pl.concat([older, newer]))
    assert found.status == "ok"
    assert 200 <= found.records <= 500  # nobody counts more than once a day
    town.change()
    found = monitor_file(learned(), pl.concat([older, newer, town.log(800)]))
    assert found.status == "page"
    assert found.alarms[0].since is not None
    assert datetime.fromisoformat(found.alarms[0].since).year == 2026


def test_a_log_in_which_nothing_is_newer_is_refused() -> None:
    with pytest.raises(DataError, match="Nothing in the log came after") as caught:
        monitor_file(learned(), Town(3).log(TAUGHT))
    assert "newer log" in str(caught.value.hint)


# --- the record as numbers -------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """What is read of a recorded answer."""

    row: str
    answer: str


def line(listed: list[Any], history: object = (), *, levels: list[str] | None = None, k: int = 10) -> Any:
    answer = {"action": "answer", "prediction": listed, "levels": levels or ["personal"] * len(listed)}
    return Line(json.dumps({"history": history, "k": k}), json.dumps(answer))


def reading() -> ListReading:
    return ListReading(learned().parts)


def test_the_first_new_thing_that_was_taken_counts() -> None:
    listed = ["i001", "i002", "i003"]
    rows = [line(listed, ["i009"]) for _ in range(6)]
    told = [None, "[]", '["i002"]', '["i009", "i003", "i001"]', '["unheard of"]', '["i009"]']
    said = reading().read(rows, told, beside=True)
    np.testing.assert_array_equal(said.y, [np.nan, 0, 1, 1, 1, 1])
    places = [row.tolist().index(1.0) if row.any() else None for row in said.P[2:5]]
    assert places == [1, 2, None]
    assert np.isnan(said.P[[0, 1, 5]]).all()  # nothing is known, nothing was taken, nothing new was
    assert said.columns.rows == 6


def test_signals_are_what_the_list_shows() -> None:
    rows = [
        line(["i001", "i002"], levels=["personal", "popular"], k=4),
        line([], k=10),
        line(["new"], levels=["pinned"]),
    ]
    found = reading().read(rows, [None] * 3, beside=False).signals
    assert found[:, 0].tolist()[0] == 0.5
    assert found[:, 2].tolist() == [0.5, 0.0, 0.1]
    assert np.isnan(found[1:, 0]).all()
    assert np.isnan(found[1:, 1]).all()


def test_items_are_the_same_however_they_are_written() -> None:
    catalogue = learned().parts.answering.catalogue
    assert marks_of(catalogue, ["i001 "], ["i001"], ()) is not None
    found = marks_of(catalogue, [" i001", 12], ["i001", "12"], [{"item": "i005"}])
    assert found is not None
    assert (found[0], found[1].sum()) == (2.0, 2.0)


@pytest.mark.parametrize("odd", ['"i001"', "12", "null", '{"a": 1}', "[null]", "true"])
def test_odd_outcomes_are_read_without_a_fault(odd: str) -> None:
    said = reading().read([line(["i001"], "hmac:abc")], [odd], beside=True)
    assert said.y.shape == (1,)


# --- who counts ------------------------------------------------------------------------------------------------------


def test_nobody_counts_more_than_once_a_day_and_strangers_always_do() -> None:
    ids = [f"a{place}" for place in range(600)]
    at = np.repeat(np.arange(3), 200) * DAY
    once = Once()
    found = once.counting(["ann"] * 600, ids, at)
    assert found.sum() == 3
    assert once.counting([None] * 600, ids, at).all()
    many = Once().counting([f"p{place}" for place in range(600)], ids, at)
    assert 200 <= many.sum() <= 400  # of one row each: every other


def test_whom_has_counted_is_remembered_and_forgotten_in_time() -> None:
    ids = [f"a{place}" for place in range(40)]
    first, second = Once(), Once()
    at = np.zeros(40, dtype=np.int64)
    assert first.counting(["ann"] * 40, ids, at).sum() == 1
    second.restore(json.loads(json.dumps(first.state())))
    assert second.counting(["ann"] * 40, ids, at).sum() == 0
    people = [f"p{place}" for place in range(2 * BITS)]
    second.counting(people, people, np.zeros(len(people), dtype=np.int64))
    assert second.counting(["ann"] * 40, ids, at).sum() <= 1
    with pytest.raises(ValueError, match="cannot be read"):
        Once().restore("AAAA")


def test_the_state_of_a_deployment_goes_through_json(shop: Shop) -> None:
    shop.live(100)
    subject = Subject(shop.workspace.open(NAME))
    deployment = Deployment(subject)
    state = json.loads(json.dumps(deployment.state()))
    Deployment(subject).restore(state)
    with pytest.raises(ModelError):
        Deployment(subject).restore({**state, "once": {}})


# --- the reference ---------------------------------------------------------------------------------------------------


def test_the_reference_travels_with_the_model_and_is_not_trusted(tmp_path: Path) -> None:
    model: Model = learned()
    model.save(tmp_path / "model.zip")
    found = load(tmp_path / "model.zip").reference
    assert found is not None
    assert model.reference is not None
    assert found.to_dict() == model.reference.to_dict()
    assert found.calibration == ()
    sample, parts = found.sample, learned().parts
    changes: tuple[dict[str, object], ...] = (
        {"watched": [0, 1, 9]},
        {"calibration": [{"predicted": [], "observed": [], "rows": []}]},
        {"task": "binary"},
    )
    for change in changes:
        with pytest.raises((ModelError, KeyError)):
            Reference.from_dict({**found.to_dict(), **change}, sample, schema=parts.schema, task=parts.task, classes=())


def test_what_the_service_keeps_of_somebody_is_their_history() -> None:
    class Answered(NamedTuple):
        row: str
        answer: str
        subject: str
        at: int

    answer = json.dumps({"action": "answer", "prediction": ["i001"], "levels": ["personal"]})
    rows: Any = [Answered('{"history_kept": true, "k": 10}', answer, "ann", moment * 1_000_000) for moment in (1, 3)]
    kept = {"ann": [{"item": "i002", "at": 2.0}]}
    said = ListReading(learned().parts, lambda _: kept).read(rows, ['["i002"]'] * 2, beside=True)
    assert np.isfinite(said.P).all(axis=1).tolist() == [True, False]  # the second time it was nothing new
