"""Evidence: hardly ever large without a change, soon large with one, the same bits in whatever portions rows come."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import ModelError
from mlwright.monitor.bets import Anywhere, Rising, halved
from mlwright.monitor.betting import BLOCK, Bets, Evidence
from mlwright.monitor.ranks import ABSENT, drawn, ranked

STREAMS = 200


def of_zeros_and_ones(rate: float, rows: int = 2_000, *, seed: int = 0) -> Evidence:
    ones = np.random.default_rng(seed).binomial(rows, rate, STREAMS)
    bag, tails = halved(np.stack([rows - ones, ones], axis=1), seed=seed)
    return Evidence(bag, Rising(tails), seed=seed)


def fed(evidence: Evidence, rate: float, rows: int, *, seed: int) -> Evidence:
    values = (np.random.default_rng(seed).random((rows, STREAMS)) < rate).astype(np.intp)
    evidence.add(values, evidence.rows + np.arange(rows), values=values.astype(float))
    return evidence


def test_ranks_are_uniform_and_independent_whatever_the_values_are() -> None:
    random = np.random.default_rng(1)
    bins = random.choice(4, size=(40, 2_000), p=[0.7, 0.2, 0.07, 0.03])
    p, bag = ranked(np.zeros((2_000, 4), dtype=np.int64), bins, random.random(bins.shape))
    assert bag.sum() == bins.size
    assert p.mean() == pytest.approx(0.5, abs=0.005)
    assert np.histogram(p, bins=10, range=(0, 1))[0] == pytest.approx(bins.size / 10, rel=0.06)
    assert np.corrcoef(p[38], p[39])[0, 1] == pytest.approx(0, abs=0.08)


def test_what_is_absent_is_neither_ranked_nor_counted() -> None:
    bag = np.array([[5, 5], [1, 0]])
    p, after = ranked(bag, np.array([[ABSENT, 1]]), np.full((1, 2), 0.5))
    assert np.isnan(p[0, 0])
    assert after.tolist() == [[5, 5], [1, 1]]


def test_of_streams_in_which_nothing_changes_few_ever_reach_twenty() -> None:
    evidence = fed(of_zeros_and_ones(0.1), 0.1, 300, seed=2)
    assert evidence.capital.mean() == pytest.approx(1, abs=0.1)  # a martingale; later its mean is made by too few
    assert (fed(evidence, 0.1, 8_000, seed=3).largest >= 20).mean() <= 0.05


def test_a_tenth_more_errors_is_seen_soon_in_nearly_all_streams() -> None:
    evidence = fed(of_zeros_and_ones(0.1), 0.1, 2_000, seed=3)
    assert (fed(evidence, 0.2, 500, seed=4).largest >= 20).mean() >= 0.9


def test_less_errors_are_no_evidence() -> None:
    assert (fed(of_zeros_and_ones(0.2), 0.1, 4_000, seed=5).largest >= 20).mean() <= 0.01


def test_the_beginning_of_a_change_lies_in_its_interval() -> None:
    evidence = fed(fed(of_zeros_and_ones(0.1), 0.1, 3_000, seed=6), 0.2, 700, seed=7)
    found = [evidence.history.since(stream) for stream in range(STREAMS)]
    assert all(found)
    assert np.mean([each.earliest <= 3_000 <= each.latest for each in found if each]) >= 0.85
    assert np.median([abs(each.at - 3_000) for each in found if each]) <= 128


def test_any_change_of_a_distribution_is_seen() -> None:
    random = np.random.default_rng(8)
    edges = np.array([-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2])

    def bins(*columns: np.ndarray) -> np.ndarray:
        return np.stack([np.searchsorted(edges, column) for column in columns], axis=1)

    before = bins(*random.normal(size=(4, 3_000)))
    evidence = Evidence(np.stack([np.bincount(each, minlength=10) for each in before.T]), Anywhere(4), seed=9)
    same, higher, wider, narrower = random.normal(size=(4, 1_500))
    evidence.add(bins(same, higher + 0.5, 1.5 * wider, 0.6 * narrower), np.arange(1_500))
    assert evidence.largest[0] < 20
    assert (evidence.largest[1:] > 1_000).all()


def test_columns_that_stay_as_they_are_seldom_seem_to_drift() -> None:
    random = np.random.default_rng(10)
    evidence = Evidence(random.multinomial(3_000, [0.25] * 4, STREAMS), Anywhere(STREAMS), seed=11)
    evidence.add(random.integers(0, 4, (5_000, STREAMS)), np.arange(5_000))
    assert (evidence.largest >= 20).mean() <= 0.05


@settings(max_examples=25, deadline=None)
@given(portions=st.lists(st.integers(0, 150), min_size=1, max_size=6), rising=st.booleans(), seed=st.integers(0, 99))
def test_portions_and_restarts_change_no_bit(portions: list[int], rising: bool, seed: int) -> None:
    rows = sum(portions)
    bins = np.random.default_rng(seed).integers(-1, 5, (rows, 3))
    values = np.random.default_rng(seed).normal(size=(rows, 3))
    bag, tails = halved(np.full((3, 5), 40), seed=seed)

    def new() -> Evidence:
        bets: Bets = Rising(tails) if rising else Anywhere(3)
        return Evidence(bag, bets, seed=seed)

    whole, part, start = new(), new(), 0
    whole.add(bins, np.arange(rows), values=values)
    for portion in portions:
        here = slice(start, start + portion)
        part.add(bins[here], np.arange(rows)[here], values=values[here])
        saved = json.loads(json.dumps(part.state()))
        part = new()
        part.restore(saved)
        start += portion
    assert json.dumps(part.state()) == json.dumps(whole.state())
    assert part.capital.tolist() == whole.capital.tolist()


def test_what_streams_have_together_is_the_mean_of_what_they_have() -> None:
    evidence = fed(of_zeros_and_ones(0.1), 0.15, 500, seed=12)
    assert evidence.mixed == pytest.approx(evidence.capital.mean())
    assert evidence.most_mixed >= evidence.mixed


def test_evidence_stays_a_number_however_long_a_change_lasts() -> None:
    evidence = fed(of_zeros_and_ones(0.02), 0.9, 4_000, seed=13)
    assert np.isfinite(evidence.capital).all()
    assert np.isfinite(evidence.detector).all()


def test_a_state_of_other_streams_is_refused() -> None:
    evidence = of_zeros_and_ones(0.1)
    with pytest.raises(ModelError, match="cannot be read"):
        evidence.restore({"rows": 3, "seed": 0, "bag": [[1, 2]]})


def test_history_stays_small_and_keeps_all_rows() -> None:
    bag, tails = halved(np.array([[1_800, 200]]), seed=0)
    evidence, rows = Evidence(bag, Rising(tails), seed=0), BLOCK * 500 + 7
    values = (np.random.default_rng(14).random((rows, 1)) < 0.1).astype(np.intp)
    evidence.add(values, np.arange(rows), values=values.astype(float))
    parts = evidence.history.all_parts()
    assert len(parts) <= 160
    assert sum(part.clock for part in parts) == rows
    count, mean, _ = evidence.history.sums(0)
    assert count == rows
    assert mean == pytest.approx(0.1, abs=0.01)


def test_ties_are_broken_the_same_way_in_any_run() -> None:
    assert drawn(1, 2, 64, 3)[:5].tolist() == drawn(1, 2, 64, 3)[:5].tolist()
    assert drawn(1, 2, 64, 3).tolist() != drawn(1, 3, 64, 3).tolist()
