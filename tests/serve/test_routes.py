"""The table of routes: what is found, and that whatever else is asked gets a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import problem_or

from mlwright.serve.handlers import ROUTES
from mlwright.serve.http import Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.routes import MOST_PATH, OPEN, SCOPES, Route, Router

ROUTER = Router(ROUTES)


def nothing(_: object, __: Request) -> Response:
    return Response(b"")


def route(path: str, scope: str = OPEN, method: str = "GET") -> Route:
    return Route(method=method, path=path, scope=scope, handler=nothing, summary="Nothing")


@pytest.mark.parametrize("each", ROUTES, ids=lambda each: f"{each.method} {each.path}")
def test_every_route_is_found_by_its_path_and_its_parts_are_named(each: Route) -> None:
    names = [part[1:-1] for part in each.path.split("/") if part.startswith("{")]
    path = each.path.replace("{", "").replace("}", "-1")
    assert ROUTER.find(each.method, path) == (each, {name: f"{name}-1" for name in names})


def test_every_route_has_a_scope_and_a_sentence_and_its_own_address() -> None:
    assert all(each.scope in SCOPES and each.summary for each in ROUTES)
    assert len({(each.method, each.path) for each in ROUTES}) == len(ROUTES)
    assert all(each.takes for each in ROUTES if each.method == "POST")


@pytest.mark.parametrize("scope", ["", "everyone", "none"])
def test_a_route_without_a_scope_ends_the_start(scope: str) -> None:
    with pytest.raises(ValueError, match="/x has no scope"):
        Router([route("/x", scope)])


def test_get_answers_head_and_other_methods_are_told_what_there_is() -> None:
    router = Router([route("/x/{name}"), route("/x/{name}", method="DELETE")])
    assert router.find("HEAD", "/x/1")[0].method == "GET"
    with pytest.raises(Problem) as caught:
        router.find("POST", "/x/1")
    assert (caught.value.kind, caught.value.headers) == ("wrong-method", [(b"allow", b"DELETE, GET")])


def test_a_fixed_part_goes_before_a_named_one() -> None:
    router = Router([route("/x/{name}"), route("/x/known"), route("/x/{name}/more")])
    assert router.find("GET", "/x/known")[0].path == "/x/known"
    assert router.find("GET", "/x/unknown")[0].path == "/x/{name}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/nope",
        "//v1/models",
        "/v1//models",
        "/v1/models/",
        "/v1/models//predict",
        "/v1/models/{}/predict/x",
        "/v1/../v1/models",
        "/v1/models/a/b/predict",
        "/V1/models",
        "/v1/models/" + "x" * MOST_PATH + "/predict",
        "/v1" * 1_000,
        "http://elsewhere/v1/models",
    ],
)
def test_there_is_nothing_at_other_addresses(path: str) -> None:
    with pytest.raises(Problem) as caught:
        ROUTER.find("GET", path)
    assert caught.value.kind == "no-such-path"


@given(
    st.text(max_size=60)
    | st.from_regex(r"/(v1|v2)/models/[^/]{0,9}(/(predict|infer|schema|\.\.|%2e%2e|))?", fullmatch=True)
)
def test_any_path_is_found_or_a_problem(path: str) -> None:
    found = problem_or(lambda: ROUTER.find("GET", path))
    if isinstance(found, Problem):
        assert found.kind in {"no-such-path", "wrong-method"}
    else:
        route, named = found
        assert path == route.path.format(**named)
        assert "/" not in "".join(named.values())
