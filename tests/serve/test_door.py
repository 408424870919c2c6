"""The door: every request is named, answered with the headers that keep people safe, and never with a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serve.conftest import Inside, apart, constant, rows_of

from mlwright.errors import ColumnError
from mlwright.serve.door import Door
from mlwright.serve.http import Request, Response
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.settings import Limits, Settings


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Inside]:
    """A service with little room."""
    constant(1.0).save(tmp_path / "made")
    limits = Limits(body_mb=0.001, rows=3, requests=2, waiting=1)
    settings = Settings(models=(str(tmp_path / "made"),), workspace=str(tmp_path / "ws"), limits=limits)
    with Inside(settings) as running:
        yield running


def test_every_answer_has_safe_headers_and_the_requests_name(inside: Inside) -> None:
    for path in ("/v1/models", "/nope", "/health/live", "/", "/openapi.json"):
        response = inside.ask("GET", path, headers={"x-request-id": "mine-1"})
        assert response.headers["x-request-id"] == "mine-1"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] in {"no-referrer", "same-origin"}
        assert "server" not in response.headers
    page = inside.ask("GET", "/", headers={"accept": "text/html"})
    assert page.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", "é", ""])
def test_a_name_that_could_hurt_is_replaced(inside: Inside, given: str) -> None:
    response = inside.ask("GET", "/v1/models", headers={"x-request-id": given.encode()})
    assert response.headers["x-request-id"] not in {given, ""}


def test_a_problem_is_told_as_rfc_9457_says(inside: Inside) -> None:
    response = inside.ask("GET", "/v1/models/binry", headers={"x-request-id": "mine-2"})
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:mlwright:problem:no-such-model",
        "title": "There is no such model here",
        "status": 404,
        "detail": "No model 'binry' is served here.",
        "instance": "urn:mlwright:request:mine-2",
        "hint": "did you mean 'binary'?",
    }


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "..%2F..%2Fetc%2Fpasswd",
        "binary%00",
        "%ff",
        "%2Fetc%2Fpasswd",
        "binary@..",
        "binary@",
        "binary@9",
        "__class__",
        "a" * 1_500,
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/models/{}", "/v1/models/{}/schema", "/v2/models/{}", "/v2/models/binary/versions/{}"]
)
def test_a_name_is_never_a_path(inside: Inside, path: str, name: str) -> None:
    status, body = raw(inside, "GET", path.format(name))
    assert status == 404
    assert b"root:" not in body


def raw(inside: Inside, method: str, path: str) -> tuple[int, bytes]:
    """Ask for a path as it is, which httpx would tidy up."""
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    inside.run(inside.door(scope, receive, send))  # type: ignore[arg-type]
    return int(str(sent[0]["status"])), b"".join(bytes(each.get("body", b"")) for each in sent[1:])  # type: ignore[call-overload]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "BREW", "get"])
def test_other_methods_are_refused(inside: Inside, method: str) -> None:
    assert raw(inside, method, "/v1/models")[0] == 405


def test_head_is_answered_without_a_body(inside: Inside) -> None:
    response = inside.ask("HEAD", "/v1/models")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_limits_hold(small: Inside) -> None:
    assert small.predict("made", [{"size": 1}] * 3).status_code == 200
    assert small.predict("made", [{"size": 1}] * 4).status_code == 413
    assert small.predict("made", [{"size": "1" + " " * 1_000}]).status_code == 413


def test_who_comes_when_too_many_are_there_is_told_to_come_again(small: Inside) -> None:
    small.service.in_flight += 2
    try:
        response = small.predict("made", [{"size": 1}])
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert small.ask("GET", "/health/live").status_code == 200
    finally:
        small.service.in_flight -= 2
    assert small.predict("made", [{"size": 1}]).status_code == 200
    assert small.service.in_flight == 0


def faulty(inside: Inside, error: Exception) -> Inside:
    def fails(_: object, __: Request) -> Response:
        raise error

    route = Route(method="GET", path="/fault", scope=OPEN, handler=fails, summary="Fails")
    inside.door = Door(inside.service, [route])
    return inside


@pytest.mark.parametrize(
    ("error", "status"), [(KeyError("the password is swordfish"), 500), (ColumnError("The column is not there."), 422)]
)
def test_a_fault_is_told_without_what_it_is(small: Inside, error: Exception, status: int) -> None:
    code, body = raw(faulty(small, error), "GET", "/fault")
    assert code == status
    assert b"swordfish" not in body
    assert b"Traceback" not in body
    assert b"urn:mlwright:request:" in body


def test_a_request_that_comes_while_stopping_closes_its_connection(inside: Inside) -> None:
    inside.service.is_draining = True
    try:
        response = inside.predict("binary", rows_of("binary", 1))
    finally:
        inside.service.is_draining = False
    assert (response.status_code, response.headers["connection"]) == (200, "close")


def test_a_client_that_went_away_is_answered_by_nobody(inside: Inside) -> None:
    sent: list[object] = []

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"5")]
    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/v1/models/binary/predict",
        "query_string": b"",
        "headers": headers,
    }
    inside.run(inside.door(scope, gone, send))  # type: ignore[arg-type]
    assert sent == []
    assert inside.service.in_flight == 0


def test_a_websocket_is_closed(inside: Inside) -> None:
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    apart(inside.door({"type": "websocket"}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1000}]
