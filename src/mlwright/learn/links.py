"""Links: from the raw sum of an ensemble or a linear model to what is predicted.

Each takes raw values (n, k) and returns probabilities (n, classes), or numbers (n, 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FAR = np.array(700.0)
"""Beyond this, exp leaves the range of a double."""


def identity(raw: Floats) -> Floats:
    """Return the raw values."""
    return raw


def complement(raw: Floats) -> Floats:
    """Return the probabilities of both classes, given that of the second."""
    return np.concatenate([1.0 - raw, raw], axis=1)


def sigmoid(raw: Floats) -> Floats:
    """Return the probabilities of both classes, given the log-odds of the second."""
    # minimum and maximum: np.clip does the same and costs a single row three times as much.
    return complement(1.0 / (1.0 + np.exp(np.maximum(np.minimum(-raw, _FAR), -_FAR))))


def softmax(raw: Floats) -> Floats:
    """Return the probabilities of all classes, given their log-probabilities up to a constant."""
    powers = np.exp(np.maximum(raw - raw.max(axis=1, keepdims=True), -_FAR))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


LINKS: Mapping[str, Callable[[Floats], Floats]] = {
    "identity": identity,
    "complement": complement,
    "sigmoid": sigmoid,
    "softmax": softmax,
}
SINGLE: frozenset[str] = frozenset({"complement", "sigmoid"})
"""Links that read exactly one raw value."""

NATURAL: Mapping[str, str] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}
"""The link of an additive model, by objective."""
