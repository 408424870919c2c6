"""Events: who took what, for the histories that the service keeps."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from mlwright.errors import DataError, OutputError
from mlwright.serve.bodies import decoded, refuse_repeated
from mlwright.serve.http import JSON, Request, Response, json_response
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.record import Event, Item, microseconds
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.serving import refuse_way
from mlwright.serve.truth import known_items
from mlwright.values import as_text

MOST = 10_000
LONGEST = 200
DAY_S = 86_400
SHAPE = 'a body is {"events": [{"user": "...", "item": id, "at": "2026-11-02T10:00:00Z", "rating": 4}, ...]}.'


class Taken(msgspec.Struct, forbid_unknown_fields=True):
    """One event, as a client sends it."""

    user: str | int | float
    item: Item
    at: str | int | float | None = None
    rating: float | None = None


class EventsBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request that tells events."""

    events: list[Taken]


_body = msgspec.json.Decoder(EventsBody)


async def events(service: Service, request: Request) -> Response:
    """Keep who took what."""
    endpoint, _ = await service.asked(request.named["name"])
    refuse_way(endpoint.main, "events")
    if request.media_type != JSON:
        raise Problem("unknown-media-type", "Events are read as application/json.", hint=SHAPE)
    told = decoded(_body, request.body, SHAPE).events
    refuse_repeated(request.body, -1)
    if not 0 < len(told) <= MOST:
        raise Problem(
            "malformed-request", f"The request tells {len(told):,} events; 1 to {MOST:,} are taken at a time."
        )
    models = [each.model for each in {**endpoint.versions, endpoint.main.version: endpoint.main}.values()]

    def keep() -> dict[str, Any]:
        items, unknown = known_items(models, [each.item for each in told])
        made = _read(told, items)
        return service.recording.recorder.record.keep_events(endpoint.name, made) | {"unknown_items": unknown}

    try:
        counts = await service.in_background(keep)
    except OutputError as error:
        raise Problem("not-recorded", error.message, hint=error.hint, retry_after=1) from error
    return json_response({"model": endpoint.name, **counts})


def _read(told: Sequence[Taken], items: Sequence[Item]) -> list[Event]:
    """Return the events. Raises Problem where one of them cannot be taken."""
    latest = (time.time() + DAY_S) * 1e6
    made: list[Event] = []
    errors = []
    for place, (each, item) in enumerate(zip(told, items, strict=True)):
        user, text = as_text(each.user), as_text(item)
        at = None
        wrong, column = None, "at"
        try:
            at = None if each.at is None else microseconds(each.at)
        except DataError as error:
            wrong = f"The moment {each.at!r:.60} cannot be read; {error.hint}"
        if at is not None and at > latest:
            wrong = f"The moment {each.at!r:.60} lies in the future."
        if each.rating is not None and not math.isfinite(each.rating):
            wrong, column = "The rating is no finite number.", "rating"
        if text is None or len(text) > LONGEST:
            wrong, column = f"The item has no id of 1 to {LONGEST} letters.", "item"
        if user is None or len(user) > LONGEST:
            wrong, column = f"The user has no name of 1 to {LONGEST} letters.", "user"
        if wrong is None:
            made.append(Event(user or "", item, at, each.rating))
        else:
            errors.append(RowError(wrong, "unreadable", place, column))
    if errors:
        said = f"{len(errors):,} of {len(told):,} events cannot be taken, so none is. " if len(told) > 1 else ""
        raise Problem("invalid-rows", said + errors[0].message, hint=SHAPE, errors=errors)
    return made


ROUTES = (
    Route(
        method="POST",
        path="/v1/models/{name}/events",
        scope="outcomes",
        handler=events,
        summary="Tell who took what",
        takes=(JSON,),
        body="EventsBody",
        answer="EventsAnswer",
        problems=("invalid-rows", "not-recorded", "wrong-way"),
    ),
)
