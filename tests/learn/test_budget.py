"""The budget: how it is written, how it runs down, and how Ctrl-C is heard."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.learn.budget import Budget, counted_from, parse_budget


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("60s", 60), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), (" 90 ", 90), (30, 30.0), (timedelta(minutes=2), 120)],
)
def test_ways_to_write_a_budget(written, seconds):
    assert parse_budget(written) == seconds


@pytest.mark.parametrize("written", ["", "soon", "10x", "5 parsecs", "-5s", "0", 0, float("nan"), float("inf"), "0.2s"])
def test_what_is_no_budget_is_told_so(written):
    with pytest.raises(OptionError, match="budget"):
        parse_budget(written)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_parts_add_up(hours, minutes, seconds):
    assert parse_budget(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


def test_it_runs_down_and_stops_in_time():
    now = [0.0]
    budget = Budget(10, clock=lambda: now[0])
    stop = budget.stop_at(3.0)
    assert (budget.left, stop()) == (10, False)
    now[0] = 7.5
    assert (budget.spent, budget.left, stop()) == (7.5, 2.5, True)
    now[0] = 20
    assert budget.left == 0


def test_without_a_limit_only_cancelling_ends_it():
    budget = Budget(None)
    stop = budget.stop_at(lambda: 1e9)
    assert not stop() or budget.left == float("inf")
    budget.cancel()
    assert stop()


def test_a_limit_counts_from_the_first_moment():
    now = [0.0]
    first = Budget(None, clock=lambda: now[0])
    now[0] = 4
    assert first.limited(10).left == 6


def test_the_first_ctrl_c_cancels_and_the_second_interrupts():
    budget, told = Budget(60), []
    with budget.interruptible(lambda: told.append("stopping")):
        os.kill(os.getpid(), signal.SIGINT)
        assert budget.cancelled
        assert told == ["stopping"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_threads_other_than_the_main_one_need_no_signals():
    reached = []

    def work() -> None:
        with Budget(1).interruptible(lambda: None):
            reached.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert reached == [True]


Step = tuple[float, float | None, float | None]
"""Seconds that a stage takes before and after it is shortened, what is planned for it, and what it is shortened to."""
seconds = st.floats(-50, 200)
STEPS = st.lists(st.tuples(st.floats(0, 40), st.none() | seconds, st.none() | seconds), max_size=9)


@given(STEPS, st.floats(1, 100), st.floats(0, 30))
def test_what_is_planned_adds_up_to_the_budget_at_most(steps: list[Step], limit: float, kept: float):
    now = [0.0]
    budget = Budget(limit, clock=lambda: now[0])
    for place, (passed, planned, again) in enumerate(steps):
        left = budget.left
        budget.begin(f"stage {place}", planned)
        given = budget.stages[-1]["planned"]
        assert (given is None) == (planned is None)
        assert given is None or 0 <= given <= left + 0.01, "no more than there is"
        assert given is None or given <= max(0.0, planned) + 0.01, "no more than is needed"
        now[0] += passed
        if again is not None:
            budget.shorten(again)
        now[0] += passed
        if place == 1:
            budget.keep(kept)
        total = sum(stage["planned"] or 0.0 for stage in budget.stages)
        assert total <= limit + 0.01 * len(steps), "rounded"


def test_a_plan_is_cut_to_what_earlier_stages_were_not_given():
    now = [0.0]
    budget = Budget(40.0, clock=lambda: now[0])
    budget.begin("reading")
    now[0] = 2.0
    budget.begin("trying", 32.0)
    now[0] = 10.0
    budget.shorten(10.0)
    now[0] = 25.0
    budget.shorten(0.0)
    budget.begin("judging", 79.2)
    assert [stage["planned"] for stage in budget.stages] == [None, 18.0, 15.0], "judging: 40 less 25 that are spent"
    now[0] = 26.0
    budget.begin("learning", 9.0)
    assert budget.stages[-1]["planned"] == 5.0, "40 less 2 that were read for, 18 and 15"


def test_stages_tell_what_was_planned_and_what_was_spent():
    now = [0.0]
    budget = Budget(None, clock=lambda: now[0])
    budget.begin("reading", 5.0)
    budget = budget.limited(60.0)
    now[0] = 2.0
    budget.begin("trying", 40.0)
    now[0] = 45.5
    assert budget.stages == [
        {"stage": "reading", "seconds": 2.0, "planned": None},
        {"stage": "trying", "seconds": 43.5, "planned": 40.0},
    ]


def test_a_budget_counts_from_when_its_end_was_told():
    now = time.monotonic()
    with counted_from(now - 5.0):
        late = Budget.promised().limited(60.0)
        assert 5.0 <= late.spent < 10.0
        assert late.left <= 55.0
    assert Budget.promised().limited(60.0).spent < 5.0
