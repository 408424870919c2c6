"""Each form of predictor: its contributions against the definition of the Shapley value, set by set."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import pytest
from tests.learn.random_trees import FEATURES, hard_rows, random_oblivious

from mlwright.explain.contributions.games import MOST_PLAYERS, gains
from mlwright.explain.contributions.margins import AdditiveMargins, LinearMargins
from mlwright.explain.contributions.oblivious import ObliviousMargins
from mlwright.explain.contributions.sampled import SampledMargins
from mlwright.learn.linear import LinearPredictor

OWNERS = ([0, 1, 2], [0, 0, 1], [2, 1, 2], [0, 0, 0])
"""Which of three players owns which of the three features."""
PLAYERS = 3


def defined(raw: Callable[[np.ndarray], np.ndarray], x: np.ndarray, background: np.ndarray, owner: np.ndarray):
    """The Shapley values (players, outputs) of one row, from the worth of every set of players."""

    def worth(chosen: tuple[int, ...]) -> np.ndarray:
        mixed = background.copy()
        inside = np.isin(owner, chosen)
        mixed[:, inside] = x[inside]
        return raw(mixed).mean(axis=0)

    values = []
    for player in range(PLAYERS):
        others = [other for other in range(PLAYERS) if other != player]
        value = np.zeros_like(worth(()))
        for size in range(PLAYERS):
            share = factorial(size) * factorial(PLAYERS - size - 1) / factorial(PLAYERS)
            for chosen in combinations(others, size):
                value = value + share * (worth((*chosen, player)) - worth(chosen))
        values.append(value)
    return np.array(values)


def compared(margins, raw, X: np.ndarray, background: np.ndarray, owner: np.ndarray, tolerance: float) -> None:
    found = margins.contributions(X)
    np.testing.assert_allclose(margins.base, raw(background).mean(axis=0), atol=tolerance)
    for x, row in zip(X, found, strict=True):
        np.testing.assert_allclose(row, defined(raw, x, background, owner), atol=tolerance)
    np.testing.assert_allclose(margins.base + found.sum(axis=1), raw(X), atol=tolerance)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(("depth", "outputs"), [(0, 1), (1, 2), (3, 1), (5, 3)])
def test_oblivious_trees(owner: list[int], depth: int, outputs: int) -> None:
    rng = np.random.default_rng(depth)
    trees = random_oblivious(rng, 8, depth, outputs)
    background, X = hard_rows(rng, 9), hard_rows(rng, 20)
    owned = np.array(owner, dtype=np.intp)
    margins = ObliviousMargins(trees, owned, PLAYERS, background)
    compared(margins, lambda rows: trees.offset + trees.scale * trees.sums(rows), X, background, owned, 1e-12)


@pytest.mark.parametrize("owner", OWNERS)
def test_lines(owner: list[int]) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "weight": rng.normal(size=(FEATURES, 2)),
        "intercept": rng.normal(size=2),
        "fill": rng.normal(size=FEATURES),
        "low": np.full(FEATURES, -3.0),
        "high": np.full(FEATURES, 3.0),
    }
    line = LinearPredictor("identity", arrays)
    background, X = (rows.clip(-1e6, 1e6) for rows in (hard_rows(rng, 9), hard_rows(rng, 20)))
    owned = np.array(owner, dtype=np.intp)
    compared(LinearMargins(line, owned, PLAYERS, background), line.predict, X, background, owned, 1e-12)


@pytest.mark.parametrize("owner", [[0, 1, 2, 2], [0, 0, 1, 1], [1, 1, 1, 1]])
def test_curves_and_tables_of_pairs(owner: list[int]) -> None:
    from tests.learn.test_additive import state

    from mlwright.learn.additive import AdditivePredictor

    plain, arrays = state("identity")
    terms = AdditivePredictor(plain, arrays)
    rng = np.random.default_rng(0)
    background, X = rng.normal(size=(9, 4)), rng.normal(size=(20, 4))
    X[3, 2] = background[1, 0] = np.nan
    owned = np.array(owner, dtype=np.intp)
    compared(AdditiveMargins(terms, owned, PLAYERS, background), terms.sums, X, background, owned, 1e-12)


class Bent:
    """A predictor of no known form: probabilities that bend."""

    kind = "bent"

    def predict(self, X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-(X[:, 0] * X[:, 1] + np.sin(X[:, 2]))))
        return np.stack([1 - p, p], axis=1)


def test_what_has_no_known_form_is_estimated_and_adds_up() -> None:
    rng = np.random.default_rng(0)
    background, X = rng.normal(size=(40, 3)), rng.normal(size=(25, 3))
    margins = SampledMargins(Bent(), np.arange(3), PLAYERS, background, classes=2)  # type: ignore[arg-type]
    found = margins.contributions(X)
    raw = np.log(Bent().predict(X))
    np.testing.assert_allclose(margins.base + found.sum(axis=1), raw, atol=1e-12)
    assert not margins.exact
    mean = np.log(Bent().predict(background)).mean(axis=0)
    np.testing.assert_allclose(margins.base, mean, atol=0.05)
    np.testing.assert_array_equal(margins.contributions(X[7:8])[0], found[7])
    exact = np.array([defined(lambda rows: np.log(Bent().predict(rows)), x, background, np.arange(3)) for x in X])
    assert np.corrcoef(exact.ravel(), found.ravel())[0, 1] > 0.9


def test_gains_are_the_shapley_weights() -> None:
    for p, q in [(1, 0), (1, 1), (3, 2), (7, 5)]:
        expected = factorial(p - 1) * factorial(q) / factorial(p + q)
        assert gains()[p, q] == pytest.approx(expected, rel=1e-12)
    assert np.isfinite(gains()).all()
    assert gains().shape == (MOST_PLAYERS + 1, MOST_PLAYERS + 1)
