"""The network's predictor: against a plain reading of what its arrays mean, and against hostile ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tests.learn.damages import LINKS, Arrays, Damage, changed, put

from mlwright.errors import ModelError
from mlwright.learn.network import MOST_LAYERS, NetworkPredictor

FEATURES, WAVES, UNITS = 5, 6, 7
OUTPUTS = {"sigmoid": 1, "softmax": 4, "identity": 1}


def state(
    link: str = "softmax", *, nets: int = 2, layers: int = 3, waves: int = WAVES
) -> tuple[dict[str, Any], Arrays]:
    """A network of random weights, in the form that travels."""
    rng = np.random.default_rng(0)
    sizes = [FEATURES + waves, *[UNITS] * (layers - 1), OUTPUTS[link]]
    arrays: Arrays = {
        "fill": rng.normal(size=FEATURES),
        "spread": rng.uniform(1, 3, FEATURES),
        "low": np.full(FEATURES, -4.0),
        "high": np.full(FEATURES, 4.0),
        "wave": rng.integers(0, FEATURES, waves).astype(np.int32),
        "frequency": rng.normal(size=waves).astype(np.float32),
        "phase": rng.normal(size=waves).astype(np.float32),
        "ends": np.array([-30.0, 30.0]) if link != "identity" else np.array([-0.5, 0.4]),
    }
    for layer in range(layers):
        arrays[f"weight{layer}"] = rng.normal(size=(nets, *sizes[layer : layer + 2])).astype(np.float32)
        arrays[f"bias{layer}"] = rng.normal(size=(nets, sizes[layer + 1])).astype(np.float32)
    return {"link": link, "layers": layers}, arrays


def plainly(plain: Mapping[str, Any], arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """What one row gets, number by number, as the documentation says it."""
    known = [arrays["fill"][i] if np.isnan(v) else min(max(v, -4.0), 4.0) for i, v in enumerate(x)]
    read = [(v - arrays["fill"][i]) / arrays["spread"][i] for i, v in enumerate(known)]
    read += [
        float(np.cos(float(f) * read[c] + float(p)))
        for c, f, p in zip(arrays["wave"], arrays["frequency"], arrays["phase"], strict=True)
    ]
    answers = []
    for net in range(len(arrays["weight0"])):
        values = np.array(read)
        for layer in range(plain["layers"]):
            values = values @ arrays[f"weight{layer}"][net].astype(float) + arrays[f"bias{layer}"][net].astype(float)
            if layer + 1 < plain["layers"]:
                values = 1.0507009873554805 * np.where(values > 0, values, 1.6732632423543772 * np.expm1(values))
        values = np.clip(values, *arrays["ends"])
        if plain["link"] == "sigmoid":
            p = 1 / (1 + np.exp(-values[0]))
            values = np.array([1 - p, p])
        elif plain["link"] == "softmax":
            values = np.exp(values) / np.exp(values).sum()
        answers.append(values)
    return np.mean(answers, axis=0)


def rows(count: int = 30) -> np.ndarray:
    X = np.random.default_rng(1).normal(size=(count, FEATURES)) * 3
    X[::3, 1] = np.nan
    X[1::7, 2], X[2::7, 3], X[3::7, 4] = np.inf, -np.inf, 1e300
    return X


@pytest.mark.parametrize("link", OUTPUTS)
@pytest.mark.parametrize(("nets", "layers", "waves"), [(1, 3, WAVES), (3, 2, WAVES), (2, 1, 0), (1, 4, 0)])
def test_it_says_what_its_arrays_mean(link: str, nets: int, layers: int, waves: int) -> None:
    plain, arrays = state(link, nets=nets, layers=layers, waves=waves)
    predictor = NetworkPredictor.from_state(plain, arrays)
    np.testing.assert_allclose(
        predictor.predict(rows()), [plainly(plain, arrays, x) for x in rows()], rtol=0, atol=1e-12
    )
    again, same = predictor.state()
    assert again == plain
    assert same.keys() == arrays.keys()


def test_blocks_of_rows_are_seamless(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, arrays = state()
    X = np.tile(rows(), (20, 1))
    whole = NetworkPredictor.from_state(plain, arrays)
    monkeypatch.setattr("mlwright.learn.network._BLOCK", 1)
    cut = NetworkPredictor.from_state(plain, arrays)
    assert cut.step < len(X) <= whole.step
    np.testing.assert_allclose(cut.predict(X), whole.predict(X), rtol=0, atol=1e-12)
    assert whole.predict(X[:0]).shape == cut.predict(X[:0]).shape == (0, 4)


def test_the_wrong_number_of_features_is_told() -> None:
    predictor = NetworkPredictor.from_state(*state())
    with pytest.raises(ValueError, match="reads 5 features"):
        predictor.predict(np.zeros((2, 4)))


DAMAGES: dict[str, Damage] = {
    **LINKS,
    "no layers": lambda plain, _: plain.update(layers=0),
    "layers as truth": lambda plain, _: plain.update(layers=True),
    "layers as text": lambda plain, _: plain.update(layers="3"),
    "too many layers": lambda plain, _: plain.update(layers=MOST_LAYERS + 1),
    "fewer layers than weights": lambda plain, _: plain.update(layers=2),
    "a weight missing": lambda _, arrays: arrays.pop("weight1"),
    "an array too many": lambda _, arrays: arrays.update(weight3=arrays["weight2"]),
    "weights of two dimensions": changed("weight0", lambda array: array[0]),
    "weights without dimension": changed("weight0", lambda array: np.float32(1.0) + 0 * array.sum()),
    "weights that do not follow": changed("weight1", lambda array: array[:, :-1]),
    "fewer nets later": changed("weight2", lambda array: array[:1]),
    "no nets": lambda _, arrays: arrays.update(
        {name: arrays[name][:0] for name in arrays if name.startswith(("weight", "bias"))}
    ),
    "a bias too short": changed("bias1", lambda array: array[:, :-1]),
    "a weight that is no number": changed("weight1", put(np.nan)),
    "an endless weight": changed("bias0", put(np.inf)),
    "a weight beyond reason": changed("weight2", put(1e30)),
    "weights as text": changed("weight1", lambda array: array.astype("U8")),
    "weights as whole numbers": changed("weight1", lambda array: array.astype(np.int64)),
    "a wave of no column": changed("wave", put(FEATURES)),
    "a wave before the first column": changed("wave", put(-1)),
    "a wave between columns": changed("wave", lambda array: array.astype(np.float64)),
    "a wave too few": changed("phase", lambda array: array[:-1]),
    "an endless frequency": changed("frequency", put(np.inf)),
    "a frequency beyond reason": changed("frequency", put(1e20)),
    "no spread": changed("spread", put(0.0)),
    "a negative spread": changed("spread", put(-1.0)),
    "a spread of nearly nothing": changed("spread", put(1e-300)),
    "an edge that is no number": changed("low", put(np.nan)),
    "edges the wrong way round": changed("low", put(5.0)),
    "a far edge": changed("high", put(1e300)),
    "a column too few": changed("fill", lambda array: array[:-1]),
    "columns of two dimensions": changed("fill", lambda array: array[None]),
    "ends the wrong way round": changed("ends", lambda array: array[::-1]),
    "a third end": changed("ends", lambda array: np.append(array, 1.0)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_hostile_states_are_refused(damage: str) -> None:
    plain, arrays = state()
    DAMAGES[damage](plain, arrays)
    with pytest.raises(ModelError, match="damaged, in its network"):
        NetworkPredictor.from_state(plain, arrays)


def test_the_largest_allowed_weights_still_give_numbers() -> None:
    """Whatever passes the checks answers with finite numbers: no product of weights leaves a double."""
    plain, arrays = state("softmax", layers=MOST_LAYERS)
    for name in arrays:
        if name.startswith(("weight", "bias")):
            arrays[name] = np.full_like(arrays[name], 1e6)
    arrays |= {"low": arrays["fill"] - 1e6, "high": arrays["fill"] + 1e6, "ends": np.array([-1e308, 1e308])}
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(NetworkPredictor.from_state(plain, arrays).predict(rows())).all()
