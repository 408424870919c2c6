"""EASE against the problem that it says it solves, done densely and item by item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders import ease
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.ease import Ease, weights_of
from mlwright.learn.recommenders.sparse import newest

PLAIN = {"ridge": 0.5, "left_out": 0.0}


def who_took_what(taught: Taught) -> np.ndarray:
    """(users, items) 1 where taken."""
    X = np.zeros((logs.USERS, logs.ITEMS))
    X[taught.log.user, taught.log.item] = 1.0
    return X


def test_each_item_is_a_ridge_regression_on_all_others() -> None:
    """The closed form gives what solving for each item by itself gives, with a diagonal of exactly 0."""
    X = np.random.default_rng(0).random((60, 12)) < 0.3
    gram = X.T.astype(float) @ X
    B = weights_of(gram, 0.7, 0.0)
    penalty = 0.7 * gram.diagonal().mean()
    assert (B.diagonal() == 0).all()
    for item in range(12):
        others = np.arange(12) != item
        alone = np.linalg.solve(gram[np.ix_(others, others)] + penalty * np.eye(11), gram[others, item])
        np.testing.assert_allclose(B[others, item], alone, atol=1e-12)


def test_leaving_entries_out_is_the_mean_over_many_logs_with_entries_left_out() -> None:
    """Steck 2020: a penalty in proportion to the diagonal is what learning without a share of the entries tends to."""
    rng = np.random.default_rng(0)
    X = (rng.random((300, 6)) < 0.4).astype(float)
    share = 0.3
    gram = X.T @ X
    B = weights_of(gram, 0.05, share)
    # Entries left out at the input, told at the output: Z'Z and Z'X by their means over what is left out.
    kept = (1 - share) * gram
    dense = (1 - share) ** 2 * gram
    dense[np.diag_indices(6)] = kept.diagonal()
    penalty = (1 - share) ** 2 * 0.05 * gram.diagonal().mean()
    scaled = kept * (1 - share)
    for item in range(6):
        others = np.arange(6) != item
        alone = np.linalg.solve(dense[np.ix_(others, others)] + penalty * np.eye(5), scaled[others, item])
        np.testing.assert_allclose(B[others, item], alone, atol=1e-12)


def test_scores_are_the_dense_product() -> None:
    taught = logs.taught()
    X = who_took_what(taught)
    taken = X.any(axis=0)
    B = np.zeros((logs.ITEMS, logs.ITEMS))
    B[np.ix_(taken, taken)] = weights_of((X.T @ X)[np.ix_(taken, taken)], **PLAIN)
    users = np.arange(logs.USERS, dtype=np.int32)
    histories = taught.log.histories(users, np.full(logs.USERS, taught.moment))
    scores = Ease().fit(taught, PLAIN, Effort()).scores(histories)
    np.testing.assert_allclose(scores[:, taken], (X @ B)[:, taken], atol=1e-5)
    assert np.isneginf(scores[:, ~taken]).all()


def test_only_the_most_taken_items_are_learned_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MOST_ITEMS", 5)
    taught = logs.taught()
    scores = Ease().fit(taught, PLAIN, Effort()).scores(logs.asked(taught))
    people = who_took_what(taught).sum(axis=0)
    assert (people > 0).sum() > 5
    scored = np.isfinite(scores[0])
    assert scored.sum() == 5
    assert people[scored].min() >= people[~scored].max()


def test_old_entries_of_a_history_fade() -> None:
    """With a half-life the scores lean towards what the newest entries say."""
    taught = logs.taught()
    histories = logs.asked(taught).take(np.array([0]))
    plain = Ease().fit(taught, PLAIN, Effort())
    faded = Ease().fit(taught, {**PLAIN, "fading": 0.01}, Effort()).scores(histories)
    newest = logs.only(histories, len(histories.item) - 1)
    np.testing.assert_allclose(faded, plain.scores(newest), atol=1e-6)


def test_what_was_not_liked_is_left_out() -> None:
    taught = logs.taught()
    once = taught.log.take(np.flatnonzero(newest(taught.log.user * logs.ITEMS + taught.log.item)))
    taught, value = replace(taught, log=once), once.value
    assert value is not None
    means = np.array([np.nanmean(value[taught.log.user == user]) for user in range(logs.USERS)])
    kept = np.flatnonzero(~(value < means[taught.log.user]))
    liked = Ease().fit(taught, {**PLAIN, "liked": True}, Effort())
    only = Ease().fit(replace(taught, log=taught.log.take(kept)), PLAIN, Effort())
    users = np.arange(logs.USERS, dtype=np.int32)
    at = np.full(logs.USERS, taught.moment)
    np.testing.assert_allclose(
        liked.scores(taught.log.histories(users, at)),
        only.scores(taught.log.take(kept).histories(users, at)),
        atol=1e-6,
    )
