"""Numbers of groups: their laws, and by a small simulation that their intervals hold what is true.

benchmarks/group_intervals.py does the same at length.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.limits import around_mean
from mlwright.fairness.rates import FEWEST, Measure, difference, rate
from mlwright.tasks.base import Target

DRAWS = 400
"""So many tell a coverage of 0.95 to 0.01: below 0.905 it is not by chance."""


def told(values: np.ndarray, *, share: bool, weight: np.ndarray | None = None, groups: np.ndarray | None = None):
    every = np.ones(len(values), dtype=bool)
    held = HeldOut(Target(np.zeros(len(values))), weight=weight, groups=groups)
    return rate(Measure("x", values.astype(float), every, 1, "", share=share), held, every)


def gap(p: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None):
    every = np.ones(len(y), dtype=bool)
    measure = Measure("gap", p - y, every, 0, "", share=False, happened=y)
    return rate(measure, HeldOut(Target(y), weight=weight), every)


def weights(random: np.random.Generator, rows: int, *, unequal: bool) -> np.ndarray | None:
    return np.exp(0.7 * random.standard_normal(rows)) if unequal else None


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize(("rows", "share"), [(30, 0.2), (100, 0.05), (300, 0.5)])
def test_intervals_of_shares_hold_the_truth(rows: int, share: float, *, unequal: bool) -> None:
    held = []
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, rows])
        low, high = told(
            random.random(rows) < share, share=True, weight=weights(random, rows, unequal=unequal)
        ).interval
        held.append(low <= share <= high)
    assert 0.905 <= np.mean(held) <= 0.985


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_of_means_hold_the_truth(*, unequal: bool, skewed: bool) -> None:
    held = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        values = random.standard_normal(60)
        values, truth = (np.exp(0.8 * values), np.exp(0.32)) if skewed else (values, 0.0)
        low, high = told(values, share=False, weight=weights(random, 60, unequal=unequal)).interval
        held.append(low <= truth <= high)
    assert 0.905 <= np.mean(held) <= 0.985


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.2])
def test_intervals_of_how_far_probabilities_are_off_hold_the_truth(share: float, *, unequal: bool) -> None:
    """With a plain mean's interval 43 % held at a share of 0.02: no case among the rows, no variance."""
    held = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        y = (random.random(30) < share).astype(float)
        p = expit(np.log(share / (1 - share)) + 1.5 * (random.standard_normal(30) + 1.5 * (y - 0.5)))
        low, high = gap(p, y, weights(random, 30, unequal=unequal)).interval
        held.append(low <= 0.0 <= high)
    assert 0.905 <= np.mean(held) <= 0.995


def test_with_equal_weights_a_mean_has_halls_interval() -> None:
    values = np.exp(np.random.default_rng(0).standard_normal(50))
    expected = around_mean(values.mean(), values - values.mean())
    for weight in (None, np.full(50, 7.0)):
        assert told(values, share=False, weight=weight).interval == pytest.approx(expected, rel=1e-9)
        assert told(values, share=False, weight=weight, groups=np.arange(50)).interval == pytest.approx(expected)


@given(st.floats(1e-3, 1e3), st.integers(0, 1_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_unit_of_weights_does_not_matter(scale: float, seed: int, share: bool) -> None:
    random = np.random.default_rng(seed)
    weight = random.random(40) + 0.1
    values = (random.random(40) < 0.3) if share else random.standard_normal(40)
    one, other = (told(values, share=share, weight=each) for each in (weight, scale * weight))
    assert one.interval == pytest.approx(other.interval, rel=1e-6, abs=1e-9)
    assert one.value == pytest.approx(other.value)


@given(st.integers(0, 1_000), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@settings(max_examples=40, deadline=None)
def test_a_difference_turned_round_is_its_negative_and_surer_is_wider(seed: int, level: float) -> None:
    random = np.random.default_rng(seed)
    one, other = (told(random.random(rows) < 0.4, share=True) for rows in (40, 200))
    value, low, high = difference(one, other, level)
    turned = difference(other, one, level)
    assert turned == pytest.approx((-value, -high, -low))
    assert low <= value <= high
    _, lower, higher = difference(one, other, 1 - (1 - level) / 2)
    assert (lower < low, higher > high) == (True, True)


def test_what_probabilities_are_off_is_widest_where_nothing_happened() -> None:
    p = np.full(30, 0.05)
    none, one = gap(p, np.zeros(30)), gap(p, np.eye(30)[0])
    assert none.value == pytest.approx(0.05)
    assert none.interval[0] < -0.05  # of 30 rows with none, 11 of 100 may well be cases
    assert none.interval[1] == pytest.approx(0.05)
    assert one.interval[0] < none.interval[0]


def test_too_few_rows_and_no_weight_tell_nothing() -> None:
    assert told(np.ones(FEWEST - 1), share=True) is None
    assert told(np.ones(FEWEST), share=True, weight=np.zeros(FEWEST)) is None
    assert told(np.ones(FEWEST), share=True, groups=np.zeros(FEWEST)) is None
    alone = told(np.arange(FEWEST), share=False, weight=np.eye(FEWEST)[0])
    assert np.isnan(alone.interval).all()
    assert told(np.full(FEWEST, 3.0), share=False).interval == (3.0, 3.0)
