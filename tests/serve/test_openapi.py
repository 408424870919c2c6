"""The description of the service: it is valid, names every address and nothing else, and what it says holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.serve.conftest import TASKS, Inside, Running

from mlwright.serve.handlers import ROUTES
from mlwright.serve.openapi import PREDICT, RECOMMEND, document
from mlwright.serve.problems import STATUS
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.schemas import schemas
from mlwright.web.app import ROUTES as ALL

FILMS = "films"
OWN = {PREDICT.replace("{name}", name) for name in (*TASKS, FILMS)} | {RECOMMEND.replace("{name}", FILMS)}
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
DESCRIBED = [(route.method, route.path) for route in ROUTES] + [("POST", path) for path in sorted(OWN)]
READ = [("POST", path) for path in sorted(OWN)] + [(each.method, each.path) for each in ROUTES if each.body is not None]
"""What takes a body that a schema describes."""


@pytest.fixture
def described(running: Running) -> dict[str, Any]:
    told: dict[str, Any] = running.client.get("/openapi.json").raise_for_status().json()
    return told


@pytest.fixture(scope="module")
def running(models: Path, film_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    served = [*(models / task for task in TASKS), film_models / FILMS]
    settings = f'[models.{FILMS}]\nhistories = "kept"\n'
    with Running(served, tmp_path_factory.mktemp("openapi"), settings=settings) as process:
        yield process


@pytest.fixture(scope="module")
def read(running: Running) -> Any:
    """The description as a client of it reads it."""
    return schemathesis.openapi.from_url(f"{running.address}/openapi.json")


def test_it_is_valid(read: Any, described: dict[str, Any]) -> None:
    read.validate()
    for name, schema in described["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name


def test_every_route_is_in_it_and_nothing_else(described: dict[str, Any]) -> None:
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert found == {*DESCRIBED, *((each.method, each.path) for each in ALL)}


def test_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    ids = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_names_schemas_and_problems_that_there_are(route: Route) -> None:
    assert {route.body, route.answer} - {None} <= schemas().keys()
    assert set(route.problems) <= STATUS.keys()
    assert (route.body is None) or route.takes


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', str(described).replace("'", '"')))
    assert "Problem" in references
    assert references <= described["components"]["schemas"].keys()


@pytest.mark.parametrize("task", TASKS)
def test_a_models_own_rows_are_described(inside: Inside, described: dict[str, Any], task: str) -> None:
    content = described["paths"][f"/v1/models/{task}/predict"]["post"]["requestBody"]["content"]["application/json"]
    row = described["components"]["schemas"][f"Row.{task}"]
    assert row["required"] == ["income", "age", "plan", "member", "joined", "note"]
    assert set(row["properties"]["plan"]["x-known"]) == {"basic", "plus", "pro"}
    jsonschema_rs.validator_for({**content["schema"], "components": described["components"]}).validate(
        content["example"]
    )
    assert inside.ask("POST", f"/v1/models/{task}/predict", json=content["example"]).status_code == 200


def test_the_requests_of_a_recommender_are_described(running: Running, described: dict[str, Any]) -> None:
    body = described["paths"][f"/v1/models/{FILMS}/recommend"]["post"]["requestBody"]["content"]["application/json"]
    fits = jsonschema_rs.validator_for({**body["schema"], "components": described["components"]})
    fits.validate(body["example"])
    fits.validate({"requests": [body["example"]]})
    assert not fits.is_valid({"history": 3})
    assert running.client.post(f"/v1/models/{FILMS}/recommend", json=body["example"]).status_code == 200
    assert f"/v1/models/{TASKS[0]}/recommend" not in described["paths"]


def test_keys_are_asked_for_where_there_are_some(inside: Inside, described: dict[str, Any]) -> None:
    read = described["paths"]["/v1/models"]["get"]
    assert {} in read["security"]
    header = inside.lock("read")
    locked = inside.ask("GET", "/openapi.json", headers=header).json()["paths"]
    assert {} not in locked["/v1/models"]["get"]["security"]
    for route in ROUTES:
        operation = locked[route.path][route.method.lower()]
        assert ("security" in operation) == (route.scope != OPEN)
        assert ("401" in operation["responses"]) == (route.scope != OPEN)


def test_without_models_it_is_valid_too() -> None:
    told = document(ROUTES, {}, locked=True)
    schemathesis.openapi.from_dict(told).validate()


def ask(running: Running, operation: Any, mode: GenerationMode, examples: int) -> None:
    """Ask what is described in ways that fit the description, or do not; hold the answers against it."""

    @seed(0)
    @settings(max_examples=examples, deadline=None, database=None, phases=(Phase.explicit, Phase.generate),
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), task=st.sampled_from([*TASKS, FILMS, None]))
    def holds(case: Any, task: str | None) -> None:
        if task is not None and "name" in case.path_parameters:
            case.path_parameters["name"] = task
        case.validate_response(case.call(base_url=running.address), checks=list(CHECKS))

    holds()
    assert running.process.poll() is None


@pytest.mark.parametrize(("method", "path"), DESCRIBED)
def test_the_answer_is_as_described(running: Running, read: Any, method: str, path: str) -> None:
    ask(running, read[path][method], GenerationMode.POSITIVE, 6)


@pytest.mark.parametrize(("method", "path"), READ)
def test_what_does_not_fit_is_refused_as_described(running: Running, read: Any, method: str, path: str) -> None:
    ask(running, read[path][method], GenerationMode.NEGATIVE, 8)
