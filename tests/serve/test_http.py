"""Requests and responses: parameters and bodies within their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import apart, problem_or

from mlwright.serve.http import MOST_PARAMETERS, DisconnectedError, Request, parsed, read_body
from mlwright.serve.problems import Problem


def request(parts: Sequence[bytes] = (b"",), *, gone: bool = False, **headers: str) -> Request:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": gone or place + 1 < len(parts)}
        for place, part in enumerate(parts)
    ]
    messages += [{"type": "http.disconnect"}] * gone

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Request("POST", "/", b"", named, "id", 0.0, receive)


def body_of(made: Request, limit: int = 10) -> bytes:
    return apart(read_body(made, limit))


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=5))
def test_a_body_is_put_together_up_to_the_limit(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    if len(whole) <= 10:
        assert body_of(request(parts)) == whole
    else:
        with pytest.raises(Problem, match="longer than the 10 bytes"):
            body_of(request(parts))


@pytest.mark.parametrize("length", ["11", "9" * 18, "9" * 400])
def test_a_body_that_says_it_is_too_long_is_not_waited_for(length: str) -> None:
    with pytest.raises(Problem, match="longer than the 10 bytes") as caught:
        body_of(request([b"x"], content_length=length))
    assert (caught.value.status, (b"connection", b"close") in caught.value.headers) == (413, True)


def test_a_client_that_went_away_is_not_answered() -> None:
    with pytest.raises(DisconnectedError):
        body_of(request([b"x"], gone=True))


def test_a_compressed_body_is_not_read() -> None:
    with pytest.raises(Problem) as caught:
        body_of(request([b"x"], content_encoding="gzip"))
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (b"a=1&a=2", "twice"),
        (b"b=1", "There is no parameter 'b' here."),
        (b"a", "cannot be read"),
        (b"a=%ff", "cannot be read"),
        (b"\xff=1", "cannot be read"),
        (b"&".join([b"a=1"] * (MOST_PARAMETERS + 1)), "cannot be read"),
    ],
)
def test_parameters_that_are_none_are_refused(query: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said):
        parsed(query, ("a",))


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1
    )
)
def test_parameters_are_read_as_they_are_written(told: dict[str, str]) -> None:
    from urllib.parse import urlencode

    assert parsed(urlencode(told).encode(), ("a", "b")) == told


@given(st.binary(max_size=60))
def test_any_query_is_read_or_a_problem(query: bytes) -> None:
    found = problem_or(lambda: parsed(query, ("a",)))
    assert found.kind == "malformed-request" if isinstance(found, Problem) else found.keys() <= {"a"}


@pytest.mark.parametrize(
    ("said", "yes"), [("true", True), ("1", True), ("YES", True), ("", True), ("false", False), ("0", False)]
)
def test_a_flag_says_yes_or_no(said: str, yes: bool) -> None:
    assert request().flag("explain", {"explain": said}) is yes
    assert request().flag("explain", {}) is False
    with pytest.raises(Problem, match="'explain' cannot be 'da'"):
        request().flag("explain", {"explain": "da"})


def test_the_kind_of_a_body_is_read_without_its_parameters() -> None:
    assert request(content_type="Application/JSON ; charset=UTF-8").media_type == "application/json"
    assert request().media_type == ""
