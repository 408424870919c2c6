"""Links: from the raw sum of an ensemble or a linear model to what is predicted.

Each takes raw values (n, k) and returns probabilities (n, classes), or numbers (n, 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EDGE = 700.0
_FAR = np.array(_EDGE)
"""Beyond this, exp leaves the range of a double."""


def identity(raw: Floats) -> Floats:
    """Return the raw values."""
    return raw


def complement(raw: Floats) -> Floats:
    """Return the probabilities of both classes, given that of the second."""
    return np.concatenate([1.0 - raw, raw], axis=1)


def sigmoid(raw: Floats) -> Floats:
    """Return the probabilities of both classes, given the log-odds of the second."""
    if raw.size == 1 and raw.dtype == np.float64 and -_EDGE < (only := raw.item()) < _EDGE:
        # One row: the same bits for a third of the calls.
        share = 1.0 / (1.0 + np.exp(-only))
        return np.array([[1.0 - share, share]])
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
