"""Answers: the address that all others are there for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlwright.errors import OutputError
from mlwright.serve.answers import Answer
from mlwright.serve.bodies import READERS, WRITERS, read_rows, refuse_absent, wanted, written
from mlwright.serve.endpoint import Endpoint, Share
from mlwright.serve.http import Request, Response
from mlwright.serve.once import once
from mlwright.serve.problems import Problem
from mlwright.serve.record import new_ids
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving, filled, refuse_way, users_of
from mlwright.serve.shapes import Rows

logger = logging.getLogger("mlwright.serve")
SMALL = 32 << 10
"""Bodies up to so many bytes are read on the thread that takes requests."""


async def predict(service: Service, request: Request) -> Response:
    """Answer the rows of a request."""
    parameters = request.parameters("explain")
    explain = request.flag("explain", parameters) if parameters else False
    sent = request.media_type
    kind = wanted(request.headers.get(b"accept", b""), sent)
    endpoint, served = await service.asked(request.named["name"])
    return await once(
        service, request, kind, lambda: _answered(service, request, endpoint, served, kind, explain=explain),
        model=endpoint.name,
    )  # fmt: skip


async def _answered(
    service: Service, request: Request, endpoint: Endpoint, served: Serving | None, kind: str, *, explain: bool
) -> Response:
    limit = service.settings.limits.rows
    is_small, asked = len(request.body) <= SMALL, served or endpoint.main
    if explain:
        refuse_way(asked, "explain")
    if is_small:
        rows = read_rows(request.body, request.media_type, limit, asked.shape)
    else:
        rows = await service.on_a_thread(lambda: read_rows(request.body, request.media_type, limit, asked.shape))
    answers, first = await answer_rows(service, request, endpoint, served, rows, explain=explain)
    if is_small or len(answers) <= first.few:
        body = written(answers, first.shown, kind)
    else:
        body = await service.on_a_thread(lambda: written(answers, first.shown, kind))
    return Response(body, kind)


async def answer_rows(
    service: Service, request: Request, endpoint: Endpoint, served: Serving | None, rows: Rows, *, explain: bool = False
) -> tuple[Sequence[Answer], Serving]:
    """Return the answers to rows, recorded and counted, and the version that the response names. Raises Problem."""
    if explain and len(rows) > service.settings.limits.explained:
        raise Problem(
            "too-large",
            f"Reasons are given for {service.settings.limits.explained:,} rows at a time, not for {len(rows):,}.",
            hint="send fewer rows, or leave out explain.",
        )
    asked = served or endpoint.main
    if "events" in asked.ways:
        rows = await _with_histories(service, asked, rows)
    ids = new_ids(len(rows))
    split = served is None and endpoint.is_split
    if not split:
        first = served if served is not None else endpoint.main
        answers = await _work(service, request, first, rows, ids, explain=explain)
        await _note(service, request, first, rows, answers, None)
    else:
        chosen = endpoint.chosen(rows)
        first = chosen[0][0].served
        answers = await _shared(service, request, chosen, rows, ids, explain=explain)
    if served is None and endpoint.shadows:
        _when_kept(request, lambda: service.recording.shadow(endpoint, rows, answers, request, by=first.version))
    return answers, first


async def _with_histories(service: Service, served: Serving, rows: Rows) -> Rows:
    """Return the rows with the histories that the service keeps, where they leave them to it."""
    wanted = users_of(served, rows)
    if not wanted:
        return rows
    found: Mapping[str, list[dict[str, Any]]] | None = None
    record = service.recording.recorder.record
    try:
        found = await service.in_background(lambda: record.histories(served.name, wanted))
    except OutputError:
        logger.exception("a history cannot be read", extra={"model": served.name})
    return filled(served, rows, found)


async def _shared(
    service: Service, request: Request, chosen: Sequence[tuple[Share, list[int]]], rows: Rows, ids: Sequence[str], *,
    explain: bool,
) -> list[Answer]:  # fmt: skip
    """Let each version answer its rows, and put the answers back into the order of the rows."""
    found: list[Answer | None] = [None] * len(rows)
    first = chosen[0][0].served
    done = []
    for share, places in chosen:
        own = [rows[place] for place in places]
        answers = await _work(service, request, share.served, own, [ids[place] for place in places], explain=explain)
        done.append((share, places, own, answers))
    for share, places, own, answers in done:  # only now: had one of them refused, none would be given
        await _note(service, request, share.served, own, answers, share.share)
        for place, answer in zip(places, answers, strict=True):
            answer.version = None if share.served is first else share.served.version
            found[place] = answer
    return [answer for answer in found if answer is not None]


async def _work(
    service: Service, request: Request, served: Serving, rows: Rows, ids: Sequence[str], *, explain: bool
) -> Sequence[Answer]:
    refuse_absent(rows[0], served.columns, request.media_type)
    if explain and not served.gives_reasons:
        await service.soon(served.prepare_reasons)
    if len(rows) <= served.few and len(request.body) <= SMALL:  # one row too may hold a book
        return served.answer(rows, ids, explain=explain)
    return await service.on_a_thread(lambda: served.answer(rows, ids, explain=explain))


async def _note(
    service: Service, request: Request, served: Serving, rows: Rows, answers: Sequence[Answer], propensity: float | None
) -> None:
    lines = service.recording.lines(request, served, rows, answers, propensity)
    if request.held is None:
        await service.recording.keep(lines)
    else:
        request.held.lines += lines
    _when_kept(request, lambda: service.answered(request, served, answers))


def _when_kept(request: Request, work: Callable[[], None]) -> None:
    """Do at once what follows from an answer, or when its response is kept, where it has to be kept first."""
    if request.held is None:
        work()
    else:
        request.held.then.append(work)


ROUTES = (
    Route(
        method="POST",
        path="/v1/models/{name}/predict",
        scope="predict",
        handler=predict,
        summary="Answer rows",
        takes=tuple(READERS),
        parameters=("explain",),
        gives=tuple(WRITERS),
        body="PredictBody",
        answer="Predictions",
        problems=("not-acceptable", "conflict", "not-kept", "wrong-way"),
    ),
)
