"""Threads for large batches: as many as there are cores to spare, and none that outlive a batch."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlwright.learn import cores as module
from mlwright.learn.cores import cores, side_by_side


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 4)


@pytest.mark.parametrize(("given", "at_most"), [("1", 1), ("1,2", 1), ("0", 1), ("10000", None), ("many", None)])
def test_the_variable_lowers_the_number(given: str, at_most: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    there = cores()
    assert there >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert cores() == (at_most or there)


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_everything_is_done_once(count: int) -> None:
    done: list[int] = []
    side_by_side(done.append, range(count))
    assert sorted(done) == list(range(count))


@pytest.mark.usefixtures("four")
def test_many_callers_share_the_helpers() -> None:
    most, seen = threading.active_count(), []

    def work(_: int) -> None:
        seen.append(threading.active_count())
        time.sleep(0.002)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: side_by_side(work, range(12)), range(5)))
    assert len(seen) == 60
    assert max(seen) <= most + 5 + 3
    assert module._HELPERS._busy == 0


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("error", [ValueError, IndexError, KeyError])
def test_an_error_is_raised_and_ends_the_work(error: type[Exception]) -> None:
    done: list[int] = []

    def work(start: int) -> None:
        time.sleep(0.001)
        if start == 3:
            raise error("no")
        done.append(start)

    with pytest.raises(error):
        side_by_side(work, range(1000))
    assert len(done) < 900
    assert module._HELPERS._busy == 0


def test_one_core_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 1)
    threads: set[int] = set()
    side_by_side(lambda _: threads.add(threading.get_ident()), range(20))
    assert threads == {threading.get_ident()}


@pytest.mark.usefixtures("four")
def test_a_forked_process_has_all_its_helpers() -> None:
    assert module._HELPERS.take(3) == 3
    assert module._HELPERS.take(3) == 0
    module._HELPERS._forget()
    assert module._HELPERS.take(3) == 3
    module._HELPERS.give_back(3)
