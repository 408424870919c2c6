"""The additive predictor: against a plain reading of what its arrays mean, and against hostile ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tests.learn.damages import LINKS, Arrays, Damage, changed, put

from mlwright.errors import ModelError
from mlwright.learn.additive import AdditivePredictor

COUNTS = (3, 0, 5, 1)
"""Edges of each column."""
PARTS = (2, 1, 3, 2)
"""Coarse bins of each column."""
TERMS = [[0], [2], [1], [3], [0, 2], [3, 1]]
OUTPUTS = {"sigmoid": 1, "softmax": 3, "identity": 1}


def state(link: str = "softmax") -> tuple[dict[str, Any], Arrays]:
    """Random tables, in the form that travels."""
    rng = np.random.default_rng(0)
    edges = [np.sort(rng.normal(size=count)) for count in COUNTS]
    coarse = [np.minimum(np.arange(count + 2), part - 1) for count, part in zip(COUNTS, PARTS, strict=True)]
    cells = sum(COUNTS[t[0]] + 2 if len(t) == 1 else PARTS[t[0]] * PARTS[t[1]] for t in TERMS)
    arrays = {
        "intercept": rng.normal(size=OUTPUTS[link]),
        "edges": np.concatenate(edges),
        "counts": np.array(COUNTS, dtype=np.int32),
        "coarse": np.concatenate(coarse).astype(np.int32),
        "score": rng.normal(size=(cells, OUTPUTS[link])),
    }
    return {"link": link, "terms": [list(term) for term in TERMS]}, arrays


def plainly(plain: Mapping[str, Any], arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """What one row gets, number by number, as the documentation says it."""
    bins, coarse, start = [], [], 0
    for column, count in enumerate(COUNTS):
        own = arrays["edges"][start : start + count]
        found = 0 if math.isnan(x[column]) else 1 + sum(edge <= x[column] for edge in own)
        bins.append(found)
        coarse.append(int(arrays["coarse"][start + 2 * column + found]))
        start += count
    total, start = arrays["intercept"].copy(), 0
    for term in plain["terms"]:
        if len(term) == 1:
            cell, size = bins[term[0]], COUNTS[term[0]] + 2
        else:
            cell, size = coarse[term[0]] * PARTS[term[1]] + coarse[term[1]], PARTS[term[0]] * PARTS[term[1]]
        total = total + arrays["score"][start + cell]
        start += size
    if plain["link"] == "sigmoid":
        p = 1 / (1 + np.exp(-total[0]))
        return np.array([1 - p, p])
    return np.exp(total) / np.exp(total).sum() if plain["link"] == "softmax" else total


def rows(count: int = 30) -> np.ndarray:
    X = np.random.default_rng(1).normal(size=(count, len(COUNTS)))
    X[::3, 1], X[1::4, 0] = np.nan, np.nan
    X[1::7, 2], X[2::7, 3], X[3::7, 0] = np.inf, -np.inf, 1e300
    X[:5, 2] = state()[1]["edges"][3:8]
    return X


@pytest.mark.parametrize("link", OUTPUTS)
def test_it_says_what_its_arrays_mean(link: str) -> None:
    plain, arrays = state(link)
    predictor = AdditivePredictor.from_state(plain, arrays)
    np.testing.assert_allclose(
        predictor.predict(rows()), [plainly(plain, arrays, x) for x in rows()], rtol=0, atol=1e-14
    )
    again, same = predictor.state()
    assert again == plain
    assert same.keys() == arrays.keys()


@pytest.mark.parametrize("link", OUTPUTS)
def test_a_row_alone_has_the_bits_it_has_among_others(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = AdditivePredictor.from_state(*state(link))
    X = np.tile(rows(), (3, 1))
    batch = predictor.predict(X)
    np.testing.assert_array_equal(np.concatenate([predictor.predict(x[None]) for x in X]), batch)
    monkeypatch.setattr("mlwright.learn.additive._BLOCK", 1)
    np.testing.assert_array_equal(predictor.predict(np.asfortranarray(X)), batch)


def test_nothing_to_add_is_the_intercept() -> None:
    plain, arrays = state("identity")
    arrays = {**arrays, "score": arrays["score"][:0]}
    predictor = AdditivePredictor.from_state({**plain, "terms": []}, arrays)
    np.testing.assert_array_equal(predictor.predict(rows()), np.full((30, 1), arrays["intercept"][0]))
    np.testing.assert_array_equal(predictor.predict(rows()[:1]), arrays["intercept"][None])


def test_the_wrong_number_of_features_is_told() -> None:
    with pytest.raises(ValueError, match="read 4 features"):
        AdditivePredictor.from_state(*state()).predict(np.zeros((2, 5)))


DAMAGES: dict[str, Damage] = {
    **LINKS,
    "no terms": lambda plain, _: plain.pop("terms"),
    "terms as text": lambda plain, _: plain.update(terms="0"),
    "a term too few": lambda plain, _: plain["terms"].pop(),
    "a term too many": lambda plain, _: plain["terms"].append([0]),
    "a term of nothing": lambda plain, _: plain["terms"].append([]),
    "a term of three": lambda plain, _: plain["terms"].append([0, 1, 2]),
    "a term of one column twice": lambda plain, _: plain["terms"].append([1, 1]),
    "a term as number": lambda plain, _: plain["terms"].append(0),
    "a term of text": lambda plain, _: plain["terms"].append(["0"]),
    "a term of truth": lambda plain, _: plain["terms"].append([True]),
    "a column before the first": lambda plain, _: plain["terms"].insert(0, [-1]),
    "a column beyond the last": lambda plain, _: plain["terms"].insert(0, [4]),
    "an array missing": lambda _, arrays: arrays.pop("coarse"),
    "an array too many": lambda _, arrays: arrays.update(more=arrays["score"]),
    "more edges than there are": changed("counts", put(9)),
    "fewer edges than there are": changed("counts", put(2)),
    "less than no edges": changed("counts", put(-1, 1)),
    "counts between numbers": changed("counts", lambda array: array.astype(np.float64)),
    "counts beyond memory": changed("counts", lambda array: np.full(4, 2**62, dtype=np.int64)),
    "counts of two dimensions": changed("counts", lambda array: array[None]),
    "edges in disorder": changed("edges", lambda array: array[::-1]),
    "edges that are one": changed("edges", lambda array: np.repeat(array[:1], len(array))),
    "an edge that is no number": changed("edges", put(np.nan)),
    "an endless edge": changed("edges", put(np.inf, 2)),
    "an edge too few": changed("edges", lambda array: array[:-1]),
    "edges as whole numbers": changed("edges", lambda array: np.arange(len(array))),
    "a coarse bin too far": changed("coarse", put(2**30)),
    "a coarse bin more than the tables have": changed("coarse", put(5)),
    "a coarse bin before the first": changed("coarse", put(-1)),
    "a coarse bin too few": changed("coarse", lambda array: array[:-1]),
    "a score too few": changed("score", lambda array: array[:-1]),
    "scores of one dimension": changed("score", lambda array: array[:, 0]),
    "scores of other outputs": changed("score", lambda array: array[:, :2]),
    "a score that is no number": changed("score", put(np.nan)),
    "an endless score": changed("score", put(-np.inf)),
    "a score beyond reason": changed("score", put(1e300)),
    "scores as text": changed("score", lambda array: array.astype("U8")),
    "an intercept that is no number": changed("intercept", put(np.nan)),
    "an intercept for nothing": changed("intercept", lambda array: array[:0]),
    "an intercept without dimension": changed("intercept", lambda array: array.sum()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_hostile_states_are_refused(damage: str) -> None:
    plain, arrays = state()
    DAMAGES[damage](plain, arrays)
    with pytest.raises(ModelError, match="damaged, in its terms"):
        AdditivePredictor.from_state(plain, arrays)


def test_the_largest_allowed_scores_still_give_numbers() -> None:
    plain, arrays = state("identity")
    arrays["score"] = np.full_like(arrays["score"], 1e12)
    with np.errstate(all="raise"):
        assert np.isfinite(AdditivePredictor.from_state(plain, arrays).predict(rows())).all()
