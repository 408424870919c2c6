"""Doubt about targets: what the numbers mean, and that made errors are ranked first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlwright.clean.measures.label_quality import (
    class_quality,
    class_weights,
    confident_joint,
    number_doubt,
    number_weights,
    own_probability,
    thresholds,
)


def probabilities(draws: np.ndarray) -> np.ndarray:
    positive = draws + 1e-3
    return positive / positive.sum(axis=1, keepdims=True)


def test_thresholds_are_the_mean_certainty_of_each_class() -> None:
    P = np.array([[0.9, 0.1, 0.0], [0.7, 0.3, 0.0], [0.2, 0.8, 0.0]])
    assert thresholds(np.array([0, 0, 1]), P).tolist() == pytest.approx([0.8, 0.8, 1.0])


def test_the_confident_joint_counts_what_is_borne_against_what_is_sure() -> None:
    """The example of the paper's definition, counted by hand."""
    P = np.array([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9], [0.05, 0.95], [0.3, 0.7]])
    codes = np.array([0, 0, 0, 1, 1])
    # limits: (0.9 + 0.6 + 0.1) / 3 = 0.533 and (0.95 + 0.7) / 2 = 0.825
    assert confident_joint(codes, P).tolist() == [[2.0, 0.0], [1.0, 1.0]]


@settings(deadline=None)
@given(st.data())
def test_two_classes_are_ranked_by_their_own_probability(data: st.DataObject) -> None:
    rows = data.draw(st.integers(2, 40))
    P = probabilities(data.draw(arrays.arrays(np.float64, (rows, 2), elements=st.floats(0, 1))))
    codes = data.draw(arrays.arrays(np.intp, rows, elements=st.integers(0, 1)))
    own, quality = own_probability(codes, P), class_quality(codes, P)
    assert ((quality >= 0) & (quality <= 1)).all()
    order = np.argsort(own, kind="stable")
    assert (np.diff(quality[order]) >= -1e-9).all()


@settings(deadline=None)
@given(st.data())
def test_quality_and_weights_are_shares_whatever_the_model_says(data: st.DataObject) -> None:
    rows, many = data.draw(st.integers(1, 30)), data.draw(st.integers(2, 5))
    P = probabilities(data.draw(arrays.arrays(np.float64, (rows, many), elements=st.floats(0, 1))))
    codes = data.draw(arrays.arrays(np.intp, rows, elements=st.integers(0, many - 1)))
    for found in (class_quality(codes, P), class_weights(codes, P)):
        assert found.shape == (rows,)
        assert ((found >= 0) & (found <= 1)).all()
    best = codes == P.argmax(axis=1)
    assert (class_weights(codes, P)[best] == 1).all()


def test_errors_of_one_direction_are_ranked_better_than_by_their_probability() -> None:
    """Rows of class 0 bear class 1 by mistake, never class 2: of equally unlikely labels, 1 is the more doubtful."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 6000)
    given_codes = np.where((truth == 0) & (random.random(6000) < 0.3), 1, truth)
    P = np.full((6000, 3), 0.05)
    P[np.arange(6000), truth] = 0.9
    quality = class_quality(given_codes, P)
    mistaken = quality[(truth == 0) & (given_codes == 1)].max()
    P_rare = np.vstack([P, [[0.9, 0.05, 0.05]]])
    assert mistaken < class_quality(np.append(given_codes, 2), P_rare)[-1]


def test_numbers_are_doubted_in_units_of_the_usual_residual_there() -> None:
    random = np.random.default_rng(0)
    predicted = random.uniform(-100, 100, 4000)
    spread = np.where(predicted > 0, 20.0, 1.0)
    y = predicted + spread * random.normal(size=4000)
    quiet, loud = int(np.argmin(np.abs(predicted + 50))), int(np.argmin(np.abs(predicted - 50)))
    y[quiet], y[loud] = predicted[quiet] + 30, predicted[loud] + 30
    doubt = number_doubt(y, predicted)
    assert doubt[quiet] > 3 * doubt[loud]
    assert doubt.argmax() == quiet


def test_a_factor_of_ten_is_doubted_at_both_ends() -> None:
    random = np.random.default_rng(0)
    truth = random.lognormal(4, 1, 4000)
    predicted = truth * random.lognormal(0, 0.1, 4000)
    y, wrong = truth.copy(), random.choice(4000, 40, replace=False)
    y[wrong[:20]] *= 10
    y[wrong[20:]] /= 10
    worst = np.argsort(-number_doubt(y, predicted))[:40]
    assert len(set(worst) & set(wrong)) >= 36
    weights = number_weights(y, predicted)
    assert (weights[wrong] < 0.5).mean() > 0.8
    assert weights[np.setdiff1d(np.arange(4000), wrong)].mean() > 0.85


@pytest.mark.parametrize("rows", [1, 2, 19, 50])
def test_few_and_exact_predictions_are_no_trouble(rows: int) -> None:
    y = np.arange(rows, dtype=np.float64)
    assert number_doubt(y, y).tolist() == [0.0] * rows
    off = y.copy()
    off[0] = -5.0
    assert np.isfinite(number_doubt(off, y)).all()
    assert number_doubt(off, y).argmax() == 0
