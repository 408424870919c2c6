"""Thresholds that cost least, intervals that cover, and what is drawn of errors."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs, Target
from mlwright.tasks.curves import calibration, confusions, coverage, residuals, wilson
from mlwright.tasks.decide import Known, cheapest_threshold, expected_costs, floor_of, interval, sets
from mlwright.tasks.decide import conformal as fit_interval

BINARY, MULTICLASS, REGRESSION = ROW_TASKS["binary"], ROW_TASKS["multiclass"], ROW_TASKS["regression"]


def known(y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None = None) -> Known:
    return Known.of(Target(y), predicted[..., None], weight)


def conformal(y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None = None) -> dict[str, Any]:
    return fit_interval(known(y, predicted, weight))


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
    assert len(decision["widths"]) == len(decision["at"]) == 20
    assert (np.diff(decision["at"]) > 0).all()
    assert decision["widths"][0] < decision["widths"][-1] / 3
    lower, upper = interval(predicted, decision)
    assert np.mean(upper - lower) < 0.95 * 2 * np.quantile(np.abs(y - predicted), 0.9)
    assert np.mean(np.abs(np.diff((upper - lower)[np.argsort(predicted)]))) < 0.1
    assert json.loads(json.dumps(decision)) == decision


def test_few_rows_have_one_bin_and_equal_predictions_too() -> None:
    rng = np.random.default_rng(0)
    assert len(conformal(rng.normal(size=50), rng.normal(size=50))["at"]) == 1
    assert conformal(rng.normal(size=5000), np.zeros(5000))["widths"] == pytest.approx([1.645], abs=0.1)
    lumps = conformal(rng.normal(size=1000), np.append(np.zeros(990), np.arange(10.0)))
    lower, upper = interval(np.array([0.0, 5.0]), lumps)
    assert (upper > lower).all()
    perfect = conformal(np.arange(300.0), np.arange(300.0))
    assert interval(np.array([-5.0, 1e9]), perfect)[0].tolist() == [-5.0, 1e9]
    half = conformal(
        np.append(np.arange(200.0), rng.normal(1_000, 9, 200)), np.append(np.arange(200.0), np.full(200, 1e3))
    )
    lower, upper = interval(np.array([10.0, 1_000.0]), half)
    assert (upper - lower)[0] < 0.1 < 20 < (upper - lower)[1]


def test_amounts_have_no_interval_below_zero() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.gamma(1, 2, 1000)
    y = np.maximum(predicted + rng.normal(size=1000), 0)
    decision = REGRESSION.decide(Target(y), predicted[:, None], Costs())
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
    sentence = calibration(happened, p, event="'yes'")["sentence"]
    assert "1 of the 10 groups is a little off, which is no more than chance makes it" in sentence


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
    assert perfect["sentence"] == "2 of 2 rows were given the right class, so it was wrong in none."


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


# --- weights ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(1, 3)), min_size=1, max_size=25),
    st.sampled_from([(1.0, 1.0), (0.5, 3.0), (7.0, 1.0)]),
)
@settings(max_examples=100, deadline=None)
def test_a_weight_of_two_is_a_row_twice_for_costs(
    rows: list[tuple[bool, int, int]], costs: tuple[float, float]
) -> None:
    y, p = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows]) / 8
    times = np.array([row[2] for row in rows])
    many_y, many_p = np.repeat(y, times), np.repeat(p, times)
    stated = Costs(*costs, stated=True)
    grid = np.linspace(0, 1.1, 23)
    np.testing.assert_allclose(
        expected_costs(y, p, grid, stated, times.astype(float)), expected_costs(many_y, many_p, grid, stated)
    )
    chosen = cheapest_threshold(y, p, stated, times.astype(float))
    assert chosen == cheapest_threshold(many_y, many_p, stated)
    decided = BINARY.decide(Target(y, (0, 1)), np.column_stack([1 - p, p]), stated, times.astype(float))
    assert decided["threshold"] == chosen


@given(seed=st.integers(0, 10_000), rows=st.integers(20, 400))
@settings(max_examples=40, deadline=None)
def test_a_weight_of_two_is_a_row_twice_for_intervals_but_for_one_rank(seed: int, rows: int) -> None:
    """The weight of the row to come is the mean of those known, so that twice the rows come half a rank closer."""
    rng = np.random.default_rng(seed)
    y, times = rng.normal(size=rows), rng.integers(1, 4, rows)
    weighted = conformal(y, np.zeros(rows), times.astype(float))["widths"][0]
    repeated = conformal(np.repeat(y, times), np.zeros(times.sum()))["widths"][0]
    errors = np.sort(np.abs(y))
    assert abs(int(np.searchsorted(errors, weighted)) - int(np.searchsorted(errors, repeated))) <= 1


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION], ids=lambda task: task.name)
def test_only_the_ratios_of_weights_count_and_equal_ones_change_nothing(task: Any) -> None:
    rng = np.random.default_rng(3)
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[task.name]
    y = rng.integers(0, classes, 600).astype(float) if classes else rng.normal(size=600)
    P = rng.dirichlet(np.ones(classes), 600) if classes else rng.normal(size=(600, 1))
    target, costs = Target(y, tuple(range(classes))), Costs(1.0, 3.0, stated=True)
    weight = rng.integers(0, 5, 600) / 4.0
    assert task.decide(target, P, costs, weight) == task.decide(target, P, costs, 8 * weight)
    assert task.decide(target, P, costs, np.full(600, 0.25)) == task.decide(target, P, costs)
    assert task.decide(target, P, costs, weight) != task.decide(target, P, costs)
    kept = weight > 0
    assert task.decide(target, P, costs, weight) == task.decide(
        target.take(np.flatnonzero(kept)), P[kept], costs, weight[kept]
    )


def test_weights_bring_intervals_to_the_rows_to_come() -> None:
    """Four of five known rows are steady, four of five rows to come are not; weights say so."""
    rng = np.random.default_rng(0)
    wild = rng.random(40_000) < 0.2
    y = rng.normal(0, np.where(wild, 5.0, 1.0))
    weight = np.where(wild, 4.0, 0.25)
    new_wild = rng.random(40_000) < 0.8
    new = np.abs(rng.normal(0, np.where(new_wild, 5.0, 1.0)))
    plain, weighted = (conformal(y, np.zeros(40_000), each)["widths"][0] for each in (None, weight))
    assert np.mean(new <= plain) < 0.7
    # 3.3 deviations of 40,000 new rows and of as many rows as the weighted ones are worth (about 12,000).
    assert abs(np.mean(new <= weighted) - 0.9) < 3.3 * math.sqrt(0.09 / 40_000 + 0.09 / 12_000)


# --- repeats and few rows --------------------------------------------------------------------------------------------


def test_intervals_fit_the_one_model_that_is_fitted_not_an_average_of_several() -> None:
    covered, averaged = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        rows, truth = 300, rng.normal(size=300)
        y = truth + rng.normal(size=rows)
        repeats = truth + rng.normal(size=(3, rows))
        new_truth = rng.normal(size=300)
        new_y, new = new_truth + rng.normal(size=300), new_truth + rng.normal(size=300)
        for store, predictions in ((covered, repeats[..., None]), (averaged, repeats.mean(axis=0)[:, None])):
            lower, upper = interval(new, REGRESSION.decide(Target(y), predictions, Costs()))
            store.append(np.mean((new_y >= lower) & (new_y <= upper)))
    # 3.3 deviations of the mean of 150 worlds, each with 300 known rows and 300 new ones.
    spread = 3.3 * math.sqrt((0.09 / 302 + 0.09 / 300) / 150)
    assert 0.9 - spread <= np.mean(covered) <= 0.9 + 1 / 101 + spread
    assert np.mean(averaged) < 0.87


@pytest.mark.parametrize("rows", [2, 4, 8, 9, 15])
def test_few_rows_promise_no_more_than_they_can_keep(rows: int) -> None:
    held, level = [], 0.0
    for seed in range(4_000):
        rng = np.random.default_rng(seed)
        decision = conformal(rng.normal(size=rows), np.zeros(rows))
        level = decision["level"]
        held.append(abs(rng.normal()) <= decision["widths"][0])
    assert level == pytest.approx(min(0.9, rows / (rows + 1)))
    assert (
        level - 3.3 * math.sqrt(0.25 / 4_000) <= np.mean(held) <= level + 1 / (rows + 1) + 3.3 * math.sqrt(0.25 / 4_000)
    )


# --- sets ------------------------------------------------------------------------------------------------------------


def labelled_rows(rng: np.random.Generator, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return classes, the first common and the last rare, and probabilities that are too sure of themselves."""
    share = 1.0 / np.arange(1, classes + 1) ** 1.5
    y = rng.choice(classes, rows, p=share / share.sum())
    raw = 2.5 * np.eye(classes)[y] + rng.normal(size=(rows, classes)) * 1.5
    P = np.exp(2 * raw)
    return y, P / P.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 4])
def test_sets_hold_the_true_label_in_ninety_of_a_hundred_rows_of_each_class(classes: int) -> None:
    task = BINARY if classes == 2 else MULTICLASS
    held = np.zeros((120, classes))
    alone = np.zeros(120)
    for seed in range(120):
        rng = np.random.default_rng([seed, classes])
        y, P = labelled_rows(rng, 1_200, classes)
        target = Target(y.astype(float), tuple("abcd"[:classes]))
        new_y, new_P = labelled_rows(rng, 1_200, classes)
        decision = task.decide(target, P, Costs())
        # Without the likeliest label, which is always named, coverage is what it is meant to be.
        bare = new_P >= np.asarray(decision["cutoffs"])
        held[seed] = [bare[new_y == label, label].mean() for label in range(classes)]
        answered = task.answer(new_P, decision, target.classes)
        assert answered.included is not None
        alone[seed] = answered.included[np.arange(1_200), new_y].mean()
    # The rarest class has about 80 rows; 3.3 deviations of the mean of 120 worlds with 80 known rows and 80 new ones.
    spread = 3.3 * math.sqrt(2 * 0.09 / 80 / 120)
    assert (np.abs(held.mean(axis=0) - 0.9) <= 1 / 60 + spread).all()
    assert alone.mean() >= 0.9 - spread


def test_sets_name_the_labels_and_always_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    y, P = labelled_rows(rng, 900, 3)
    target = Target(y.astype(float), ("no", "maybe", "yes"))
    answered = MULTICLASS.answer(P, MULTICLASS.decide(target, P, Costs()), target.classes)
    found = answered.sets
    assert found is not None
    assert len(found) == 900
    assert {len(labels) for labels in found} >= {1, 2}
    for labels, value in zip(found, answered.values, strict=True):
        assert value in labels
        assert set(labels) <= {"no", "maybe", "yes"}
    single = MULTICLASS.answer(P[:1], MULTICLASS.decide(target, P, Costs()), target.classes)
    assert single.sets == found[:1]


def test_rare_classes_have_no_limit_of_their_own_and_too_few_rows_say_nothing() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([0.0, 1.0, 2.0, 3.0], [400, 200, 15, 12])
    P = rng.dirichlet(np.ones(4), len(y)) + 2 * np.eye(4)[y.astype(int)]
    P /= P.sum(axis=1, keepdims=True)
    found = sets(Known.of(Target(y, (0, 1, 2, 3)), P, None), 4)["cutoffs"]
    together = np.sort(P[np.arange(len(y)), y.astype(int)])[62 - 1]
    assert found[2] == found[3] == together
    assert max(found) == together
    both = sets(Known.of(Target(y[:600], (0, 1)), P[:600, :2], None), 2)["cutoffs"]
    assert both[0] != both[1]
    assert sets(Known.of(Target(y[:99], (0, 1, 2, 3)), P[:99], None), 4) == {}
    assert "cutoffs" not in BINARY.decide(Target(y[:90] % 2, (0, 1)), P[:90, :2], Costs())
    assert REGRESSION.answer(P[:2, :1], conformal(y, P[:, 0]), ()).sets is None


def test_many_rare_classes_leave_the_promise_of_all_rows() -> None:
    """Rare classes are hardly recognised; of all rows 90 % still have their class named, and sets stay small."""
    held, common, size = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        share = np.r_[np.full(3, 0.25), np.full(25, 0.01)]
        P, y = [], []
        for _ in range(2):
            label = rng.choice(28, 1_000, p=share)
            raw = rng.normal(size=(1_000, 28)) + np.where(label < 3, 4.0, 1.5)[:, None] * np.eye(28)[label]
            P.append(np.exp(raw) * share / np.sum(np.exp(raw) * share, axis=1, keepdims=True))
            y.append(label)
        decision = MULTICLASS.decide(Target(y[0].astype(float), tuple(range(28))), P[0], Costs())
        included = P[1] >= np.asarray(decision["cutoffs"])
        inside = included[np.arange(1_000), y[1]]
        held.append(inside.mean())
        common.append(inside[y[1] < 3].mean())
        size.append(included.sum(axis=1).mean())
    # 3.3 deviations of the mean of 60 worlds with 1,000 known and 1,000 new rows.
    spread = 3.3 * math.sqrt(2 * 0.09 / 1_000 / 60)
    assert np.mean(held) >= 0.9 - spread
    assert np.mean(common) >= 0.9 - spread
    assert np.mean(size) < 10


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_row_has_the_same_set_alone_and_among_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, P = labelled_rows(rng, 300, 3)
    target = Target(y.astype(float), ("a", "b", "c"))
    decision = json.loads(json.dumps(MULTICLASS.decide(target, P, Costs())))
    together = MULTICLASS.answer(P[:20], decision, target.classes).sets
    assert together == tuple(
        labels for row in P[:20] for labels in MULTICLASS.answer(row[None], decision, target.classes).sets or ()
    )


def test_what_the_report_says_of_sets() -> None:
    rng = np.random.default_rng(0)
    y, P = labelled_rows(rng, 2_000, 2)
    target = Target(y.astype(float), ("no", "yes"))
    drawn = BINARY.curves(target, P, BINARY.decide(target, P, Costs()))["sets"]
    assert 0.88 <= drawn["coverage"] <= 1
    assert 1 <= drawn["size"] <= 2
    assert "all answers that it cannot rule out" in drawn["sentence"]
    assert "of 2,000 rows, as it should be" in drawn["sentence"]
    never = BINARY.curves(target, P[:, ::-1], BINARY.decide(target, P, Costs()))["sets"]
    assert "too seldom" in never["sentence"]


# --- floors ----------------------------------------------------------------------------------------------------------


def test_only_amounts_of_enough_rows_have_a_floor() -> None:
    assert floor_of(Target(np.arange(100.0))) == 0.0
    assert floor_of(Target(np.arange(99.0))) is None
    assert floor_of(Target(np.arange(100.0) - 1)) is None
    assert floor_of(Target(np.arange(200.0) % 2, (0, 1))) is None
    assert "floor" not in REGRESSION.decide(Target(np.arange(99.0)), np.arange(99.0)[:, None], Costs())
