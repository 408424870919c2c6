"""Thresholds that cost least, intervals that cover, and what is drawn of errors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.tasks import TASKS
from mlwright.tasks.base import Costs, Target
from mlwright.tasks.curves import calibration, confusions, coverage, residuals, wilson
from mlwright.tasks.decide import cheapest_threshold, conformal, expected_costs, interval

BINARY, MULTICLASS, REGRESSION = TASKS["binary"], TASKS["multiclass"], TASKS["regression"]


def cost_of(y: np.ndarray, p: np.ndarray, threshold: float, costs: Costs) -> float:
    called = p >= threshold
    return float(np.mean(costs.false_positive * (called & (y == 0)) + costs.false_negative * (~called & (y == 1))))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=25),
    st.sampled_from([0.0, 0.5, 1.0, 7.0]),
    st.sampled_from([0.1, 1.0, 3.0]),
)
@settings(max_examples=80, deadline=None)
def test_no_threshold_is_cheaper(rows: list[tuple[bool, int]], fp: float, fn: float) -> None:
    y, p = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows]) / 8
    costs = Costs(fp, fn, stated=True)
    chosen = cheapest_threshold(y, p, costs)
    best = min(cost_of(y, p, threshold, costs) for threshold in [*np.unique(p), 1.1, 0.0])
    assert cost_of(y, p, chosen, costs) == pytest.approx(best)
    assert expected_costs(y, p, np.array([chosen]), costs)[0] == pytest.approx(best)


def test_with_good_probabilities_the_threshold_is_the_one_of_theory() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(50_000)
    y = (rng.random(50_000) < p).astype(float)
    assert cheapest_threshold(y, p, Costs(1, 4)) == pytest.approx(0.2, abs=0.04)


def test_a_threshold_is_moved_only_where_costs_were_stated() -> None:
    y = np.array([0.0, 0.0, 1.0, 1.0])
    P = np.column_stack([[0.9, 0.6, 0.7, 0.2], [0.1, 0.4, 0.3, 0.8]])
    target = Target(y, ("no", "yes"))
    assert BINARY.decide(target, P, Costs()) == {
        "threshold": 0.5,
        "costs": {"false_positive": 1.0, "false_negative": 1.0},
        "stated": False,
        "positive": "yes",
    }
    stated = BINARY.decide(target, P, Costs(1.0, 9.0, stated=True))
    assert stated["threshold"] < 0.3
    assert BINARY.answer(P, stated, target.classes).values.tolist() == ["no", "yes", "yes", "yes"]


@pytest.mark.parametrize(("fp", "fn", "words"), [(-1, 1, "--cost-fp cannot be -1"), (0, 0, "cannot both be 0")])
def test_costs_that_are_none_are_refused(fp: float, fn: float, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        BINARY.decide(Target(np.array([0.0, 1.0]), (0, 1)), np.full((2, 2), 0.5), Costs(fp, fn, stated=True))


def number_rows(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    predicted = rng.gamma(2.0, 10.0, rows)
    return predicted + rng.normal(0, 0.2 + 0.3 * predicted), predicted


@pytest.mark.parametrize("rows", [19, 60, 400, 3000])
def test_the_interval_covers_as_it_says_over_many_worlds(rows: int) -> None:
    covered = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        y, predicted = number_rows(rng, rows)
        new_y, new_predicted = number_rows(rng, 400)
        lower, upper = interval(new_predicted, conformal(y, predicted))
        covered.append(np.mean((new_y >= lower) & (new_y <= upper)))
    # Marginal coverage is at least 90 %, and at most 1 / (n + 1) more in each bin (Lei et al., 2018).
    spread = 3 * np.std(covered) / np.sqrt(len(covered))
    assert 0.9 - spread <= np.mean(covered) <= 0.9 + 1 / min(rows + 1, 100) + spread


def test_intervals_are_narrow_where_errors_are_small() -> None:
    y, predicted = number_rows(np.random.default_rng(0), 5000)
    decision = conformal(y, predicted)
    assert len(decision["widths"]) == len(decision["edges"]) + 1 == 10
    assert decision["widths"][0] < decision["widths"][-1] / 3
    assert json.loads(json.dumps(decision)) == decision


def test_few_rows_have_one_bin_and_equal_predictions_too() -> None:
    rng = np.random.default_rng(0)
    assert conformal(rng.normal(size=50), rng.normal(size=50))["edges"] == []
    assert conformal(rng.normal(size=5000), np.zeros(5000))["widths"] == pytest.approx([1.645], abs=0.1)
    lumps = conformal(rng.normal(size=1000), np.append(np.zeros(990), np.arange(10.0)))
    lower, upper = interval(np.array([0.0, 5.0]), lumps)
    assert (upper > lower).all()


def test_amounts_have_no_interval_below_zero() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.gamma(1, 2, 1000)
    decision = conformal(np.maximum(predicted + rng.normal(size=1000), 0), predicted)
    lower, upper = interval(np.array([0.1, -0.5, 9.0]), decision)
    assert lower.tolist()[:2] == [0.0, -0.5]
    assert (lower <= [0.1, -0.5, 9.0]).all()
    assert (upper >= [0.1, -0.5, 9.0]).all()
    answer = REGRESSION.answer(np.array([[0.1], [9.0]]), decision, ())
    assert answer.lower is not None
    assert answer.values.tolist() == [0.1, 9.0]


def test_wilson_is_the_score_interval() -> None:
    low, high = wilson(np.array([0.0, 5.0, 10.0]), np.array([10.0, 10.0, 10.0]))
    assert low.tolist() == pytest.approx([0.0, 0.2366, 0.7225], abs=1e-4)
    assert high.tolist() == pytest.approx([0.2775, 0.7634, 1.0], abs=1e-4)


def test_calibration_says_where_probabilities_are_off() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    good = calibration((rng.random(4000) < p).astype(float), p, event="'yes'")
    assert len(good["count"]) == 10
    assert sum(good["count"]) == 4000
    assert "at their word" in good["sentence"]
    bad = calibration((rng.random(4000) < p**3).astype(float), p, event="'yes'")
    assert "too high" in bad["sentence"]
    assert "10 groups of rows with similar probabilities are off" in bad["sentence"]
    constant = calibration(np.array([0.0, 1.0, 1.0]), np.full(3, 0.5), event="'yes'")
    assert constant["count"] == [3]


def test_one_range_that_is_clearly_off_is_told() -> None:
    p = np.repeat(np.linspace(0.05, 0.95, 10), 400)
    happened = (np.tile(np.arange(400), 10) < 400 * p).astype(float)
    assert "at their word" in calibration(happened, p, event="'yes'")["sentence"]
    happened[p == p[1600]] = np.arange(400) < 240
    sentence = calibration(happened, p, event="'yes'")["sentence"]
    assert "too low: where 45 % was said (45 % on average), 'yes' happened in 60 % of 400 rows" in sentence
    assert "1 of 10 groups of rows with similar probabilities is off" in sentence
    happened[p == p[1600]] = np.arange(400) < 202
    assert "but for 1 of 10, as chance alone would have it" in calibration(happened, p, event="'yes'")["sentence"]


def test_confusion_merges_rare_classes_beyond_twenty() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 26, 3000).astype(float)
    called = np.where(rng.random(3000) < 0.8, y, rng.integers(0, 26, 3000)).astype(np.intp)
    drawn = confusions(y, called, tuple("abcdefghijklmnopqrstuvwxyz"))
    assert len(drawn["classes"]) == 20
    assert drawn["classes"][-1] == "other"
    assert np.sum(drawn["counts"]) == 3000
    assert f"{np.sum(y == called):,} of 3,000 rows" in drawn["sentence"]
    perfect = confusions(np.array([0.0, 1.0]), np.array([0, 1]), ("a", "b"))
    assert perfect["sentence"] == "2 of 2 rows (100 %) were given the right class."


def test_residuals_are_at_most_500_points_and_always_the_same() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=2000), rng.normal(size=2000)
    drawn = residuals(y, p)
    assert len(drawn["predicted"]) == len(drawn["actual"]) == 500
    assert drawn == residuals(y, p)
    assert min(drawn["predicted"]) == p.min()
    assert "as it should be" in coverage(y, np.full(2000, -1.645), np.full(2000, 1.645), 0.9)["sentence"]
    assert "too seldom" in coverage(y, np.full(2000, -1.0), np.full(2000, 1.0), 0.9)["sentence"]


def test_curves_of_every_task_are_json_with_a_sentence() -> None:
    rng = np.random.default_rng(0)
    rows = 300
    two = Target((rng.random(rows) < 0.3).astype(float), ("no", "yes"))
    three = Target(rng.integers(0, 3, rows).astype(float), ("a", "b", "c"))
    number = Target(rng.normal(size=rows))
    for task, target, P in (
        (BINARY, two, rng.dirichlet([1, 1], rows)),
        (MULTICLASS, three, rng.dirichlet([1, 1, 1], rows)),
        (REGRESSION, number, rng.normal(size=(rows, 1))),
    ):
        for costs in (Costs(), Costs(1, 5, stated=True)):
            drawn = task.curves(target, P, task.decide(target, P, costs))
            json.dumps(drawn, allow_nan=False)
            for curve in drawn.values():
                assert curve["form"]
                assert curve["sentence"].endswith(".")
    P = rng.dirichlet([1, 1], rows)
    threshold = BINARY.curves(two, P, BINARY.decide(two, P, Costs()))["threshold"]
    assert len(threshold["threshold"]) <= 100
    assert threshold["chosen"] in threshold["threshold"]
    at = threshold["threshold"].index(0.5)
    assert threshold["recall"][at] <= threshold["recall"][0] == 1.0


def test_rows_of_one_class_can_still_be_drawn() -> None:
    target = Target(np.zeros(10), ("no", "yes"))
    P = np.column_stack([np.linspace(0, 1, 10), np.linspace(1, 0, 10)])
    decision = BINARY.decide(replace(target, y=np.arange(10) % 2 * 1.0), P, Costs())
    json.dumps(BINARY.curves(target, P, decision), allow_nan=False)
