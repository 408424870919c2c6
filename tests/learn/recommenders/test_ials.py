"""iALS against dense solves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.ials import Factors, Ials, _settings, _solve
from mlwright.learn.recommenders.memory import Memory
from mlwright.learn.recommenders.sparse import Seen
from mlwright.tasks.recommend.interactions import Histories

SETTINGS = {"others": 0.2, "ridge": 0.01, "power": 0.8}
CONFIGURATION = {"factors": 6, "rounds": 20, **SETTINGS}


def dense_person(points: np.ndarray, items: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The point that minimises the loss as it is written, by least squares over a row for each term."""
    penalty = SETTINGS["ridge"] * (weight.sum() + SETTINGS["others"] * len(points)) ** SETTINGS["power"]
    size = points.shape[1]
    terms = [
        np.sqrt(weight)[:, None] * points[items],
        np.sqrt(SETTINGS["others"]) * points,
        np.sqrt(penalty) * np.eye(size),
    ]
    wanted = np.concatenate([np.sqrt(weight), np.zeros(len(points) + size)])
    solved: np.ndarray = np.linalg.lstsq(np.concatenate(terms), wanted, rcond=None)[0]
    return solved


def history(items: np.ndarray) -> Histories:
    count = len(items)
    return Histories(
        starts=np.array([0, count]), item=items.astype(np.int32), age=np.zeros(count), value=None, at=np.array([np.nan])
    )


def test_fold_in_is_the_least_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(30, 5)).astype(np.float32)
    ranker = Factors(points, np.ones(30, dtype=bool), Memory(fading=3.0), **SETTINGS)
    for size in (1, 4, 20):
        items = rng.choice(30, size, replace=False)
        weight = 0.5 ** (np.arange(size)[::-1] / 3.0)
        person = dense_person(points.astype(float), items, weight)
        np.testing.assert_allclose(ranker.scores(history(items))[0], points @ person, atol=1e-5)


def test_reasons_add_up_to_the_score() -> None:
    """Hu, Koren and Volinsky: a score is a sum over the history, and the reason is its greatest term."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(30, 5)).astype(np.float32)
    ranker = Factors(points, np.ones(30, dtype=bool), Memory(), **SETTINGS)
    items = rng.choice(30, 8, replace=False)
    wide = points.astype(float)
    penalty = SETTINGS["ridge"] * (8 + SETTINGS["others"] * 30) ** SETTINGS["power"]
    system = SETTINGS["others"] * wide.T @ wide + wide[items].T @ wide[items] + penalty * np.eye(5)
    terms = wide[items] @ np.linalg.inv(system) @ wide.T
    np.testing.assert_allclose(terms.sum(axis=0), ranker.scores(history(items))[0], atol=1e-5)
    best = np.where(terms.max(axis=0) > 0, terms.argmax(axis=0), -1)
    wanted = np.arange(30, dtype=np.int32)[None]
    np.testing.assert_array_equal(ranker.because(history(items), wanted)[0], best)


def test_steps_of_conjugate_gradients_end_at_the_solve() -> None:
    taught = logs.taught()
    X = Seen.of(taught.log).matrix().astype(np.float32)
    rng = np.random.default_rng(0)
    mine, theirs = (rng.normal(size=(count, 4)).astype(np.float32) for count in X.shape)
    for _ in range(10):
        _solve(X, mine, theirs, **SETTINGS)
    wide, full = theirs.astype(float), X.toarray().astype(float)
    for person in range(X.shape[0]):
        items = np.flatnonzero(full[person])
        np.testing.assert_allclose(mine[person], dense_person(wide, items, np.ones(len(items))), atol=1e-4)


def test_rounds_lower_the_loss() -> None:
    taught = logs.taught()
    users = np.arange(logs.USERS, dtype=np.int32)
    histories = taught.log.histories(users, np.full(logs.USERS, taught.moment))
    taken = np.zeros((logs.USERS, logs.ITEMS), dtype=bool)
    taken[taught.log.user, taught.log.item] = True
    known = taken.any(axis=0)
    losses = []
    for rounds in (1, 4, 16):
        scores = Ials().fit(taught, {**CONFIGURATION, "rounds": rounds}, Effort()).scores(histories)[:, known]
        losses.append(((1 - scores) ** 2 * taken[:, known]).sum() + SETTINGS["others"] * (scores**2).sum())
    assert losses[0] > losses[1] > losses[2]


def test_threads_and_batches_change_nothing_but_rounding() -> None:
    taught = logs.taught()
    one, two = (Ials().fit(taught, CONFIGURATION, Effort(threads=threads)) for threads in (1, 2))
    np.testing.assert_allclose(one.scores(logs.asked(taught)), two.scores(logs.asked(taught)), atol=1e-4)


def test_the_edge_is_what_chance_makes_of_singular_values() -> None:
    """A penalty of one edge lies at the greatest singular value of a matrix of as many entries strewn by chance."""
    rng = np.random.default_rng(0)
    X = csr_array((rng.random((600, 400)) < 0.05).astype(np.float32))
    ridge = _settings({"edge": 1.0, "others": 1.0, "power": 0.0}, X)["ridge"]
    greatest = np.linalg.svd(X.toarray() - X.mean(), compute_uv=False)[0]
    assert ridge == pytest.approx(greatest, rel=0.1)
