"""The bounds are exact where they can be compared with a sum over all cases, and err to the safe side else."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.clean.contract.chance import above_share, largest_share, more_events, more_than_before
from mlwright.clean.contract.tails import far_limits, far_limits_of
from mlwright.schema import QUANTILES

counts = st.integers(0, 30)


@settings(deadline=None)
@given(counts, counts, counts, counts)
def test_more_than_before_is_the_hypergeometric_tail(found: int, left: int, before: int, left_before: int) -> None:
    rows, rows_before = found + left, before + left_before
    total = found + before
    ways = sum(
        comb(rows, each) * comb(rows_before, total - each)
        for each in range(found, min(total, rows) + 1)
        if total - each <= rows_before
    )
    exact = ways / comb(rows + rows_before, total)
    told = more_than_before(found, rows, before, rows_before)
    assert told >= exact - 1e-9
    if rows_before and found and found * (rows + rows_before) > rows * total:
        assert told == pytest.approx(exact, rel=1e-9)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_above_share_is_the_binomial_tail(found: int, more: int, share: float) -> None:
    rows = found + more
    exact = sum(comb(rows, each) * share**each * (1 - share) ** (rows - each) for each in range(found, rows + 1))
    assert above_share(found, rows, share) == pytest.approx(exact, abs=1e-9)


def test_events_and_the_largest_share_agree_with_what_is_known() -> None:
    assert more_events(0, 0, 1.0) == 1.0
    assert more_events(10, 0, 1.0) == pytest.approx(2**-10)
    assert largest_share(0, 1000, 0.05) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert largest_share(1000, 1000, 0.05) == 1.0
    assert above_share(5, 100, largest_share(4, 100, 0.01)) > 0.01


def test_counts_of_millions_are_no_trouble() -> None:
    assert more_than_before(500_000, 1_000_000, 400_000, 1_000_000) < 1e-300
    assert more_than_before(400_100, 1_000_000, 400_000, 1_000_000) > 0.3
    assert more_than_before(1, 10**9, 0, 10**9) == pytest.approx(0.5, rel=1e-3)


def drawn(values: np.ndarray) -> tuple[tuple[float, ...], float, float]:
    ordered = np.sort(values)
    return tuple(float(ordered[int(each * (len(ordered) - 1))]) for each in QUANTILES), ordered[0], ordered[-1]


@pytest.mark.parametrize("kind", ["normal", "exponential", "lognormal", "standard_cauchy", "random"])
def test_no_fresh_value_is_far_off(kind: str) -> None:
    draw = np.random.default_rng(3)
    for _ in range(200):
        quantiles, low, high = drawn(getattr(draw, kind)(size=1000))
        below, above = far_limits(quantiles, low, high, known=1000, rows=1000, chance=1e-4)
        fresh = getattr(draw, kind)(size=1000)
        assert below < fresh.min()
        assert fresh.max() < above


def test_an_age_of_999_is_far_off_and_one_of_150_is_not() -> None:
    quantiles, low, high = drawn(np.random.default_rng(0).integers(18, 91, 1000).astype(float))
    _, above = far_limits(quantiles, low, high, known=1000, rows=1000, chance=1e-4)
    assert 150 < above < 999


@pytest.mark.parametrize("known", [1, 199])
def test_few_rows_say_nothing_of_tails(known: int) -> None:
    assert far_limits((0.0, 1.0, 2.0, 3.0, 4.0), 0, 4, known=known, rows=10, chance=0.1) == (-np.inf, np.inf)


def test_columns_of_mostly_one_value_have_no_tail_to_draw() -> None:
    assert far_limits((0.0, 0.0, 0.0, 0.0, 9.0), 0, 50, known=5000, rows=10, chance=0.1) == (-np.inf, np.inf)


@pytest.mark.parametrize("kind", ["normal", "exponential", "lognormal", "standard_cauchy", "random"])
@pytest.mark.parametrize("size", [200, 1000])
def test_by_all_the_values_no_fresh_value_is_far_off_either(kind: str, size: int) -> None:
    draw = np.random.default_rng(4)
    for _ in range(20):
        below, above = far_limits_of(getattr(draw, kind)(size=size), rows=10 * size, chance=1e-4)
        fresh = getattr(draw, kind)(size=10 * size)
        assert below < fresh.min()
        assert fresh.max() < above


def test_by_all_the_values_a_short_tail_ends_soon() -> None:
    draw = np.random.default_rng(5)
    degrees = draw.normal(37, 0.6, 1500).round(1)
    below, above = far_limits_of(degrees, rows=15_000, chance=1e-4)
    assert 20 < below < 34
    assert 40 < above < 55
    quantiles, low, high = drawn(degrees)
    assert above < far_limits(quantiles, low, high, known=1500, rows=15_000, chance=1e-4)[1]
    waited = draw.exponential(10, 1500)
    assert far_limits_of(waited, rows=15_000, chance=1e-4)[0] == pytest.approx(-waited.max(), rel=0.1)


def test_few_values_or_mostly_one_have_no_tail_that_could_be_fitted() -> None:
    draw = np.random.default_rng(6)
    assert far_limits_of(draw.normal(size=199), rows=10, chance=0.1) == (-np.inf, np.inf)
    spent = np.where(draw.random(1000) < 0.99, 0.0, draw.random(1000))
    assert far_limits_of(spent, rows=10, chance=0.1)[1] == np.inf
