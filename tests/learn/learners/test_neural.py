"""What is particular to the neural network; what holds of all learners is in tests/checks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from mlwright.learn.base import Effort, Fitted, Problem
from mlwright.learn.learners.neural import _LINKS, Neural, _reading
from mlwright.learn.learners.neural_nets import Nets, Pace, Shape
from mlwright.learn.links import NATURAL

FIRST = {objective: listed[0] for objective, listed in Neural.configurations.items()}
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
QUICK = {"units": 16, "epochs": 12}


def smooth(objective: str = "regression", rows: int = 400, seed: int = 0) -> Problem:
    """What a network is good at: a smooth function of three of four columns at once."""
    X = np.random.default_rng(seed).normal(size=(rows, 4))
    z = np.tanh(X[:, 0] + X[:, 1] * X[:, 2])
    y = {"binary": z > 0, "multiclass": np.digitize(z, [-0.4, 0.4]), "regression": z / z.std()}[objective]
    return Problem(X, np.asarray(y, dtype=float), objective, CLASSES[objective])


def fit(given: Problem, valid: Problem | None = None, *, rounds: int | None = 12, **changes: object) -> Fitted:
    configuration = {**FIRST[given.objective], **QUICK, **changes}
    return Neural().fit(given, configuration, valid, Effort(rounds=rounds))


def finite(fitted: Fitted, X: np.ndarray) -> np.ndarray:
    P = fitted.predict(X)
    assert np.isfinite(P).all()
    return P


PLAIN_LINKS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda sums: sums,
    "sigmoid": lambda sums: 1 / (1 + np.exp(-sums)),
    "softmax": lambda sums: np.exp(sums) / np.exp(sums).sum(axis=-1, keepdims=True),
}


def plain_loss(parts: Mapping[str, np.ndarray], X: np.ndarray, truth: np.ndarray, link: str, weight: np.ndarray) -> float:
    """The loss as a textbook has it, in doubles; the networks' losses add up."""
    total = 0.0
    for net in range(len(parts["scale"])):
        values = X[net] * parts["scale"][net, :, 0]
        layers = (len(parts) - 1) // 2
        for layer in range(layers):
            values = values @ parts[f"weight{layer}"][net] + parts[f"bias{layer}"][net]
            if layer + 1 < layers:
                values = 1.0507009873554805 * np.where(values > 0, values, 1.6732632423543772 * np.expm1(values))
        P = PLAIN_LINKS[link](values)
        losses = {
            "identity": lambda P=P, net=net: (P - truth[net]) ** 2 / 2,
            "sigmoid": lambda P=P, net=net: -truth[net] * np.log(P) - (1 - truth[net]) * np.log(1 - P),
            "softmax": lambda P=P, net=net: -truth[net] * np.log(P),
        }[link]()
        total += float((losses * weight[net]).sum())
    return total


@pytest.mark.parametrize("link", sorted(PLAIN_LINKS))
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_what_small_steps_say(link: str, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    shape = Shape(nets=2, inputs=4, hidden=(6, 5), outputs=1 if link == "sigmoid" else 3)
    X = rng.normal(size=(2, 9, 4)).astype(np.float32)
    nets = Nets(shape, _LINKS[link], [0.1] * shape.outputs, X[0], seeds=(1, 2))
    for name in ("weight2", "scale"):  # they begin at 0 and at 1, where much is hidden
        nets.now.parts[name][...] = rng.normal(size=nets.now.parts[name].shape) + 1
    truth = rng.normal(size=(2, 9, shape.outputs))
    if link != "identity":
        truth = np.eye(shape.outputs)[rng.integers(0, shape.outputs, (2, 9))] if link == "softmax" else truth > 0
    truth = truth.astype(np.float32)
    weight = (rng.uniform(0.5, 2, (2, 9, 1)) / 9).astype(np.float32)
    before = nets.now.flat.copy()
    nets.learn(X, truth, weight if weighted else None, Pace(0.0, 0.0, 0.0))
    np.testing.assert_array_equal(nets.now.flat, before)
    counted = weight.astype(float) if weighted else np.full((2, 9, 1), 1 / 9)
    parts = {name: part.astype(float) for name, part in nets.now.parts.items()}
    for name, part in parts.items():
        for place in range(part.size):
            steps = []
            for step in (1e-5, -1e-5):
                moved = part.copy()
                moved.reshape(-1)[place] += step
                steps.append(plain_loss({**parts, name: moved}, X.astype(float), truth.astype(float), link, counted))
            expected = (steps[0] - steps[1]) / 2e-5
            found = nets.gradient.parts[name].reshape(-1)[place]
            assert abs(found - expected) < 1e-4 * max(1.0, abs(expected)), (name, place)


def test_adamw_takes_the_steps_of_the_textbook() -> None:
    """Loshchilov and Hutter's algorithm 2, one number after another, from the gradients it was given."""
    rng = np.random.default_rng(0)
    X, truth = rng.normal(size=(1, 8, 3)).astype(np.float32), rng.normal(size=(1, 8, 1)).astype(np.float32)
    nets = Nets(Shape(1, 3, (4,), 1), _LINKS["identity"], [0.0], X[0], seeds=(0,))
    now = {name: part.astype(float) for name, part in nets.now.parts.items()}
    mean, square = ({name: np.zeros(part.shape) for name, part in now.items()} for _ in range(2))
    factor = {"scale": 6.0, "bias0": 0.1, "bias1": 0.1, "weight0": 3**-0.5, "weight1": 4**-0.5}
    average = {name: part.copy() for name, part in now.items()}
    for step in range(1, 6):
        nets.learn(X, truth, None, Pace(0.02, 0.1, 0.0))
        for name, part in now.items():
            gradient = nets.gradient.parts[name].astype(float)
            mean[name] = 0.9 * mean[name] + 0.1 * gradient
            square[name] = 0.95 * square[name] + 0.05 * gradient**2
            stride = mean[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.95**step)) + 1e-8)
            decay = 0.02 * 0.1 * name.startswith("weight")
            now[name] = part * (1 - decay) - 0.02 * factor[name] * stride
            average[name] += (now[name] - average[name]) / (step + 1)
    for name in now:
        np.testing.assert_allclose(nets.now.parts[name], now[name], atol=2e-5)
        np.testing.assert_allclose(nets.average.parts[name], average[name], atol=2e-5)


def test_units_are_left_out_at_their_share_and_stood_in_for() -> None:
    nets = Nets(Shape(2, 3, (64,), 1), _LINKS["identity"], [0.0], np.zeros((4, 3), dtype=np.float32), seeds=(0, 1))
    bent, slopes = np.ones((2, 500, 64), dtype=np.float32), np.full((2, 500, 64), 2.0, dtype=np.float32)
    nets._drop(bent, slopes, 0.25)
    assert abs((bent == 0).mean() - 0.25) < 0.01
    assert abs(bent.mean() - 1) < 0.02
    np.testing.assert_array_equal(slopes, 2 * bent)
    assert not np.array_equal(bent[0], bent[1])


@pytest.mark.parametrize("objective", sorted(CLASSES))
def test_smooth_functions_are_learned_well(objective: str) -> None:
    """Better than boosting learns them from as many rows."""
    from mlwright.learn.learners.lightgbm import LightGBM

    teach, valid, fresh = (smooth(objective, rows, seed) for seed, rows in enumerate((600, 300, 1000)))
    losses = []
    for learner in (Neural(), LightGBM()):
        P = learner.fit(teach, learner.configurations[objective][0], valid, Effort()).predict(fresh.X)
        own = P[np.arange(len(P)), fresh.y.astype(int)] if fresh.classes else None
        losses.append(-np.log(own).mean() if own is not None else ((P[:, 0] - fresh.y) ** 2).mean())
    assert losses[0] < losses[1]


def test_no_number_is_predicted_beyond_those_seen() -> None:
    given = smooth()
    fitted = fit(given)
    P = finite(fitted, given.X * 1e6)
    assert given.y.min() <= P.min() <= P.max() <= given.y.max()


@pytest.mark.parametrize("objective", sorted(CLASSES))
def test_extreme_columns(objective: str) -> None:
    """Huge, tiny, endless, missing, constant and empty columns beside an honest one."""
    given = smooth(objective, 120)
    rng = np.random.default_rng(0)
    odd = np.column_stack(
        [
            given.X[:, 0] * 1e150,
            given.X[:, 1] * 1e-150,
            np.where(rng.random(120) < 0.1, np.inf, given.X[:, 2]),
            np.where(rng.random(120) < 0.1, -np.inf, 1e300),
            np.where(rng.random(120) < 0.5, np.nan, given.X[:, 3]),
            np.full(120, 7.0),
            np.full(120, np.nan),
            given.X[:, 0] + 1e12,
        ]
    )
    with np.errstate(all="raise", under="ignore"):
        fitted = fit(replace(given, X=odd), replace(given, X=odd[::-1]))
        finite(fitted, odd)
        finite(fitted, np.full((1, 8), np.nan))


def test_a_shift_and_a_stretch_of_a_column_hardly_matter() -> None:
    """Columns far from 0 lose no digits on the way to single precision."""
    given = smooth()
    moved = replace(given, X=given.X * np.array([1.0, 100.0, 1.0, 1.0]) + np.array([0.0, 0.0, 1e9, 0.0]))
    losses = [((fit(one).predict(one.X)[:, 0] - one.y) ** 2).mean() for one in (given, moved)]
    assert max(losses) < 0.7


@pytest.mark.parametrize("rows", [2, 3, 17])
@pytest.mark.parametrize("objective", sorted(CLASSES))
def test_few_rows(objective: str, rows: int) -> None:
    whole = smooth(objective, 60)
    few = np.concatenate([np.flatnonzero(whole.y == value)[:1] for value in np.unique(whole.y)[:2]])
    places = np.concatenate([few, np.setdiff1d(np.arange(60), few)])[:rows]
    given = replace(whole, X=whole.X[places], y=whole.y[places])
    fitted = fit(given, replace(whole, X=whole.X[:1], y=whole.y[:1]))
    assert finite(fitted, whole.X).shape == (60, max(1, whole.classes))


def test_rows_of_one_batch_with_weights() -> None:
    """A row of weight 3 teaches as three rows do, where all rows are in every step."""
    given = smooth("binary", 12)
    weight = np.array([3.0, 1.0] * 6)
    tripled = np.repeat(np.arange(12), weight.astype(int))
    nets, losses = [], []
    for rows, share in ((np.arange(12), weight / weight.mean()), (tripled, None)):
        X = given.X[rows].astype(np.float32)[None]
        truth = given.y[rows].astype(np.float32)[None, :, None]
        one = Nets(Shape(1, 4, (8,), 1), _LINKS["sigmoid"], [0.0], given.X.astype(np.float32), seeds=(0,))
        used = None if share is None else (share / 12).astype(np.float32)[None, :, None]
        for _ in range(20):
            one.learn(X, truth, used, Pace(0.01, 0.0, 0.0))
        nets.append(one.answer(given.X.astype(np.float32)))
        losses.append(one)
    np.testing.assert_allclose(nets[0], nets[1], atol=1e-3)


def test_it_stops_by_itself_where_nothing_is_to_be_learned() -> None:
    rng = np.random.default_rng(0)
    noise = [Problem(rng.normal(size=(300, 5)), rng.normal(size=300), "regression") for _ in range(2)]
    asked = 0

    def never() -> bool:
        nonlocal asked
        asked += 1
        return False

    configuration = {**FIRST["regression"], "epochs": 60}
    fitted = Neural().fit(noise[0], configuration, noise[1], Effort(stop=never))
    batches = 300 // 64
    assert fitted.complete
    assert fitted.rounds < 30
    assert asked % batches == 0
    assert asked // batches < 60


def test_it_asks_after_every_batch_and_keeps_the_best() -> None:
    teach, valid = smooth("binary", 1000), smooth("binary", 300, seed=1)
    for most in (1, 7, 20):
        asked = 0

        def stop(most: int = most) -> bool:
            nonlocal asked
            asked += 1
            return asked == most

        fitted = Neural().fit(teach, FIRST["binary"], valid, Effort(stop=stop))
        assert asked == most
        assert not fitted.complete
        own = finite(fitted, valid.X)[np.arange(300), valid.y.astype(int)]
        assert -np.log(own).mean() < 0.72


def test_a_fit_that_was_stopped_at_its_very_end_is_complete() -> None:
    given = smooth("binary", 100)
    batches = 100 // 32
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3 * batches

    fitted = Neural().fit(given, {**FIRST["binary"], **QUICK}, None, Effort(rounds=3, stop=stop))
    assert fitted.complete
    assert fitted.rounds == 3


def test_more_rows_are_seen_less_often() -> None:
    few, many = (smooth("binary", rows) for rows in (300, 40_000))
    stop = [True]
    planned = [
        Neural().fit(one, FIRST["binary"], None, Effort(stop=lambda: stop[0])).configuration["epochs"]
        for one in (few, many)
    ]
    assert planned[0] > 1.5 * planned[1]


def test_only_numbers_get_waves() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=300), rng.integers(0, 2, 300), rng.integers(0, 5, 300), np.full(300, np.nan)])
    assert set(_reading(X, 8, 0).wave.tolist()) == {0}
    assert _reading(X, 0, 0).width == 4
    wide = _reading(rng.normal(size=(20, 3000)), 8, 0)
    assert wide.width == 3000


def test_linear_algebra_keeps_to_one_thread_and_is_let_go_after() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before, within, lock = threads(), [], threading.Lock()

    def stop() -> bool:
        with lock:
            within.append(max(threads()))
        return False

    def work(seed: int) -> None:
        configuration = {**FIRST["binary"], **QUICK}
        Neural().fit(smooth("binary", 100, seed), configuration, None, Effort(rounds=2, stop=stop))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(6)))
    assert set(within) == {1}
    assert threads() == before


def test_a_fit_that_fails_lets_linear_algebra_go(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threadpool_info()

    def stop() -> bool:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        Neural().fit(smooth(), FIRST["regression"], None, Effort(stop=stop))
    assert threadpool_info() == before


def test_every_objective_has_a_link_of_training() -> None:
    assert {NATURAL[objective] for objective in Neural.objectives} == set(_LINKS)
