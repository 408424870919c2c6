"""A trial as people use it: verdicts in words, once per unit, the same whenever one looks or starts again."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.adapt.pairs import Differences, Floats, paired, unpaired
from mlwright.adapt.trial import DIGEST, PairedTrial, Terms
from mlwright.errors import DataError, ModelError, OptionError


def errors(rows: int, better: float, worse: float, seed: int = 0) -> Floats:
    u = np.random.default_rng(seed).random(rows)
    return np.where(u < better, 1.0, np.where(u < better + worse, -1.0, 0.0))


def as_pairs(d: Floats, keys: list[str] | None = None, bound: float = 1.0) -> Differences:
    names = keys or [f"row {place}" for place in range(len(d))]
    return paired(names, np.maximum(d, 0.0), np.maximum(-d, 0.0), bound=bound)


def tried(d: Floats, terms: Terms | None = None) -> PairedTrial:
    trial = PairedTrial(terms or Terms())
    trial.see(as_pairs(d))
    return trial


def test_a_better_one_is_promoted_and_it_is_said_why() -> None:
    found = tried(errors(5_000, 0.06, 0.03)).decision()
    assert (found.verdict, found.why) == ("promote", "evidence")
    assert found.counted < 2_500
    assert found.evidence >= found.needed * (1 - 1e-9)
    assert found.p <= 0.05 * (1 + 1e-9)
    assert found.sentence.startswith(f"Promote: on {found.counted:,} rows the challenger loses ")
    assert "points less than the champion" in found.sentence
    assert found.interval[0] < found.difference < found.interval[1]


def test_a_worse_one_is_refused_early() -> None:
    found = tried(errors(5_000, 0.02, 0.06)).decision()
    assert found.verdict == "refuse"
    assert found.counted <= 1_000
    assert "points more than the champion" in found.sentence


def test_a_difference_that_is_not_worth_it_is_refused_early() -> None:
    found = tried(errors(5_000, 0.02, 0.01), Terms(worth=0.05)).decision()
    assert (found.verdict, found.why) == ("refuse", "too little")
    assert found.counted <= 500
    assert found.interval[1] < 0.05
    assert "surely less than the 5 points that a change is worth" in found.sentence


def test_one_that_is_the_same_is_refused_in_the_end() -> None:
    hopeless = tried(errors(5_000, 0.05, 0.05, seed=2)).decision()
    assert (hopeless.verdict, hopeless.why) == ("refuse", "too late")
    assert "would hardly be proven" in hopeless.sentence
    few = tried(errors(5_000, 0.05, 0.05, seed=2), Terms(most=100)).decision()
    assert (few.verdict, few.why, few.counted) == ("refuse", "enough seen", 100)


def test_it_goes_on_as_long_as_nobody_can_tell() -> None:
    assert PairedTrial(Terms()).decision().sentence == "Go on: no outcome is mature yet."
    found = tried(errors(200, 0.05, 0.04)).decision()
    assert found.verdict == "go on"
    assert "at most 4,800 more rows will be waited for" in found.sentence
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()


def test_a_rollback_is_the_same_mirrored() -> None:
    d = errors(5_000, 0.06, 0.03)
    promoted, rolled = tried(d), tried(d, Terms(question="rollback"))
    assert rolled.decision().verdict == "roll back"
    assert rolled.decision().counted == promoted.decision().counted
    assert "the former champion loses" in rolled.decision().sentence
    assert tried(-d, Terms(question="rollback")).decision().verdict == "keep"


def test_a_margin_asks_for_more_and_a_negative_one_allows_to_be_as_good() -> None:
    d = errors(5_000, 0.05, 0.035)
    assert tried(d).decision().verdict == "promote"
    assert tried(d, Terms(margin=0.02, worth=0.02)).decision().verdict == "refuse"
    same = errors(5_000, 0.03, 0.03, seed=4)
    assert tried(same).decision().verdict == "refuse"
    assert tried(same, Terms(margin=-0.02, worth=-0.02)).decision().verdict == "promote"


def test_a_unit_counts_once_and_a_portion_given_twice_does_no_harm() -> None:
    d = errors(900, 0.05, 0.04)
    keys = [f"customer {place % 300}" for place in range(900)]
    trial, alone = PairedTrial(Terms()), tried(d[:0])
    trial.see(as_pairs(d, keys))
    trial.see(as_pairs(d, keys))
    alone.see(as_pairs(d[:300], keys[:300]))
    assert trial.to_dict() == alone.to_dict()
    assert trial.decision().counted == 300


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.lists(st.integers(0, 1_500), max_size=5))
def test_portions_looks_and_restarts_change_no_bit(seed: int, cuts: list[int]) -> None:
    d = errors(1_500, 0.05 + 0.01 * seed, 0.04, seed)
    whole, trial, names = tried(d), PairedTrial(Terms()), [f"row {place}" for place in range(1_500)]
    places = [0, *sorted(cuts), 1_500]
    for start, end in pairwise(places):
        trial.see(as_pairs(d[start:end], names[start:end]) if end > start else as_pairs(d[:0]))
        trial.decision()
        trial = PairedTrial.from_dict(json.loads(json.dumps(trial.to_dict())))
    assert trial.to_dict() == whole.to_dict()
    assert trial.decision() == whole.decision()


def test_what_has_ended_counts_nothing_more() -> None:
    trial = tried(np.ones(60))
    ended = trial.to_dict()
    trial.see(as_pairs(-np.ones(60), [f"later {place}" for place in range(60)]))
    assert trial.to_dict() == ended
    assert trial.decision().verdict == "promote"


def test_the_state_is_small() -> None:
    trial = tried(errors(5_000, 0.02, 0.02, seed=3), Terms(worth=0.0))
    assert len(json.dumps(trial.to_dict())) < 900 + 4 * (DIGEST / 3 + 0.1) * trial.decision().counted


def test_canary_traffic_finds_harm() -> None:
    """The former champion answers 95 %, the new version 5 % with 25 points more errors."""
    random = np.random.default_rng(5)
    by_new = random.random(3_000) < 0.05
    losses = (random.random(3_000) < np.where(by_new, 0.4, 0.15)).astype(float)
    terms = Terms(question="rollback", lowest_share=0.05)
    likely = np.where(by_new, 0.05, 0.95)
    found = unpaired([str(row) for row in range(3_000)], losses, ~by_new, likely, bound=1.0, usual=0.15)
    trial = PairedTrial(terms)
    trial.see(found)
    assert trial.decision().verdict == "roll back"
    assert by_new[: trial.decision().counted].sum() < 80  # so few of its answers were needed


def test_differences_beyond_the_terms_are_refused_and_nothing_is_counted() -> None:
    trial = tried(errors(50, 0.05, 0.04))
    before = trial.to_dict()
    with pytest.raises(DataError, match="larger than the trial's terms allow"):
        trial.see(as_pairs(np.array([0.0, 1.5]), ["x", "y"], bound=2.0))
    assert trial.to_dict() == before


def test_numbers_are_told_in_their_unit() -> None:
    random = np.random.default_rng(6)
    one, other = np.abs(random.normal(size=(2, 2_000)))
    trial = PairedTrial(Terms(bound=3.0, worth=0.01, is_share=False))
    trial.see(paired([str(row) for row in range(2_000)], 1.5 * one, other, bound=3.0))
    found = trial.decision()
    assert found.verdict == "promote"
    assert "points" not in found.sentence


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(alpha=0.0), "alpha cannot be 0"),
        (Terms(bound=-1.0), "bound cannot be -1"),
        (Terms(margin=1.0), "margin cannot be 1"),
        (Terms(lowest_share=float("nan")), "lowest_share cannot be nan"),
        (Terms(margin=0.02), "A difference of 0.005 cannot be the smallest that is worth it"),
        (Terms(most=0), "A trial of at most 0 rows finds nothing"),
        (Terms(question="promotoin"), "did you mean 'promotion'"),  # type: ignore[arg-type]
    ],
)
def test_terms_that_cannot_be_are_refused(terms: Terms, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        PairedTrial(terms)


@pytest.mark.parametrize(
    "broken", [{}, {"terms": {"alpha": "x"}}, {"terms": {}, "ended": None, "capital": 3}, {"terms": {}, "ended": "x"}]
)
def test_a_state_that_is_none_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="This is no state of a trial"):
        PairedTrial.from_dict(broken)


def test_what_loses_more_is_told_with_an_interval_around_it() -> None:
    import re

    from mlwright.adapt.trial import Decision, Terms, _told

    terms = Terms(is_share=False)
    found = Decision(
        verdict="go on",
        why="undecided",
        counted=75,
        p=1.0,
        clipped=0,
        difference=-0.159,
        interval=(-0.339, 0.0221),
        evidence=0.1,
        needed=20.0,
        sentence="",
    )
    said = _told(found, terms).sentence
    low, high = map(float, re.search(r"\((-?[\d.]+) to (-?[\d.]+)\)", said).groups())  # type: ignore[union-attr]
    assert "0.159 more" in said
    assert low <= 0.159 <= high
