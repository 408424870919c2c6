"""Of a model there is one adaptation at a time, changed by one process at a time, with a trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from mlwright.monitor.store import Adaptation, Fence, Store, TrailEntry
from mlwright.monitor.store.tables import ADAPTATIONS
from mlwright.registry.database import writing

Adaptations = Callable[..., Adaptation]


def entry(what: str, **evidence: object) -> TrailEntry:
    return TrailEntry(at="2026-11-03T09:41:27+00:00", who="mlwright adapt", what=what, evidence=evidence)


def ended(adaptation: Adaptation) -> Adaptation:
    return replace(adaptation, stage="ended", ended="2026-11-05", verdict="refused", step=adaptation.step + 1)


def test_the_way_of_an_adaptation(store: Store, adaptation: Adaptations) -> None:
    one = adaptation()
    assert store.current("churn") is None
    assert store.begin(one, [entry("begin", e_value=530.25)])
    assert store.current("churn") == one
    two = replace(one, stage="built", challenger=4, state={"cursor": [1, 2.5]}, reason="it is built", step=1)
    assert store.move(two, [entry("choose", rows=10), entry("learn")])
    assert store.current("churn") == two
    three = ended(two)
    assert store.move(three, [entry("refuse\x00")])
    assert store.current("churn") is None
    assert store.adaptations("churn") == [three]
    assert store.trail(one.id) == [
        entry("begin", e_value=530.25), entry("choose", rows=10), entry("learn"), entry("refuse")
    ]  # fmt: skip
    assert store.trail("unknown") == []


def test_who_was_slower_changes_nothing(store: Store, adaptation: Adaptations) -> None:
    one = adaptation()
    assert not store.move(replace(one, step=1), [entry("too early")])
    assert store.begin(one)
    assert store.move(replace(one, stage="chosen", step=1), [entry("choose")])
    for step in (0, 1, 3):
        assert not store.move(replace(one, stage="late", step=step), [entry("late")])
    assert store.trail(one.id) == [entry("choose")]
    over = ended(replace(one, step=1))
    assert store.move(over)
    assert not store.move(replace(over, step=3, stage="risen", ended=None), [entry("rise")])
    assert store.adaptations("churn") == [over]
    assert store.trail(one.id) == [entry("choose")]


def test_of_a_model_there_is_one_at_a_time(store: Store, adaptation: Adaptations) -> None:
    one, two = adaptation(), adaptation(id="churn-2", begun="2026-11-06")
    assert store.begin(one, [entry("begin")])
    assert not store.begin(one, [entry("again")])
    assert not store.begin(two, [entry("beside it")])
    assert store.begin(adaptation(id="other-1", name="other"))
    assert store.move(ended(one))
    assert not store.begin(one, [entry("under an id that was used")])
    assert store.begin(two)
    assert [each.id for each in store.adaptations("churn")] == ["churn-2", "churn-1"]
    assert store.trail("churn-1") == [entry("begin")]
    assert store.trail("churn-2") == []


def test_the_database_itself_lets_no_second_one_in(store: Store, adaptation: Adaptations) -> None:
    assert store.begin(adaptation())
    assert store.begin(adaptation(id="other-1", name="other"))
    rename = sa.update(ADAPTATIONS).where(ADAPTATIONS.c.id == "other-1").values(name="churn")
    with pytest.raises(sa.exc.IntegrityError), writing(store.engine) as connection:
        connection.execute(rename)


def test_who_lost_the_lease_begins_and_changes_nothing(store: Store, adaptation: Adaptations) -> None:
    first, second = store.lease("adapt/churn", "a", 60), store.lease("adapt/churn", "a", 60)
    assert first is not None
    assert second is not None
    old, new = Fence("adapt/churn", first), Fence("adapt/churn", second)
    one = adaptation()
    assert not store.begin(one, [entry("old")], fence=old)
    assert store.begin(one, [entry("begin")], fence=new)
    moved = replace(one, step=1)
    assert not store.move(moved, [entry("old")], fence=old)
    assert store.move(moved, [entry("choose")], fence=new)
    assert store.trail(one.id) == [entry("begin"), entry("choose")]


def test_what_it_is_told_of_has_no_state(adaptation: Adaptations) -> None:
    told = adaptation().to_dict()
    assert "state" not in told
    assert told["trigger"] == {"kind": "alarm", "alarm": "churn@3-losses-page"}
