"""Which version answers whom: shares are kept, and whoever is sticky stays with what they had."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import constant

from mlwright.registry.names import Reference
from mlwright.serve.endpoint import Endpoint, fraction, shares
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.served import Served
from mlwright.values import as_text

VALUES = st.integers() | st.floats(allow_nan=False) | st.booleans() | st.text().filter(as_text)
SHARES = st.floats(0.0, 1.0)
SERVED = [Served(constant(float(version)), "made", version, ModelPolicy()) for version in (1, 2, 3)]


def endpoint(*weights: float, sticky: str | None = "who", name: str = "made") -> Endpoint:
    split = shares(SERVED[0], list(zip(SERVED[1:], weights, strict=False)))
    return Endpoint(name, SERVED[0], split=split, sticky=sticky)


def version(made: Endpoint, value: object) -> int:
    [(share, places)] = made.chosen([{"who": value}])
    assert places == [0]
    return share.served.version


@given(VALUES, SHARES)
def test_who_is_sticky_always_gets_the_same_version(value: object, share: float) -> None:
    assert len({version(endpoint(share), value) for _ in range(3)}) == 1


@given(VALUES, SHARES, SHARES)
def test_a_canary_that_grows_keeps_those_who_had_it(value: object, one: float, other: float) -> None:
    small, large = sorted((one, other))
    if version(endpoint(small), value) == 2:
        assert version(endpoint(large), value) == 2


@given(VALUES)
def test_a_canary_of_all_takes_everybody_and_of_none_nobody(value: object) -> None:
    assert version(endpoint(1.0), value) == 2
    assert version(endpoint(0.0), value) == 1
    assert version(endpoint(), value) == 1


@given(st.text(max_size=10), st.text(max_size=10))
def test_a_fraction_lies_between_0_and_1_and_is_always_the_same(name: str, value: str) -> None:
    assert 0.0 <= fraction(name, value) == fraction(name, value) < 1.0


@pytest.mark.parametrize("weights", [(0.25,), (0.1, 0.3), (0.5, 0.5)])
def test_each_version_gets_its_share(weights: tuple[float, ...]) -> None:
    made = endpoint(*weights)
    found = [version(made, f"customer {number}") for number in range(4_000)]
    for served, weight in zip(SERVED[1:], weights, strict=False):
        assert found.count(served.version) / 4_000 == pytest.approx(weight, abs=0.03)
    random.seed(0)
    free = endpoint(*weights, sticky=None)
    found = [version(free, None) for _ in range(4_000)]
    for served, weight in zip(SERVED[1:], weights, strict=False):
        assert found.count(served.version) / 4_000 == pytest.approx(weight, abs=0.03)


def test_who_is_in_one_models_canary_is_in_anothers_only_by_chance() -> None:
    first, second = endpoint(0.5), endpoint(0.5, name="other")
    same = sum(version(first, number) == version(second, number) for number in range(2_000))
    assert same / 2_000 == pytest.approx(0.5, abs=0.05)


@given(st.lists(VALUES, min_size=1, max_size=8), SHARES)
def test_the_rows_of_a_request_are_each_answered_once_by_their_own_version(values: list[object], share: float) -> None:
    made = endpoint(share)
    chosen = made.chosen([{"who": value} for value in values])
    assert sorted(place for _, places in chosen for place in places) == list(range(len(values)))
    for each, places in chosen:
        assert {version(made, values[place]) for place in places} == {each.served.version}


def test_the_share_that_a_version_was_chosen_with_is_told() -> None:
    made = endpoint(0.25)
    told = {}
    for number in range(200):
        [(share, _)] = made.chosen([{"who": number}])
        told[share.served.version] = share.share
    assert told == {1: 0.75, 2: 0.25}


def test_a_request_whose_column_is_free_goes_to_one_version() -> None:
    [(_, places)] = endpoint(0.5, sticky=None).chosen([{"who": 1}, {"who": 2}, {}])
    assert places == [0, 1, 2]


@given(st.integers(-(2**50), 2**50), SHARES)
def test_a_number_and_its_text_are_one_customer(number: int, share: float) -> None:
    made = endpoint(share)
    assert len({version(made, value) for value in (number, float(number), str(number), f" {number} ")}) == 1


@pytest.mark.parametrize("row", [{}, {"who": None}, {"who": ""}, {"who": float("nan")}])
def test_rows_without_a_customer_are_left_to_chance(row: dict[str, object]) -> None:
    random.seed(0)
    found = Counter(
        (share.served.version, share.share) for share, places in endpoint(0.3).chosen([row] * 4_000) for _ in places
    )
    assert set(found) == {(1, 0.7), (2, 0.3)}
    assert found[2, 0.3] / 4_000 == pytest.approx(0.3, abs=0.03)


WEIGHTS = st.lists(st.tuples(st.sampled_from(SERVED), st.floats(0.01, 0.33)), max_size=3)


@given(WEIGHTS, st.floats(0.0, 1.0, exclude_max=True))
def test_the_share_that_is_told_is_that_of_the_version_in_all(weights: list[tuple[Served, float]], at: float) -> None:
    split = shares(SERVED[0], weights)
    made = Endpoint("made", SERVED[0], split=split)
    chosen = made._at(at)
    expected = sum(weight for served, weight in weights if served is chosen.served)
    if chosen.served is SERVED[0]:
        expected += 1 - sum(weight for _, weight in weights)
    assert chosen.share == pytest.approx(expected)
    assert sum({part.served.version: part.share for part in split}.values()) == pytest.approx(1 if split else 0)
    assert made.is_split is any(served is not SERVED[0] for served, _ in weights)
    assert {each.served.version for each in made.canaries} == {served.version for served, _ in weights} - {1}


def test_whoever_had_a_canary_keeps_it_where_another_is_promoted() -> None:
    one, two, three = SERVED
    before = Endpoint("made", one, split=shares(one, [(two, 0.3), (three, 0.2)]), sticky="who")
    after = Endpoint("made", two, split=shares(two, [(two, 0.3), (three, 0.2)]), sticky="who")
    for number in range(500):
        if (had := version(before, number)) != 1:
            assert version(after, number) == had
    [(share, _)] = after.chosen([{"who": next(n for n in range(500) if version(after, n) == 2)}])
    assert share.share == pytest.approx(0.8)


def test_a_version_is_meant_by_number_alias_or_as_the_latest() -> None:
    made = Endpoint("made", SERVED[0], aliases={"spring": 2}, latest=3)
    wanted = {text: made.number(Reference("made", text)) for text in ("7", "spring", "latest", "autumn", "")}
    assert wanted == {"7": 7, "spring": 2, "latest": 3, "autumn": None, "": None}
