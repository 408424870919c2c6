"""The service described as OpenAPI 3.1, from the table of routes and the models that are served: it cannot go stale."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlwright import __version__
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import HTML, JSON, PROBLEM
from mlwright.serve.problems import STATUS
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.schemas import Schema, refer, schemas

PREDICT = "/v1/models/{name}/predict"
RECOMMEND = "/v1/models/{name}/recommend"
_OWN: Mapping[str, str | None] = {PREDICT: None, RECOMMEND: "lists"}
"""Addresses that are described once more for each model with the model's own columns, and which way to ask they are."""
_LISTS = {PREDICT: ("rows", "predictions", False), RECOMMEND: ("requests", "recommendations", True)}
"""Under which names bodies and answers list things there, and whether a body may be one thing alone."""
ALWAYS = ("malformed-request", "wrong-host", "internal-error")
OF_A_KEY = ("no-key", "not-allowed", "busy")
OF_A_BODY = ("foreign-origin", "too-slow", "too-large", "unknown-media-type")
OF_ROWS = ("invalid-rows", "not-recorded")
_QUERY: Mapping[str, Schema] = {
    "explain": {"type": "boolean", "description": "Give the reasons of each answer, too."},
}
"""Parameters of queries that say more than a text."""
_TOLD = {PROBLEM: {"schema": refer("Problem")}, HTML: {"schema": {"type": "string"}}}
"""Whoever accepts HTML is told in HTML: a person with a browser."""
_HEADERS = {
    "Idempotency-Key": "The same request with the same key is answered once: its answer is given again, for 24 hours.",
}


def document(routes: Iterable[Route], endpoints: Mapping[str, Endpoint], *, locked: bool) -> dict[str, Any]:
    """Return the description. `locked`: whether there are keys, without which nothing but open addresses answers."""
    paths: dict[str, dict[str, Any]] = {}
    found = dict(schemas())
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, endpoints, locked=locked)
        if route.path in _OWN:
            for endpoint in endpoints.values():
                if (way := _OWN[route.path]) is None or way in endpoint.main.ways:
                    found |= _schemas_of(endpoint)
                    own = route.path.replace("{name}", endpoint.name)
                    paths[own] = {"post": _own_operation(route, endpoint, locked=locked)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mlwright",
            "version": __version__,
            "summary": "Answers of models, in real time.",
            "description": "Problems are told as RFC 9457 says; their kinds stand in the schema `Problem`.",
        },
        "paths": paths,
        "components": {
            "schemas": found,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "`mlwright keys add LABEL` makes one."},
                "password": {"type": "http", "scheme": "basic", "description": "A key as the password, for browsers."},
            },
        },
    }


def _operation(route: Route, endpoints: Mapping[str, Endpoint], *, locked: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _operation_id(route.method, route.path),
        "summary": route.summary,
        "tags": [_family(route.path)],
        "x-scope": route.scope,
        "responses": _responses(route),
    }
    if route.scope != OPEN:
        told["security"] = [{"key": []}, {"password": []}] + ([] if locked else [{}])
    if parameters := [*_named(route.path, endpoints), *_query(route), *_headers(route)]:
        told["parameters"] = parameters
    if route.takes:
        example = _example(next(iter(endpoints.values()))) if route.body == "PredictBody" and endpoints else None
        told["requestBody"] = _body(route, None if route.body is None else refer(route.body), example)
    return told


def _own_operation(route: Route, endpoint: Endpoint, *, locked: bool) -> dict[str, Any]:
    """Return the operation of one model, whose rows and answers have its columns and classes."""
    told = _operation(route, {}, locked=locked)
    told["operationId"] = _operation_id(route.method, route.path.replace("{name}", endpoint.name))
    told["summary"] = f"{route.summary} with {endpoint.name}: which {endpoint.main.model.target!r}?"
    told["parameters"] = [each for each in told["parameters"] if each["in"] != "path"]
    row, answer = (refer(name) for name in _schemas_of(endpoint))
    takes, gives, alone = _LISTS[route.path]
    rows = {"type": "object", "required": [takes], "additionalProperties": False}
    rows["properties"] = {takes: {"type": "array", "minItems": 1, "items": row}}
    body = {"anyOf": [row, rows]} if alone else rows
    told["requestBody"] = _body(route, body, endpoint.main.example if alone else _example(endpoint))
    shown = told["responses"]["200"]["content"][JSON]
    shown["schema"] = {"allOf": [shown["schema"], {"properties": {gives: {"type": "array", "items": answer}}}]}
    return told


def _schemas_of(endpoint: Endpoint) -> dict[str, Schema]:
    """Return the schemas of one model's rows and answers, by their names."""
    served = endpoint.main
    return {f"Row.{endpoint.name}": served.row_schema(), f"Answer.{endpoint.name}": served.answer_schema()}


def _example(endpoint: Endpoint) -> dict[str, Any]:
    return {"rows": [endpoint.main.example]}


def _operation_id(method: str, path: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", path) if word]
    return "_".join([method.lower(), *words])


def _family(path: str) -> str:
    first = path.split("/")[1]
    return {"v1": "models", "v2": "Open Inference Protocol"}.get(first, first or "page")


def _named(path: str, endpoints: Mapping[str, Endpoint]) -> list[dict[str, Any]]:
    """Return the parameters that stand in a path."""
    found = []
    for name in re.findall(r"{(\w+)}", path):
        told: dict[str, Any] = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        if name == "name":
            told["description"] = "A model: NAME, NAME@ALIAS or NAME@VERSION."
            if endpoints:
                told["examples"] = {each: {"value": each} for each in endpoints}
        found.append(told)
    return found


def _query(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": _QUERY.get(name, {"type": "string"})}
        for name in route.parameters
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    if "conflict" not in route.problems or route.scope != "predict":  # nothing else can be a conflict there
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    return [
        {"name": name, "in": "header", "required": False, "description": said, "schema": schema}
        for name, said in _HEADERS.items()
    ]


def _body(route: Route, schema: Schema | None, example: object = None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for kind in route.takes:
        told: dict[str, Any] = {"schema": (schema or {"type": "object"}) if kind == JSON else {"type": "string"}}
        if kind == JSON and example is not None:
            told["example"] = example
        content[kind] = told
    return {"required": True, "content": content}


def _responses(route: Route) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for kind in route.gives:
        schema: Schema = {"type": "string"}
        if kind == JSON:
            schema = {"type": "object"} if route.answer is None else refer(route.answer)
        content[kind] = {"schema": schema}
    told: dict[str, Any] = {str(route.status): {"description": route.summary, "content": content}}
    for status, kinds in sorted(_by_status(_problems(route)).items()):
        said = "; ".join(f"`{kind}`: {STATUS[kind][1]}" for kind in kinds)
        told[str(status)] = {"description": said, "content": _TOLD}
    return told


def _problems(route: Route) -> list[str]:
    """Return the kinds of problems that an address may tell."""
    kinds = [*ALWAYS, *route.problems]
    if "{" in route.path:
        kinds.append("no-such-model" if "{name}" in route.path else "no-such-path")
    if route.scope != OPEN:
        kinds += OF_A_KEY
    if route.method not in {"GET", "HEAD"}:
        kinds += OF_A_BODY
    if route.scope == "predict" and route.takes:
        kinds += OF_ROWS
    return kinds


def _by_status(kinds: Sequence[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        found.setdefault(STATUS[kind][0], []).append(kind)
    return found
