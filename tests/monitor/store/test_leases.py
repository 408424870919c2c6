"""Of many that want a lease one has it, whatever the clock does and whoever sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.monitor.store import Store

KEY = "watch/churn"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(place: str | Path, clock: Clock) -> Iterator[Store]:
    made = Store(place, clock=clock)
    yield made
    made.close()


def test_another_gets_it_when_its_time_is_over(store: Store, clock: Clock) -> None:
    assert store.lease(KEY, "a", 60) == 1
    clock.now += 59
    assert store.lease(KEY, "b", 60) is None
    assert store.lease("watch/other", "b", 60) == 1
    clock.now += 1
    assert store.lease(KEY, "b", 60) == 2
    assert (store.fenced(KEY, 1), store.fenced(KEY, 2)) == (False, True)
    assert not store.renew(KEY, 1, 60)
    assert not store.release(KEY, 1)
    assert store.fenced(KEY, 2)


def test_it_is_renewed_and_given_back(store: Store, clock: Clock) -> None:
    assert store.lease(KEY, "a", 60) == 1
    clock.now += 50
    assert store.renew(KEY, 1, 60)
    clock.now += 50
    assert store.lease(KEY, "b", 60) is None
    assert store.release(KEY, 1)
    assert not store.release(KEY, 1)
    assert not store.renew(KEY, 1, 60)
    assert not store.fenced(KEY, 1)
    assert store.lease(KEY, "b", 60) == 2


def test_whose_time_is_over_keeps_it_until_somebody_asks(store: Store, clock: Clock) -> None:
    assert store.lease(KEY, "a", 60) == 1
    clock.now += 1_000
    assert store.fenced(KEY, 1)
    assert store.renew(KEY, 1, 60)
    assert store.lease(KEY, "b", 60) is None


def test_the_same_holder_begins_anew(store: Store) -> None:
    assert store.lease(KEY, "a", 60) == 1
    assert store.lease(KEY, "a", 60) == 2
    assert (store.fenced(KEY, 1), store.fenced(KEY, 2)) == (False, True)


def test_a_clock_that_was_put_back_keeps_nobody_waiting_for_as_long(store: Store, clock: Clock) -> None:
    assert store.lease(KEY, "a", 60) == 1
    clock.now -= 100_000
    assert store.lease(KEY, "b", 60) is None
    clock.now += 59
    assert store.lease(KEY, "b", 60) is None
    clock.now += 1
    assert store.lease(KEY, "b", 60) == 2


def test_by_the_clock_of_the_database(place: str | Path) -> None:
    """One asks soon, one after the time: the clock that nobody has set runs, and in seconds."""
    store = Store(place)
    assert store.lease(KEY, "a", 3600) == 1
    assert store.lease(KEY, "b", 3600) is None
    assert store.renew(KEY, 1, 0)
    assert store.lease(KEY, "b", 3600) == 2
    store.close()


@dataclass
class Given:
    """A lease as the one who has it remembers it."""

    holder: str
    token: int
    at: float
    """By a clock that nobody can set."""
    seconds: float


HOLDERS = st.sampled_from("abc")
SECONDS = st.integers(1, 100)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), SECONDS),
        st.tuples(st.just("put the clock back"), st.integers(1, 10_000)),
        st.tuples(st.just("put the clock forward"), st.integers(1, 10_000)),
        st.tuples(st.just("lease"), HOLDERS, SECONDS),
        st.tuples(st.just("renew"), st.integers(0, 5), SECONDS),
        st.tuples(st.just("release"), st.integers(0, 5)),
    ),
    max_size=25,
)


@contextmanager
def fresh(clock: Clock) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "registry.db", clock=clock)
        yield store
        store.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Store, Clock]]:
    """One store for all examples, each with a key of its own: to make the tables takes longer than the rest."""
    clock = Clock()
    with fresh(clock) as store:
        yield store, clock


@settings(max_examples=50, deadline=None)
@given(acts=ACTS, number=st.integers(0, 2**60))
def test_no_two_hold_a_lease_at_once(shared: tuple[Store, Clock], acts: list[tuple[str, ...]], number: int) -> None:
    store, clock = shared
    key = f"{number}-{hash(tuple(acts))}"
    store.lease(key, "before", 1)  # an example may be run twice: its key was used then
    clock.now += 1_000_000
    real, jumped, taken = 0.0, False, list[Given]()
    last: Given | None = None
    for act, *rest in acts:
        if act == "wait":
            real, clock.now = real + rest[0], clock.now + rest[0]
        elif act.startswith("put"):
            clock.now += rest[0] if act.endswith("forward") else -rest[0]
            jumped = jumped or act.endswith("forward")
        elif act == "lease":
            token = store.lease(key, rest[0], rest[1])
            is_free = last is None or last.holder == rest[0]
            if not is_free and not jumped and real < last.at + last.seconds:
                assert token is None  # nobody is robbed, unless the clock was put forward
            if token is None:
                assert not is_free
                continue
            assert not taken or token > taken[-1].token
            last = Given(rest[0], token, real, rest[1])
            taken.append(last)
            jumped = False
        elif taken and act == "renew":
            one = taken[rest[0] % len(taken)]
            assert store.renew(key, one.token, rest[1]) == (one is last)
            if one is last:
                one.at, one.seconds, jumped = real, rest[1], False
        elif taken:
            one = taken[rest[0] % len(taken)]
            assert store.release(key, one.token) == (one is last)
            last = None if one is last else last
        assert [each.token for each in taken if store.fenced(key, each.token)] == ([last.token] if last else [])
