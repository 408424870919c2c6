"""What a request may say: read as the table of fields says, and refused in one sentence that names the place."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.tasks.recommend import request
from mlwright.tasks.recommend.request import (
    ASKED,
    FIELDS,
    MOST_HISTORY,
    Request,
    Taken,
    read_policy,
    read_request,
    request_schema,
)
from mlwright.tasks.recommend.wants import MOST_VALUES, MOST_WHERES, Boost, Condition, Wanted

COLUMNS = ("class", "release_year")


def test_what_every_field_shows_as_its_example_is_read() -> None:
    asked = {name: field.example for name, field in FIELDS.items()}
    found = read_request(asked, columns=COLUMNS)
    assert found.stated == set(FIELDS)
    assert found.history == (Taken(50), Taken(181, 891_461_700.0, 5.0))
    assert found.filters == (
        Condition("class", within=frozenset({"comedy"})),
        Condition("release_year", low=1990.0, high=1999.0),
    )
    assert found.boosted == (Boost(where=(Condition("release_year", low=1998.0),), by=0.5),)
    assert found.caps == (("class", 3),)


def test_the_schema_describes_exactly_the_fields_that_are_read() -> None:
    schema = request_schema()
    assert list(schema["properties"]) == list(FIELDS)
    assert set(FIELDS) == {name for name in Request.__slots__ if name != "stated"}
    assert all(told["description"].endswith(".") for told in schema["properties"].values())
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    asked = {name: field.example for name, field in FIELDS.items()}
    jsonschema_rs.validator_for(schema).validate(asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"histroy": []},
        {"k": 0},
        {"k": 101},
        {"diversity": 2},
        {"history": [{"at": 3}]},
        {"history": 12},
        {"exclude_seen": "no"},
        {"filters": {"class": {"within": []}}},
        {"caps": {"class": 0}},
        {"boosted": [{"item": 1, "by": 0}]},
        {"filters": {"class": ["a"] * (MOST_VALUES + 1)}},
        {"filters": {"class": {"not_in": ["a"] * (MOST_VALUES + 1)}}},
    ],
)
def test_the_schema_refuses_what_reading_refuses(asked: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(request_schema(), asked)
    with pytest.raises(OptionError):
        read_request(asked)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"histroy": [1]}, r"A request has no field 'histroy'\. Hint: did you mean 'history'\?"),
        ({"history": "12"}, r"history has to be a list; it is '12'"),
        ({"history": 12}, r"history has to be a list; it is 12"),
        ({"history": [{"item": 1, "when": 3}]}, r"history\[0\] has no field 'when'"),
        ({"history": [1, {"at": 3}]}, r"history\[1\] lacks the field 'item'"),
        ({"history": [{"item": 1, "at": "soon"}]}, r"history\[0\]\.at has to be a time; it is 'soon'"),
        ({"history": [{"item": 1, "rating": "good"}]}, r"history\[0\]\.rating has to be a number; it is 'good'"),
        ({"history": [[1, 2]]}, r"history\[0\] has to be an id; it is list"),
        ({"history": [1] * (MOST_HISTORY + 1)}, r"history has 10,001 entries; at most 10,000 are read"),
        ({"k": 0}, r"k has to be a whole number from 1 to 100; it is 0"),
        ({"k": 101}, r"k has to be a whole number from 1 to 100; it is 101"),
        ({"k": True}, r"k has to be a whole number"),
        ({"k": 2.5}, r"k has to be a whole number from 1 to 100; it is 2\.5"),
        ({"at": math.inf}, r"at has to be a time; it is inf"),
        ({"at": "next week"}, r"at has to be a time; it is 'next week'\. Hint: write it as 2026-01-31T18:00:00Z"),
        ({"diversity": 2}, r"diversity has to be a number from 0 to 1; it is 2"),
        ({"diversity": math.nan}, r"diversity has to be a number from 0 to 1; it is nan"),
        ({"explore": -0.1}, r"explore has to be a number from 0 to 1"),
        ({"exclude_seen": "no"}, r"exclude_seen has to be true or false; it is 'no'"),
        ({"filters": {"clas": "Comedy"}}, r"filters\.clas names the column 'clas', .*did you mean 'class'\?"),
        ({"filters": {"class": {"within": ["x"]}}}, r"filters\.class has no field 'within'"),
        ({"filters": {"class": {}}}, r'filters\.class has to be an object with "in"'),
        ({"filters": {"release_year": {"from": 2000, "to": 1990}}}, r"goes from 2000 to 1990: nothing lies there"),
        ({"filters": {"release_year": {"from": "new"}}}, r"filters\.release_year\.from has to be a number or a time"),
        ({"filters": ["class"]}, r"filters has to be an object; it is list"),
        ({"caps": {"class": 0}}, r"caps\.class has to be a whole number from 1 to 100; it is 0"),
        ({"caps": {"director": 3}}, r"caps\.director names the column 'director'"),
        ({"boosted": [{"by": 2}]}, r'boosted\[0\] has to have either "item" or "where"'),
        ({"boosted": [{"item": 1, "by": 0}]}, r"boosted\[0\]\.by has to be a number above 0"),
        ({"history": np.array(5)}, r"history has to be a list; it is ndarray"),
        ({"filters": {"class": np.array("x")}}, r"filters\.class has to be a list; it is ndarray"),
        ({"k": 10**5_000}, r"k has to be a whole number from 1 to 100; it is int"),
        ({"user": "u" * 1_001}, r"user has 1,001 characters; at most 1,000 are read"),
    ],
)
def test_a_fault_is_one_sentence_that_names_its_place(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        read_request(asked, columns=COLUMNS)


BOTH = {"class": "Comedy", "release_year": 1990}


@pytest.mark.parametrize(
    ("most", "sentence"),
    [
        (
            {"boosted": [{"where": {"class": "Comedy"}}] * (MOST_WHERES - 40), "buried": [{"where": BOTH}] * 40},
            r"A request has 101 entries with `where` in boosted and buried; at most 100 are read\. Hint: give several",
        ),
        (
            {"boosted": [{"where": BOTH}] * 99, "filters": BOTH},
            r"A request has 202 conditions in filters, boosted and buried; at most 200 are read\. Hint: give several",
        ),
    ],
)
def test_conditions_of_a_request_are_bounded_in_all(most: dict[str, Any], sentence: str) -> None:
    assert read_request(most, columns=COLUMNS).stated == set(most)
    with pytest.raises(OptionError, match=sentence):
        read_request({**most, "boosted": [*most["boosted"], {"where": BOTH}]}, columns=COLUMNS)


def test_ids_that_are_boosted_may_be_many() -> None:
    assert len(read_request({"boosted": list(range(10_000))}).boosted) == 10_000
    with pytest.raises(OptionError, match=r"filters\.class has 1,001 entries; at most 1,000 are read"):
        read_request({"filters": {"class": [str(place) for place in range(MOST_VALUES + 1)]}})


@pytest.mark.parametrize(
    ("policy", "asked", "both"),
    [
        ([1], ["1.0"], ["1"]),
        (["1.0"], [1], ["1"]),
        (["1.00"], ["1.0"], ["1"]),
        (["1.0"], ["1.0"], ["1.0"]),
        ([1, 2.0, " 3 "], [3, "2", "04"], [3, "2"]),
        (["caf\u00e9"], ["cafe\u0301"], ["cafe\u0301"]),
        (["1.5"], [1], []),
    ],
)
def test_ids_of_a_policy_and_a_request_are_compared_as_items_are_looked_up(
    policy: list[object], asked: list[object], both: list[object]
) -> None:
    assert read_request({"only": asked}).under(read_policy({"only": policy})).only == tuple(both)


def test_a_column_of_items_of_which_nothing_is_known_is_refused_with_the_way_out() -> None:
    with pytest.raises(OptionError, match=r"nothing but ids is known of the items\. Hint: build with .*--items"):
        read_request({"filters": {"class": "Comedy"}}, columns=())


def test_what_is_null_was_not_said() -> None:
    assert read_request(dict.fromkeys(FIELDS)) == Request()


@pytest.mark.parametrize(
    "written",
    [
        "2023-11-14T22:13:20Z",
        "2023-11-14T23:13:20+01:00",
        1_700_000_000,
        1_700_000_000_000,
        1_700_000_000_000_000,
        1_700_000_000_000_000_000,
        np.int64(1_700_000_000),
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        np.datetime64("2023-11-14T22:13:20"),
    ],
)
def test_a_moment_is_read_however_it_is_written(written: object) -> None:
    assert read_request({"at": written}).at == 1_700_000_000.0


def test_a_day_is_its_first_moment() -> None:
    assert read_request({"at": date(1970, 1, 2)}).at == read_request({"at": "1970-01-02"}).at == 86_400.0


def test_lists_of_numpy_are_lists() -> None:
    found = read_request({"history": np.array([3, 4]), "exclude": np.array(["a"]), "k": np.int64(3)})
    assert [taken.item for taken in found.history] == [3, 4]
    assert (found.exclude, found.k) == (("a",), 3)


def test_a_filter_may_be_a_value_or_a_list_alone() -> None:
    alone = read_request({"filters": {"class": "Comedy"}}).filters
    assert alone == read_request({"filters": {"class": ["COMEDY"]}}).filters
    assert alone == read_request({"filters": {"class": {"in": ["comedy "]}}}).filters


def test_under_a_policy_limits_of_both_hold_and_the_rest_is_what_the_request_says() -> None:
    policy = read_policy(
        {
            "k": 5,
            "explore": 0.1,
            "exclude": [1],
            "only": [1, 2, 3],
            "caps": {"class": 2, "release_year": 9},
            "filters": {"class": "Comedy"},
            "pinned": [7],
            "exclude_seen": True,
        }
    )
    asked = read_request(
        {
            "k": 3,
            "exclude": [2],
            "only": ["3", "4"],
            "caps": {"class": 4},
            "filters": {"release_year": {"from": 1990}},
            "pinned": [8],
            "exclude_seen": False,
        }
    )
    found = asked.under(policy)
    assert (found.k, found.explore, found.exclude, found.only) == (3, 0.1, (1, 2), ("3",))
    assert dict(found.caps) == {"class": 2, "release_year": 9}
    assert found.filters == (
        Condition("class", within=frozenset({"comedy"})),
        Condition("release_year", low=1990.0),
    )
    assert found.pinned == (7, 8)
    assert found.exclude_seen
    assert Request().under(Request()) == Request()


def test_a_policy_says_nothing_about_one_person() -> None:
    with pytest.raises(OptionError, match="A policy has no field 'history'"):
        read_policy({"history": [1]})


def test_the_derived_columns_have_names_and_say_what_they_are() -> None:
    assert len({column.name for column in ASKED}) == len(ASKED)
    assert all(column.note.endswith(".") and column.is_float for column in ASKED)


numbers = st.none() | st.integers(-(10**20), 10**20) | st.floats() | st.sampled_from([0, -1e11, 1e11, 10**11, True])


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"item": st.none() | st.text(max_size=3) | st.integers() | st.floats() | st.booleans()},
        optional={"at": numbers, "rating": numbers},
    )
)
def test_the_short_way_for_plain_entries_reads_what_the_long_one_does(entry: dict[str, Any]) -> None:
    quick = request._quick(entry)
    if quick is not None:
        assert quick == request._read_taken(entry, Wanted("history[0]"))


def test_plain_entries_take_the_short_way() -> None:
    short: list[dict[str, Any]] = [{"item": 1}, {"item": "a", "at": 1.5e9}, {"item": 2, "at": None, "rating": 3}]
    long: list[dict[str, Any]] = [{"item": None}, {"at": 3}, {"item": 1, "when": 2}, {"item": 1, "at": "1970-01-02"}]
    assert all(request._quick(entry) is not None for entry in short)
    assert all(request._quick(entry) is None for entry in long)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1970-01-02", "class", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["item", "at", "rating", "in", "not_in", "from", "to", "where", "by", "class"]), inner
        )
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "else"]), values, max_size=4))
def test_whatever_comes_is_read_or_refused(asked: dict[str, Any]) -> None:
    try:
        found = read_request(asked, columns=COLUMNS)
    except OptionError:
        return
    assert 1 <= found.k <= 100
    assert 0 <= found.diversity <= 1
    assert found.at is None or math.isfinite(found.at)
    assert all(taken.at is None or math.isfinite(taken.at) for taken in found.history)
