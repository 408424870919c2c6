"""Every alarm arrives at every place at least once, and a place that is out of reach stops nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.monitor.deliver.conftest import Outbox, Received, alarm

from mlwright.errors import OutputError
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.deliverer import LONGEST_PAUSE_S, MOST, Deliverer, Round
from mlwright.monitor.deliver.settings import DeliverySettings, Place
from mlwright.monitor.deliver.webhook import Webhook
from mlwright.monitor.store import Store


@dataclass(frozen=True, kw_only=True)
class Ear:
    """A channel that hears, or does what a test says instead."""

    kind: ClassVar[str] = "ear"
    heard: list[str] = field(default_factory=list)
    instead: Callable[[Alarm], None] = lambda _: None

    def check(self) -> None:
        """Anything goes."""

    def send(self, alarm: Alarm, *, link: str | None) -> None:
        self.instead(alarm)
        self.heard.append(alarm.id)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def deliverer(outbox: Outbox, *channels: Any, clock: Clock | None = None, **place: Any) -> Deliverer:
    places = tuple(Place(f"place-{number}", channel, **place) for number, channel in enumerate(channels))
    return Deliverer(outbox, DeliverySettings(places), clock=clock or Clock())


def alarms(number: int, **changed: Any) -> list[Alarm]:
    return [alarm(id=f"a{each}", **changed) for each in range(number)]


def test_each_place_is_told_once() -> None:
    outbox, first, second = Outbox(alarms(3)), Ear(), Ear()
    sends = deliverer(outbox, first, second)
    assert [each.sent for each in sends.round()] == [3, 3]
    assert [each.sent for each in sends.round()] == [0, 0]
    assert first.heard == second.heard == ["a0", "a1", "a2"]


def test_nothing_is_lost_where_a_place_is_out_of_reach(web: Received) -> None:
    web.statuses = [500, 200, 503]
    outbox, clock, other = Outbox(alarms(2)), Clock(), Ear()
    sends = deliverer(outbox, Webhook(url=web.address), other, clock=clock)
    first = sends.round()[0]
    assert (first.sent, first.waiting) == (0, 2)
    assert first.problem is not None
    assert "500" in first.problem
    assert other.heard == ["a0", "a1"]  # not held up
    sends.round()
    assert len(web.requests) == 1  # it is left alone for a while
    clock.now += 3
    assert sends.round()[0].sent == 1
    clock.now += 3
    assert (sends.round()[0].sent, len(web.requests)) == (1, 4)
    assert outbox.told["place-0"] == ["a0", "a1"]
    assert sends.round()[0].problem is None


def test_pauses_grow_and_stay_below_ten_minutes() -> None:
    tries: list[float] = []
    clock = Clock()

    def fail(_: Alarm) -> None:
        tries.append(clock.now)
        raise UndeliveredError("no.")

    sends = deliverer(Outbox(alarms(1)), Ear(instead=fail), clock=clock)
    for _ in range(2_000):
        sends.round()
        clock.now += 5
    gaps = [after - before for before, after in pairwise(tries)]
    assert gaps[0] == 5
    assert max(gaps) <= LONGEST_PAUSE_S * 1.2 + 5
    assert gaps[-1] >= LONGEST_PAUSE_S * 0.8 - 1
    assert len(tries) < 40


def test_a_place_that_asks_to_wait_is_left_alone() -> None:
    def busy(_: Alarm) -> None:
        raise UndeliveredError("busy.", retry_after_s=100.0)

    clock, ear = Clock(), Ear(instead=busy)
    sends = deliverer(Outbox(alarms(1)), ear, clock=clock)
    sends.round()
    clock.now += 99
    assert sends.round()[0].problem == "busy."
    object.__setattr__(ear, "instead", lambda _: None)
    sends.round()
    assert ear.heard == []
    clock.now += 2
    sends.round()
    assert ear.heard == ["a0"]


def test_an_alarm_that_is_not_taken_does_not_hold_up_the_others() -> None:
    def picky(each: Alarm) -> None:
        if each.id == "a0":
            raise UndeliveredError("too long.", is_refused=True)

    ear, clock = Ear(instead=picky), Clock()
    outbox = Outbox(alarms(3))
    sends = deliverer(outbox, ear, clock=clock)
    assert (sends.round()[0].waiting, ear.heard) == (1, ["a1", "a2"])
    object.__setattr__(ear, "instead", lambda _: None)
    assert sends.round()[0].problem == "too long."
    clock.now += 61
    assert sends.round()[0].problem is None
    assert ear.heard == ["a1", "a2", "a0"]


def test_a_place_is_told_what_it_wants() -> None:
    outbox, ear = Outbox([*alarms(1), alarm(id="n", level="notice"), alarm(id="o", model="other")]), Ear()
    deliverer(outbox, ear, level="page", models=("churn",)).round()
    assert ear.heard == ["a0"]
    assert outbox.undelivered("place-0") == []


def test_a_new_place_is_not_told_the_past() -> None:
    old, now = "2020-01-01T00:00:00+00:00", datetime.now(UTC).isoformat()
    outbox = Outbox(
        [alarm(id="past", at=old, ended=old), alarm(id="open", at=old), alarm(id="ended", at=now, ended=now)]
    )
    ear = Ear()
    deliverer(outbox, ear).round()
    assert ear.heard == ["open", "ended"]


def test_a_flood_comes_in_parts() -> None:
    ear = Ear()
    sends = deliverer(Outbox(alarms(1000)), ear)
    found = sends.round()[0]
    assert (found.sent, found.waiting) == (MOST, 1000 - MOST)
    for _ in range(19):
        sends.round()
    assert len(set(ear.heard)) == 1000


def test_a_store_or_a_channel_with_a_fault_raises_nothing() -> None:
    class Gone(Outbox):
        def undelivered(self, channel: str) -> list[Alarm]:
            raise OutputError("The database is gone.")

    def broken(_: Alarm) -> None:
        raise ZeroDivisionError

    assert deliverer(Gone([]), Ear()).round()[0].problem == "The database is gone."
    assert deliverer(Outbox(alarms(1)), Ear(instead=broken)).round()[0].problem == "ZeroDivisionError."


def test_who_ends_between_sending_and_noting_sends_again() -> None:
    class Dies(Outbox):
        def delivered(self, id: str, channel: str) -> None:  # noqa: A002
            raise OutputError("The disk is full.")

    ear, outbox = Ear(), Dies(alarms(1))
    deliverer(outbox, ear).round()
    deliverer(Outbox(outbox.alarms, outbox.told), ear).round()
    assert ear.heard == ["a0", "a0"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["ok", "away", "refused"]), max_size=40), st.integers(1, 8))
def test_at_least_once_whatever_happens(fates: list[str], number: int) -> None:
    left = list(fates)

    def fate(_: Alarm) -> None:
        now = left.pop() if left else "ok"
        if now != "ok":
            raise UndeliveredError(now, is_refused=now == "refused")

    ear, clock, outbox = Ear(instead=fate), Clock(), Outbox(alarms(number))
    sends = deliverer(outbox, ear, clock=clock)
    for _ in range(50):
        sends.round()
        clock.now += 5000
    assert sorted(ear.heard) == sorted(each.id for each in outbox.alarms)


def test_in_the_background_a_place_that_hangs_holds_up_nobody() -> None:
    ends, said = threading.Event(), threading.Event()

    def hang(_: Alarm) -> None:
        ends.wait(20)

    def tell(_: Alarm) -> None:
        said.set()

    outbox = Outbox([])
    sends = deliverer(outbox, Ear(instead=hang), Ear(instead=tell), clock=time.monotonic)  # type: ignore[arg-type]
    sends.begin(every_s=60)
    try:
        outbox.alarms.append(alarm())
        sends.look()
        assert said.wait(5)
        began = time.monotonic()
        sends.close(wait_s=0.2)
        assert time.monotonic() - began < 2
    finally:
        ends.set()
        sends.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("deliver-")]


def test_what_the_store_keeps_is_sent_once(tmp_path: Path) -> None:
    store, ear = Store(tmp_path / "registry.db"), Ear()
    settings = DeliverySettings((Place("ops", ear), Place("chat", Ear())))
    assert Deliverer(store, settings).round()[0] == Round("ops", 0, 0, None)  # nothing was ever raised
    store.save("churn", 3, after=0, state=b"", cursor={}, alarms=alarms(2))
    assert [each.sent for each in Deliverer(store, settings).round()] == [2, 2]
    assert [each.sent for each in Deliverer(Store(tmp_path / "registry.db"), settings).round()] == [0, 0]
    assert ear.heard == ["a0", "a1"]


def test_without_places_nothing_is_done() -> None:
    assert Deliverer(Outbox(alarms(1)), DeliverySettings()).round() == []


@pytest.mark.parametrize("every", [1, 3])
def test_several_at_work_tell_each_place_at_least_once(every: int) -> None:
    outbox, ear = Outbox(alarms(20)), Ear()
    both = [deliverer(outbox, ear) for _ in range(every)]
    threads = [threading.Thread(target=each.round) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {*ear.heard} == {each.id for each in outbox.alarms}
