"""The conditional logit: against logistic regression, with weights that are known, and from a part of the items."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mlwright.learn.recommending.weighing import PENALTY, Choices, learn_weights, sharpen


def choices_of(values: np.ndarray, chosen: np.ndarray, stands_for: np.ndarray | None = None) -> Choices:
    count = len(values)
    return Choices(
        values=values.astype(np.float32),
        stands_for=np.ones(chosen.shape, dtype=np.float32) if stands_for is None else stands_for.astype(np.float32),
        chosen=chosen,
        length=np.ones(count, dtype=np.intp),
        fold=np.zeros(count, dtype=np.intp),
    )


def made(weights: np.ndarray, *, people: int, items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values (n, c, f) and what was chosen of them by people who weigh so."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people, items, len(weights)))
    pick = (values @ weights + rng.gumbel(size=(people, items))).argmax(axis=1)
    return values, np.arange(items) == pick[:, None]


def learned(choices: Choices) -> np.ndarray:
    """Return the weights, whatever their signs."""
    found = learn_weights(choices, at_least=anything(choices.values.shape[2]))
    assert found is not None
    return found


def anything(width: int) -> np.ndarray:
    return np.full(width, -np.inf)


def test_of_two_items_it_is_logistic_regression() -> None:
    values, chosen = made(np.array([1.0, -0.5, 0.2]), people=300, items=2, seed=0)
    found = learned(choices_of(values, chosen))
    gaps = values[:, 0] - values[:, 1]
    reference = LogisticRegression(C=1.0 / PENALTY, fit_intercept=False, tol=1e-8).fit(gaps, chosen[:, 0])
    np.testing.assert_allclose(found, reference.coef_[0], atol=2e-3)


def test_weights_that_are_known_are_found_among_many_items_and_among_a_part_of_them() -> None:
    truth = np.array([1.5, -1.0, 0.0])
    values, chosen = made(truth, people=1_500, items=200, seed=1)
    found = learned(choices_of(values, chosen))
    np.testing.assert_allclose(found, truth, atol=0.1)
    # What some score puts high, what was chosen, and 30 drawn of the others, which stand for all of them.
    rng = np.random.default_rng(2)
    index, stands_for = np.zeros((len(values), 70), dtype=np.intp), np.zeros((len(values), 70))
    for row, scores in enumerate(values @ np.array([1.0, -1.0, 0.0])):
        certain = np.union1d(np.argsort(-scores)[:30], np.flatnonzero(chosen[row]))
        others = np.setdiff1d(np.arange(200), certain)
        both = np.concatenate([certain, rng.choice(others, 30, replace=False)])
        index[row, : len(both)] = both
        stands_for[row, : len(both)] = np.repeat([1.0, len(others) / 30], [len(certain), 30])
    part = np.take_along_axis(values, index[:, :, None], axis=1)
    picked = np.take_along_axis(chosen, index, axis=1) & (stands_for > 0)
    sampled = learned(choices_of(part, picked, stands_for))
    np.testing.assert_allclose(sampled, found, atol=0.1)


def test_sharpened_weights_make_better_lists_where_popularity_tells_the_best_from_the_rest_alone() -> None:
    gains = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        popular = rng.normal(size=400)

        def asked(rng: np.random.Generator, popular: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            taste = rng.normal(size=(1_500, 400))
            # What is unpopular nobody wants; among what is not, people go by their taste.
            worth = taste + np.minimum(3.0 * popular, 0.0)
            chosen = np.arange(400) == (worth + rng.gumbel(size=worth.shape)).argmax(axis=1)[:, None]
            return np.stack([taste, np.tile(popular, (1_500, 1))], axis=2), chosen

        choices = choices_of(*asked(rng, popular))
        whole = learned(choices)
        sharper = sharpen(choices, whole, at_least=anything(2))
        assert sharper is not None
        assert 0 < sharper[1] < whole[1]
        values, chosen = asked(rng, popular)
        gains.append(discounted(values @ sharper, chosen) - discounted(values @ whole, chosen))
    assert np.mean(gains) > 0.001
    assert sharpen(choices, whole, at_least=anything(2), stop=lambda: True) is None


def discounted(scores: np.ndarray, chosen: np.ndarray) -> float:
    """Return the mean discounted gain of lists of ten for those who chose one item each."""
    place = (scores > np.where(chosen, scores, 0.0).sum(axis=1, keepdims=True)).sum(axis=1)
    return float(np.where(place < 10, 1.0 / np.log2(place + 2.0), 0.0).mean())


def test_no_weight_is_below_what_it_may_be() -> None:
    values, chosen = made(np.array([1.0, -1.0]), people=200, items=5, seed=3)
    found = learn_weights(choices_of(values, chosen), at_least=np.array([-np.inf, 0.0]))
    assert found is not None
    assert found[1] == 0.0
    assert found[0] > 0.5


def test_what_stands_for_nothing_is_not_there() -> None:
    values, chosen = made(np.array([1.0, -1.0]), people=100, items=5, seed=4)
    there = np.ones(chosen.shape)
    padded = np.concatenate([values, np.full((100, 2, 2), 9.0)], axis=1)
    none = np.zeros((100, 2))
    more = choices_of(padded, np.concatenate([chosen, none > 0], axis=1), np.concatenate([there, none], axis=1))
    np.testing.assert_allclose(
        learned(more),
        learned(choices_of(values, chosen)),
        atol=1e-3,
    )


def test_without_a_choice_there_is_nothing_to_weigh_and_a_stop_gives_nothing() -> None:
    values, chosen = made(np.array([1.0, -1.0]), people=30, items=5, seed=5)
    assert learned(choices_of(values, chosen & False)) == pytest.approx([0.0, 0.0])
    assert learn_weights(choices_of(values, chosen), at_least=anything(2), stop=lambda: True) is None
