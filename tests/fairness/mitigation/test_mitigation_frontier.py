"""The frontier: what the linear program promises, against what can be found by trying everything."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.fairness.mitigation.criteria import CRITERIA, criterion_of
from mlwright.fairness.mitigation.frontier import NOBODY, Frontier, Known
from mlwright.tasks.base import Costs

Array = np.ndarray[Any, np.dtype[Any]]


def rows(count: int, groups: int, seed: int, *, levels: int = 0, costs: Costs | None = None) -> Known:
    """Groups whose scores mean different things, each its own segment; `levels` rounds scores to so many values."""
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, count)
    group[: 4 * groups] = np.repeat(np.arange(groups), 4)
    score = random.beta(2, 3 + group, count)
    if levels:
        score = np.round(score * levels) / levels
    y = (random.random(count) < score * (0.7 + 0.5 * group / groups)).astype(np.float64)
    y[: 4 * groups] = np.tile([0.0, 1.0, 0.0, 1.0], groups)
    return Known(score, y, group, group, np.ones(count), groups, groups, costs or Costs())


def brute(known: Known, criterion: str, tolerance: float) -> float:
    """Return the least cost of one threshold for each group by trying all of them."""
    grids = [[0.0, *np.unique(known.score[known.group == place]).tolist(), NOBODY] for place in range(known.groups)]
    best = np.inf
    for picked in product(*grids):
        yes = known.score >= np.array(picked)[known.group]
        if gap(known, yes, criterion) <= tolerance + 1e-9:
            best = min(best, cost(known, yes.astype(float)))
    return best


def cost(known: Known, chance: Array) -> float:
    """Return the cost of an average row where each is answered yes with a chance."""
    false = (
        known.costs.false_positive * chance * (1 - known.case) + known.costs.false_negative * (1 - chance) * known.case
    )
    return float(np.average(false, weights=known.weight))


def gap(known: Known, chance: Array, criterion: str) -> float:
    """Return the largest difference of a rate between groups."""
    found = []
    for rate in CRITERIA[criterion].rates:
        kept = {"selection": np.ones_like(known.case), "tpr": known.case, "fpr": 1 - known.case}[rate] * known.weight
        shares = [
            float((chance * kept)[known.group == place].sum() / kept[known.group == place].sum())
            for place in range(known.groups)
        ]
        found.append(max(shares) - min(shares))
    return max(found)


def chances(known: Known, found: Any) -> Array:
    """Return the chance with which each row is answered yes by rules."""
    made = np.zeros(len(known.score))
    for place, rule in enumerate(found.rules):
        inside = known.segment == place
        made[inside] = sum(
            share * (known.score[inside] >= threshold)
            for threshold, share in zip(rule.thresholds, rule.shares, strict=True)
        )
    return made


@given(
    seed=st.integers(0, 10_000),
    groups=st.integers(2, 4),
    criterion=st.sampled_from(sorted(CRITERIA)),
    tolerance=st.sampled_from([0.0, 0.01, 0.05, 0.2]),
    dear=st.sampled_from([0.3, 1.0, 4.0]),
)
@settings(max_examples=40, deadline=None)
def test_rules_do_what_they_are_said_to_and_stay_within_the_tolerance(
    seed: int, groups: int, criterion: str, tolerance: float, dear: float
) -> None:
    known = rows(300, groups, seed, costs=Costs(1.0, dear, stated=True))
    found = Frontier(known, CRITERIA[criterion]).solve(tolerance)
    chance = chances(known, found)
    assert gap(known, chance, criterion) <= tolerance + 1e-6
    assert found.gap == pytest.approx(gap(known, chance, criterion), abs=1e-6)
    assert found.cost == pytest.approx(cost(known, chance), abs=1e-6)


@given(seed=st.integers(0, 10_000), criterion=st.sampled_from(sorted(CRITERIA)))
@settings(max_examples=20, deadline=None)
def test_a_larger_tolerance_never_costs_more_and_the_program_never_more_than_single_thresholds(
    seed: int, criterion: str
) -> None:
    known = rows(60, 2, seed, levels=8)
    frontier = Frontier(known, CRITERIA[criterion])
    costs = [frontier.solve(tolerance).cost for tolerance in (0.0, 0.02, 0.1, 0.3, 0.99)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(costs))
    for tolerance, least in zip((0.02, 0.1, 0.3), costs[1:4], strict=True):
        assert least <= brute(known, criterion, tolerance) + 1e-9


@pytest.mark.parametrize("criterion", ["demographic_parity", "equal_opportunity", "equalized_odds"])
@pytest.mark.parametrize("seed", range(4))
def test_single_thresholds_are_as_good_as_trying_all_of_them(criterion: str, seed: int) -> None:
    known = rows(80, 2, seed, levels=10)
    frontier = Frontier(known, CRITERIA[criterion])
    for tolerance in (0.05, 0.15):
        found = frontier.firm(tolerance, frontier.solve(tolerance))
        assert found is not None
        assert found.gap <= tolerance + 1e-9
        assert found.cost == pytest.approx(brute(known, criterion, tolerance), abs=1e-9)


def test_without_a_bound_each_group_gets_the_threshold_that_costs_it_least() -> None:
    known = rows(400, 3, 5)
    found = Frontier(known, CRITERIA["equalized_odds"]).solve(0.999)
    alone = sum(
        min(
            cost(known, np.where(known.group == place, known.score >= threshold, known.case))
            for threshold in [0.0, *np.unique(known.score).tolist(), NOBODY]
        )
        for place in range(3)
    )
    assert found.cost == pytest.approx(alone, abs=1e-9)


def test_segments_that_are_no_groups_keep_the_rates_of_true_groups_within_the_tolerance() -> None:
    random = np.random.default_rng(0)
    known = rows(3000, 2, 1)
    guessed = np.where(random.random(3000) < 0.8, known.group, 1 - known.group)
    blind = Known(
        known.score, known.case, known.group, 2 * guessed + (random.random(3000) < 0.5), known.weight, 2, 4, Costs()
    )
    before = gap(known, (known.score >= 0.5).astype(float), "equalized_odds")
    found = Frontier(blind, CRITERIA["equalized_odds"]).solve(0.01)
    chance = chances(blind, found)
    assert before > 0.1
    assert gap(known, chance, "equalized_odds") <= 0.01 + 1e-6
    assert cost(known, chance) <= cost(known, np.zeros(3000))


def test_rows_of_no_group_count_for_the_cost_alone() -> None:
    known = rows(200, 2, 3)
    outside = np.where(np.arange(200) % 5 == 0, -1, known.group)
    found = Frontier(
        Known(known.score, known.case, outside, known.group, known.weight, 2, 2, Costs()), CRITERIA["equalized_odds"]
    ).solve(0.0)
    inside = outside >= 0
    part = known.take(np.flatnonzero(inside))
    assert gap(part, chances(known, found)[inside], "equalized_odds") <= 1e-6


def test_weights_count_as_copies_of_rows() -> None:
    known = rows(150, 2, 7)
    times = np.random.default_rng(1).integers(1, 4, 150)
    copied = known.take(np.repeat(np.arange(150), times))
    weighed = Known(known.score, known.case, known.group, known.segment, times.astype(float), 2, 2, Costs())
    for tolerance in (0.0, 0.05):
        one, other = (Frontier(each, CRITERIA["equal_opportunity"]).solve(tolerance) for each in (copied, weighed))
        assert one.cost == pytest.approx(other.cost, abs=1e-9)


def test_a_criterion_of_no_such_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(OptionError, match="--criterion cannot be 'equal_odds'") as told:
        criterion_of("equal_odds")
    assert "equalized_odds" in str(told.value.hint)
