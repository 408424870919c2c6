"""Calibrators: ways to fit a calibration to predictions of rows that no member learned from. A new one is a line below.

Each is a convex problem with few numbers, solved by Newton's steps. Isotonic regression, Platt's and Venn-Abers
calibration were measured too (benchmarks/calibration.py) and gained no more than these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.calibration import LEAST_POWER, MOST_FACTOR, MOST_POWER, Calibration, Powers

Floats = NDArray[np.float64]
SMALLEST = 1e-12
"""Probabilities below are taken for this one when powers are fitted."""
STEPS = 50
CLOSE = 1e-10
"""Newton's steps end where another would gain less than this share of a nat per row."""


class Calibrator(Protocol):
    """A way to fit a calibration."""

    label: ClassVar[str]
    """As people write it: "beta calibration"."""
    binary: ClassVar[bool]
    """Whether it is for two classes, or else for more."""
    rows_of_each: ClassVar[int]
    """It is tried only where each class has so many rows: it learns something of each."""

    def fit(self, P: Floats, y: Floats, weight: Floats) -> Calibration:
        """Fit to probabilities P (n, classes) of rows whose class y (n,) is known."""


class Temperature:
    """One power for all classes, because models are too sure or not sure enough."""

    label: ClassVar[str] = "temperature scaling"
    binary: ClassVar[bool] = False
    rows_of_each: ClassVar[int] = 0

    def fit(self, P: Floats, y: Floats, weight: Floats) -> Calibration:
        """Find the power."""
        return _scaled(P, y, weight, factors=False)


class Vector:
    """One power for all classes and a factor for each, because some are stated too often."""

    label: ClassVar[str] = "vector scaling"
    binary: ClassVar[bool] = False
    rows_of_each: ClassVar[int] = 50

    def fit(self, P: Floats, y: Floats, weight: Floats) -> Calibration:
        """Find the power and the factors."""
        return _scaled(P, y, weight, factors=True)


class Beta:
    """A power for each of two classes and a factor: a rising curve that may bend differently at its ends."""

    label: ClassVar[str] = "beta calibration"
    binary: ClassVar[bool] = True
    rows_of_each: ClassVar[int] = 50

    def fit(self, P: Floats, y: Floats, weight: Floats) -> Calibration:
        """Find the powers and the factor: a logistic regression on log p and -log(1 - p)."""
        logs = np.log(np.maximum(P, SMALLEST))
        X = np.column_stack([-logs[:, 0], logs[:, 1], np.ones(len(P))])
        shares = weight / weight.sum()

        def evaluate(theta: Floats) -> tuple[float, Floats, Floats]:
            raw = X @ theta
            loss = float(shares @ (np.logaddexp(0.0, raw) - y * raw))
            p = 1.0 / (1.0 + np.exp(-np.clip(raw, -700.0, 700.0)))
            curvature = (X * (shares * p * (1.0 - p))[:, None]).T @ X
            return loss, X.T @ (shares * (p - y)), curvature

        powers = np.array([True, True, False])
        theta = newton(evaluate, np.array([1.0, 1.0, 0.0]), powers, ridge=1.0 / len(P))
        return Powers(theta[:2], _within(np.array([0.0, theta[2]])))


def _scaled(P: Floats, y: Floats, weight: Floats, *, factors: bool) -> Powers:
    """Fit one power for all classes, and a factor for each where asked: the logarithms of shares are linear in both."""
    rows, classes = P.shape
    logs = np.log(np.maximum(P, SMALLEST))
    place = y.astype(np.intp)
    true = logs[np.arange(rows), place]
    shares = weight / weight.sum()
    counts = np.bincount(place, weights=shares, minlength=classes)

    def evaluate(theta: Floats) -> tuple[float, Floats, Floats]:
        raw = theta[0] * logs + theta[1:] if factors else theta[0] * logs
        top = raw.max(axis=1)
        Q = np.exp(raw - top[:, None])
        total = Q.sum(axis=1)
        Q /= total[:, None]
        loss = float(shares @ (top + np.log(total) - theta[0] * true))
        mean = np.einsum("ij,ij->i", Q, logs)
        spread = np.einsum("ij,ij,ij->i", Q, logs, logs) - mean**2
        slope, bend = shares @ (mean - true), shares @ spread
        if not factors:
            return loss, np.array([slope]), np.array([[bend]])
        loss -= float(counts @ theta[1:])
        weighted = Q * shares[:, None]
        sums = weighted.sum(axis=0)
        mixed = np.einsum("ij,ij->j", weighted, logs - mean[:, None])
        curvature = np.block([[np.array([[bend]]), mixed[None]], [mixed[:, None], np.diag(sums) - weighted.T @ Q]])
        return loss, np.append(slope, sums - counts), curvature

    many = 1 + classes * factors
    powers = np.arange(many) == 0
    theta = newton(evaluate, powers.astype(np.float64), powers, ridge=1.0 / rows)
    factor = theta[1:] if factors else np.zeros(classes)
    return Powers(np.full(classes, theta[0]), _within(factor))


def _within(logs: Floats) -> Floats:
    """Return factors of which the largest is 1, none smaller than a model may hold."""
    return np.asarray(np.exp(np.maximum(logs - logs.max(), -np.log(MOST_FACTOR))), dtype=np.float64)


Evaluate = Callable[[Floats], tuple[float, Floats, Floats]]


def newton(evaluate: Evaluate, start: Floats, powers: NDArray[np.bool_], *, ridge: float) -> Floats:
    """Return where a convex loss is least, powers kept within their bounds.

    `evaluate` returns loss, gradient and curvature. The ridge pulls towards the start, which changes nothing: it is
    worth one row, and keeps what the rows say nothing of (a class nobody saw) where it was.
    """
    low = np.where(powers, LEAST_POWER, -np.inf)
    high = np.where(powers, MOST_POWER, np.inf)

    def at(theta: Floats) -> tuple[float, Floats, Floats]:
        loss, gradient, curvature = evaluate(theta)
        away = theta - start
        return (
            loss + 0.5 * ridge * float(away @ away),
            gradient + ridge * away,
            curvature + ridge * np.eye(len(theta)),
        )

    theta = start
    loss, gradient, curvature = at(theta)
    for _ in range(STEPS):
        # A power at its bound that wants to leave the range stays there, and the others move without it.
        free = ~(((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0)))
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        length, gain = 1.0, 0.0
        while length > 1e-6:
            tried = np.clip(theta - length * step, low, high)
            value = at(tried)
            if (gain := loss - value[0]) > 0.0:
                theta, (loss, gradient, curvature) = tried, value
                break
            length /= 2
        if gain < CLOSE:
            break
    return theta


CALIBRATORS: Mapping[str, Calibrator] = {"temperature": Temperature(), "vector": Vector(), "beta": Beta()}
