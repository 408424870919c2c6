"""Performance without labels: nearer to the truth than what the probabilities say, covered, and silent beyond."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.errors import DataError
from mlwright.monitor.estimate import Estimate, Sample, estimate
from mlwright.monitor.ranks import Floats
from mlwright.tasks.scores import absolute_rows, log_loss_rows, wrong_rows

Random = np.random.Generator


def of_two_classes(rows: int, low: float, high: float, random: Random, *, wrong: float) -> Sample:
    """Rows whose first column lies between `low` and `high`; above 0 probabilities are too sure by `wrong` logits."""
    X = np.column_stack([random.uniform(low, high, rows), random.normal(size=(rows, 3))])
    logit = 1.5 * X[:, 1] + X[:, 2]
    y = (random.random(rows) < 1.0 / (1.0 + np.exp(-logit))).astype(float)
    stated = logit * np.where(X[:, 0] > 0.0, 1.0 + wrong, 1.0)
    p = 1.0 / (1.0 + np.exp(-stated))
    return Sample(X, np.column_stack([1.0 - p, p]), y, ("place", "a", "b", "c"))


def without_outcomes(sample: Sample) -> Sample:
    return Sample(sample.X, sample.P, None, sample.names)


def by_probabilities(P: Floats) -> float:
    """CBPE's share of wrong answers, without recalibration."""
    return float((1.0 - P.max(axis=1)).mean())


@pytest.fixture(scope="module")
def shifted() -> list[tuple[Estimate, float, float]]:
    """Estimates of errors where production has mostly rows whose probabilities are too sure, truths, and CBPE's."""
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        old, new = (of_two_classes(800, low, 0.5, random, wrong=1.0) for low in (-1.0, -0.1))
        made = estimate(old, without_outcomes(new), wrong_rows, seed=seed, tried=2)
        found.append((made, float(wrong_rows(new.y, new.P).mean()), by_probabilities(new.P)))
    return found


def test_it_is_nearer_than_the_probabilities_where_these_are_wrong_in_a_region(
    shifted: list[tuple[Estimate, float, float]],
) -> None:
    ours = np.mean([abs(made.value - truth) for made, truth, _ in shifted])
    plain = np.mean([abs(cbpe - truth) for _, truth, cbpe in shifted])
    assert ours < 0.6 * plain


def test_its_interval_covers(shifted: list[tuple[Estimate, float, float]]) -> None:
    covered = [made.low <= truth <= made.high for made, truth, _ in shifted]
    assert np.mean(covered) >= 0.87
    assert all(made.trusted for made, _, _ in shifted)


def test_perfect_probabilities_are_left_alone() -> None:
    random = np.random.default_rng(5)
    old, new = (of_two_classes(1_500, -1.0, 1.0, random, wrong=0.0) for _ in range(2))
    made = estimate(old, without_outcomes(new), wrong_rows, tried=2)
    assert made.value == pytest.approx(by_probabilities(new.P), abs=0.006)
    assert made.high - made.low < 0.1
    assert made.low <= wrong_rows(new.y, new.P).mean() <= made.high


def test_rows_unlike_any_of_the_reference_get_no_estimate() -> None:
    random = np.random.default_rng(1)
    old, new = (of_two_classes(600, low, low + 1.0, random, wrong=0.0) for low in (-1.0, 3.0))
    made = estimate(old, without_outcomes(new), wrong_rows, tried=1)
    assert not made.trusted
    assert np.isnan([made.value, made.low, made.high]).all()
    assert made.unlike > 0.9
    assert "unlike anything it was judged on" in made.why
    assert made.to_dict()["interval"] == [None, None]


def test_errors_of_numbers_follow_rows_alike() -> None:
    random = np.random.default_rng(2)
    samples = []
    for high in (1.0, 3.0):
        X = np.column_stack([random.beta(high, 2.0, 1_500), random.normal(size=1_500)])
        P = X[:, 1:] * 2.0
        samples.append(Sample(X, P, P[:, 0] + random.normal(size=1_500) * (0.2 + X[:, 0])))
    old, new = samples
    made = estimate(old, Sample(new.X, new.P), absolute_rows, tried=4)
    truth = float(absolute_rows(new.y, new.P).mean())
    assert abs(made.value - truth) < 0.3 * abs(made.reference - truth)
    assert made.low <= truth <= made.high


def test_several_classes_and_missing_values() -> None:
    random = np.random.default_rng(3)
    made = []
    for shift in (0.0, 0.7):
        X = random.normal(size=(800, 4)) + shift * np.array([1.0, 0.0, 0.0, 0.0])
        raw = np.exp(X[:, :3] * 1.3)
        P = raw / raw.sum(axis=1, keepdims=True)
        y = (random.random(800)[:, None] > P.cumsum(axis=1)).sum(axis=1).astype(float)
        X[random.random(X.shape) < 0.1] = np.nan
        made.append(Sample(X, P, y))
    found = estimate(made[0], Sample(made[1].X, made[1].P), wrong_rows, tried=2)
    assert found.low <= wrong_rows(made[1].y, made[1].P).mean() <= found.high


def test_the_column_that_moved_is_the_cause() -> None:
    random = np.random.default_rng(4)
    samples = []
    for share in (0.2, 0.8):
        hard = (random.random(1_000) < share).astype(float)
        X = np.column_stack([random.normal(size=1_000), hard, random.normal(size=1_000)])
        p = 1.0 / (1.0 + np.exp(-np.where(hard > 0, 0.3, 3.0) * np.sign(X[:, 0])))
        y = (random.random(1_000) < p).astype(float)
        samples.append(Sample(X, np.column_stack([1.0 - p, p]), y, ("size", "kind", "other")))
    found = estimate(samples[0], without_outcomes(samples[1]), wrong_rows, tried=1)
    assert found.causes[0].column == "kind"
    assert found.causes[0].change > 0.5 * (found.value - found.reference) > 0.0


def test_the_expected_losses_of_rows_add_up_to_it_and_the_seed_decides() -> None:
    random = np.random.default_rng(6)
    old, new = (of_two_classes(300, -1.0, high, random, wrong=0.5) for high in (0.5, 1.0))
    first, second = (estimate(old, without_outcomes(new), log_loss_rows, seed=3, tried=1) for _ in range(2))
    assert first.value == second.value
    assert first.low == second.low
    assert first.expected.mean() == pytest.approx(first.value, abs=0.01)
    assert len(first.expected) == len(first.spread) == len(first.newness[1]) == len(first.positions) == 300


def test_no_columns_are_enough() -> None:
    random = np.random.default_rng(7)
    old, new = (of_two_classes(300, -1.0, 1.0, random, wrong=0.0) for _ in range(2))
    bare = [Sample(np.empty((300, 0)), sample.P, sample.y) for sample in (old, new)]
    found = estimate(bare[0], Sample(bare[1].X, bare[1].P), wrong_rows, tried=2)
    assert found.low <= wrong_rows(new.y, new.P).mean() <= found.high
    assert found.causes == ()
    told = [Sample(np.empty((300, 0)), np.full((300, 2), 0.5), sample.y) for sample in (old, new)]
    assert estimate(told[0], Sample(told[1].X, told[1].P), log_loss_rows, tried=1).value == pytest.approx(np.log(2.0))


def test_what_cannot_be_estimated_is_refused() -> None:
    random = np.random.default_rng(8)
    old, new = (of_two_classes(120, -1.0, 1.0, random, wrong=0.0) for _ in range(2))
    for reference, rows, said in (
        (without_outcomes(old), new, "lacks outcomes"),
        (old.take(np.arange(50)), new, "has 50 rows, and 100 are needed"),
        (old, new.take(np.arange(5)), "There are 5 new rows"),
        (old, Sample(new.X[:, :2], new.P), "columns and classes of the reference"),
    ):
        with pytest.raises(DataError, match=said):
            estimate(reference, rows, wrong_rows)
