"""Calibrations: laws of the maps, how they are fitted, and that none is taken where none is needed."""

from __future__ import annotations

import json
import math
import timeit
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from mlwright.errors import ModelError
from mlwright.learn.calibrated import CELLS, Calibrated, Rows, choose_calibration
from mlwright.learn.calibration import Calibration, Powers, from_state, to_state
from mlwright.learn.calibrators import CALIBRATORS
from mlwright.learn.splits import Order
from mlwright.tasks.metrics import BINARY, MULTICLASS
from mlwright.tasks.scores import log_loss, roc_auc

Floats = np.ndarray[Any, np.dtype[np.float64]]


def softmax(raw: Floats) -> Floats:
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def rows_of(seed: int, rows: int, classes: int, *, sureness: float = 1.0, shift: float = 0.0) -> tuple[Floats, Floats]:
    """Return (P, y): probabilities that are true where sureness is 1 and shift is 0."""
    rng = np.random.default_rng([seed, rows, classes])
    raw = 1.5 * rng.normal(size=(rows, classes))
    true = softmax(raw)
    y = (rng.random(rows)[:, None] > np.cumsum(true, axis=1)[:, :-1]).sum(axis=1).astype(float)
    return softmax(sureness * raw + shift * np.arange(classes)), y


def choose(P: Floats, y: Floats, order: Order | None = None, weight: Floats | None = None) -> Calibrated:
    order = order or Order(y.astype(np.intp))
    metric = BINARY["roc_auc"] if P.shape[-1] == 2 else MULTICLASS["log_loss"]
    return choose_calibration(Rows.of(P, y, weight, order, seed=0), metric)


def maps(classes: int) -> dict[str, Calibration]:
    """Return one fitted calibration of each kind that suits so many classes."""
    P, y = rows_of(1, 600, classes, sureness=1.7, shift=0.3)
    return {
        name: each.fit(P, y, np.ones(len(y))) for name, each in CALIBRATORS.items() if classes == 2 or not each.binary
    }


# --- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3, 7])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_probabilities_become_probabilities(classes: int, data: st.DataObject) -> None:
    numbers = st.floats(0.0, 1.0, allow_subnormal=True)
    raw = data.draw(st.lists(st.lists(numbers, min_size=classes, max_size=classes), min_size=1, max_size=6))
    P = np.array([row for row in raw if sum(row) > 0] or [[1.0] * classes])
    P = np.concatenate([P / P.sum(axis=1, keepdims=True), np.eye(classes)])
    before = P.copy()
    for calibration in maps(classes).values():
        found = calibration.apply(P)
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(P, before)
        np.testing.assert_allclose(np.stack([calibration.apply(row[None])[0] for row in P]), found, rtol=1e-12)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_was_likelier_stays_likelier(values: list[float]) -> None:
    p = np.sort(np.array(values))
    for calibration in maps(2).values():
        found = calibration.apply(np.column_stack([1 - p, p]))[:, 1]
        assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_a_saved_calibration_is_the_same(classes: int) -> None:
    P, _ = rows_of(2, 50, classes)
    assert to_state(None) is None
    assert from_state(None, classes) is None
    for calibration in maps(classes).values():
        again = from_state(json.loads(json.dumps(to_state(calibration))), classes)
        assert again is not None
        np.testing.assert_array_equal(again.apply(P), calibration.apply(P))


def test_one_row_costs_next_to_nothing() -> None:
    """About 3 millionths of a second on an idle machine; here only a gross loss is noticed."""
    for classes in (2, 20):
        P = np.full((1, classes), 1 / classes)
        made = Powers(np.full(classes, 1.3), np.linspace(0.5, 1.0, classes))
        assert min(timeit.repeat(lambda made=made, P=P: made.apply(P), number=200, repeat=20)) / 200 < 3e-5


@pytest.mark.parametrize(
    "state",
    [
        {"kind": "unheard of"},
        {"kind": None},
        "powers",
        [],
        {"kind": "powers", "powers": [1.0], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, 1.0, 1.0], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, 0.0], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, -1.0], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, 1e6], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, True], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, None], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": "11", "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, 1.0], "factors": [1.0, 0.0]},
        {"kind": "powers", "powers": [1.0, 1.0], "factors": [1.0, math.inf]},
        {"kind": "powers", "powers": [1.0, math.nan], "factors": [1.0, 1.0]},
    ],
)
def test_a_hostile_calibration_is_refused(state: object) -> None:
    with pytest.raises(ModelError, match="calibrat"):
        from_state(state, 2)


def test_only_questions_with_classes_are_calibrated() -> None:
    for state in (to_state(calibration) for calibration in maps(2).values()):
        with pytest.raises(ModelError, match="calibrat"):
            from_state(state, 0)
        with pytest.raises(ModelError, match="as many numbers"):
            from_state(state, 3)


# --- fits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "classes"), [("temperature", 2), ("temperature", 6), ("vector", 2), ("vector", 6), ("beta", 2)]
)
def test_no_other_numbers_of_its_kind_fit_better(name: str, classes: int) -> None:
    P, y = rows_of(3, 1_500, classes, sureness=1.6, shift=0.4)
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)

    def loss(theta: Floats) -> float:
        powers, factors = np.ones(classes), np.zeros(classes)
        if name == "beta":
            powers, factors[1] = theta[:2], theta[2]
        else:
            powers = np.full(classes, theta[0])
            factors[1:] = theta[1:] if name == "vector" else 0.0
        raw = powers * np.log(P) + factors
        return log_loss(y, softmax(raw), weight)

    start = {"temperature": np.ones(1), "vector": np.r_[1.0, np.zeros(classes - 1)], "beta": np.r_[1.0, 1.0, 0.0]}[name]
    best = minimize(loss, start, method="BFGS").fun
    found = log_loss(y, CALIBRATORS[name].fit(P, y, weight).apply(P), weight)
    assert best - 1e-9 <= found <= best + 2e-5


def test_a_weight_of_two_is_a_row_twice() -> None:
    P, y = rows_of(4, 800, 2, sureness=1.5)
    times = np.random.default_rng(0).integers(1, 4, len(y))
    for name, each in CALIBRATORS.items():
        weighted, repeated = (
            each.fit(P, y, times.astype(float)),
            each.fit(np.repeat(P, times, axis=0), np.repeat(y, times), np.ones(times.sum())),
        )
        np.testing.assert_allclose(weighted.apply(P), repeated.apply(P), atol=2e-3, err_msg=name)


@pytest.mark.parametrize("classes", [2, 4])
def test_nonsense_still_gives_a_rising_map_within_bounds(classes: int) -> None:
    rng = np.random.default_rng(0)
    P, y = rows_of(5, 500, classes, sureness=3.0)
    cases = [
        (P, (classes - 1 - y)),
        (P, rng.integers(0, classes, 500).astype(float)),
        (P, np.zeros(500)),
        (P, P.argmax(1) * 1.0),
    ]
    cases.append((np.full_like(P, 1 / classes), y))
    cases.append((np.eye(classes)[y.astype(int)], y))
    for values, true in cases:
        for each in CALIBRATORS.values():
            if each.binary and classes > 2:
                continue
            found = each.fit(values, true, np.ones(500))
            assert np.isfinite(found.apply(np.concatenate([P, np.eye(classes)]))).all()
            again = from_state(json.loads(json.dumps(to_state(found))), classes)
            assert again is not None


# --- the choice ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("classes", "rows"), [(2, 600), (2, 1_000), (2, 4_000), (4, 1_000)])
def test_none_is_taken_where_none_is_needed(classes: int, rows: int) -> None:
    """At least 95 of 100 times, in these 120 worlds."""
    taken = sum(choose(*rows_of(seed, rows, classes)).calibration is not None for seed in range(120))
    assert taken <= 6


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(("sureness", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 0.7), (1.5, -0.4)])
def test_what_is_clearly_wrong_is_put_right(classes: int, sureness: float, shift: float) -> None:
    P, y = rows_of(6, 3_000, classes, sureness=sureness, shift=shift)
    fresh_P, fresh_y = rows_of(7, 30_000, classes, sureness=sureness, shift=shift)
    true_P, _ = rows_of(7, 30_000, classes)
    found = choose(P, y)
    assert found.calibration is not None
    assert found.gain > found.error > 0
    before, after, best = (log_loss(fresh_y, each) for each in (fresh_P, found.calibration.apply(fresh_P), true_P))
    assert after < before
    assert after - best < 0.02 * best
    assert found.label in found.sentence
    assert "lowers log loss by" in found.sentence
    assert json.loads(json.dumps(found.to_dict()))["method"] == found.name


def test_the_ranking_stays() -> None:
    P, y = rows_of(8, 2_000, 2, sureness=2.0, shift=0.5)
    found = choose(P, y).calibration
    assert found is not None
    assert roc_auc(y, found.apply(P)) == pytest.approx(roc_auc(y, P), abs=1e-4)


def test_what_would_harm_the_metric_that_decides_is_refused() -> None:
    """The cases are rare and overstated: truer probabilities find fewer of them at one half."""
    P, y = rows_of(9, 6_000, 2, shift=1.5)
    rare = np.flatnonzero((y == 0) | (np.arange(6_000) % 10 == 0))
    P, y = P[rare], y[rare]
    rows = Rows.of(P, y, None, Order(y.astype(np.intp)), seed=0)
    recall = BINARY["recall"]
    free, bound = choose_calibration(rows, BINARY["log_loss"]), choose_calibration(rows, recall)
    assert free.calibration is not None
    assert recall.score(y, free.calibration.apply(P), None) < recall.score(y, P, None) - 0.1
    assert bound.name != free.name
    assert (
        bound.calibration is None
        or recall.score(y, bound.calibration.apply(P), None) >= recall.score(y, P, None) - 1e-4
    )


def test_few_rows_of_the_rarer_class_try_nothing() -> None:
    P, y = rows_of(10, 5_000, 2, sureness=3.0)
    few = np.r_[np.flatnonzero(y == 1)[:49], np.flatnonzero(y == 0)]
    found = choose(P[few], y[few])
    assert (found.calibration, found.reason) == (None, "few rows")
    assert "too few rows" in found.sentence
    enough = np.r_[np.flatnonzero(y == 1)[:300], np.flatnonzero(y == 0)]
    assert choose(P[enough], y[enough]).calibration is not None


def test_without_time_nothing_is_tried() -> None:
    P, y = rows_of(10, 2_000, 2, sureness=3.0)
    rows = Rows.of(P, y, None, Order(y.astype(np.intp)), seed=0)
    found = choose_calibration(rows, BINARY["roc_auc"], stop=lambda: True)
    assert (found.calibration, found.reason) == (None, "no time")
    assert "no time" in found.sentence


def test_copies_and_entities_and_stretches_of_time_are_one_piece() -> None:
    P, y = rows_of(11, 1_000, 2)
    strata, groups = y.astype(np.intp), np.arange(1_000) // 7
    for order in (Order(strata, groups=groups), Order(strata, copies=groups)):
        rows = Rows.of(P, y, None, order, seed=0)
        for group in np.unique(groups):
            assert len(np.unique(rows.part[groups == group])) == 1
        assert len(np.unique(rows.unit)) == len(np.unique(groups))
        assert len(np.unique(rows.part)) == 5
    time = np.random.default_rng(0).permutation(1_000).astype(float)
    rows = Rows.of(P, y, None, Order(strata, time=time), seed=0)
    assert (np.diff(rows.part[np.argsort(time)]) >= 0).all()
    assert (len(np.unique(rows.part)), len(np.unique(rows.unit))) == (5, 50)


def test_copies_do_not_make_a_chance_difference_certain() -> None:
    """Each row ten times says no more than once; were copies taken for rows, one in three would be calibrated."""
    taken = 0
    for seed in range(60):
        P, y = rows_of(seed, 150, 2)
        copies = np.tile(np.arange(150), 10)
        P, y = np.tile(P, (10, 1)), np.tile(y, 10)
        taken += choose(P, y, Order(y.astype(np.intp), copies=copies)).calibration is not None
    assert taken <= 6


def test_repeats_are_one_row_each() -> None:
    P, y = rows_of(12, 600, 2, sureness=2.5)
    once, thrice = choose(P, y), choose(np.stack([P, P, P]), y)
    assert once.calibration is not None
    assert thrice.calibration is not None
    assert once.name == thrice.name
    assert thrice.error == pytest.approx(once.error, rel=0.02)
    np.testing.assert_allclose(thrice.calibration.apply(P), once.calibration.apply(P), atol=2e-3)


def test_many_rows_are_thinned_out_and_rare_cases_kept() -> None:
    rng = np.random.default_rng(0)
    rows = 600_000
    y = (rng.random(rows) < 0.001).astype(float)
    p = np.clip(rng.beta(1, 400, rows) + 0.002 * y, 0, 1)
    thin = Rows.of(np.column_stack([1 - p, p]), y, None, Order(y.astype(np.intp)), seed=0)
    assert thin.P.size <= CELLS
    assert thin.counts[1] == y.sum()
    assert thin.weight @ thin.y / thin.weight.sum() == pytest.approx(y.mean())


def test_weights_choose_what_suits_the_rows_to_come() -> None:
    """Half of the rows are overstated, the others true: only where the first weigh is there anything to put right."""
    wrong, right = rows_of(13, 1_500, 2, sureness=2.5), rows_of(14, 1_500, 2)
    P, y = np.concatenate([wrong[0], right[0]]), np.concatenate([wrong[1], right[1]])
    first = np.arange(3_000) < 1_500
    assert choose(P, y, weight=np.where(first, 1.0, 1e-6)).calibration is not None
    assert choose(P, y, weight=np.where(first, 1e-6, 1.0)).calibration is None
    powers = choose(P, y, weight=np.where(first, 1.0, 1e-6)).calibration
    assert isinstance(powers, Powers)
    assert powers.powers == pytest.approx(np.full(2, 0.4), abs=0.12)


def test_the_same_rows_give_the_same_choice() -> None:
    P, y = rows_of(15, 2_000, 3, sureness=1.6)
    assert to_state(choose(P, y).calibration) == to_state(choose(P, y).calibration)
