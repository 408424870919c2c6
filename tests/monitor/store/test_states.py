"""Where a monitor stands: kept whole, once, and by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlwright.errors import DataError
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Fence, Point, Store

Alarms, Points = Callable[..., Alarm], Callable[..., Point]
STATE = bytes(range(256))


def test_what_was_saved_is_loaded(store: Store, alarm: Alarms, point: Points) -> None:
    assert store.load("churn", 3) is None
    cursor = {"answers": {"at": 17, "id": "x"}}
    assert store.save("churn", 3, after=0, state=STATE, cursor=cursor, alarms=[alarm()], points=[point()])
    found = store.load("churn", 3)
    assert found is not None
    assert (found.step, found.state, found.cursor) == (1, STATE, cursor)
    assert store.alarms("churn") == [alarm()]
    assert store.points("churn") == [point()]
    assert store.load("churn", 4) is None
    assert store.load("other", 3) is None


def test_who_was_slower_keeps_nothing(store: Store, alarm: Alarms, point: Points) -> None:
    assert store.save("churn", 3, after=0, state=b"first", cursor={})
    late = {"state": b"late", "cursor": {}, "alarms": [alarm()], "points": [point()]}
    for after in (0, 2, -1):
        assert not store.save("churn", 3, after=after, **late)
    assert store.save("churn", 3, after=1, state=b"second", cursor={})
    assert not store.save("churn", 3, after=1, **late)
    found = store.load("churn", 3)
    assert found is not None
    assert (found.step, found.state) == (2, b"second")
    assert store.alarms("churn") == []
    assert store.points("churn") == []


def test_versions_do_not_disturb_each_other(store: Store) -> None:
    assert store.save("churn", 3, after=0, state=b"three", cursor={})
    assert store.save("churn", 4, after=0, state=b"four", cursor={})
    assert store.save("churn", 3, after=1, state=b"three again", cursor={})
    assert [getattr(store.load("churn", version), "state", None) for version in (3, 4)] == [b"three again", b"four"]


def test_a_period_is_measured_better_later(store: Store, point: Points) -> None:
    one, other = point(), point(at="2026-11-04T00:00:00+00:00", lower=0.05, upper=0.2)
    better = point(value=0.2, lower=0.1, upper=0.3, rows=200)
    assert store.save("churn", 3, after=0, state=b"", cursor={}, points=[other, one])
    assert store.points("churn", version=3) == [one, other]
    assert store.save("churn", 3, after=1, state=b"", cursor={}, points=[better])
    assert store.points("churn", version=3) == [better, other]


def test_the_newest_points_are_given_oldest_first(store: Store, point: Points) -> None:
    days = [point(at=f"2026-11-{day:02}T00:00:00+00:00", series=series) for day in range(1, 11) for series in "ab"]
    assert store.save("churn", 3, after=0, state=b"", cursor={}, points=[*days, point(version=2)])
    assert store.points("churn", version=3, limit=4) == days[-4:]
    assert store.points("churn", version=3, series="b", limit=3) == days[-5::2]
    assert store.points("churn", version=2) == [point(version=2)]
    assert len(store.points("churn")) == 21
    assert store.points("other") == []


@pytest.mark.parametrize("name", ["value", "lower", "upper"])
def test_what_is_no_number_is_not_kept(store: Store, point: Points, name: str) -> None:
    with pytest.raises(DataError, match="no number"):
        store.save("churn", 3, after=0, state=b"", cursor={}, points=[point(), point(**{name: float("nan")})])
    assert store.load("churn", 3) is None
    assert store.points("churn") == []


def test_a_monitor_that_lost_its_lease_keeps_nothing(store: Store, alarm: Alarms) -> None:
    first = store.lease("watch", "a", 60)
    second = store.lease("watch", "a", 60)
    assert first is not None
    assert second is not None
    kept = {"state": b"", "cursor": {}, "alarms": [alarm()]}
    assert not store.save("churn", 3, after=0, **kept, fence=Fence("watch", first))
    assert not store.save("churn", 3, after=0, **kept, fence=Fence("other", second))
    assert store.load("churn", 3) is None
    assert store.alarms("churn") == []
    assert store.save("churn", 3, after=0, **kept, fence=Fence("watch", second))


def test_to_look_makes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "nothing" / "registry.db")
    assert store.load("churn", 1) is None
    assert [store.alarms("churn"), store.points("churn"), store.adaptations("churn"), store.trail("x")] == [[]] * 4
    assert store.undelivered("mail") == []
    assert store.acknowledged("churn") == {}
    assert store.current("churn") is None
    assert not store.fenced("watch", 1)
    assert list(tmp_path.iterdir()) == []
