"""Gaps between groups: what they are, and how sure of them one may be."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.fairness.mitigation.criteria import CRITERIA
from mlwright.fairness.mitigation.measure import Rows
from mlwright.tasks.base import Costs

ODDS = CRITERIA["equalized_odds"]


def test_a_gap_is_the_largest_difference_of_any_rate_between_any_two_groups() -> None:
    y = np.array([1.0, 1.0, 0.0, 0.0] * 3)
    group = np.repeat([0, 1, 2], 4)
    yes = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0], dtype=bool)
    rows = Rows(y, group, np.ones(12), 3)
    assert rows.rates(yes, "tpr").tolist() == [1.0, 0.5, 1.0]
    assert rows.rates(yes, "fpr").tolist() == [0.0, 0.0, 0.5]
    assert rows.gap(yes, ODDS, seed=0).value == 0.5
    assert rows.cost(yes, Costs(2.0, 3.0)).tolist() == [0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 2, 0]


@pytest.mark.parametrize(("groups", "gap"), [(2, 0.0), (2, 0.12), (4, 0.0), (4, 0.15)])
def test_the_interval_of_a_gap_holds_the_true_one_in_nineteen_of_twenty_samples(groups: int, gap: float) -> None:
    """Simulation; the band is for the widest of all differences, so it may cover more than 95 % but not less."""
    rates = np.array([0.5, *([0.5 + gap] * (groups - 1))])
    held = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        group = random.integers(0, groups, 900)
        y = np.ones(900)
        y[::3] = 0.0
        yes = random.random(900) < np.where(y == 1, rates[group], 0.2)
        found = Rows(y, group, np.ones(900), groups).gap(yes, ODDS, seed=seed)
        held += found.low <= gap <= found.high
    assert held >= 108  # 90 %: three standard errors below 95 %


def test_rows_that_belong_together_and_heavy_rows_make_the_interval_wider() -> None:
    random = np.random.default_rng(3)
    unit = np.repeat(np.arange(60), 10)
    group, y = unit % 2, (random.random(600) < 0.5).astype(float)
    yes = np.repeat(random.random(60) < 0.5, 10)
    alone = Rows(y, group, np.ones(600), 2).gap(yes, ODDS, seed=0)
    together = Rows(y, group, np.ones(600), 2, unit).gap(yes, ODDS, seed=0)
    heavy = Rows(y, group, np.where(random.random(600) < 0.1, 20.0, 1.0), 2).gap(yes, ODDS, seed=0)
    assert together.value == alone.value
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert heavy.high - heavy.low > alone.high - alone.low


def test_a_gap_that_no_rows_tell_is_not_a_number() -> None:
    y, group = np.ones(40), np.repeat([0, 1], 20)
    assert np.isnan(Rows(y, group, np.ones(40), 2).gap(y == 1, ODDS, seed=0).value)
