"""Intervals of a running mean: they hold at every look, and are as wide as they may be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from mlwright.adapt.running import reach


def test_they_hold_at_all_looks_together() -> None:
    """Two sides of 5 %: at most 10 % of streams ever leave it; the usual interval at every look is left by 40 %."""
    random, alpha, rows = np.random.default_rng(0), 0.05, 2_000
    values = np.where(random.random((1_000, rows)) < 0.06, 1.0, 0.0) - np.where(
        random.random((1_000, rows)) < 0.04, 1.0, 0.0
    )
    sums = values.cumsum(axis=1)
    n = np.arange(1, rows + 1)
    foretold = np.hstack([np.zeros((len(sums), 1)), sums[:, :-1]]) / n
    variance = ((values - foretold) ** 2).cumsum(axis=1)
    looks = np.arange(19, rows, 20)
    away = np.abs(sums - 0.02 * n)[:, looks]
    far = reach(variance[:, looks].ravel(), span=2.0, alpha=alpha, most=rows).reshape(away.shape)
    assert np.mean((away > far).any(axis=1)) <= 0.1
    usual = 1.645 * np.sqrt(variance[:, looks])
    assert np.mean((away > usual).any(axis=1)) > 0.3
    assert np.all(far[:, -1] < 3.5 * np.sqrt(variance[:, -1]))  # 2.1 times as wide as the usual one, at most


def test_the_mixture_is_the_integral_it_is_said_to_be() -> None:
    """At the reach, the mixture over a truncated gamma of exp(l * sum - psi(l) * variance) is 1/alpha."""
    span, alpha, most, variance = 2.0, 0.05, 5_000, 150.0
    total = float(reach(np.array([variance]), span=span, alpha=alpha, most=most)[0])
    wanted = np.log(1 / alpha)
    shape = 0.005 * most * span**2 / (2 * wanted + np.log(1 + 2 * wanted)) / span**2
    # With u = 1 - span * l, the density of u is that of a gamma on (0, 1) with shape and rate equal.
    weight = gamma(shape + 1.0, scale=1.0 / shape)

    def integrand(u: float) -> float:
        bet = (1.0 - u) / span
        psi = (-np.log(u) - span * bet) / span**2
        return float(weight.pdf(u) / u * np.exp(bet * total - psi * variance))

    def mass(u: float) -> float:
        return float(weight.pdf(u) / u)

    assert quad(integrand, 0, 1, limit=200)[0] / quad(mass, 0, 1)[0] == pytest.approx(1 / alpha, rel=1e-6)
