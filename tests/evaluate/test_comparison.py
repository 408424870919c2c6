"""Comparison: the sign is always the same, the pairing is used, noise is called noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mlwright.evaluate.comparison import answer_of, compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored, score
from mlwright.tasks.base import Target
from mlwright.tasks.metrics import BINARY, REGRESSION


def rivals(rows, seed=0, gap=1.0):
    """Return rows, a better model's predictions and a worse one's that fails on the same rows."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.4).astype(float)
    noise = random.standard_normal(rows)
    made = []
    for strength in (1.0 + gap, 1.0):
        p = 1 / (1 + np.exp(-(strength * (2 * y - 1) + noise + 0.5 * random.standard_normal(rows))))
        made.append(np.column_stack([1 - p, p]))
    return HeldOut(Target(y)), made[0], made[1]


@pytest.mark.parametrize("metric", BINARY.values(), ids=lambda metric: metric.name)
def test_positive_means_that_the_model_is_better(metric):
    held_out, good, bad = rivals(400)
    difference = compare(metric, held_out, good, bad)
    turned = compare(metric, held_out, bad, good)
    assert 0.0 < difference.low < difference.value < difference.high
    assert answer_of(difference) == "yes"
    assert answer_of(turned) == "no"
    assert turned.value == pytest.approx(-difference.value)


def test_paired_delong_equals_the_covariance_formula():
    held_out, good, bad = rivals(300)
    pairs = []
    for P in (good, bad):
        up, down = P[held_out.y == 1, 1], P[held_out.y == 0, 1]
        pairs.append((up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :]))
    gap = pairs[0].astype(float) - pairs[1].astype(float)
    variance = gap.mean(axis=1).var(ddof=1) / gap.shape[0] + gap.mean(axis=0).var(ddof=1) / gap.shape[1]
    difference = compare(BINARY["roc_auc"], held_out, good, bad)
    assert difference.value == pytest.approx(gap.mean())
    assert difference.high - difference.value == pytest.approx(stats.norm.ppf(0.975) * math.sqrt(variance))


def test_pairing_tells_what_two_intervals_cannot():
    held_out, good, bad = rivals(300, gap=0.15)
    one, two = (score(BINARY["log_loss"], held_out, P) for P in (good, bad))
    assert one.high > two.low
    assert answer_of(compare(BINARY["log_loss"], held_out, good, bad)) == "yes"


def test_the_same_predictions_are_no_improvement():
    held_out, good, _ = rivals(50)
    assert compare(BINARY["f1"], held_out, good, good.copy()) == Scored(0.0, 0.0, 0.0)
    assert answer_of(compare(BINARY["f1"], held_out, good, good.copy())) == "no"


def test_few_differing_rows_are_no_certainty():
    held_out, good, _ = rivals(50)
    nearly = np.clip(good + np.array([1e-6, -1e-6]), 0, 1)
    difference = compare(BINARY["accuracy"], held_out, good, nearly)
    assert difference.low < 0.0 < difference.high
    assert answer_of(difference) == "unclear"


def test_equal_models_are_rarely_called_different():
    wrong = dict.fromkeys(("roc_auc", "log_loss", "accuracy"), 0)
    for seed in range(300):
        held_out, one, two = rivals(120, seed=seed, gap=0.0)
        for name in wrong:
            wrong[name] += answer_of(compare(BINARY[name], held_out, one, two)) != "unclear"
    assert all(count <= 300 * 0.05 + 3 * math.sqrt(300 * 0.05 * 0.95) for count in wrong.values()), wrong


def test_root_mean_squared_errors_are_compared_in_the_targets_unit():
    random = np.random.default_rng(0)
    y = 10 * random.standard_normal(2_000)
    held_out = HeldOut(Target(y))
    one, two = ((y + size * random.standard_normal(2_000))[:, None] for size in (1.0, 2.0))
    difference = compare(REGRESSION["rmse"], held_out, one, two)
    assert difference.low < 1.0 < difference.high
    assert difference.high - difference.low < 0.3


def test_groups_widen_a_difference():
    held_out, good, bad = rivals(60)
    index = np.repeat(np.arange(60), 8)
    copies = HeldOut(held_out.target.take(index), groups=index)
    for name in ("roc_auc", "log_loss", "f1"):
        honest = compare(BINARY[name], held_out, good, bad)
        grouped = compare(BINARY[name], copies, good[index], bad[index])
        assert grouped.high - grouped.low == pytest.approx(honest.high - honest.low, rel=0.2)


def test_nothing_can_be_said_of_one_row():
    held_out, good, bad = rivals(1)
    assert answer_of(compare(BINARY["log_loss"], held_out, good, bad)) == "unclear"
