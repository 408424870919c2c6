"""Outcomes: what turned out to be true, told later, as often and in whatever order it comes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlwright.errors import DataError, OutputError
from mlwright.serve.bodies import decoded, refuse_repeated
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import JSON, Request, Response, json_response
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.record import Item, Outcome, microseconds
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.truth import read_outcomes, unknown_items

MOST = 10_000
FLUSH_S = 0.5
"""So long it is waited for answers that are not written yet, where an outcome's id is not known."""
SHAPE = 'a body is {"outcomes": [{"id": "...", "outcome": value, "at": "2026-11-02T10:00:00Z"}, ...]}.'


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """One outcome, as a client sends it."""

    id: str
    outcome: Item | list[Item]
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
        made = [Outcome(each.id, each.outcome, _moment(each, place)) for place, each in enumerate(told)]
        counts = await service.in_background(lambda: _kept(service, endpoint, made))
    except DataError as error:
        raise Problem("invalid-rows", f"{error.where}: {error.message}", hint=error.hint) from error
    except OutputError as error:
        raise Problem("not-recorded", error.message, hint=error.hint, retry_after=1) from error
    return json_response({"model": endpoint.name, **counts})


def _moment(told: Told, place: int) -> int | None:
    """Return since when an outcome is known. Raises DataError."""
    try:
        return None if told.at is None else microseconds(told.at)
    except DataError as error:
        raise DataError(f"{told.at!r:.60} is no moment.", where=f"outcome {place}", hint=error.hint) from error


def _kept(service: Service, endpoint: Endpoint, given: Sequence[Outcome]) -> dict[str, int]:
    """Keep outcomes that the model's target can have, after the answers that they belong to; return the counts."""
    served = {endpoint.main.version: endpoint.main, **endpoint.versions}
    form = endpoint.main.model.task.form
    models = [each.model for each in served.values() if each.model.task.form == form]
    made, errors = read_outcomes(models, given)
    if errors:
        raise _refused(errors, len(given))
    recorder = service.recording.recorder
    if recorder.record.unanswered(endpoint.name, [each.id for each in made]):
        recorder.flush(FLUSH_S)  # the answer may have been given a moment ago, and not be written yet
    counts = recorder.record.outcomes(endpoint.name, made)
    if "events" in endpoint.main.ways:
        recorder.record.take_outcomes(endpoint.name, [each.id for each in made])
    unknown = unknown_items(models, made)
    return counts if unknown is None else counts | {"unknown_items": unknown}


def _refused(errors: Sequence[RowError], outcomes: int) -> Problem:
    said = f"{len(errors):,} of {outcomes:,} outcomes cannot be taken, so none is. " if outcomes > 1 else ""
    return Problem(
        "invalid-rows",
        said + errors[0].message,
        hint="an outcome is what the target holds: one of its classes, a number, or the items that were taken.",
        errors=errors,
    )


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
