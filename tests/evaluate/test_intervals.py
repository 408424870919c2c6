"""Intervals: equal to what others compute, and true as often as they say."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from mlwright.evaluate.held_out import HeldOut, time_blocks
from mlwright.evaluate.influence import LINKS, averaged, ranked
from mlwright.evaluate.intervals import area_error, score
from mlwright.evaluate.limits import around_mean, newcombe, wilson
from mlwright.tasks.base import Metric, Target
from mlwright.tasks.metrics import BINARY, MULTICLASS, REGRESSION
from mlwright.tasks.scores import roc_auc

AUC, LOG_LOSS, ACCURACY, RMSE = BINARY["roc_auc"], BINARY["log_loss"], BINARY["accuracy"], REGRESSION["rmse"]


def yes_no(rows, seed=0, strength=1.0, share=0.5):
    random = np.random.default_rng(seed)
    y = (random.random(rows) < share).astype(float)
    p = 1 / (1 + np.exp(-(strength * (2 * y - 1) + random.standard_normal(rows))))
    return HeldOut(Target(y, ("no", "yes"))), np.column_stack([1 - p, p])


def brute_force_delong(y, scores):
    """Return the area and its variance by DeLong's formula, pair by pair."""
    up, down = scores[y == 1], scores[y == 0]
    pairs = (up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :])
    variance = pairs.mean(axis=1).var(ddof=1) / len(up) + pairs.mean(axis=0).var(ddof=1) / len(down)
    return pairs.mean(), variance


@pytest.mark.parametrize("ties", [False, True])
def test_delong_equals_the_pairwise_formula(ties):
    held_out, P = yes_no(157)
    P = np.round(P, 1) if ties else P
    found = ranked(AUC, held_out, P)
    area, variance = brute_force_delong(held_out.y, P[:, 1])
    assert found.value == pytest.approx(area, abs=1e-12)
    assert area_error(found.parts, found, held_out) ** 2 == pytest.approx(variance, rel=1e-10)


def test_weighted_area_is_that_of_repeated_rows():
    held_out, P = yes_no(60)
    weight = np.random.default_rng(1).integers(1, 4, 60).astype(float)
    weighted = HeldOut(held_out.target, weight)
    assert ranked(AUC, weighted, P).value == pytest.approx(
        roc_auc_score(held_out.y, P[:, 1], sample_weight=weight), abs=1e-12
    )


def test_an_area_of_many_classes_is_recognised_by_its_value():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 90).astype(float)
    P = random.dirichlet(np.ones(3), 90) + 0.3 * np.eye(3)[y.astype(int)]
    P /= P.sum(axis=1, keepdims=True)

    def mean_area(y, P, weight):
        each = [roc_auc((y == k).astype(float), np.column_stack([1 - P[:, k], P[:, k]]), weight) for k in range(3)]
        return float(np.mean(each))

    assert mean_area(y, P, None) == pytest.approx(roc_auc_score(y, P, multi_class="ovr"))
    macro = Metric("macro_auc", True, mean_area, None, "delong", "")
    value = score(macro, HeldOut(Target(y)), P)
    assert value.low < value.value < value.high
    assert ranked(macro, HeldOut(Target(y)), P).value == pytest.approx(value.value)
    # Another metric that calls for DeLong but is something else is not taken for an area.
    other = Metric("gini", True, lambda y, P, w: 2 * macro.score(y, P, w) - 1, None, "delong", "")
    assert ranked(other, HeldOut(Target(y)), P) is None
    assert score(other, HeldOut(Target(y)), P).low < score(other, HeldOut(Target(y)), P).high


def test_perfect_ranking_still_has_an_interval():
    y = np.repeat([0.0, 1.0], 20)
    value = score(AUC, HeldOut(Target(y)), np.column_stack([1 - y, y]))
    assert value.value == 1.0
    assert 0.8 < value.low < 0.98
    assert value.high == 1.0


def test_the_same_answer_for_all_rows_has_exactly_one_half():
    held_out, P = yes_no(300, share=0.1)
    value = score(AUC, held_out, np.tile([0.9, 0.1], (300, 1)))
    assert value.interval == [value.value, value.value] == [0.5, 0.5]
    # What they share with others still has one: how often that answer is right.
    assert score(ACCURACY, held_out, P[:1].repeat(300, axis=0)).low < 1.0


@pytest.mark.parametrize("metric", [RMSE, REGRESSION["mae"]], ids=["rmse", "mae"])
def test_errors_of_few_rows_with_one_far_off_do_not_reach_zero(metric):
    off = np.r_[np.random.default_rng(0).random(29), 2_000.0]
    value = score(metric, HeldOut(Target(np.zeros(30))), off[:, None])
    assert 0.05 * value.value < value.low < value.value < value.high


def test_one_row_of_a_class_gives_a_wide_interval_and_none_gives_none():
    y = np.array([1.0] + [0.0] * 30)
    P = np.column_stack([1 - y, y])
    assert score(AUC, HeldOut(Target(y)), P).low < 0.5
    nothing = score(AUC, HeldOut(Target(np.zeros(5))), np.full((5, 2), 0.5))
    assert math.isnan(nothing.value)
    assert nothing.interval == [None, None]


def test_newcombe_contains_the_area_and_shrinks():
    few, many = newcombe(0.8, 10, 10), newcombe(0.8, 1000, 1000)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]
    assert newcombe(1.0, 10, 10)[1] == pytest.approx(1.0)
    assert newcombe(0.0, 10, 10)[0] == pytest.approx(0.0)


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (3, 10), (10, 10), (450, 500)])
def test_wilson_equals_scipy(right, rows):
    theirs = stats.binomtest(right, rows).proportion_ci(method="wilson")
    assert wilson(right / rows, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_accuracy_uses_wilson_with_effective_rows():
    held_out, P = yes_no(200)
    plain = score(ACCURACY, held_out, P)
    assert (plain.low, plain.high) == pytest.approx(wilson(plain.value, 200))
    weighted = score(ACCURACY, HeldOut(held_out.target, np.full(200, 3.0)), P)
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))
    uneven = score(ACCURACY, HeldOut(held_out.target, np.r_[np.full(100, 10.0), np.full(100, 0.1)]), P)
    assert uneven.high - uneven.low > 1.2 * (plain.high - plain.low)


def test_mean_without_skewness_is_students_interval():
    values = np.r_[-np.arange(1.0, 30.0), np.arange(1.0, 30.0)] + 5
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval()
    assert around_mean(values.mean(), values - values.mean()) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_mean_of_skewed_losses_is_near_the_bootstrap_t():
    losses = np.random.default_rng(3).standard_normal(80) ** 2
    random = np.random.default_rng(4)
    drawn = losses[random.integers(0, 80, (20_000, 80))]
    errors = drawn.std(axis=1, ddof=1) / math.sqrt(80)
    ends = np.quantile((drawn.mean(axis=1) - losses.mean()) / errors, [0.975, 0.025])
    expected = losses.mean() - ends * losses.std(ddof=1) / math.sqrt(80)
    ours = around_mean(losses.mean(), losses - losses.mean())
    assert ours == pytest.approx(expected, rel=0.05)


def test_links_are_found_from_the_score():
    held_out, P = yes_no(50)
    assert averaged(ACCURACY, held_out, P).link.name == "complement"
    assert averaged(LOG_LOSS, held_out, P).link.name == "mean"
    numbers = HeldOut(Target(np.arange(20.0)))
    assert averaged(RMSE, numbers, np.ones((20, 1))).link.name == "root"
    # R squared orders as the squared error does, but follows from no mean alone: it is resampled.
    assert averaged(REGRESSION["r2"], numbers, np.ones((20, 1))) is None
    assert len({link.name for link in LINKS}) == len(LINKS)


def every_metric():
    return [*BINARY.values(), *MULTICLASS.values(), *REGRESSION.values()]


@pytest.mark.parametrize("metric", every_metric(), ids=lambda metric: metric.name)
def test_every_metric_has_an_interval_that_shrinks_and_repeats(metric):
    random = np.random.default_rng(0)
    widths = []
    for rows in (60, 600):
        if metric.name in REGRESSION:
            y = 5 + random.random(rows)
            P = (y + random.standard_normal(rows))[:, None]
        else:
            classes = 2 if metric.name in BINARY else 5
            y = random.integers(0, classes, rows).astype(float)
            P = random.dirichlet(np.ones(classes), rows) * (1 + np.eye(classes)[y.astype(int)])
            P /= P.sum(axis=1, keepdims=True)
        held_out = HeldOut(Target(y))
        value = score(metric, held_out, P, seed=1)
        assert value.low <= value.value <= value.high
        assert value == score(metric, held_out, P, seed=1)
        widths.append(value.high - value.low)
    assert widths[1] < widths[0]


def test_many_rows_are_resampled_in_part_and_the_interval_is_that_of_all_rows():
    metric = BINARY["balanced_accuracy"]
    held_out, P = yes_no(20_000)
    value = score(metric, held_out, P)
    expected = 2 * 1.96 * math.sqrt(value.value * (1 - value.value) / 20_000)
    assert value.high - value.low == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy", "f1"])
def test_groups_widen_what_copies_would_narrow(name):
    held_out, P = yes_no(100)
    index = np.repeat(np.arange(100), 9)
    copies = HeldOut(held_out.target.take(index), groups=index)
    honest, naive = score(BINARY[name], held_out, P), score(BINARY[name], HeldOut(copies.target), P[index])
    grouped = score(BINARY[name], copies, P[index])
    assert grouped.value == pytest.approx(honest.value)
    assert grouped.high - grouped.low == pytest.approx(honest.high - honest.low, rel=0.15)
    assert naive.high - naive.low < 0.5 * (grouped.high - grouped.low)


def test_groups_may_be_any_labels():
    held_out, P = yes_no(6)
    groups = np.array(["a", None, "b", "a", 3, "b"], dtype=object)
    assert HeldOut(held_out.target, groups=groups).units.max() == 3
    assert math.isfinite(score(LOG_LOSS, HeldOut(held_out.target, groups=groups), P).low)


def test_time_blocks_are_neighbours():
    times = np.array([5.0, 1.0, 3.0, 2.0, 4.0, 6.0])
    assert time_blocks(times, 3).tolist() == [2, 0, 1, 0, 1, 2]
    assert len(set(time_blocks(np.arange(1000.0)))) == 100
    assert time_blocks(np.empty(0)).tolist() == []


def coverage(metric, make, truth, *, rows, repeats):
    """Return how often the interval holds the truth."""
    held = 0
    for seed in range(repeats):
        held_out, P = make(rows, seed)
        value = score(metric, held_out, P, seed=seed)
        held += value.low <= truth <= value.high
    return held / repeats


def numbers(rows, seed):
    random = np.random.default_rng(seed)
    y = random.standard_normal(rows)
    return HeldOut(Target(y)), (y + random.standard_normal(rows))[:, None]


@pytest.mark.parametrize(
    ("metric", "make", "truth"),
    [
        (AUC, yes_no, stats.norm.cdf(math.sqrt(2))),
        (ACCURACY, yes_no, stats.norm.cdf(1)),
        (BINARY["balanced_accuracy"], yes_no, stats.norm.cdf(1)),
        (RMSE, numbers, 1.0),
        (REGRESSION["r2"], numbers, 0.0),
    ],
    ids=["roc_auc", "accuracy", "balanced_accuracy", "rmse", "r2"],
)
def test_coverage(metric, make, truth):
    slow = metric.interval == "bootstrap" and metric is not RMSE
    repeats = 60 if slow else 400
    # Three standard errors of a share of 0.95.
    allowed = 3 * math.sqrt(0.95 * 0.05 / repeats)
    assert coverage(metric, make, truth, rows=100, repeats=repeats) >= 0.94 - allowed


def test_coverage_of_groups():
    def make(rows, seed):
        random = np.random.default_rng(seed)
        groups = np.repeat(np.arange(rows), 5)
        shared = random.standard_normal(rows)[groups]
        y = np.zeros(5 * rows)
        return HeldOut(Target(y), groups=groups), (shared + 0.5 * random.standard_normal(5 * rows))[:, None]

    assert coverage(RMSE, make, math.sqrt(1.25), rows=60, repeats=300) >= 0.91


def test_all_combinations_of_weights_and_groups_work():
    held_out, P = yes_no(80)
    random = np.random.default_rng(0)
    for weight, groups in itertools.product((None, random.random(80)), (None, random.integers(0, 20, 80))):
        for metric in BINARY.values():
            value = score(metric, HeldOut(held_out.target, weight, groups), P)
            assert value.low < value.value < value.high


@pytest.mark.parametrize("metric", [*BINARY.values(), REGRESSION["r2"], REGRESSION["rmse"]])
def test_no_interval_leaves_what_a_metric_can_be(metric):
    """Two rows have nearly all the weight, so that every variance is far from what it stands for."""
    held_out, P = yes_no(200, strength=3.0)
    weight = np.ones(200)
    weight[[np.argmax(held_out.y), np.argmin(held_out.y)]] = 1e12
    weighted = HeldOut(held_out.target, weight)
    found = score(metric, weighted, P if metric.name in BINARY else P[:, 1:])
    least, most = metric.bounds
    for end in (found.low, found.high):
        assert math.isnan(end) or least <= end <= most
    assert math.isnan(found.low) or found.low <= found.value + 1e-12 <= found.high + 2e-12


def test_every_metric_says_what_it_can_be():
    for metric in (*BINARY.values(), *MULTICLASS.values(), *REGRESSION.values()):
        least, most = metric.bounds
        assert (most == 1.0) if metric.greater_is_better else (least == 0.0), metric.name
