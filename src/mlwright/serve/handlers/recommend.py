"""Recommendations: lists for people with a history."""

from __future__ import annotations

from typing import Any

import msgspec

from mlwright.serve.bodies import decoded, refuse_repeated
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers.predict import SMALL, answer_rows
from mlwright.serve.http import JSON, Request, Response
from mlwright.serve.once import once
from mlwright.serve.problems import Problem
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving, refuse_way
from mlwright.serve.shapes import Rows

SHAPE = (
    'a body is {"history": [item, ...], "k": 10, ...}, or {"requests": [{"history": [...]}, ...]};'
    " GET /v1/models/{name}/schema describes it."
)
_body = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


async def recommend(service: Service, request: Request) -> Response:
    """Recommend items for one request, or for several."""
    endpoint, named = await service.asked(request.named["name"])
    refuse_way(named or endpoint.main, "lists")
    if request.media_type != JSON:
        raise Problem("unknown-media-type", "Requests are read as application/json.", hint=SHAPE)
    return await once(service, request, JSON, lambda: _answered(service, request, endpoint, named), model=endpoint.name)


async def _answered(service: Service, request: Request, endpoint: Endpoint, named: Serving | None) -> Response:
    limit, body = service.settings.limits.rows, request.body
    is_small = len(body) <= SMALL
    rows = read_requests(body, limit) if is_small else await service.on_a_thread(lambda: read_requests(body, limit))
    answers, first = await answer_rows(service, request, endpoint, named, rows)

    def write() -> bytes:
        return _encode({"model": first.shown, "recommendations": answers})

    return Response(write() if len(answers) <= first.few else await service.on_a_thread(write), JSON)


def read_requests(body: bytes, limit: int) -> Rows:
    """Return the requests of a body: itself, or those that it lists. Raises Problem."""
    told = decoded(_body, body, SHAPE)
    refuse_repeated(body, len(told))
    if "requests" not in told:
        return [told]
    requests = told["requests"]
    if len(told) > 1:
        other = next(name for name in told if name != "requests")
        raise Problem("malformed-request", f"Beside 'requests' stands {other[:80]!r}.", hint=SHAPE)
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise Problem("malformed-request", "'requests' has to be a list of objects.", hint=SHAPE)
    if not requests:
        raise Problem("malformed-request", "The request holds no requests.", hint=SHAPE)
    if len(requests) > limit:
        raise Problem(
            "too-large",
            f"The request holds more than the {limit:,} requests that are taken at a time.",
            hint="send fewer at a time, or give the file to a job: POST /v1/models/{name}/jobs.",
        )
    return requests


ROUTES = (
    Route(
        method="POST",
        path="/v1/models/{name}/recommend",
        scope="predict",
        handler=recommend,
        summary="Recommend items",
        takes=(JSON,),
        body="RecommendBody",
        answer="Recommendations",
        problems=("wrong-way", "conflict", "not-kept"),
    ),
)
