"""What is served: which models, of what columns, with an example that can be sent as it is."""

from __future__ import annotations

from typing import Any

from mlwright.serve import policy
from mlwright.serve.http import Request, Response, json_response
from mlwright.serve.routes import Route
from mlwright.serve.service import Service, facts
from mlwright.serve.serving import Serving


def models(service: Service, _: Request) -> Response:
    """List the models."""
    return json_response({"models": service.overview()})


async def model(service: Service, request: Request) -> Response:
    """Tell what is known of one model."""
    endpoint, named = await service.asked(request.named["name"])
    served = named or endpoint.main
    return json_response({**facts(endpoint), "version": served.version, **details(served)})


def details(served: Serving) -> dict[str, Any]:
    """Return what is told of one version."""
    parts = served.model.parts
    evidence = served.model.evaluation
    score = evidence.get("score") or {}
    return {
        "metric": score.get("metric"),
        "score": score.get("value"),
        "interval": score.get("interval"),
        "verdict": evidence.get("verdict"),
        "created": parts.run.get("created"),
        "columns": [column.name for column in parts.columns],
        "policy": policy.plain(served.policy),
        "rules_without_a_column": list(served.unused_rules),
        **served.details(),
    }


async def schema(service: Service, request: Request) -> Response:
    """Tell what a row has to hold, and what an answer holds, as JSON Schema."""
    served = await _version(service, request)
    return json_response({"row": served.row_schema(), "answer": served.answer_schema()})


async def example(service: Service, request: Request) -> Response:
    """Give a body that can be sent as it is."""
    served = await _version(service, request)
    return json_response({"rows": [served.example]})


async def _version(service: Service, request: Request) -> Serving:
    endpoint, named = await service.asked(request.named["name"])
    return named or endpoint.main


ROUTES = (
    Route(method="GET", path="/v1/models", scope="read", handler=models, summary="Which models are served?",
          answer="Models"),
    Route(method="GET", path="/v1/models/{name}", scope="read", handler=model, summary="What is known of a model?",
          answer="Model"),
    Route(method="GET", path="/v1/models/{name}/schema", scope="read", handler=schema,
          summary="What does a row hold, and what an answer?", answer="ModelSchema"),
    Route(method="GET", path="/v1/models/{name}/example", scope="read", handler=example,
          summary="A body that can be sent as it is", answer="PredictBody"),
)  # fmt: skip
