from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.clean.measures.tails import beyond

Made = Callable[[np.random.Generator, int], np.ndarray]
HONEST: dict[str, Made] = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1.5, n),
    "pareto": lambda rng, n: rng.pareto(0.8, n),
    "cauchy": lambda rng, n: rng.standard_t(1, n),
    "counts": lambda rng, n: rng.negative_binomial(0.3, 0.1, n).astype(float),
    "few levels": lambda rng, n: rng.poisson(0.5, n).astype(float),
    "uniform": lambda rng, n: rng.random(n),
}


def distances(values: np.ndarray) -> np.ndarray:
    out = values - np.median(values)
    return out[out > 0]


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("rows", [150, 2_000])
def test_honest_tails_hardly_ever_surprise(name: str, rows: int) -> None:
    rng = np.random.default_rng(11)
    told = [beyond(distances(HONEST[name](rng, rows)), most=max(1, rows // 50)) for _ in range(60)]
    assert sum(each is not None and each.surprise >= 8.0 for each in told) <= 1


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_what_is_much_farther_out_is_counted(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.abs(rng.normal(10, 1, 1_000))
    values[:count] = rng.uniform(900, 1_100, count)
    far = beyond(distances(values), most=20)
    assert far is not None
    assert far.count == count
    assert far.surprise > 12
    assert far.ratio > 10


def test_ratios_are_held_against_an_exponential() -> None:
    rng = np.random.default_rng(4)
    logs = np.log(rng.lognormal(3, 0.3, 500))
    logs[0] = np.log(0.2)
    low = np.median(logs) - logs
    far = beyond(low[low > 0], most=5, power=False)
    assert far is not None
    assert (far.count, far.surprise > 8) == (1, True)


@pytest.mark.parametrize("values", [np.empty(0), np.ones(10), np.ones(500), np.array([1e308] * 30 + [1.0] * 30)])
def test_few_or_equal_values_say_nothing(values: np.ndarray) -> None:
    far = beyond(values, most=3)
    assert far is None or far.surprise < 8
