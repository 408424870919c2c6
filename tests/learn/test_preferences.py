"""What is weighed against the score: which members stay, and how long an answer may take."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.learn.budget import parse_latency
from mlwright.learn.preferences import PREFERENCES, SLACK, Members, Policy, combine, row_losses
from mlwright.tasks import ROW_TASKS, find_metric

METRIC = find_metric(ROW_TASKS["regression"], None)


def trial(trees: int = 100, size: int = 100, seconds: float = 0.0, variant: str = "codes") -> SimpleNamespace:
    return SimpleNamespace(
        trees=trees, bytes=size, row_seconds=seconds, recipe_seconds=seconds / 2, entry=SimpleNamespace(variant=variant)
    )


def pruned(name: str, trials, weights, errors, *, max_latency=None):
    y = np.random.default_rng(0).normal(size=len(errors[0]))
    policy = Policy(PREFERENCES[name], max_latency)
    predictions = [(y + error)[:, None] for error in errors]
    return policy.pruned(np.array(weights), Members(trials, predictions, y, None, METRIC.losses))


def test_a_member_that_helps_stays_and_one_that_adds_nothing_goes():
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, 2_000))
    kept = pruned("balanced", [trial(), trial(500)], [0.5, 0.5], [first, second])
    assert kept.tolist() == [0.5, 0.5]
    kept = pruned("balanced", [trial(), trial(500)], [0.5, 0.5], [first, first])
    assert kept.tolist() == [1.0, 0.0]


def test_speed_drops_the_member_with_most_trees_and_size_the_heaviest():
    errors = [np.random.default_rng(3).normal(size=50)] * 3
    trials = [trial(10, 10), trial(1_000, 10), trial(100, 9_000)]
    assert pruned("speed", trials, [0.4, 0.3, 0.3], errors)[1] == 0
    assert pruned("size", trials, [0.4, 0.3, 0.3], errors)[2] == 0


def test_members_go_until_the_answer_comes_in_time_even_where_that_costs_score():
    random = np.random.default_rng(4)
    trials = [trial(seconds=1e-4), trial(seconds=2e-4, variant="target"), trial(seconds=4e-4, variant="onehot")]
    errors = list(random.normal(size=(3, 5_000)))
    kept = pruned("balanced", trials, [0.4, 0.3, 0.3], errors, max_latency=1.2e-3)
    together = sum(each.row_seconds * 1.5 for each, weight in zip(trials, kept, strict=True) if weight)
    assert together <= SLACK * 1.2e-3 < 1.05e-3
    assert np.isclose(kept.sum(), 1)
    only = pruned("balanced", trials, [0.4, 0.3, 0.3], errors, max_latency=1e-6)
    assert np.count_nonzero(only) == 1


def test_trials_that_are_too_slow_alone_are_no_candidates_but_one_is_left():
    trials = [trial(seconds=1e-2), trial(seconds=1e-5)]
    assert Policy(PREFERENCES["balanced"], 1e-3).allowed(trials) == trials[1:]
    assert Policy(PREFERENCES["balanced"], 1e-9).allowed(trials) == trials[1:]
    assert Policy(PREFERENCES["balanced"]).allowed(trials) == trials


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.sampled_from(sorted(PREFERENCES)), st.integers(0, 99))
def test_what_is_left_is_an_average_of_some_of_the_members(shares, name, seed):
    random = np.random.default_rng(seed)
    weights = np.array(shares) / np.sum(shares)
    trials = [trial(int(random.integers(1, 1_000)), int(random.integers(1, 1_000))) for _ in shares]
    kept = pruned(name, trials, weights, list(random.normal(size=(len(shares), 30))))
    assert np.isclose(kept.sum(), 1)
    assert (kept >= 0).all()
    assert 1 <= np.count_nonzero(kept) <= len(shares)
    assert np.allclose(combine([np.ones((2, 1))] * len(shares), kept), 1)


def test_a_metric_of_pairs_is_stood_in_for_by_one_of_rows():
    binary = ROW_TASKS["binary"]
    assert len(row_losses(binary, find_metric(binary, "roc_auc"))(np.zeros(3), np.full((3, 2), 0.5))) == 3


@pytest.mark.parametrize("wrong", ["1", "fast", "-1ms", "0ms", 0.0, float("nan"), float("inf")])
def test_a_latency_that_cannot_be_is_refused_in_one_sentence(wrong):
    with pytest.raises(OptionError, match="max-latency"):
        parse_latency(wrong)
