"""Fitting the chosen once more: copies with other seeds share a member's weight, where there is time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.learn.test_search import material
from tests.learn.toys import Toy

from mlwright.learn.base import never
from mlwright.learn.portfolio import Entry
from mlwright.learn.preferences import PREFERENCES, Policy
from mlwright.learn.refit import Chosen, refit
from mlwright.learn.trials import Learned, Trial


class Random(Toy):
    """Shifts what it predicts by its seed."""

    def fit(self, problem, configuration, valid, effort):
        fitted = super().fit(problem, configuration, valid, effort)
        return replace(fitted, shift=float(effort.seed), complete=effort.seed < 200_000)


def chosen(*learners, weights):
    trials = [
        Trial(number, Entry(learner, {"shift": 0.0}, "codes"), learned=Learned(7, {"shift": 0.0}, complete=True))
        for number, learner in enumerate(learners)
    ]
    return [Chosen(trial, weight) for trial, weight in zip(trials, weights, strict=True)]


def weights(made):
    return [(member.learner, pytest.approx(member.weight)) for member in made.ensemble.members]


def test_copies_share_a_members_weight_and_one_that_draws_nothing_stays_alone():
    both = chosen(Toy("steady"), Random("random"), weights=[0.4, 0.6])
    made = refit(material(), both, seed=0, threads=2, stop=never, copies=2)
    assert weights(made) == [("steady", 0.4), ("random", 0.3), ("random", 0.3)]
    first, second = (member.predictor.state() for member in made.ensemble.members[1:])
    assert first != second
    assert weights(refit(material(), both, seed=0, threads=1, stop=never)) == [("steady", 0.4), ("random", 0.6)]


def test_copies_end_with_the_time_and_one_that_was_stopped_is_left_out():
    alone = chosen(Random("random"), weights=[1.0])
    asked = []
    made = refit(
        material(), alone, seed=0, threads=1, stop=never, copies=9, spare=lambda seconds: not asked.append(seconds)
    )
    assert weights(made) == [("random", 0.5)] * 2, "the third copy's seed is beyond where the learner is stopped"
    assert made.complete
    assert all(seconds >= 0 for seconds in asked)
    assert len(asked) == 2
    made = refit(material(), alone, seed=0, threads=1, stop=never, copies=9, spare=lambda _: False)
    assert weights(made) == [("random", 1.0)]


def test_copies_are_few_where_answers_have_to_be_quick():
    def copies(name, *trees, max_latency=None):
        return Policy(PREFERENCES[name], max_latency).copies([SimpleNamespace(trees=each) for each in trees])

    assert copies("balanced", 100, 300) == 3
    assert copies("balanced", 700) == 2
    assert copies("balanced", 1_000, 800) == 1
    assert copies("accuracy", 1_000, 800) == 5
    assert [copies(name, 10) for name in ("speed", "size")] == [1, 1]
    assert copies("accuracy", 10, max_latency=1e-3) == 1
