"""The law that the guarantee rests on, and that it is kept and worth something in simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.adapt.capital import Capital
from mlwright.adapt.pairs import Floats

DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.3, 1.0]), max_size=60)


def fed(values: list[float], *, margin: float, most: int, goal: float = 20.0) -> Capital:
    capital = Capital(1, goal=goal, margin=margin, most=most)
    for value in values:
        capital.see(np.array([value]), np.array([-1.0]), np.array([1.0]))
    return capital


def after(state: dict[str, object], value: float, ends: tuple[float, float], margin: float, most: int) -> float:
    capital = Capital(1, goal=20.0, margin=margin, most=most)
    capital.restore(state)
    capital.see(np.array([value]), np.array([ends[0]]), np.array([ends[1]]))
    return float(capital.evidence[0])


@settings(max_examples=80, deadline=None)
@given(DIFFERENCES, st.sampled_from([-0.05, 0.0, 0.1]), st.integers(1, 80), st.floats(0.2, 20), st.floats(0.2, 20))
def test_no_difference_at_the_margin_wins_on_average(
    values: list[float], margin: float, most: int, low: float, high: float
) -> None:
    """What a difference wins is linear in it: where it is the margin on average, so is the capital what it was."""
    capital = fed(values, margin=margin, most=most)
    state, before = capital.state(), float(capital.evidence[0])
    ends = (margin - low, margin + high)
    worst, best = (after(state, end, ends, margin, most) for end in ends)
    assert 0.0 <= worst <= before * (1 + 1e-12)
    likely = low / (low + high)  # of the upper end, so that the mean is the margin
    assert likely * best + (1.0 - likely) * worst == pytest.approx(before, rel=1e-9)
    assert after(state, margin, ends, margin, most) == pytest.approx(before, rel=1e-12)


def test_what_has_won_stays_as_it_was() -> None:
    capital = fed([1.0] * 40, margin=0.0, most=100)
    assert capital.has_won[0]
    won = float(capital.evidence[0])
    assert won >= 20.0 * (1 - 1e-9)
    capital.see(np.array([-1.0]), np.array([-1.0]), np.array([1.0]))
    assert capital.evidence[0] == won


@settings(max_examples=30, deadline=None)
@given(DIFFERENCES, DIFFERENCES)
def test_a_state_goes_on_bit_for_bit(first: list[float], then: list[float]) -> None:
    whole = fed([*first, *then], margin=0.0, most=70)
    begun = fed(first, margin=0.0, most=70)
    gone_on = Capital(1, goal=20.0, margin=0.0, most=70)
    gone_on.restore(json.loads(json.dumps(begun.state())))
    for value in then:
        gone_on.see(np.array([value]), np.array([-1.0]), np.array([1.0]))
    assert gone_on.state() == whole.state()


def promoted(differences: Floats) -> float:
    capital = Capital(len(differences), goal=20.0, margin=0.0, most=differences.shape[1])
    end = np.ones(len(differences))
    for column in differences.T:
        capital.see(column, -end, end)
    return float(capital.has_won.mean())


def drawn(episodes: int, rows: int, better: float, worse: float) -> Floats:
    u = np.random.default_rng(1).random((episodes, rows))
    return np.where(u < better, 1.0, np.where(u < better + worse, -1.0, 0.0))


def test_it_is_rarely_won_by_chance_however_often_one_looks() -> None:
    """At 5 % of 2,000 episodes; a t-test that is looked at so often finds something in more than 20 %."""
    assert 0.02 <= promoted(drawn(2_000, 1_000, 0.05, 0.05)) <= 0.06
    assert promoted(drawn(500, 1_000, 0.05, 0.06)) <= 0.03


def test_it_finds_nearly_all_that_the_best_test_finds_which_looks_once() -> None:
    """3 points on 1,000 rows, one model alone right on 10 %: the best test that looks once finds 92 %."""
    assert promoted(drawn(500, 1_000, 0.065, 0.035)) >= 0.84


def test_the_chance_that_is_left_is_what_comes_true() -> None:
    capital = fed([], margin=0.0, most=1_000)
    foretold = float(capital.chance(np.array([0.03]), 1.0)[0])
    assert foretold == pytest.approx(promoted(drawn(1_000, 1_000, 0.065, 0.035)), abs=0.06)
    assert float(capital.chance(np.array([0.0]), 1.0)[0]) == pytest.approx(0.05 / 1.0, abs=0.011)
    assert float(fed([-1.0] * 30, margin=0.0, most=100).chance(np.array([0.0]), 1.0)[0]) < 1e-3
