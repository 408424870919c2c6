"""Many processes at once, and processes that are killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Point, Store

PROCESSES, EACH = 4, 8

COMMON = """
import json, os, signal, sys, traceback
import sqlalchemy as sa
from pathlib import Path
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import Adaptation, Point, Store, TrailEntry
from mlwright.serve.record import Record  # imported once, for all of them

place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
DAY = "2026-11-03T09:41:27+00:00"


def alarm(name):
    return Alarm(id=name, kind="losses", level="page", model="churn", version=1, at=DAY, message="m", action="a")


def point(number):
    return Point(name="churn", version=1, series="performance", at=f"{number:09}", value=1.0, rows=1)


def all_at_once(work, processes):
    start, go = os.pipe()
    children = []
    for me in range(processes):
        if (child := os.fork()) == 0:
            try:
                os.close(go)
                os.read(start, 1)  # until the last one is there
                work(me)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    os.close(go)
    return [os.waitpid(child, 0)[1] for child in children]
"""

WRITERS = f"""
{COMMON}

def work(me):
    store = Store(place)  # the first one makes the tables
    made = 0
    while made < {EACH}:
        saved = store.load("churn", 1)
        step, seen = (0, []) if saved is None else (saved.step, json.loads(saved.state))
        state = json.dumps([*seen, [me, made]]).encode()
        name = f"{{me}}-{{made}}"
        made += store.save("churn", 1, after=step, state=state, cursor={{"rows": step + 1}},
                           alarms=[alarm(name)], points=[point(step + 1)])


sys.exit(sum(status != 0 for status in all_at_once(work, {PROCESSES})))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    words = [sys.executable, "-c", script, *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_four_that_save_at_once_lose_nothing_and_count_nothing_twice(place: str | Path) -> None:
    done = run(WRITERS, str(place))
    assert (done.returncode, done.stderr) == (0, "")
    store = Store(place)
    found = store.load("churn", 1)
    assert found is not None
    total = PROCESSES * EACH
    assert (found.step, found.cursor) == (total, {"rows": total})
    seen = [tuple(each) for each in json.loads(found.state)]
    for me in range(PROCESSES):
        assert [made for who, made in seen if who == me] == list(range(EACH))
    assert {each.id for each in store.alarms("churn")} == {f"{me}-{made}" for me, made in seen}
    assert [each.at for each in store.points("churn")] == [f"{number:09}" for number in range(1, total + 1)]
    store.close()


RIVALS = f"""
{COMMON}

def work(me):
    store = Store(place)
    mine = []
    while len(mine) < 5:
        token = store.lease("churn", str(me), 60)
        if token is None:
            continue
        mine.append(token)
        one = Adaptation(id=f"{{token}}", name="churn", stage="s", champion=1, trigger={{}}, state={{}},
                         begun=f"{{token:09}}", changed="", step=0)
        line = TrailEntry(at="", who=str(me), what=str(token))
        assert store.begin(one, [line])
        over = Adaptation(id=one.id, name="churn", stage="ended", champion=1, trigger={{}}, state={{}},
                          begun=one.begun, changed="", ended="now", step=1)
        assert store.move(over, [line])
        assert store.release("churn", token)
    print(json.dumps(mine), flush=True)


sys.exit(sum(status != 0 for status in all_at_once(work, {PROCESSES})))
"""


def test_who_has_the_lease_is_alone(place: str | Path) -> None:
    """Each begins and ends an adaptation under the lease; there is never a second one, and no token is given twice."""
    done = run(RIVALS, str(place))
    assert (done.returncode, done.stderr) == (0, "")
    tokens = sorted(token for line in done.stdout.splitlines() for token in json.loads(line))
    assert tokens == list(range(1, 5 * PROCESSES + 1))
    store = Store(place)
    assert [each.id for each in store.adaptations("churn")] == [str(token) for token in reversed(tokens)]
    assert all(len(store.trail(str(token))) == 2 for token in tokens[::7])
    store.close()


KILLED = f"""
{COMMON}

counted = 0


def work(number):
    store = Store(place)

    def count(*_):
        global counted
        counted += 1
        if counted == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(store.engine, "after_cursor_execute", count)
    sa.event.listen(store.engine, "commit", count)  # just before it
    store.save("churn", 1, after=int(sys.argv[2]), state=b"new", cursor={{"rows": 2}},
               alarms=[alarm("new"), alarm("newer")], points=[point(1), point(2)])
    os._exit(7)


def one(number):
    if (child := os.fork()) == 0:
        work(number)
    return os.waitpid(child, 0)[1]


def state():
    store = Store(place)
    saved = store.load("churn", 1)
    kept = None if saved is None else [saved.step, saved.state.decode(), saved.cursor]
    found = [kept, len(store.alarms("churn")), len(store.points("churn"))]
    store.close()
    return found


found = []
while True:
    status = one(len(found) + 1)
    found.append([os.WIFSIGNALED(status) and os.WTERMSIG(status) == 9, state()])
    if not found[-1][0]:
        break
print(json.dumps(found))
"""


@pytest.mark.parametrize("is_first", [True, False])
def test_a_save_that_is_killed_anywhere_keeps_nothing_of_it(
    place: str | Path, alarm: Callable[..., Alarm], point: Callable[..., Point], is_first: bool
) -> None:
    before: list[object] = [None, 0, 0]
    store = Store(place)
    store.acknowledge("none")  # makes the tables
    if not is_first:
        kept = {"alarms": [alarm()], "points": [point(version=1)]}
        assert store.save("churn", 1, after=0, state=b"old", cursor={"rows": 1}, **kept)
        before = [[1, "old", {"rows": 1}], 1, 1]
    store.close()
    done = run(KILLED, str(place), "0" if is_first else "1")
    assert (done.returncode, done.stderr) == (0, "")
    *killed, (was_killed, last) = json.loads(done.stdout)
    assert len(killed) >= 4  # after the state, after the alarms, after the points, before the commit
    assert killed == [[True, before]] * len(killed)
    assert not was_killed  # in the end there is nothing left at which to kill it
    assert last == [[1 if is_first else 2, "new", {"rows": 2}], 2 if is_first else 3, 2 if is_first else 3]
