"""Alarms are kept once, told to each channel, taken note of, and over some day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Store

Alarms = Callable[..., Alarm]


def keep(store: Store, *alarms: Alarm) -> None:
    saved = store.load("any", 1)
    assert store.save("any", 1, after=0 if saved is None else saved.step, state=b"", cursor={}, alarms=alarms)


def days(alarm: Alarms, count: int) -> list[Alarm]:
    return [alarm(id=f"alarm-{day}", at=f"2026-11-{day:02}T00:00:00+00:00") for day in range(1, count + 1)]


def test_an_alarm_that_is_raised_again_is_kept_as_it_was(store: Store, alarm: Alarms) -> None:
    keep(store, alarm(), alarm(message="again, in the same breath"))
    keep(store, alarm(message="again"))
    assert store.alarms("churn") == [alarm()]


def test_the_newest_come_first(store: Store, alarm: Alarms) -> None:
    found = days(alarm, 5)
    keep(store, *reversed(found), alarm(id="other", model="other"), alarm(id="older", version=2, at="2026-01-01"))
    assert store.alarms("churn", version=3) == found[::-1]
    assert store.alarms("churn", limit=2) == [found[4], found[3]]
    assert [each.id for each in store.alarms("churn")][-1] == "older"
    assert [each.id for each in store.alarms("other")] == ["other"]


def test_an_alarm_is_over_once(store: Store, alarm: Alarms) -> None:
    first, second = days(alarm, 2)
    keep(store, first, second)
    assert store.end_alarm(first.id, at="2026-11-09T00:00:00+00:00")
    assert not store.end_alarm(first.id)
    assert not store.end_alarm("unknown")
    assert store.alarms("churn", open_only=True) == [second]
    ended = replace(first, ended="2026-11-09T00:00:00+00:00")
    assert store.alarms("churn") == [second, ended]
    keep(store, first)  # a monitor that raises it again, after a restart
    assert store.alarms("churn") == [second, ended]
    assert store.end_alarm(second.id)
    assert store.alarms("churn", open_only=True) == []


def test_who_took_note_first_stays(store: Store, alarm: Alarms) -> None:
    keep(store, *days(alarm, 2))
    assert store.acknowledge("alarm-1", "ann", "known: the new plan\x00")
    assert not store.acknowledge("alarm-1", "bob", "me too")
    assert not store.acknowledge("unknown", "bob")
    found = store.acknowledged("churn")
    assert list(found) == ["alarm-1"]
    assert (found["alarm-1"].who, found["alarm-1"].why) == ("ann", "known: the new plan")
    assert store.acknowledged("other") == {}


def test_each_channel_is_told_of_each_alarm(store: Store, alarm: Alarms) -> None:
    first, second, third = days(alarm, 3)
    keep(store, second, first)
    assert store.undelivered("mail") == store.undelivered("slack") == [first, second]
    assert store.delivered(first.id, "mail")
    assert not store.delivered(first.id, "mail")
    assert not store.delivered("unknown", "mail")
    assert store.undelivered("mail") == [second]
    assert store.undelivered("slack") == [first, second]
    keep(store, third, first)
    assert store.undelivered("mail") == [second, third]
    store.end_alarm(second.id, at="2026-11-09T00:00:00+00:00")
    assert [each.ended for each in store.undelivered("mail")] == ["2026-11-09T00:00:00+00:00", None]
