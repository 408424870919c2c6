"""A few outcomes: rarely a false warning however often one looks, mostly a warning where it is due."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.errors import OptionError
from mlwright.monitor.backing import Drawn, back, draw

LABELS = 200


def streams(rate: float, expected: float, count: int, seed: int = 0, *, high: float | None = None) -> np.ndarray:
    """Return for each of several samples of 200 outcomes whether it warns, where rows are wrong at a rate."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        p = np.clip(random.beta(1.0, 1.0 / expected - 1.0, 600), 0.001, 0.5)
        p *= expected / p.mean()
        wrong = (random.random(600) < np.clip(p * rate / expected, 0.0, 1.0)).astype(float)
        chosen = draw([str(row) for row in range(600)], LABELS, seed=int(random.integers(2**31)))
        made = back(p, chosen, wrong[chosen.positions], high=expected if high is None else high, most=1.0)
        found.append((made.warns, made.low <= wrong.mean() <= made.high))
    return np.array(found)


def test_false_warnings_are_as_rare_as_stated_over_all_looks() -> None:
    # To look after each of 200 outcomes at the 95 % point of a normal distribution would warn in about 20 %.
    assert streams(0.15, 0.15, 250)[:, 0].mean() <= 0.06


@pytest.mark.parametrize(("before", "now", "least"), [(0.05, 0.2, 0.95), (0.1, 0.25, 0.9), (0.2, 0.35, 0.8)])
def test_harm_is_warned_of_within_200_outcomes(before: float, now: float, least: float) -> None:
    assert streams(now, before, 60)[:, 0].mean() >= least


def test_what_the_estimate_allows_for_is_not_warned_of() -> None:
    assert streams(0.2, 0.15, 120, high=0.2)[:, 0].mean() <= 0.06


def test_the_interval_covers_though_one_may_look_at_any_time() -> None:
    assert streams(0.2, 0.1, 120)[:, 1].mean() >= 0.95


def test_what_was_expected_makes_the_interval_narrower() -> None:
    random = np.random.default_rng(1)
    sure = random.random(2_000) < 0.5
    expected = np.where(sure, 0.0, 0.9)
    losses = expected + random.normal(0.0, 0.02, 2_000)
    chosen = draw([str(row) for row in range(2_000)], LABELS, seed=1)
    with_it, without = (
        back(each, chosen, losses[chosen.positions], high=1.0, most=1.5) for each in (expected, np.full(2_000, 0.45))
    )
    assert with_it.high - with_it.low < 0.5 * (without.high - without.low)
    assert with_it.low <= np.clip(losses, 0.0, None).mean() <= with_it.high


def test_who_is_drawn_follows_from_id_and_seed_alone() -> None:
    ids = [f"row {number}" for number in range(500)]
    order = np.random.default_rng(0).permutation(500)
    first = {ids[at] for at in draw(ids, 40, seed=3).positions}
    again = {ids[order[at]] for at in draw([ids[each] for each in order], 40, seed=3).positions}
    other = {ids[at] for at in draw(ids, 40, seed=4).positions}
    assert len(first) == 40
    assert first == again != other


def test_rows_that_promise_more_are_drawn_more_often_and_count_less() -> None:
    ids = [str(number) for number in range(400)]
    promise = np.linspace(0.0, 1.0, 400)
    value = np.arange(400.0)
    means, sizes, often = [], [], np.zeros(400)
    for seed in range(400):
        chosen = draw(ids, 50, seed=seed, promise=promise)
        often[chosen.positions] += 1
        means.append(float(chosen.weight @ value[chosen.positions]) / 50.0)
        sizes.append(len(chosen.positions))
        assert chosen.weight.max() <= 2.0 + 1e-9
    assert np.mean(means) == pytest.approx(value.mean(), rel=0.02)
    assert np.mean(sizes) == pytest.approx(50.0, rel=0.03)
    assert often[300:].mean() > 2.0 * often[:100].mean()


def test_outcomes_not_known_are_left_out_and_none_say_nothing() -> None:
    expected, chosen = np.full(100, 0.2), draw([str(row) for row in range(100)], 30, seed=0)
    none = back(expected, chosen, np.full(30, np.nan), high=0.3, most=1.0)
    assert (none.labels, none.warns, none.low, none.high) == (0, False, 0.0, 1.0)
    losses = np.where(np.arange(30) < 10, 0.0, np.nan)
    some = back(expected, chosen, losses, high=0.3, most=1.0)
    assert some.labels == 10
    assert "do not speak against" in some.why


def test_what_cannot_be_drawn_or_compared_is_refused() -> None:
    with pytest.raises(OptionError, match="0 rows cannot be drawn"):
        draw(["a"], 0, seed=0)
    with pytest.raises(OptionError, match="one number of at least 0 for each of 3 rows"):
        draw(["a", "b", "c"], 1, seed=0, promise=np.array([1.0, -1.0, 2.0]))
    one = Drawn(np.array([0], dtype=np.intp), np.ones(1))
    with pytest.raises(OptionError, match="2 losses for 1 drawn"):
        back(np.ones(3), one, np.zeros(2), high=1.0, most=1.0)
    with pytest.raises(OptionError, match="largest loss cannot be 0"):
        back(np.ones(3), one, np.zeros(1), high=1.0, most=0.0)
