"""Intervals of a running mean that hold at every look: a confidence sequence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln

Floats = NDArray[np.float64]

HALVINGS = 40
EXPECTED = 0.005
"""The variance over the square of the range at which intervals are to be narrowest when all labels are there: that of
two models of which one alone is right on 2 % of the rows. Others are a little wider, and hold as well."""


def reach(variance: Floats, *, span: float, alpha: float, most: int) -> Floats:
    """Return how far sums stray from what they are expected to be, at most, over all time but with probability alpha.

    `variance` (n,): the sums of the squared differences between each value and what was foretold of it from those
    before; `span`: no value is farther from another; `most`: the number of values at which the reach is to be small.
    To one side: alpha; to both: twice that. Nothing is asked of the values but that they are bounded: the sum of what
    each was expected to be, given those before, is what is covered. Howard, Ramdas, McAuliffe and Sekhon (2021),
    "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49: theorem 4 with the
    gamma-exponential mixture of proposition 9.
    """
    wanted, rho = _tuned(span, alpha, most)
    low, high = np.zeros_like(variance), np.full_like(variance, span)
    while np.any(short := _mixture(high, variance, span, rho) < wanted):
        high = np.where(short, 2.0 * high, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        short = _mixture(middle, variance, span, rho) < wanted
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high


def _tuned(span: float, alpha: float, most: int) -> tuple[float, float]:
    """Return the logarithm of the capital that is asked for, and the mixture's parameter."""
    wanted = math.log(1.0 / alpha)
    return wanted, EXPECTED * most * span**2 / (2.0 * wanted + math.log(1.0 + 2.0 * wanted))


def _mixture(total: Floats, variance: Floats, span: float, rho: float) -> Floats:
    """Return the logarithm of the mixture's capital where a sum is `total` above what it is expected to be."""
    square = span**2
    own, shape = rho / square, (variance + rho) / square
    upper = (span * total + variance + rho) / square
    begun = own * math.log(own) - float(gammaln(own)) - math.log(float(gammainc(own, own)))
    gained: Floats = gammaln(shape) + np.log(gammainc(shape, upper)) - shape * np.log(upper)
    return begun + gained + (span * total + variance) / square
