"""Slices of two models: one that is worse for some is found there, and none is told where both are as good."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.test_slices import DESCRIBED, columns_of

from mlwright.evaluate.changed import changed_answers
from mlwright.evaluate.compared_slices import changed_slices, compared_slices
from mlwright.evaluate.held_out import HeldOut
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Prediction, Target


def pair(seed: int, *, numbers: bool, spoiled: bool, rows: int = 1200):
    """Return rows and two models that are as good; the spoiled one is worse where somebody has paid."""
    random = np.random.default_rng(seed)
    columns = columns_of(random, rows)
    inside = columns["paid"] == 1.0
    noise = [np.where(inside & spoiled & (model == "b"), 3.0, 1.0) for model in "ab"]
    if numbers:
        y, hard = random.normal(size=rows), random.standard_t(2.5, rows)
        A, B = ((y + hard + each * random.standard_t(3, rows))[:, None] for each in noise)
        return columns, HeldOut(Target(y)), A, B, ROW_TASKS["regression"].metrics["rmse"]
    z = 1.5 * random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-z))).astype(float)
    shares = [1 / (1 + np.exp(-(z + 0.6 * each * random.normal(size=rows)))) for each in noise]
    A, B = (np.column_stack([1 - p, p]) for p in shares)
    return columns, HeldOut(Target(y, ("no", "yes"))), A, B, ROW_TASKS["binary"].metrics["roc_auc"]


@pytest.mark.parametrize("numbers", [False, True])
def test_where_one_is_worse_is_found_and_turned_round(numbers: bool) -> None:
    columns, held, A, B, metric = pair(0, numbers=numbers, spoiled=True, rows=2500)
    found = compared_slices(columns, DESCRIBED, held, A, B, metric)
    best = found[0]
    assert "paid is yes" in best["sentence"]
    assert best["better"] == "a"
    assert best["interval"][0] < best["difference"] < 0
    assert best["a"] < best["b"]
    turned = compared_slices(columns, DESCRIBED, held, B, A, metric)
    assert [each["conditions"] for each in turned] == [each["conditions"] for each in found]
    assert [each["difference"] for each in turned] == pytest.approx([-each["difference"] for each in found])
    assert {each["better"] for each in turned} == {"b"}


@pytest.mark.parametrize("numbers", [False, True])
def test_where_both_are_as_good_none_is_told(numbers: bool) -> None:
    said = 0
    for seed in range(20):
        columns, held, A, B, metric = pair(seed, numbers=numbers, spoiled=False, rows=500)
        said += bool(compared_slices(columns, DESCRIBED, held, A, B, metric, seed=seed))
    assert said <= 4  # at 5 % each, five or more of 20 have a chance of 0.3 %


def test_a_model_that_is_worse_everywhere_is_worse_nowhere_in_particular() -> None:
    columns, held, A, B, metric = pair(1, numbers=True, spoiled=False)
    assert compared_slices(columns, DESCRIBED, held, A, B + 5.0, metric) == []


def test_who_gets_another_answer_most_is_found() -> None:
    columns, held, A, B, _ = pair(2, numbers=False, spoiled=True, rows=4000)
    a, b = (Prediction(P.argmax(axis=1), probabilities=P, classes=(0, 1)) for P in (A, B))
    found = changed_slices(columns, DESCRIBED, changed_answers(a, b), held.units)
    assert "paid is yes" in found[0]["sentence"]
    assert found[0]["value"] > found[0]["elsewhere"]
    columns, held, A, B, _ = pair(2, numbers=True, spoiled=True)
    changed = changed_answers(Prediction(A[:, 0]), Prediction(B[:, 0]))
    found = changed_slices(columns, DESCRIBED, changed, held.units)
    assert "half of the answers move by" in found[0]["sentence"]
    same = changed_answers(Prediction(A[:, 0]), Prediction(A[:, 0]))
    assert changed_slices(columns, DESCRIBED, same, held.units) == []


def test_few_rows_tell_nothing() -> None:
    columns, held, A, B, metric = pair(0, numbers=True, spoiled=True, rows=60)
    assert compared_slices(columns, DESCRIBED, held, A, B, metric) == []
