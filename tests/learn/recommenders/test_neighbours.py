"""Item nearest neighbours against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import cosine_similarity
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders import neighbours
from mlwright.learn.recommenders.neighbours import Neighbours

PLAIN = {"weighting": "cosine", "shrinkage": 0.0, "kept": logs.ITEMS}


def links(configuration: dict[str, object]) -> np.ndarray:
    """(items, items) how much each says for each other, read from what is answered to one entry."""
    taught = logs.taught()
    ranker = Neighbours().fit(taught, configuration, Effort())
    _, arrays = ranker.state()
    dense = np.zeros((logs.ITEMS, logs.ITEMS))
    for item in range(logs.ITEMS):
        part = slice(arrays["starts"][item], arrays["starts"][item + 1])
        dense[item, arrays["columns"][part]] = arrays["values"][part]
    return dense


def taken() -> np.ndarray:
    log = logs.taught().log
    X = np.zeros((logs.USERS, logs.ITEMS))
    X[log.user, log.item] = 1.0
    return X


def without_diagonal(alike: np.ndarray) -> np.ndarray:
    np.fill_diagonal(alike, 0.0)
    return alike


def test_the_plain_one_is_the_cosine() -> None:
    np.testing.assert_allclose(links(PLAIN), without_diagonal(cosine_similarity(taken().T)), atol=1e-6)


def test_shrinkage_is_by_how_many_took_both() -> None:
    X = taken()
    both = X.T @ X
    wanted = without_diagonal(cosine_similarity(X.T) * both / (both + 4.0))
    np.testing.assert_allclose(links({**PLAIN, "shrinkage": 4.0}), wanted, atol=1e-6)


def test_tfidf_weighs_people_as_words_of_items() -> None:
    """People who took much weigh little, as frequent words do; scikit-learn's own formula orders alike."""
    X = taken()
    live = X.any(axis=0)
    weight = np.log1p(live.sum() / np.maximum(X.sum(axis=1), 1))
    ours = links({**PLAIN, "weighting": "tfidf"})
    weighted = (X * weight[:, None])[:, live]
    np.testing.assert_allclose(ours[np.ix_(live, live)], without_diagonal(cosine_similarity(weighted.T)), atol=1e-6)
    theirs = without_diagonal(cosine_similarity(TfidfTransformer().fit_transform(X.T[live])))
    assert np.corrcoef(ours[np.ix_(live, live)].ravel(), theirs.ravel())[0, 1] > 0.99


def test_only_the_nearest_are_kept() -> None:
    full, few = links(PLAIN), links({**PLAIN, "kept": 3})
    for item in range(logs.ITEMS):
        kept = np.flatnonzero(few[item])
        assert len(kept) == min(3, (full[item] > 0).sum())
        np.testing.assert_array_equal(few[item, kept], full[item, kept])
        assert full[item, kept].sum() == pytest.approx(np.sort(full[item])[-3:].sum())


@pytest.mark.parametrize("weighting", list(neighbours.WEIGHTINGS))
def test_blocks_change_nothing(weighting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = {"weighting": weighting, "shrinkage": 2.0, "kept": 5}
    whole = links(configuration)
    monkeypatch.setattr(neighbours, "_CELLS", 5 * logs.ITEMS)
    np.testing.assert_array_equal(links(configuration), whole)
    assert (whole > 0).any()
