"""Learning curve: more rows help, or do not, and the sentence says no more than the numbers do."""

from __future__ import annotations

import numpy as np

from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.learning_curve import learning_curve
from mlwright.tasks.base import Target
from mlwright.tasks.metrics import REGRESSION


def curve(error_of, training=800, **options):
    """Return the curve of a learner whose error depends on the number of rows it is given."""
    random = np.random.default_rng(0)
    y, noise = random.standard_normal(2_000), random.standard_normal(2_000)
    held_out = HeldOut(Target(y))
    asked = []

    def fit_predict(index):
        asked.append(index)
        return (y + error_of(len(index)) * noise)[:, None]

    found = learning_curve(fit_predict, options.pop("order", training), held_out, REGRESSION["rmse"], **options)
    return found, asked


def test_falling_errors_are_told_with_what_a_doubling_is_likely_to_bring():
    found, asked = curve(lambda rows: 10 / np.sqrt(rows))
    assert found["rows"] == [200, 400, 800]
    assert found["score"] == sorted(found["score"], reverse=True)
    assert all(low < value < high for low, value, high in zip(found["low"], found["score"], found["high"], strict=True))
    # 10/sqrt(800) to 10/sqrt(1600) is 0.104 less.
    assert "More rows would help" in found["sentence"]
    assert "is likely to take about 0.10" in found["sentence"]
    assert set(asked[0]) < set(asked[1]) < set(asked[2])
    assert all((np.diff(index) > 0).all() for index in asked)


def test_a_flat_curve_promises_nothing():
    random = np.random.default_rng(1)
    found, _ = curve(lambda rows: 1.0 + 1e-6 * random.standard_normal())
    assert "would hardly help" in found["sentence"]
    assert "likely" not in found["sentence"]
    assert "of the one learner that was measured" in found["sentence"]


def test_noise_that_may_hide_a_worthwhile_gain_is_no_no():
    random = np.random.default_rng(2)
    y, noise = random.standard_normal(60), random.standard_normal((2, 60))
    # Half of the errors change from fit to fit, and get no smaller.
    errors = {200: noise[0] + 0.5 * noise[1], 400: noise[0] + 0.5 * noise[1][::-1], 800: noise[0] + 0.5 * noise[1]}
    found = learning_curve(lambda index: (y + errors[len(index)])[:, None], 800, HeldOut(Target(y)), REGRESSION["rmse"])
    assert "cannot be told from these rows" in found["sentence"]
    assert "may have gained up to 0." in found["sentence"]


def test_rows_that_make_it_worse_are_told():
    found, _ = curve(lambda rows: rows / 100)
    assert "did not help" in found["sentence"]


def test_newest_rows_first_where_an_order_is_given():
    _, asked = curve(lambda rows: 1 / rows, order=np.arange(800)[::-1])
    assert asked[0].tolist() == list(range(600, 800))


def test_too_few_rows_or_no_time_give_none():
    assert curve(lambda rows: 1.0, training=30)[0] is None
    assert curve(lambda rows: 1.0, stop=lambda: True)[0] is None
