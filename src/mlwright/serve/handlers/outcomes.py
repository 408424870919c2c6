"""Outcomes: what turned out to be true, told later, as often and in whatever order it comes."""

from __future__ import annotations

import msgspec

from mlwright.errors import DataError, OutputError
from mlwright.serve.bodies import decoded, refuse_repeated
from mlwright.serve.http import JSON, Request, Response, json_response
from mlwright.serve.problems import Problem
from mlwright.serve.record import Outcome, microseconds
from mlwright.serve.routes import Route
from mlwright.serve.service import Service

MOST = 10_000
SHAPE = 'a body is {"outcomes": [{"id": "...", "outcome": value, "at": "2026-11-02T10:00:00Z"}, ...]}.'


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """One outcome, as a client sends it."""

    id: str
    outcome: str | int | float | bool
    at: str | int | float | None = None


class OutcomesBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request that tells outcomes."""

    outcomes: list[Told]


_body = msgspec.json.Decoder(OutcomesBody)


async def outcomes(service: Service, request: Request) -> Response:
    """Keep outcomes of answers."""
    endpoint, _ = await service.asked(request.named["name"])
    if request.media_type != JSON:
        raise Problem("unknown-media-type", "Outcomes are read as application/json.", hint=SHAPE)
    try:
        told = decoded(_body, request.body).outcomes
    except Problem as problem:
        raise Problem("malformed-request", problem.detail, hint=SHAPE) from problem
    refuse_repeated(request.body, -1)
    if not 0 < len(told) <= MOST:
        raise Problem(
            "malformed-request", f"The request tells {len(told):,} outcomes; 1 to {MOST:,} are taken at a time."
        )
    try:
        made = [Outcome(each.id, each.outcome, None if each.at is None else microseconds(each.at)) for each in told]
        record = service.recording.recorder.record
        counts = await service.in_background(lambda: record.outcomes(endpoint.name, made))
    except DataError as error:
        raise Problem("invalid-rows", str(error), hint=error.hint) from error
    except OutputError as error:
        raise Problem("not-recorded", error.message, hint=error.hint, retry_after=1) from error
    return json_response({"model": endpoint.name, **counts})


ROUTES = (
    Route(
        method="POST",
        path="/v1/models/{name}/outcomes",
        scope="outcomes",
        handler=outcomes,
        summary="Tell what turned out to be true",
        takes=(JSON,),
        body="OutcomesBody",
        answer="OutcomesAnswer",
        problems=("invalid-rows", "not-recorded"),
    ),
)
