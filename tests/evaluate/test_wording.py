"""Wording: every sentence's numbers are written in one place."""

from __future__ import annotations

import dataclasses

import pytest

from mlwright.evaluate import wording
from mlwright.evaluate.intervals import Scored
from mlwright.tasks.metrics import BINARY, MULTICLASS, REGRESSION


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9996, "1.00"),
        (0.0, "0"),
        (999.6, "1,000"),
        (-12345.6, "-12,346"),
        (1e-9, "0.00000000100"),
        (float("nan"), "unknown"),
    ],
)
def test_numbers(value, text):
    assert wording.number(value) == text


def test_differences_are_in_the_metrics_own_unit():
    assert wording.bettered(BINARY["roc_auc"], 0.004) == "add about 0.0040 to the ROC AUC"
    assert wording.bettered(BINARY["accuracy"], 0.0123) == "add about 1.2 percentage points to the accuracy"
    assert wording.bettered(REGRESSION["rmse"], 12.0) == "take about 12 off the RMSE"


@pytest.mark.parametrize("metric", [*BINARY.values(), *MULTICLASS.values(), *REGRESSION.values()], ids=lambda m: m.name)
def test_every_metrics_clause_can_be_filled(metric):
    for each in (metric, dataclasses.replace(metric, verdict="")):
        clause = wording.clause(each, Scored(0.891, 0.871, 0.911))
        assert "89" in clause
        assert "95 % interval" in clause
        assert "{" not in clause


def test_counts_and_sentences():
    assert wording.count(0, "row") == "0 rows"
    assert wording.sentence(" all is well ") == "All is well."
    assert wording.sentence("Is it?") == "Is it?"
