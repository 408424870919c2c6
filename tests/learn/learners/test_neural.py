"""What is particular to the neural network; what holds of all learners is in tests/checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from mlwright.learn.base import Effort, Fitted, Problem
from mlwright.learn.learners.neural import _LINKS, Neural, _reading
from mlwright.learn.learners.neural_nets import Nets, Pace, Shape, Singles, Waves
from mlwright.learn.links import NATURAL

FIRST = {objective: listed[0] for objective, listed in Neural.configurations.items()}
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
QUICK = {"nets": 1, "units": 16, "epochs": 12}
STILL = Pace(0.0, 0.0, 0.0)


def smooth(objective: str = "regression", rows: int = 400, seed: int = 0) -> Problem:
    """What a network is good at: a smooth function of three of four columns at once."""
    X = np.random.default_rng(seed).normal(size=(rows, 4))
    z = np.tanh(X[:, 0] + X[:, 1] * X[:, 2])
    y = {"binary": z > 0, "multiclass": np.digitize(z, [-0.4, 0.4]), "regression": z / z.std()}[objective]
    return Problem(X, np.asarray(y, dtype=float), objective, CLASSES[objective])


def fit(given: Problem, valid: Problem | None = None, *, rounds: int | None = 12, **changes: object) -> Fitted:
    configuration = {**FIRST[given.objective], **QUICK, **changes}
    return Neural().fit(given, configuration, valid, Effort(rounds=rounds))


def nets_of(shape: Shape, link: str, sample: Singles, *, waves: Waves | None = None, seed: int = 1) -> Nets:
    nets = Nets(shape, _LINKS[link], waves, seeds=tuple(range(seed, seed + shape.nets)))
    nets.begin(sample, [0.1] * shape.outputs)
    return nets


def singles(rng: np.random.Generator, *shape: int) -> Singles:
    return rng.normal(size=shape).astype(np.float32)


def finite(fitted: Fitted, X: np.ndarray) -> np.ndarray:
    P = fitted.predict(X)
    assert np.isfinite(P).all()
    return P


PLAIN_LINKS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda sums: sums,
    "sigmoid": lambda sums: 1 / (1 + np.exp(-sums)),
    "softmax": lambda sums: np.exp(sums) / np.exp(sums).sum(axis=-1, keepdims=True),
}


def plain_sums(parts: Mapping[str, np.ndarray], X: np.ndarray, waves: Waves | None, net: int) -> np.ndarray:
    """What one network adds up, as a textbook has it, in doubles."""
    values = X
    if waves is not None:
        for place, column in enumerate(waves.columns):
            cosines = np.cos(X[:, column, None] * waves.frequency[place, 0] + waves.phase[place, 0])
            mixed = cosines @ parts["mix"][net, place] + parts["shift"][net, place]
            values = np.concatenate([values, mixed], axis=1)
    values = values * parts["scale"][net, :, 0]
    layers = sum(name.startswith("weight") for name in parts)
    for layer in range(layers):
        values = values @ parts[f"weight{layer}"][net] + parts[f"bias{layer}"][net]
        if layer + 1 < layers:
            values = 1.0507009873554805 * np.where(values > 0, values, 1.6732632423543772 * np.expm1(values))
    return values


def plain_loss(P: np.ndarray, truth: np.ndarray, link: str) -> np.ndarray:
    if link == "identity":
        return (P - truth) ** 2 / 2
    return -truth * np.log(P) - ((1 - truth) * np.log(1 - P) if link == "sigmoid" else 0.0)


def drawn_waves(rng: np.random.Generator, columns: list[int], each: int) -> Waves:
    return Waves(np.array(columns), singles(rng, len(columns), 1, each), singles(rng, len(columns), 1, each))


@pytest.mark.parametrize("link", sorted(PLAIN_LINKS))
@pytest.mark.parametrize(("weighted", "waved"), [(False, False), (True, True)])
def test_gradients_are_what_small_steps_say(link: str, weighted: bool, waved: bool) -> None:
    rng = np.random.default_rng(0)
    waves = drawn_waves(rng, [3, 1], 4) if waved else None
    outputs = 1 if link == "sigmoid" else 3
    shape = Shape(nets=2, inputs=4, hidden=(6, 5), outputs=outputs, numbers=2 * waved, waves=4 * waved)
    X = singles(rng, 2, 9, 4)
    nets = nets_of(shape, link, X[0], waves=waves)
    for name in ("weight2", "scale"):  # they begin at 0 and at 1, where much is hidden
        nets.now.parts[name][...] = rng.normal(size=nets.now.parts[name].shape) + 1
    truth = rng.normal(size=(2, 9, outputs))
    if link != "identity":
        truth = np.eye(outputs)[rng.integers(0, outputs, (2, 9))] if link == "softmax" else truth > 0
    truth = truth.astype(np.float32)
    weight = (rng.uniform(0.5, 2, (2, 9, 1)) / 9).astype(np.float32)
    before = nets.now.flat.copy()
    nets.learn(X, truth, weight if weighted else None, STILL)
    np.testing.assert_array_equal(nets.now.flat, before)
    counted = weight.astype(float) if weighted else np.full((2, 9, 1), 1 / 9)

    def total(parts: Mapping[str, np.ndarray]) -> float:
        return sum(
            float((plain_loss(P, truth[net], link) * counted[net]).sum())
            for net in range(2)
            for P in [PLAIN_LINKS[link](plain_sums(parts, X[net].astype(float), waves, net))]
        )

    parts = {name: part.astype(float) for name, part in nets.now.parts.items()}
    for name, part in parts.items():
        for place in range(part.size):
            up, down = part.copy(), part.copy()
            up.reshape(-1)[place] += 1e-5
            down.reshape(-1)[place] -= 1e-5
            expected = (total({**parts, name: up}) - total({**parts, name: down})) / 2e-5
            found = nets.gradient.parts[name].reshape(-1)[place]
            assert abs(found - expected) < 1e-4 * max(1.0, abs(expected)), (name, place)


def test_the_kept_networks_are_the_average_and_fold_to_the_same() -> None:
    """`answer`, and what `folded` hands to the predictor, against the textbook."""
    rng = np.random.default_rng(0)
    waves = drawn_waves(rng, [0, 2], 5)
    shape = Shape(nets=2, inputs=3, hidden=(6,), outputs=2, numbers=2, waves=5)
    X = singles(rng, 2, 20, 3)
    nets = nets_of(shape, "identity", X[0], waves=waves)
    for _ in range(4):
        nets.learn(X, singles(rng, 2, 20, 2), None, Pace(0.05, 0.1, 0.0))
    assert not np.array_equal(nets.now.flat, nets.average.flat)
    parts = {name: part.astype(float) for name, part in nets.average.parts.items()}
    expected = np.stack([plain_sums(parts, X[0].astype(float), waves, net) for net in range(2)])
    np.testing.assert_allclose(nets.answer(X[0]), expected, atol=1e-5)
    folded = {name: part.astype(float) for name, part in nets.folded().items()}
    cosines = np.cos(X[0][:, [0, 2], None] * waves.frequency[:, 0] + waves.phase[:, 0]).reshape(20, -1)
    entries = np.concatenate([X[0], cosines], axis=1).astype(float)
    plain = folded | {"scale": np.ones((2, 13, 1)), "bias0": folded["bias0"], "bias1": folded["bias1"]}
    for net in range(2):
        np.testing.assert_allclose(plain_sums(plain, entries, None, net), expected[net], atol=1e-5)


def test_adamw_takes_the_steps_of_the_textbook() -> None:
    """Loshchilov and Hutter's algorithm 2, one number after another, from the gradients it was given."""
    rng = np.random.default_rng(0)
    X, truth = singles(rng, 1, 8, 3), singles(rng, 1, 8, 1)
    nets = nets_of(Shape(1, 3, (4,), 1), "identity", X[0])
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
    for name, expected in now.items():
        np.testing.assert_allclose(nets.now.parts[name], expected, atol=2e-5)
        np.testing.assert_allclose(nets.average.parts[name], average[name], atol=2e-5)


def test_units_are_left_out_at_their_share_and_stood_in_for() -> None:
    nets = nets_of(Shape(2, 3, (64,), 1), "identity", np.zeros((4, 3), dtype=np.float32))
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
    X = given.X.astype(np.float32)
    answers = []
    for rows, share in ((np.arange(12), weight / weight.mean()), (tripled, None)):
        nets = nets_of(Shape(1, 4, (8,), 1), "sigmoid", X)
        truth = given.y[rows].astype(np.float32)[None, :, None]
        used = None if share is None else (share / 12).astype(np.float32)[None, :, None]
        for _ in range(20):
            nets.learn(X[rows][None], truth, used, Pace(0.01, 0.0, 0.0))
        answers.append(nets.answer(X))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-3)


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
    reading, waves = _reading(X, 8, 0)
    assert waves.columns.tolist() == [0]
    assert reading.wave.tolist() == [0] * 8
    assert reading.width == 4 + 8
    assert _reading(X, 0, 0)[0].width == 4
    assert _reading(rng.normal(size=(20, 3000)), 8, 0)[0].width == 3000


def test_few_rows_are_shared_by_several_networks() -> None:
    told = lambda: True  # noqa: E731
    nets = [
        Neural().fit(smooth("binary", rows), FIRST["binary"], None, Effort(stop=told)).configuration["nets"]
        for rows in (100, 20_000)
    ]
    assert nets == [4, 1]
    both = fit(smooth("binary", 100), nets=2)
    assert both.configuration["nets"] == 2
    assert not np.array_equal(*both.pack().state()[1]["weight1"])


def test_linear_algebra_keeps_to_one_thread_and_is_let_go_after() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before, within = threads(), []

    def stop() -> bool:
        within.extend(threads())
        return False

    fit(smooth("binary", 100), rounds=1)
    Neural().fit(smooth("binary", 100), {**FIRST["binary"], **QUICK}, None, Effort(rounds=1, stop=stop))
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
