"""Laws of making a list, against slow and plain versions of the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.tasks.recommend.decide import Choice, Level, Links, decide

SIZE = 30


def links(values: list[list[int]], many: int) -> Links:
    starts = np.concatenate([[0], np.cumsum([len(each) for each in values])]).astype(np.intp)
    return Links.of(starts, np.array([one for each in values for one in each], dtype=np.int32), many)


def level(name: str, scores: Any) -> Level:
    found = np.asarray(scores, dtype=np.float32)
    return Level(name, lambda: found)


def choice(rng: np.random.Generator, **changes: Any) -> Choice:
    """Return one with two levels, of which the first knows half of the items, and many equals."""
    first = rng.integers(0, 6, SIZE).astype(np.float32)
    first[rng.random(SIZE) < 0.5] = -np.inf
    usual: dict[str, Any] = {
        "k": int(rng.integers(1, SIZE + 5)),
        "levels": (level("personal", first), level("any", rng.integers(0, 4, SIZE))),
        "allowed": rng.random(SIZE) < 0.8,
        "standing": rng.permutation(SIZE),
    }
    return Choice(**{**usual, **changes})


def in_order(made: Choice) -> list[tuple[int, str]]:
    """Return what may be recommended, sorted the plain way: what is buried last, by level, score and standing."""
    places = {int(code): place for place, code in enumerate(made.standing)}
    found = []
    for code in np.flatnonzero(made.allowed).tolist():
        number = next(n for n, one in enumerate(made.levels) if np.isfinite(one.scores()[code]))
        buried = bool(made.buried is not None and made.buried[code])
        name, score = made.levels[number].name, float(made.levels[number].scores()[code])
        found.append((buried, number, -score, places[code], code, name))
    return [(one[4], one[5]) for one in sorted(found)][: made.k]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_list_is_in_the_plain_order(seed: int, has_buried: bool) -> None:
    rng = np.random.default_rng(seed)
    made = choice(rng, buried=rng.random(SIZE) < 0.3 if has_buried else None)
    found = decide(made)
    assert list(zip(found.item.tolist(), found.level, strict=True)) == in_order(made)
    assert len(found.item) == min(made.k, int(made.allowed.sum()))
    assert (found.propensity == 1).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.sampled_from([0.0, 0.2]), st.integers(1, 3))
def test_whatever_is_wanted_only_what_is_allowed_comes_and_caps_hold(
    seed: int, diversity: float, explore: float, most: int
) -> None:
    rng = np.random.default_rng(seed)
    values = [list({int(one) for one in rng.integers(0, 5, rng.integers(0, 3))}) for _ in range(SIZE)]
    vectors = rng.normal(size=(SIZE, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = choice(
        rng,
        caps=((links(values, 5), most),),
        diversity=diversity,
        vectors=vectors.astype(np.float32),
        explore=explore,
        seed=seed,
        pinned=rng.permutation(SIZE)[:3].tolist(),
        lift=rng.random(SIZE).astype(np.float32),
    )
    found = decide(made)
    assert made.allowed[found.item].all()
    assert len(set(found.item.tolist())) == len(found.item) <= made.k
    counts = np.bincount([value for item in found.item.tolist() for value in values[item]], minlength=5)
    assert (counts <= most).all()
    assert ((found.propensity > 0) & (found.propensity <= 1)).all()
    if len(found.item) < made.k:  # nothing that is left fits under the caps
        left = set(np.flatnonzero(made.allowed).tolist()) - set(found.item.tolist())
        assert all(any(counts[value] == most for value in values[item]) for item in left)


def test_where_a_cap_closes_a_pool_the_search_goes_on_beyond_it() -> None:
    size = 3_000
    made = Choice(
        k=3,
        levels=(level("personal", -np.arange(size)),),
        allowed=np.ones(size, dtype=np.bool_),
        standing=np.arange(size),
        caps=((links([[0]] * (size - 2) + [[], []], 1), 1),),
    )
    assert decide(made).item.tolist() == [0, size - 2, size - 1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1))
def test_diversity_is_maximal_marginal_relevance(seed: int, diversity: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.permutation(SIZE) / (SIZE - 1)
    vectors = rng.normal(size=(SIZE, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = Choice(
        k=8,
        levels=(level("personal", scores),),
        allowed=np.ones(SIZE, dtype=np.bool_),
        standing=np.arange(SIZE),
        diversity=diversity,
        vectors=vectors,
    )
    taken = decide(made).item.tolist()
    for place, item in enumerate(taken):
        likeness = [max([0.0, *(float(vectors[one] @ vectors[code]) for code in taken[:place])]) for one in range(SIZE)]
        worth = [(1 - diversity) * scores[one] - diversity * likeness[one] for one in range(SIZE)]
        left = set(range(SIZE)) - set(taken[:place])
        assert worth[item] >= max(worth[one] for one in left) - 1e-5


def test_without_diversity_vectors_change_nothing() -> None:
    rng = np.random.default_rng(1)
    made = choice(rng, k=10)
    other = Choice(
        k=10,
        levels=made.levels,
        allowed=made.allowed,
        standing=made.standing,
        vectors=rng.normal(size=(SIZE, 4)).astype(np.float32),
    )
    assert decide(made).item.tolist() == decide(other).item.tolist()


def test_pinned_items_stand_first_where_nothing_forbids_them() -> None:
    allowed = np.ones(5, dtype=np.bool_)
    allowed[3] = False
    made = Choice(
        k=3, levels=(level("personal", [5, 4, 3, 2, 1]),), allowed=allowed, standing=np.arange(5), pinned=(4, 3, 2)
    )
    found = decide(made)
    assert found.item.tolist() == [4, 2, 0]
    assert found.level == ("pinned", "pinned", "personal")
    assert found.score.tolist() == [1.0, 3.0, 5.0]


def test_what_is_lifted_moves_by_standard_deviations() -> None:
    scores = np.array([10.0, 9.0, 8.0, 7.0])
    lift = np.zeros(4, dtype=np.float32)
    for by, place in ((1.5 / scores.std(), 1), (2.5 / scores.std(), 0)):
        lift[2] = by
        made = Choice(
            k=4,
            levels=(level("personal", scores),),
            allowed=np.ones(4, dtype=np.bool_),
            standing=np.arange(4),
            lift=lift.copy(),
        )
        assert decide(made).item.tolist().index(2) == place


def test_scores_that_are_no_numbers_say_nothing() -> None:
    made = Choice(
        k=4,
        levels=(level("personal", [np.nan, np.inf, 1.0, -np.inf]), level("any", [0.0, 1.0, 2.0, 3.0])),
        allowed=np.ones(4, dtype=np.bool_),
        standing=np.arange(4),
    )
    found = decide(made)
    assert found.item.tolist() == [2, 3, 1, 0]
    assert found.level == ("personal", "any", "any", "any")


def test_chance_draws_a_plackett_luce_list_with_the_probabilities_that_it_tells() -> None:
    scores, explore, draws = np.array([1.0, 0.5, 0.0]), 0.7, 4_000
    counts: dict[tuple[int, ...], int] = {}
    told: dict[tuple[int, ...], float] = {}
    for seed in range(draws):
        made = Choice(
            k=2,
            levels=(level("personal", scores),),
            allowed=np.ones(3, dtype=np.bool_),
            standing=np.arange(3),
            explore=explore,
            seed=seed,
        )
        found = decide(made)
        taken = tuple(found.item.tolist())
        counts[taken] = counts.get(taken, 0) + 1
        told[taken] = float(found.propensity.prod())
    weights = np.exp(scores / explore)
    for (one, other), probability in told.items():
        expected = weights[one] / weights.sum() * weights[other] / (weights.sum() - weights[one])
        assert probability == pytest.approx(expected, rel=1e-6)
        spread = math.sqrt(expected * (1 - expected) / draws)
        assert abs(counts[one, other] / draws - expected) < 4.5 * spread
    assert sum(told.values()) == pytest.approx(1.0)


def test_the_tiniest_chance_is_no_chance() -> None:
    rng = np.random.default_rng(5)
    plain = choice(rng, k=6)
    tiny = Choice(k=6, levels=plain.levels, allowed=plain.allowed, standing=plain.standing, explore=5e-324, seed=3)
    scores = plain.levels[0].scores()
    assert sorted(scores[decide(tiny).item].tolist()) == sorted(scores[decide(plain).item].tolist())
