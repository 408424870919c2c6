"""By how much losses differ from what was expected of rows, carried over from rows where they are known.

A linear model of the differences with normal priors (kriging, or Bayesian ridge regression): what rows of the reference
teach is carried over to new rows as far as these are alike, and where nothing is alike, nothing is carried over and the
uncertainty is large. How large differences are, and whether they go with the prediction, with what tells new rows from
old ones, or with any columns, is not known: it is averaged over, by how likely each answer makes the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mlwright.monitor.ranks import Floats

SIZES = tuple(product((0.003, 0.02, 0.1, 0.4), (0.1, 0.3), (0.06, 0.15, 0.4)))
"""Standard deviations of the three kinds of differences, in units of one loss's own, that are averaged over."""
BELIEF = 0.75
"""How likely it is, before rows are seen, that nothing is to be corrected."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What to add to the expected loss.

    `rows` (m,) for each new row, `value` their mean, `variance` that of the mean's error, and `noise` how many times
    the variance of losses around what is expected is larger than it was stated.
    """

    rows: Floats
    value: float
    variance: float
    noise: float


def correct(known: tuple[Floats, Floats], kinds: NDArray[np.intp], new: Floats, scale: Floats) -> Correction:
    """Return the correction of new rows.

    Parameters
    ----------
    known
        (n, k) features of the reference and (n,) its differences from what was expected, each over its own scale.
    kinds
        (k,) which of the three kinds each feature is of.
    new, scale
        (m, k) features of new rows, and (m,) the scale of their losses.
    """
    from scipy.linalg import solve_triangular

    features, off = known
    noise = max(float(np.mean(off**2)), 1e-12)
    functional = scale @ new / len(new)
    squares, sums = features.T @ features, features.T @ off
    evidence, values, variances = np.empty(len(SIZES)), np.empty(len(SIZES)), np.empty(len(SIZES))
    effects = np.empty((len(SIZES), len(kinds)))
    for place, sizes in enumerate(SIZES):
        prior = np.array(sizes)[kinds] * np.sqrt(noise)
        root, solved = _solved(squares * np.outer(prior, prior) / noise, prior * sums / noise, prior * functional)
        evidence[place] = 0.5 * float(solved[0] @ solved[0]) - float(np.log(np.diag(root)).sum())
        values[place], variances[place] = float(solved[1] @ solved[0]), float(solved[1] @ solved[1])
        effects[place] = prior * solve_triangular(root, solved[0], lower=True, trans=1, check_finite=False)
    chance = np.exp(evidence - evidence.max())
    mean_evidence = float(evidence.max() + np.log(chance.mean()))
    chance /= chance.sum()
    anything = 1.0 / (1.0 + BELIEF / (1.0 - BELIEF) * np.exp(-np.clip(mean_evidence, -500.0, 500.0)))
    found = float(chance @ values)
    # A correction hardly larger than its own error is made in part: one that goes too far does more harm than one that
    # does not go far enough.
    part = anything * found**2 / max(found**2 + float(chance @ (variances + (values - found) ** 2)), 1e-300)
    # Its error is around what was in fact corrected: caution does not make anything surer.
    variance = float(chance @ (variances + (values - part * found) ** 2))
    rows = part * scale * (new @ (chance @ effects))
    return Correction(rows, part * found, variance, noise)


def _solved(matrix: Floats, first: Floats, second: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return the root L of 1 + matrix, and both right-hand sides divided by it."""
    from scipy.linalg import solve_triangular

    root = np.linalg.cholesky(np.eye(len(matrix)) + matrix)
    both = solve_triangular(root, np.column_stack([first, second]), lower=True, check_finite=False)
    return np.asarray(root, dtype=np.float64), (both[:, 0], both[:, 1])
